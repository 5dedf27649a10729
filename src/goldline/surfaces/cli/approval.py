"""`goldline approval …`: what one person asked for and another has to approve."""

from __future__ import annotations

import click

from goldline.core import approval
from goldline.core.approval import Approval
from goldline.core.audit import Actor
from goldline.surfaces import countersign
from goldline.surfaces.cli.person import PASSWORD, signed_in
from goldline.surfaces.cli.program import counted
from goldline.surfaces.cli.record import present, record


@click.group()
def group() -> None:
    """See what waits for a second person, and approve or refuse it."""


@group.command(name="list")
@click.option("--state", type=click.Choice(approval.STATES), help="Only these; else all, those that wait first.")
def listing(state: approval.State | None) -> None:
    """What was asked for, newest first."""
    with record() as connection:
        found = approval.approvals(connection, present(connection), state)
        two = countersign.needed(connection)
    for each in found:
        click.echo(_line(each))
    click.echo(f"{counted(len(found), 'request')}. Two people are {'' if two else 'not '}needed here.", err=True)


@group.command()
@click.argument("identifier", metavar="ID", type=click.IntRange(1, approval.BIGGEST_ID))
@click.option("--by", required=True, help="The name of your account.")
@click.option("--why", default="", help="The reason, for the record.")
@PASSWORD
def approve(identifier: int, by: str, why: str, *, password_stdin: bool) -> None:
    """Approve request ID and have it done. Nobody approves what they asked for themselves."""
    with record() as connection:
        person = signed_in(connection, by, password_stdin=password_stdin)
        now = present(connection)
        done = countersign.approve(connection, Actor("operator", person.name), person.role, identifier, now, why)
        connection.commit()
    click.echo(f"Request {done.id} is approved and done.", err=True)


@group.command()
@click.argument("identifier", metavar="ID", type=click.IntRange(1, approval.BIGGEST_ID))
@click.option("--by", required=True, help="The name of your account.")
@click.option("--why", required=True, help="The reason, for the record.")
@PASSWORD
def refuse(identifier: int, by: str, why: str, *, password_stdin: bool) -> None:
    """Refuse request ID; nothing is done. Who asked may take it back so."""
    with record() as connection:
        person = signed_in(connection, by, password_stdin=password_stdin)
        now = present(connection)
        done = countersign.refuse(connection, Actor("operator", person.name), person.role, identifier, now, why)
        connection.commit()
    click.echo(f"Request {done.id} is refused.", err=True)


def waits(asked: Approval) -> None:
    """Say that something was asked for and not done."""
    click.echo(
        f"Two people are needed: request {asked.id} waits until {asked.expires_at:%Y-%m-%d %H:%M}Z for another to run"
        f" `goldline approval approve {asked.id} --by NAME`.",
        err=True,
    )


def _line(asked: Approval) -> str:
    amounts = " ".join(asked.payload.get("amounts", ()))
    decided = f"  by {asked.decided_by}" if asked.decided_by else ""
    when = f"{asked.requested_at:%Y-%m-%d %H:%M}Z"
    parts = (
        str(asked.id),
        asked.state,
        asked.operation,
        asked.subject,
        amounts,
        f"asked by {asked.requested_by} {when}",
    )
    return "  ".join(part for part in parts if part) + decided
