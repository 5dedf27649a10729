"""`goldline link` and `goldline user`: how consumers and operators get to the pages."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

import click

from goldline.core.errors import GoldlineError
from goldline.core.member import ROLES, members
from goldline.core.settings import Settings, settings
from goldline.surfaces.cli.person import actor
from goldline.surfaces.cli.program import counted
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
    """People's accounts: who may sign in, and what they may do."""


ROLE = click.Choice(ROLES)
ACCOUNT = click.option("--account", help="The account a merchant's or creator's people belong to, as merchant:m1.")


@user.command()
@click.argument("name")
@click.option("--role", type=ROLE, help="What they may do; see docs/reference/permissions.md.  [default: admin]")
@ACCOUNT
@click.option("--view-only", is_flag=True, help="The same as --role viewer.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input instead of making one.")
def create(name: str, role: str | None, account: str | None, *, view_only: bool, password_stdin: bool) -> None:
    """Make an account called NAME. A password that is made is printed this once and kept nowhere."""
    if view_only and role not in (None, "viewer"):
        raise click.UsageError("Give --role or --view-only, not both.", click.get_current_context())
    password = sys.stdin.readline().rstrip("\r\n") if password_stdin else None
    if password == "":
        raise GoldlineError(
            "No password came on standard input.",
            code="weak_password",
            hint="Leave --password-stdin out to have one made.",
        )
    chosen = "viewer" if view_only else role or "admin"
    with _accounts() as operator:
        made = operator.create_operator(name, password, role=chosen, account=account, by=actor())
    if password is None:
        click.echo("Keep this password; it cannot be shown again.", err=True)
        click.echo(made.password)
    else:
        click.echo(f"The account {name!r} is made.", err=True)


@user.command(name="list")
def listing() -> None:
    """Everybody, with their role."""
    with _accounts(), record() as connection:
        found = members(connection)
    for each in found:
        bound = f"  {each.account}" if each.account else ""
        click.echo(f"{each.name}  {each.role}{bound}{'  disabled' if each.disabled else ''}")
    click.echo(f"{counted(len(found), 'account')}.", err=True)


@user.command(name="role")
@click.argument("name")
@click.argument("role", type=ROLE)
@ACCOUNT
def give_role(name: str, role: str, account: str | None) -> None:
    """Give NAME another ROLE, in force at their next request."""
    with _accounts() as operator:
        operator.give_role(name, role, account, actor())
    click.echo(f"{name!r} has the role {role!r} now.", err=True)


@user.command()
@click.argument("name")
def disable(name: str) -> None:
    """Shut NAME out, from their next request on."""
    with _accounts() as operator:
        operator.shut_out(name, actor())
    click.echo(f"{name!r} is shut out.", err=True)


@user.command()
@click.argument("name")
def enable(name: str) -> None:
    """Let NAME in again."""
    with _accounts() as operator:
        operator.shut_out(name, actor(), disabled=False)
    click.echo(f"{name!r} may sign in again.", err=True)


@contextmanager
def _accounts() -> Iterator[ModuleType]:
    """The accounts of this installation, which has to be there."""
    from goldline.core.database import connect
    from goldline.surfaces.web import engine, operator

    with record_url() as url:
        with connect(url, application="goldline cli") as connection:
            require_installed(connection)
        engine.use(url)
        operator.prepare()
        yield operator
