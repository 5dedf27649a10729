"""`goldline key …`: who may call the API."""

from __future__ import annotations

import click

from goldline.core import apikey
from goldline.surfaces.cli.program import counted
from goldline.surfaces.cli.record import record


@click.group()
def group() -> None:
    """Create, list and revoke API keys."""


@group.command()
@click.argument("name")
@click.option("--scope", "scopes", multiple=True, required=True, help=f"One of {', '.join(apikey.SCOPES)}; repeatable.")
def create(name: str, scopes: tuple[str, ...]) -> None:
    """Make a key called NAME. Its secret is printed this once and kept nowhere."""
    with record(create=True) as connection:
        secret = apikey.create(connection, name, scopes)
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
        used = f"used {key.last_used_at:%Y-%m-%d}" if key.last_used_at else "never used"
        click.echo(f"{key.name}  {key.prefix}…  {' '.join(key.scopes)}  {state}  {used}")
    click.echo(f"{counted(len(found), 'key')}.", err=True)


@group.command()
@click.argument("name")
def revoke(name: str) -> None:
    """End the key called NAME, for good and at once."""
    with record() as connection:
        apikey.revoke(connection, name)
        connection.commit()
    click.echo(f"The key {name!r} is revoked.", err=True)
