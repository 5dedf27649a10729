"""`goldline report …` and `goldline explain`."""

from __future__ import annotations

import json
import sys
from datetime import datetime

import click
import msgspec
from rich.console import Console
from rich.table import Table

from goldline.core.doctor import NO_POLICY, NO_POLICY_HINT
from goldline.core.errors import GoldlineError
from goldline.core.judge import telling
from goldline.core.judge.explanation import explain as explained
from goldline.core.judge.sentence import Language, amount
from goldline.core.policy.published import load_published
from goldline.market.vocabulary import vocabulary
from goldline.study.coverage import decisions
from goldline.study.outlets import outlets
from goldline.study.report import PromiseReport, promises
from goldline.surfaces.cli.program import LANGUAGES
from goldline.surfaces.cli.record import Instant, present, record

OUTLET_COUNTS = (
    "points", "unasked_drops", "false_signatures", "no_visits", "undelivered", "late_signatures", "overlong",
)  # fmt: skip


@click.group()
def group() -> None:
    """What became of the promises."""


@group.command(name="promises")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
def promises_command(form: str) -> None:
    """Every promise: made, kept, broken, excused, pending, overturned; remedies, their money and who was charged.

    Awarded is what consumers are owed or have; settled is the part a provider has confirmed; held waits for a person
    and is not awarded. In JSON money is in minor units: `paid` (what is awarded), `settled` and `held` by currency,
    `charged` by kind of party, then by currency.
    """
    with record() as connection:
        found = promises(connection)
    if not found:
        click.echo(f"{NO_POLICY} {NO_POLICY_HINT}", err=True)
    if form == "json":
        click.echo(json.dumps([each.as_dict() for each in found], ensure_ascii=False, indent=2))
    else:
        Console(width=None if sys.stdout.isatty() else 160).print(_table(found))


@group.command(name="decisions")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
def decisions_command(form: str) -> None:
    """Every decision: how often it was given each answer, for which reasons, what was granted, and its coverage.

    Two shares are told apart: orders that nothing lasting stands against, of all orders paid; and answers that granted
    money, of all that were asked.
    """
    words = vocabulary()
    with record() as connection:
        found = decisions(connection, words, load_published(connection, words).decisions)
    if form == "json":
        click.echo(json.dumps([each.as_dict() for each in found], ensure_ascii=False, indent=2))
        return
    table = Table("decision", "answer", box=None, pad_edge=False)
    for heading in ("given", "granted", "reasons"):
        table.add_column(heading, justify="right" if heading != "reasons" else "left")
    for each in found:
        for answer, count in each.answers.items():
            granted = amount(each.granted_minor, each.currency) if answer == each.spends else ""
            reasons = ", ".join(f"{reason} {times:,}" for reason, times in each.reasons.get(answer, {}).items())
            table.add_row(each.policy, answer, f"{count:,}", granted, reasons)
    console = Console(width=None if sys.stdout.isatty() else 160)
    console.print(table)
    for each in found:
        shares = f"{each.eligible:,} of {each.orders:,} orders paid, {each.granted:,} of {each.asked:,} asked"
        console.print(f"{each.policy}: coverage {shares}")


def _table(found: list[PromiseReport]) -> Table:
    table = Table("pack", "promise", box=None, pad_edge=False)
    for heading in (
        "made",
        "kept",
        "broken",
        "excused",
        "pending",
        "overturned",
        "remedies",
        "awarded",
        "settled",
        "held",
        "charged",
    ):
        table.add_column(heading, justify="right")
    for each in found:
        counts = (each.made, each.kept, each.broken, each.excused, each.pending, each.overturned,
                  each.remedies)  # fmt: skip
        charged = "\n".join(f"{party} {_amounts(owed)}" for party, owed in each.charged.items())
        sums = (_amounts(each.paid), _amounts(each.settled), _amounts(each.held))
        table.add_row(each.pack, each.promise, *(f"{count:,}" for count in counts), *sums, charged)
    return table


def _amounts(sums: dict[str, int]) -> str:
    return "\n".join(amount(minor, currency) for currency, minor in sums.items()) or "0"


@group.command(name="outlets")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="Days from this one on.")
@click.option("--outlet", help="Only this outlet.")
@click.option("--limit", type=int, default=100, show_default=True)
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
def outlets_command(since: datetime | None, outlet: str | None, limit: int, form: str) -> None:
    """The points of carriers' outlets, day by day, most first: each upheld delivery failure is one.

    A failure is upheld when it is admitted, found by a review, or not disproved in time; an appeal clears it.
    """
    with record() as connection:
        found = outlets(connection, since.date() if since else None, outlet, limit)
    if form == "json":
        click.echo(json.dumps([each.as_dict() for each in found], ensure_ascii=False, indent=2))
        return
    table = Table("outlet", "day", box=None, pad_edge=False)
    for heading in OUTLET_COUNTS:
        table.add_column(heading.replace("_", " "), justify="right")
    for each in found:
        counts = each.as_dict()
        table.add_row(each.outlet, counts["day"], *(f"{counts[name]:,}" for name in OUTLET_COUNTS))
    Console(width=None if sys.stdout.isatty() else 160).print(table)


@click.command()
@click.argument("order")
@click.option("--lang", type=click.Choice(LANGUAGES), default="en", show_default=True)
@click.option("--as-of", type=Instant(), help="As it stood by this clock, instead of now.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def explain(order: str, lang: Language, as_of: datetime | None, form: str) -> None:
    """Everything promised about ORDER: clocks, evidence, the value of each condition, what was paid and by whom."""
    words = vocabulary()
    with record() as connection:
        rules = load_published(connection, words)
        told = explained(connection, words, rules, "order", order, as_of or present(connection))
    if told is None:
        raise GoldlineError(f"There is no order {order!r}.", code="not_found", hint="Was it imported and run?")
    if not rules.promises:
        click.echo(f"{NO_POLICY} {NO_POLICY_HINT}", err=True)
    click.echo(msgspec.json.format(told.as_json(), indent=2) if form == "json" else telling.told(told, lang))
