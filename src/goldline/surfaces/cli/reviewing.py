"""`goldline statement`, `review`, `overturn` and `capacity`: decisions looked at again, and by how many people."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import click

from goldline.core import audit, member
from goldline.core.account import capacity as erlang
from goldline.core.account import massoverturn, review, roster, sample, statement
from goldline.core.account.massoverturn import Progress, Selection
from goldline.core.account.picture import Effect
from goldline.core.account.statement import READERS, Reader
from goldline.core.errors import GoldlineError
from goldline.core.judge.sentence import Language
from goldline.core.policy.appeal import terms_for
from goldline.core.policy.published import load_published
from goldline.market.sanction import ACTIONS
from goldline.market.vocabulary import vocabulary
from goldline.study import rectification
from goldline.surfaces import countersign
from goldline.surfaces.cli.approval import waits
from goldline.surfaces.cli.person import PASSWORD, actor, answerable
from goldline.surfaces.cli.program import LANGUAGES, counted
from goldline.surfaces.cli.record import Instant, present, record


@click.command("statement")
@click.argument("sanction", type=click.UUID)
@click.option("--reader", type=click.Choice(READERS), default="account", show_default=True)
@click.option("--lang", type=click.Choice(LANGUAGES), default="en", show_default=True)
def show_statement(sanction: UUID, reader: Reader, lang: Language) -> None:
    """Why SANCTION was imposed, as it was told when it was."""
    with record() as connection:
        row = connection.execute("SELECT ladder, account FROM sanction WHERE id = %s", (sanction,)).fetchone()
        rules = load_published(connection, vocabulary())
        terms = terms_for(rules.appeals, row[0], row[1].partition(":")[0]) if row else None
        window_s = terms.window_s if terms else None
        found = statement.find(connection, sanction, reader, lang, actions=ACTIONS, window_s=window_s)
    click.echo(found.text())


@click.group("review")
def group() -> None:
    """Reviewers: who they are, and how they agree."""


@group.command()
@click.argument("name")
@click.option("--kind", "kinds", multiple=True, help="appeal, decision or evidence; repeatable. None: every kind.")
@click.option("--language", "languages", multiple=True, help="A language known; repeatable. None: every language.")
@click.option("--category", "categories", multiple=True, help="A category known; repeatable. None: every category.")
@click.option("--most", default=10, show_default=True, type=click.IntRange(1), help="Cases held at once.")
def add(name: str, kinds: tuple[str, ...], languages: tuple[str, ...], categories: tuple[str, ...], most: int) -> None:
    """Add the reviewer NAME, or change what one knows and may hold."""
    with record() as connection:
        review.add_reviewer(connection, name, kinds=kinds, languages=languages, categories=categories, most=most)
        detail: audit.Detail = {"kinds": kinds, "languages": languages, "categories": categories, "most": most}
        audit.record(connection, actor(), "reviewer.add", f"reviewer:{name}", detail, present(connection))
        known = member.find(connection, name)
        connection.commit()
    click.echo(f"{name} is a reviewer and may hold {counted(most, 'case')}.", err=True)
    if known is None:
        click.echo(f"Nobody can sign in as {name} yet: goldline user create {name} --role reviewer", err=True)


@group.command("list")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def listing(form: str) -> None:
    """Who reviews: what each knows, may hold, and holds now."""
    with record() as connection:
        found = roster.roster(connection, present(connection))
    if form == "json":
        click.echo(json.dumps([asdict(each) for each in found], ensure_ascii=False, indent=2))
        return
    for each in found:
        knows = " ".join(f"{name}={','.join(values)}" for name, values in
                         (("kinds", each.kinds), ("languages", each.languages), ("categories", each.categories))
                         if values)  # fmt: skip
        at_work = f"holds {each.holding} of {each.most}" if each.active else "removed"
        click.echo(f"{each.name}  {at_work}, {counted(each.taken, 'case')} taken  {knows}".rstrip())
    if not found:
        click.echo("There are no reviewers yet: goldline review add NAME.", err=True)


@group.command()
@click.argument("name")
def remove(name: str) -> None:
    """Take the reviewer NAME off the roster; cases held go back to those that wait."""
    with record() as connection:
        given_back = roster.remove_reviewer(connection, name, actor(), present(connection))
        connection.commit()
    click.echo(f"{name} is no reviewer any more; {counted(given_back, 'case')} given back.", err=True)


@group.command()
@click.option("--since", type=Instant(), help="Only answers from here on.")
def agreement(since: datetime | None) -> None:
    """How reviewers agree with the known answers of the samples: 1 is agreement, 0 what chance gives."""
    with record() as connection:
        found = sample.agreement(connection, since)
    for reviewer, kappa in found.kappas.items():
        click.echo(f"{reviewer}  kappa {'-' if kappa is None else f'{float(kappa):.2f}'}")
    together = "-" if found.alpha is None else f"{float(found.alpha):.2f}"
    click.echo(f"{counted(found.samples, 'sample')}, all together alpha {together}.", err=True)


@click.group("overturn")
def overturning() -> None:
    """Take the findings of a bad policy back, with all that followed from them."""


def _chosen(function: Any) -> Any:
    for option in (
        click.option("--until", type=Instant(), help="Found before this instant."),
        click.option("--since", type=Instant(), help="Found from this instant on."),
        click.option("--version", type=int, help="One version of the policy; all without it."),
        click.argument("policy"),
    ):
        function = option(function)
    return function


@overturning.command()
@_chosen
@click.option("--json", "as_json", is_flag=True, help="Every finding, sanction, account and gate.")
def rehearse(
    *, policy: str, version: int | None, since: datetime | None, until: datetime | None, as_json: bool
) -> None:
    """Say exactly what taking back the findings of POLICY would do now. Nothing is written."""
    whole = Effect()
    with record() as connection:
        now, selection = present(connection), Selection(policy, version, since, until)
        for effect in massoverturn.rehearse(connection, vocabulary(), selection, now):
            whole = whole.plus(effect)
    if as_json:
        click.echo(json.dumps(whole.plain(), indent=2))
        return
    click.echo(
        f"{counted(len(whole.findings), 'finding')} would fall; {counted(len(whole.revoked), 'sanction')} would be"
        f" revoked, {len(whole.imposed):,} other ones imposed; {counted(len(whole.gates), 'gate')} would move."
    )
    for (account, currency), amount in sorted(whole.money.items()):
        click.echo(f"  {account}  {amount:+,} {currency} in minor units")


@overturning.command()
@_chosen
@click.option("--by", required=True, help="The person who decides it.")
@click.option("--why", required=True, help="What was wrong; the parties are told it.")
@PASSWORD
def begin(
    *, policy: str, version: int | None, since: datetime | None, until: datetime | None, by: str, why: str,
    password_stdin: bool,
) -> None:  # fmt: skip
    """Take the findings of POLICY back, in bites; stopped, workers or `goldline overturn resume` go on.

    Where two people are needed and more money moves than one may move alone, it is asked for.
    """
    with record() as connection:
        who = answerable(connection, countersign.OVERTURN, by, password_stdin=password_stdin)
        now = present(connection)
        done = countersign.overturn(connection, who, Selection(policy, version, since, until), why, now)
        connection.commit()
        if done.asked is not None:
            waits(done.asked)
        elif done.begun is not None:
            click.echo(str(done.begun))
            _run(connection, done.begun, now)


@overturning.command()
@click.argument("ident", type=click.UUID)
def resume(ident: UUID) -> None:
    """Go on with the mass overturning IDENT from the last bite that was committed."""
    with record() as connection:
        _run(connection, ident, present(connection))


def _run(connection: Any, ident: UUID, now: datetime) -> None:
    last: Progress | None = None
    for last in massoverturn.run(connection, vocabulary(), ident, now):
        click.echo(f"{counted(last.findings, 'finding')} taken back, up to {last.after or 'nothing'}", err=True)
    if last is not None:
        given = ", ".join(f"{amount:,} {currency}" for currency, amount in last.moved.items()) or "nothing"
        click.echo(f"{last.revoked:,} sanctions revoked, {last.imposed:,} imposed; given back: {given}.", err=True)


@click.command()
@click.option("--within", default=4.0, show_default=True, help="Hours within which a case is to be begun.")
@click.option("--share", default=0.9, show_default=True, help="Share of the cases.")
@click.option("--days", default=28, show_default=True, type=click.IntRange(1), help="Days the load is measured over.")
@click.option("--minutes", type=float, help="Minutes a case takes; measured without it.")
@click.option("--cases-a-day", type=float, help="Cases a day; measured without it.")
def capacity(*, within: float, share: float, days: int, minutes: float | None, cases_a_day: float | None) -> None:
    """How many reviewers it takes at a time to begin a share of the cases within some hours (Erlang C)."""
    with record() as connection:
        load = erlang.load(connection, present(connection), timedelta(days=days))
    work_s = minutes * 60 if minutes else load.work_s
    arrivals = cases_a_day / 86_400 if cases_a_day else load.arrivals_per_s
    if not work_s or not arrivals:
        raise GoldlineError(
            "No case was settled in that time, so its working time is not known.", code="too_few",
            hint="Give --minutes and --cases-a-day.",
        )  # fmt: skip
    found = erlang.needed(arrivals, work_s, within * 3_600, share)
    click.echo(
        f"{counted(found.reviewers, 'reviewer')}: {found.in_time:.1%} begun within {within:g} h, mean wait"
        f" {found.mean_wait_s / 60:.1f} min, {found.occupancy:.0%} busy ({arrivals * 86_400:.1f} cases a day of"
        f" {work_s / 60:.1f} min)."
    )
    click.echo("Cases come in bursts and people rest: take it as a lower bound.", err=True)


@click.command()
@click.option("--part", default="orders_late", show_default=True, help="The count that is to fall or rise.")
@click.option("--whole", default="orders_due", show_default=True, help="What it is a share of.")
@click.option("--days", default=14, show_default=True, type=click.IntRange(1), help="Days before and after.")
@click.option("--lang", type=click.Choice(LANGUAGES), default="en", show_default=True)
def rectified(*, part: str, whole: str, days: int, lang: str) -> None:
    """What plans to mend achieved, told from what would have come without them."""
    with record() as connection:
        rate = rectification.Rate("merchant_day", part, whole)
        until = present(connection)
        found = rectification.measure(rectification.units(connection, vocabulary(), rate, days=days, until=until))
    click.echo(found.said(lang))
    click.echo(
        f"{found.planned} under a plan, {found.others} without; matched instead of adjusted: {found.matched:+.4g};"
        f" {found.overlap:.0%} of the planned have their like among the others.",
        err=True,
    )
