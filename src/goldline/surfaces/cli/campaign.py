"""`goldline campaign`: special campaigns previewed, driven, paused and told of."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import click
from psycopg import Connection
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from goldline.core import audit
from goldline.core.account.campaign import Standing, advance, pause, resume, standing
from goldline.core.errors import GoldlineError
from goldline.core.policy.campaign import Campaign
from goldline.core.policy.diagnostic import nearest
from goldline.core.policy.pack import load
from goldline.core.policy.published import load_published
from goldline.market.vocabulary import vocabulary
from goldline.study.campaign import Result
from goldline.study.campaign import result as result_of
from goldline.study.campaignpreview import Preview, preview
from goldline.surfaces.cli.person import BY, actor
from goldline.surfaces.cli.program import counted
from goldline.surfaces.cli.record import Instant, intake, present, record

FORM = click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
AS_OF = click.option("--as-of", type=Instant(), help="The clock to go by; the record's own unless said.")


@click.group("campaign")
def group() -> None:
    """Special campaigns over a whole stock: what is looked for, how far it has come, and what came of it."""


@group.command("list")
@FORM
@AS_OF
def listing(form: str, as_of: datetime | None) -> None:
    """Every campaign of the published packs, and how far it has come."""
    with record() as connection:
        now = as_of or present(connection)
        found = [standing(connection, each, now) for each in load_published(connection, vocabulary()).campaigns]
    if form == "json":
        click.echo(json.dumps([_plain(each) for each in found], ensure_ascii=False, indent=2))
        return
    table = Table("campaign", "on", "state", "told", "sweeps from", "ends", "passes", "found", box=None)
    for each in found:
        own = each.campaign
        times = (each.told_at or own.announced_at, own.check_until, own.ends_at)
        figures = (f"{len(each.passes)}", f"{sum(p.told for p in each.passes):,}")
        table.add_row(own.policy, own.subject, each.state, *(f"{at:%Y-%m-%d %H:%M}" for at in times), *figures)
    Console(width=None if sys.stdout.isatty() else 160).print(table)
    if not found:
        click.echo("No published pack has a campaign. See docs/campaigns.md for how one is written.", err=True)


def _plain(at_work: Standing) -> dict[str, Any]:
    own, times = at_work.campaign, ("told_at", "later_told_at", "paused_at", "ended_at")
    return {
        "campaign": own.policy, "on": own.subject, "state": at_work.state,
        **{name: _iso(getattr(at_work, name)) for name in times},
        "announced_at": _iso(own.announced_at), "check_until": _iso(own.check_until), "ends_at": _iso(own.ends_at),
        "passes": [
            {"number": p.number, "at": _iso(p.at), "looked": p.looked, "total": p.total, "told": p.told,
             "ended_at": _iso(p.ended_at)}
            for p in at_work.passes
        ],
    }  # fmt: skip


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


@group.command("preview")
@click.argument("name")
@click.option("--pack", help="A pack that is not published yet, by name or path.")
@click.option("--examples", default=5, show_default=True, type=click.IntRange(0, 100))
@FORM
@AS_OF
def previewing(name: str, pack: str | None, examples: int, form: str, as_of: datetime | None) -> None:
    """How many the campaign NAME has in scope now and would find, whose they are, and some of them. Nothing is kept."""
    with record() as connection:
        campaign = _unpublished(pack, name) if pack else _named(connection, name)
        found = preview(connection, vocabulary(), campaign, as_of or present(connection), examples)
    if form == "json":
        click.echo(json.dumps(found.plain(), ensure_ascii=False, indent=2))
        return
    _show(found)


def _show(found: Preview) -> None:
    click.echo(f"{found.in_scope:,} in scope of {counted(found.owners, 'owner')}; {found.met:,} of these meet the"
               f" criteria, of {counted(found.owners_met, 'owner')}.")  # fmt: skip
    for key, seen in found.examples:
        click.echo(f"  {key}: {', '.join(f'{name} = {value}' for name, value in seen.items())}")


def _unpublished(pack: str, name: str) -> Campaign:
    return _chosen(load(pack, vocabulary()).campaigns, name)


def _named(connection: Connection[Any], name: str) -> Campaign:
    found = _chosen(load_published(connection, vocabulary()).campaigns, name)
    connection.rollback()
    return found


def _chosen(campaigns: tuple[Campaign, ...], name: str) -> Campaign:
    found = [each for each in campaigns if name in (each.policy, each.id)]
    if len(found) == 1:
        return found[0]
    if found:
        names = " or ".join(each.policy for each in found)
        raise GoldlineError(f"More than one pack has a campaign '{name}'.", code="ambiguous", hint=f"Name it: {names}.")
    known = [each.policy for each in campaigns]
    raise GoldlineError(
        f"There is no campaign '{name}'.", code="no_campaign",
        hint=nearest(name, known) or f"There are: {', '.join(known) or 'none; publish a pack that has one'}.",
    )  # fmt: skip


@group.command("run")
@click.argument("name")
@AS_OF
def running(name: str, as_of: datetime | None) -> None:
    """Do at once what of NAME is due by now: the survey, telling the owners, a sweep.

    A worker does the same by itself, a bite at a time. It can be stopped anywhere and run again.
    """
    with record() as connection:
        campaign, door, now = _named(connection, name), intake(connection), as_of or present(connection)
        connection.rollback()
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        console = Console(stderr=True)
        with Progress(*columns, console=console, transient=True, disable=not sys.stderr.isatty()) as progress:
            tasks: dict[int, Any] = {}
            while (bite := advance(connection, vocabulary(), campaign, door, now)) is not None:
                what = "survey" if bite.number == 0 else f"sweep {bite.number}"
                task = tasks.setdefault(bite.number, progress.add_task(what, total=None))
                progress.update(task, completed=bite.looked, total=max(bite.total, bite.looked))
        state = standing(connection, campaign, now)
    looked, told = (sum(getattr(each, name) for each in state.passes) for name in ("looked", "told"))
    click.echo(f"{campaign.policy}: {state.state}; looked at {looked:,} so far, {told:,} found.")


@group.command("pause")
@click.argument("name")
@BY
def pausing(name: str, by: str | None) -> None:
    """Hold NAME where it stands; `goldline campaign resume` lets it go on from there."""
    _steer(name, by, hold=True)


@group.command("resume")
@click.argument("name")
@BY
def resuming(name: str, by: str | None) -> None:
    """Let NAME go on from where it was held."""
    _steer(name, by, hold=False)


def _steer(name: str, by: str | None, *, hold: bool) -> None:
    with record() as connection:
        campaign, now = _named(connection, name), present(connection)
        changed = pause(connection, campaign, now) if hold else resume(connection, campaign)
        if changed:
            action = "campaign.pause" if hold else "campaign.resume"
            audit.record(connection, actor(by), action, campaign.policy, {}, now)
        connection.commit()
    done = "is paused" if hold else "goes on"
    click.echo(f"{campaign.policy} {done}." if changed else f"{campaign.policy} stays as it was.")


@group.command("result")
@click.argument("name")
@FORM
@AS_OF
def telling(name: str, form: str, as_of: datetime | None) -> None:
    """What came of NAME: mended in time, found, sanctioned, overturned, and the effect against the control."""
    with record() as connection:
        found = result_of(connection, vocabulary(), _named(connection, name), as_of or present(connection))
    if form == "json":
        click.echo(json.dumps(found.plain(), ensure_ascii=False, indent=2))
        return
    for line in _said(found):
        click.echo(line)


def _said(found: Result) -> Iterator[str]:
    yield f"{found.campaign}: {found.state}"
    yield (
        f"In scope {found.in_scope:,} of {counted(found.owners, 'owner')}; {found.suspected:,} met the criteria before"
        " anybody was told."
    )
    yield (
        f"Mended in time {found.mended:,}; found {found.found:,}, of which {found.waiting:,} wait for a person;"
        f" violations that stand {found.standing:,}, overturned {found.overturned:,}; sanctions"
        f" {found.sanctions:,}; appeals {found.appeals:,}."
    )
    each = found.effect
    if each is None:
        yield "No effect can be given yet: it needs owners called up later, and a whole sweep before they are told."
        return
    yield (
        f"Of those called up the share went from {each.before:.2%} to {each.after:.2%}, of those not yet from"
        f" {each.others_before:.2%} to {each.others_after:.2%}: {each.change * 100:+.2f} points come of it, a minus"
        f" being better (nine in ten: {each.low * 100:+.2f} to {each.high * 100:+.2f})."
    )
