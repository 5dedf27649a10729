"""`goldline endpoint …`: where webhooks go."""

from __future__ import annotations

from typing import Any

import click
from psycopg import Connection

from goldline.core.audit import Detail
from goldline.core.audit import record as record_change
from goldline.core.outbox import endpoint
from goldline.core.outbox.address import AddressRules
from goldline.core.outbox.endpoint import Endpoint
from goldline.core.settings import settings
from goldline.surfaces.cli.person import actor
from goldline.surfaces.cli.record import present, record

ID = click.IntRange(1, 2**63 - 1)


@click.group()
def group() -> None:
    """Add, list, disable and enable the receivers of webhooks, and change their secrets."""


@group.command()
@click.argument("url")
@click.option("--topic", "topics", multiple=True, default=("*",), show_default=True, help="As 'remedy.*'; repeatable.")
def create(url: str, topics: tuple[str, ...]) -> None:
    """Add the receiver at URL. Its signing secret is printed this once."""
    with record() as connection:
        rules = AddressRules.chosen(settings())
        made = endpoint.create(connection, url, topics, rules=rules, now=present(connection))
        _note(connection, "create", made.id, {"topics": list(topics)})
        connection.commit()
    _show_secret(made)


@group.command(name="list")
def listing() -> None:
    """Every endpoint, without its secrets."""
    with record() as connection:
        found = endpoint.every(connection)
    for each in found:
        state = f"disabled {each.disabled_at:%Y-%m-%d} ({each.disabled_why})" if each.disabled_at else "live"
        secrets = "1 secret" if len(each.secrets) == 1 else f"{len(each.secrets)} secrets"
        click.echo(f"{each.id}  {each.url}  {' '.join(each.topics)}  {state}  {secrets}")
    click.echo(f"{len(found)} endpoints.", err=True)


@group.command()
@click.argument("identifier", metavar="ID", type=ID)
def rotate(identifier: int) -> None:
    """Give an endpoint a new secret, printed this once. The old ones sign too until `retire`."""
    with record() as connection:
        made = endpoint.rotate(connection, identifier)
        _note(connection, "rotate", identifier, {})
        connection.commit()
    _show_secret(made)


@group.command()
@click.argument("identifier", metavar="ID", type=ID)
def retire(identifier: int) -> None:
    """Drop every secret of an endpoint but the newest, once the receiver knows it."""
    with record() as connection:
        endpoint.retire(connection, identifier)
        _note(connection, "retire", identifier, {})
        connection.commit()
    click.echo(f"Endpoint {identifier} signs with its newest secret alone.", err=True)


@group.command()
@click.argument("identifier", metavar="ID", type=ID)
@click.option("--why", required=True, help="The reason, for the record.")
def disable(identifier: int, why: str) -> None:
    """Send nothing there any more; what waits can be replayed later."""
    with record() as connection:
        endpoint.disable(connection, identifier, why, present(connection))
        _note(connection, "disable", identifier, {"why": why})
        connection.commit()
    click.echo(f"Endpoint {identifier} is disabled.", err=True)


@group.command()
@click.argument("identifier", metavar="ID", type=ID)
def enable(identifier: int) -> None:
    """Send there again, from the next message on."""
    with record() as connection:
        endpoint.enable(connection, identifier)
        _note(connection, "enable", identifier, {})
        connection.commit()
    click.echo(f"Endpoint {identifier} is enabled.", err=True)


def _note(connection: Connection[Any], what: str, identifier: int, detail: Detail) -> None:
    record_change(connection, actor(), f"endpoint.{what}", f"endpoint:{identifier}", detail, present(connection))


def _show_secret(made: Endpoint) -> None:
    click.echo(f"Endpoint {made.id}. Keep this secret; it is not shown again.", err=True)
    click.echo(made.secrets[0])
