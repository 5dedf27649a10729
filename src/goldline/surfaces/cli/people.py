"""`goldline link` and `goldline user`: how consumers and operators get to the pages."""

from __future__ import annotations

import sys

import click

from goldline.core.errors import GoldlineError
from goldline.core.settings import Settings, settings
from goldline.surfaces.cli.record import record, record_url, require_installed


@click.command()
@click.argument("order")
def link(order: str) -> None:
    """Print the consumer's link to the guarantee page of ORDER, valid for 90 days.

    An order nobody has told of yet gets a link too; it opens as soon as its first event is judged.
    """
    from goldline.surfaces.hall.link import link_for

    made = link_for(order)
    with record() as connection:
        found = connection.execute("SELECT 1 FROM fact_order WHERE key = %s", [order]).fetchone()
    if found is None:
        click.echo(f"Nothing is known of order {order!r} yet; its page opens once its first event is judged.", err=True)
    if settings().public_url == Settings.__dataclass_fields__["public_url"].default:
        click.echo("It begins with the address of this machine; set GOLDLINE_PUBLIC_URL to yours.", err=True)
    click.echo(made)


@click.group()
def user() -> None:
    """Operators' accounts for the console."""


@user.command()
@click.argument("name")
@click.option("--view-only", is_flag=True, help="May look, but not re-drive, drop, replay or release.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input instead of making one.")
def create(name: str, *, view_only: bool, password_stdin: bool) -> None:
    """Make an account called NAME. A password that is made is printed this once and kept nowhere."""
    from goldline.core.database import connect
    from goldline.surfaces.web import engine, operator

    password = sys.stdin.readline().rstrip("\r\n") if password_stdin else None
    if password == "":
        raise GoldlineError(
            "No password came on standard input.",
            code="weak_password",
            hint="Leave --password-stdin out to have one made.",
        )
    with record_url() as url:
        with connect(url, application="goldline cli") as connection:
            require_installed(connection)
        engine.use(url)
        made = operator.create_operator(name, password, may_act=not view_only)
    if password is None:
        click.echo("Keep this password; it cannot be shown again.", err=True)
        click.echo(made.password)
    else:
        click.echo(f"The account {name!r} is made.", err=True)
