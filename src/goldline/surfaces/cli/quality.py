"""`goldline grade` and `goldline incentive`: what a text shows of the four values, and a day's share of traffic."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from goldline.market.quality import incentive as terms_of
from goldline.market.quality.codebook import shipped
from goldline.market.quality.grade import Graded, grade, overall
from goldline.market.quality.share import Shared, share
from goldline.study.incentive import Effect, effect
from goldline.surfaces.cli.program import LANGUAGES, counted
from goldline.surfaces.cli.record import intake, present, record

FORM = click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
ADVICE = 3


@click.command("grade")
@click.option("--lang", type=click.Choice(LANGUAGES), default="en", show_default=True)
@FORM
def grading(lang: str, form: str) -> None:
    """How honest, credible, professional and engaging a text on standard input is, and what would raise it."""
    text = sys.stdin.read()
    grades = grade(text)
    if form == "json":
        values = [_plain(each, text) for each in grades]
        told = {"codebook": shipped().version, "points": round(overall(grades), 2), "values": values}
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
        return
    for each in grades:
        click.echo(f"{shipped().titled(each.value)[lang]}  {each.points:.1f}")
        for place in each.places:
            click.echo(
                f"  {'-' if place.sign.lowers else '+'} {place.sign.title[lang]}: {text[place.start : place.end]}"
            )
        for sign, gain in each.would_raise[:ADVICE]:
            click.echo(f"    ? {sign.title[lang]} (+{gain:.1f})")


def _plain(each: Graded, text: str) -> dict[str, Any]:
    return {
        "value": each.value, "points": round(each.points, 2), "level": each.level,
        "places": [
            {"sign": p.sign.id, "lowers": p.sign.lowers, "start": p.start, "end": p.end, "text": text[p.start : p.end]}
            for p in each.places
        ],
        "would_raise": [{"sign": sign.id, "points": round(gain, 2)} for sign, gain in each.would_raise],
    }  # fmt: skip


@click.command("incentive")
@click.option("--budget", required=True, type=click.IntRange(0), help="Extra showings to share out.")
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]), help="The day to share for; yesterday unless said.")
@click.option(
    "--terms", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Terms of your own, as TOML."
)
@click.option("--dry-run", is_flag=True, help="Show the shares; take nothing in.")
@FORM
def incentive(budget: int, day: datetime | None, terms: Path | None, form: str, *, dry_run: bool) -> None:
    """Share a day's extra traffic among good content, and take grades and shares in as events.

    Run it once a day; the same day again shares only what is left, over what came since.
    Who got what, and why, is on the creators' and operators' pages; what it has changed against content held out is
    told at the end.
    """
    chosen = terms_of.read(terms.read_text("utf-8"), str(terms)) if terms else terms_of.shipped()
    with record() as connection:
        on = day.date() if day else (present(connection).astimezone(UTC) - timedelta(days=1)).date()
        found = share(connection, chosen, budget, on)
        if found.awards and not dry_run:
            intake(connection).accept(connection, found.events(), "incentive")
            connection.commit()
        changed = effect(connection)
    if form == "json":
        told = {"day": str(on), "budget": budget, "awards": found.plain(), "effect": changed and changed.plain()}
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
        return
    Console(width=None if sys.stdout.isatty() else 160).print(_table(found))
    _tell(found, changed, dry_run=dry_run)


def _table(found: Shared) -> Table:
    values = [shipped().titled(each.id)["en"] for each in shipped().value]
    table = Table("content", "creator", "pool", "showings", "points", *values, box=None)
    for each, award in sorted(found.awards, key=lambda pair: (-pair[1].showings, pair[0].content_id)):
        why = f"{award.pool}: {award.piece.veto}" if award.piece.veto else award.pool
        points = (f"{grade.points:.1f}" for grade in each.grades)
        table.add_row(each.content_id, each.creator_id, why, f"{award.showings:,}", f"{each.points:.2f}", *points)
    return table


def _tell(found: Shared, changed: Effect | None, *, dry_run: bool) -> None:
    given = sum(award.showings for _, award in found.awards)
    said = f"{given:,} of {found.budget:,} showings shared over {counted(len(found.awards), 'piece')} for {found.day}"
    click.echo(f"{said}{'; nothing was taken in' if dry_run else ''}.", err=True)
    if changed is None:
        click.echo("What it changes cannot be told yet: too few pieces were shared or held out.", err=True)
        return
    for each in changed.differences:
        click.echo(
            f"{each.measure}: {each.shared:.3f} with a share, {each.held_out:.3f} held out; {each.change:+.3f}"
            f" (nine in ten: {each.low:+.3f} to {each.high:+.3f})", err=True,
        )  # fmt: skip
