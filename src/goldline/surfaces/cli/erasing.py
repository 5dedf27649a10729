"""`goldline erase`: a consumer's identifier is replaced by a pseudonym, on the consumer's request."""

from __future__ import annotations

import click

from goldline.core import erasure
from goldline.core.erasure import Erased
from goldline.core.settings import settings
from goldline.market.vocabulary import vocabulary
from goldline.surfaces.cli.person import BY, PASSWORD, answerable
from goldline.surfaces.cli.program import counted
from goldline.surfaces.cli.record import present, record


@click.command()
@click.argument("consumer_id")
@click.option("--yes", is_flag=True, help="Do it. Without it nothing is changed, and what would be is said.")
@BY
@PASSWORD
def erase(consumer_id: str, *, yes: bool, by: str | None, password_stdin: bool) -> None:
    """Replace CONSUMER_ID by a pseudonym wherever it is kept. It cannot be taken back.

    Orders, findings and the ledger's amounts stay, under the pseudonym. Steps wait while it runs.
    """
    secret = settings().secret_key
    with record() as connection:
        if not yes:
            _told(erasure.rehearse(connection, vocabulary(), consumer_id, secret))
            connection.rollback()
            click.echo("Nothing was changed. Give --yes to do it.", err=True)
            return
        who = answerable(connection, "consumer.erase", by, password_stdin=password_stdin)
        done = erasure.erase(connection, vocabulary(), consumer_id, secret, who, present(connection))
        connection.commit()
    _told(done)
    click.echo(f"{counted(done.rows, 'value')} replaced; the consumer is {done.pseudonym} now.", err=True)


def _told(found: Erased) -> None:
    for table, rows in sorted(found.replaced.items()):
        click.echo(f"{table}  {rows:,}")
    for place, rows in sorted(found.left.items()):
        click.echo(f"{counted(rows, 'value')} of {place} may name the consumer still: look at them.", err=True)
