"""`goldline score`: what an account scores, point by point, and what would move it most."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import click

from goldline.core.errors import GoldlineError
from goldline.core.policy.published import load_published
from goldline.market.vocabulary import vocabulary
from goldline.surfaces.cli.program import LANGUAGES
from goldline.surfaces.cli.record import Instant, present, record


@click.command()
@click.argument("account")
@click.option("--at", type=Instant(), help="By the last day that had ended then; now by default.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--lang", type=click.Choice(LANGUAGES), default="en", show_default=True)
def score(account: str, at: datetime | None, form: str, lang: str) -> None:
    """Work out what ACCOUNT (merchant:<id> or creator:<id>) scores; nothing is stored."""
    from goldline.surfaces.web.reading.standings import standing_of

    words = vocabulary()
    with record() as connection:
        rules = load_published(connection, words)
        told = standing_of(connection, words, rules, account, at or present(connection))
    if not told["scores"]:
        raise GoldlineError(
            f"{account[:64]!r} has no score.",
            code="not_found",
            hint="Write it as merchant:m1, once a day with orders has ended and a score is in force (`policy check`).",
        )
    click.echo(json.dumps(told, ensure_ascii=False, indent=1) if form == "json" else "\n".join(_lines(told, lang)))


def _lines(told: dict[str, Any], lang: str) -> Iterator[str]:
    for each in told["scores"]:
        stars = "" if each["stars"] is None else f", {each['stars']} stars"
        yield f"{each['title'][lang]}  {each['points']}{stars}  [{each['score']}, {each['day']}, {each['stage']}]"
        yield f"  {each['valid']} orders count; formal from {each['formal']}"
        for dimension in each["dimensions"]:
            yield f"  {dimension['title'][lang]}: {dimension['points']}, weight {dimension['weight']}"
            yield from (_indicator(indicator, lang) for indicator in dimension["indicators"])
        yield from (f"  {change['title'][lang]}: {change['points']:+}" for change in each["adjustments"])
        yield from (_move(move) for move in each["moves"])
    yield from (f"violation {each['policy']} {each['at']}: {each['sentence'].get(lang, '-')}"
                for each in told["violations"])  # fmt: skip


def _indicator(indicator: dict[str, Any], lang: str) -> str:
    facts = ", ".join(f"{name} {value}" for name, value in indicator["facts"].items())
    held = ", held up by its small sample" if indicator.get("held") else ""
    value = f"{indicator['value']} → {indicator['points']} points, weight {indicator['weight']}{held}"
    return f"    {indicator['title'][lang]}: {value}  ({facts})"


def _move(move: dict[str, Any]) -> str:
    how = f"at {move['to_value']}" if move["events"] is None else f"with {move['events']} of {move['of_events']} fewer"
    return f"  → {move['indicator']} {how}: {move['gain']:+}; {move['most_gain']:+} at best"
