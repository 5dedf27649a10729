"""`goldline key …`: who may call the API."""

from __future__ import annotations

import click

from goldline.core import apikey, audit
from goldline.surfaces.cli.person import actor
from goldline.surfaces.cli.program import counted
from goldline.surfaces.cli.record import present, record


@click.group()
def group() -> None:
    """Create, list and revoke API keys."""


@group.command()
@click.argument("name")
@click.option("--scope", "scopes", multiple=True, required=True, help=f"One of {', '.join(apikey.SCOPES)}; repeatable.")
@click.option("--account", help="Bind it to one account, as merchant:m1: it reads what is theirs, nothing else.")
def create(name: str, scopes: tuple[str, ...], account: str | None) -> None:
    """Make a key called NAME. Its secret is printed this once and kept nowhere."""
    with record(create=True) as connection:
        secret = apikey.create(connection, name, scopes, account)
        detail = {"scopes": sorted(set(scopes)), "account": account}
        audit.record(connection, actor(), "key.create", f"key:{name}", detail, present(connection))
        connection.commit()
    click.echo("Keep this secret; it cannot be shown again.", err=True)
    click.echo(secret)


@group.command(name="list")
def listing() -> None:
    """Every key, without its secret."""
    with record() as connection:
        found = apikey.keys(connection)
    for key in found:
        state = f"revoked {key.revoked_at:%Y-%m-%d}" if key.revoked_at else "live"
        bound = f" {key.account}" if key.account else ""
        used = f"used {key.last_used_at:%Y-%m-%d}" if key.last_used_at else "never used"
        click.echo(f"{key.name}  {key.prefix}…  {' '.join(key.scopes)}{bound}  {state}  {used}")
    click.echo(f"{counted(len(found), 'key')}.", err=True)


@group.command()
@click.argument("name")
def revoke(name: str) -> None:
    """End the key called NAME, for good and at once."""
    with record() as connection:
        apikey.revoke(connection, name)
        audit.record(connection, actor(), "key.revoke", f"key:{name}", {}, present(connection))
        connection.commit()
    click.echo(f"The key {name!r} is revoked.", err=True)
