"""`goldline intercept` and `goldline recall`: defective goods stopped, and what was sold of them called back."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta

import click
from rich.console import Console
from rich.table import Table

from goldline.market.aspect import ASPECTS
from goldline.market.interception import Interception
from goldline.market.interception import intercept as alarms_of
from goldline.market.recall import Recall, affected, call_back
from goldline.surfaces.cli.program import counted
from goldline.surfaces.cli.record import intake, present, record

FORM = click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)


@click.command()
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]), help="The day to chart; yesterday unless said.")
@click.option("--dry-run", is_flag=True, help="Show the alarms; take nothing in.")
@FORM
def intercept(day: datetime | None, form: str, *, dry_run: bool) -> None:
    """Chart what buyers told of every item and lot up to a day, and take the alarms in as events.

    What endangers people alarms by itself; everything else once its statistic passes the limit. Run it once a day,
    after `goldline run`; the same day twice changes nothing.
    """
    with record() as connection:
        chosen = day.date() if day else (present(connection).astimezone(UTC) - timedelta(days=1)).date()
        found = alarms_of(connection, chosen)
        if found and not dry_run:
            intake(connection).accept(connection, [each.event() for each in found], "interception")
            connection.commit()
    if form == "json":
        click.echo(json.dumps([each.plain() for each in found], ensure_ascii=False, indent=2))
        return
    Console(width=None if sys.stdout.isatty() else 160).print(_table(found))
    click.echo(f"{counted(len(found), 'alarm')} on {chosen}{'; nothing was taken in' if dry_run else ''}.", err=True)


def _table(found: list[Interception]) -> Table:
    table = Table("merchant", "listing", "lot", "ground", "aspect", "cases", "orders", "statistic", "limit", box=None)
    for each in found:
        figures = [f"{value:.2f}" if value is not None else "" for value in (each.statistic, each.limit)]
        table.add_row(
            each.merchant_id, each.listing_id, each.lot_id or "", each.ground, each.aspect, f"{each.cases:,}",
            f"{each.orders:,}", *figures,
        )  # fmt: skip
    return table


@click.command()
@click.argument("merchant")
@click.argument("listing")
@click.option("--lot", help="One lot of it only.")
@click.option("--aspect", required=True, type=click.Choice(ASPECTS), help="What is wrong.")
@click.option("--alarm", required=True, help="The alarm it follows from: one recall an alarm.")
@click.option("--dry-run", is_flag=True, help="List the orders; tell nobody.")
@FORM
def recall(
    merchant: str, listing: str, lot: str | None, aspect: str, alarm: str, form: str, *, dry_run: bool
) -> None:  # fmt: skip
    """Call back what MERCHANT sold of LISTING: every order hears of it, and whoever listens to order.recalled."""
    wanted = Recall(merchant, listing, aspect, alarm, lot)
    with record() as connection:
        now = present(connection)
        if dry_run:
            found = affected(connection, wanted, now)
        else:
            found = call_back(connection, intake(connection), wanted, now)
            connection.commit()
    if form == "json":
        told = [{"order_id": x.order_id, "consumer_id": x.consumer_id, "open": x.is_open} for x in found]
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
        return
    for each in found:
        click.echo(f"{each.order_id}\t{each.consumer_id or ''}\t{'open' if each.is_open else 'delivered'}")
    click.echo(f"{counted(len(found), 'order')}{' would hear of it' if dry_run else ' told'}.", err=True)
