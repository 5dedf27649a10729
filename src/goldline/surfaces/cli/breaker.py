"""`goldline breaker …`: what stopped the payouts of a policy, and letting them flow again."""

from __future__ import annotations

import click

from goldline.core.ledger import clearing, limit
from goldline.core.ledger.limit import BreakerState
from goldline.surfaces import countersign
from goldline.surfaces.cli.approval import waits
from goldline.surfaces.cli.person import PASSWORD, answerable
from goldline.surfaces.cli.record import present, record


@click.group()
def group() -> None:
    """See which breakers have tripped, and release them."""


@group.command(name="list")
def listing() -> None:
    """Every breaker that was ever asked, the tripped ones first."""
    with record() as connection:
        found = limit.breakers(connection)
    for each in found:
        click.echo(f"{each.policy}  {_standing(each)}")
    tripped = sum(each.tripped_at is not None for each in found)
    click.echo(f"{tripped} of {len(found)} have tripped.", err=True)


@group.command()
@click.argument("policy")
@click.option("--by", required=True, help="Who decides it, for the record.")
@click.option("--why", default="", help="The reason, for the record.")
@click.option("--pay-held", is_flag=True, help="Also let go what it has held back; the budget is charged for it.")
@PASSWORD
def release(policy: str, by: str, why: str, *, pay_held: bool, password_stdin: bool) -> None:
    """Let the payouts of POLICY flow again. What was held meanwhile stays held without --pay-held."""
    with record() as connection:
        who = answerable(connection, countersign.BREAKER, by, password_stdin=password_stdin)
        now = present(connection)
        done = countersign.release_breaker(connection, who, policy, now, why, held=pay_held)
        left = len(clearing.held_by_breaker(connection, policy))
        connection.commit()
    if done.asked:
        waits(done.asked)
        return
    click.echo(f"The payouts of {policy!r} flow again; {done.done:,} held remedies were let go.", err=True)
    if left:
        click.echo(f"{left:,} stay held; a person can let them go in the console.", err=True)


def _standing(breaker: BreakerState) -> str:
    if breaker.tripped_at is not None:
        return f"tripped {breaker.tripped_at:%Y-%m-%d %H:%M:%S}Z ({breaker.why}), holds {breaker.held:,} remedies"
    if breaker.released_at is None:
        return "closed"
    reason = f": {breaker.released_why}" if breaker.released_why else ""
    return f"closed, released {breaker.released_at:%Y-%m-%d %H:%M:%S}Z by {breaker.released_by}{reason}"
