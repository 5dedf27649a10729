"""`goldline policy …`: packs checked, tested, explained and published."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import click
from psycopg import Connection

from goldline.core.account.case import LadderResult, run_ladder_cases
from goldline.core.account.scorecase import ScoreResult, run_score_cases
from goldline.core.judge.sentence import amount
from goldline.core.policy.case import CaseResult, run_cases
from goldline.core.policy.comparison import compare_cases, published_pack
from goldline.core.policy.decision import LIMITS, Decision
from goldline.core.policy.diagnostic import PolicyError
from goldline.core.policy.pack import CASES_FILE, Pack, available, load
from goldline.core.policy.promise import ACT, Promise, Remedy
from goldline.market.vocabulary import vocabulary
from goldline.surfaces import countersign
from goldline.surfaces.cli.approval import waits
from goldline.surfaces.cli.person import BY, PASSWORD, answerable
from goldline.surfaces.cli.program import FAILED, LANGUAGES, counted
from goldline.surfaces.cli.record import present, record, rehearsal

_MOST_NAMES: Final = 6
_HEADINGS: Final = {
    "en": ("made at", "due at", "kept at", "excused", "in force", "on breach", "reads"),
    "zh-Hans": ("承诺成立", "截止时间", "履约时间", "免除条件", "有效期", "违约补偿", "所依事实"),
}

_ROLLOUT: Final = {"en": "rollout", "zh-Hans": "上线阶段"}
_STEPS: Final = {
    "en": {
        "log": "violations are counted and nothing else",
        "flag": "violations are written down and shown",
        "report": "each violation opens a case for a person",
    },
    "zh-Hans": {"log": "仅计数", "flag": "记录并展示", "report": "每起违规转人工审核"},
}

_DECISION_HEADINGS: Final = {
    "en": ("answers", "otherwise", "limit", "in force", "reads"),
    "zh-Hans": ("答复", "默认答复", "额度", "有效期", "所依事实"),
}


@click.group()
def group() -> None:
    """Check, test, explain and publish policy packs.

    PACK is a .toml file, a folder that holds policies.toml, or the name of a pack that comes with Goldline. To check,
    test and explain, leaving it out means every pack that comes with Goldline.
    """


@group.command()
@click.argument("packs", nargs=-1, metavar="[PACK]...")
def check(packs: tuple[str, ...]) -> int:
    """Check PACK against the vocabulary; every fault is shown with its file, line and place."""
    return max(_check(pack) for pack in packs or available())


def _check(pack: str) -> int:
    with _faults_shown() as faulty:
        loaded = load(pack, vocabulary())
        click.echo(f"{loaded.path}: {_inventory(loaded)}, no fault.", err=True)
        for line in _asleep(loaded):
            click.echo(line, err=True)
    return faulty()


def _inventory(pack: Pack) -> str:
    """How many of what a pack holds, as a sentence counts them."""
    kinds = [*(each.kind for each in pack.promises), *(each.kind for each, _ in pack.articles)]
    counts = Counter(kinds)
    return ", ".join(counted(number, kind) for kind, number in counts.items())


def _asleep(pack: Pack) -> Iterator[str]:
    """What is written but not in force until a parameter has a value."""
    for each in pack.dormant:
        part = "" if each.remedy is None else f", remedy {each.remedy + 1}"
        yield f"  not in force: {each.policy}, version {each.version}{part}: no value for {_some(each.parameters)}"
    for resting in pack.asleep:
        part = resting.part if resting.part in LIMITS else f"ground {resting.part}"
        names = _some(resting.parameters)
        yield f"  not in force: {resting.policy}, version {resting.version}, {part}: no value for {names}"


def _some(names: tuple[str, ...]) -> str:
    """So many names as a line holds, and how many more there are."""
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return ", ".join(names[:_MOST_NAMES]) + more


@group.command()
@click.argument("packs", nargs=-1, metavar="[PACK]...")
@click.option("--against", metavar="OTHER", help="Judge the cases by this pack too, and show each that it decides"
              " otherwise. Without it they are compared with what is in force of PACK.")  # fmt: skip
def test(packs: tuple[str, ...], against: str | None) -> int:
    """Run the cases that lie beside PACK; every case that fails shows both sides, before and now.

    Nothing is stored. Without a record a database is made for it and thrown away.
    """
    with rehearsal() as connection:
        return max(_test(connection, pack, against) for pack in packs or available())


def _test(connection: Connection[Any], pack: str, against: str | None) -> int:
    failed = 0
    with _faults_shown() as faulty:
        loaded = load(pack, vocabulary())
        other = load(against, vocabulary()) if against else published_pack(connection, loaded)
        results: list[CaseResult | LadderResult | ScoreResult] = [] if other else [*run_cases(connection, loaded)]
        results += [*run_ladder_cases(loaded), *run_score_cases(connection, loaded)]
        for result in results:
            click.echo(result.as_text())
        if other is not None:
            results += _compared(connection, loaded, other, against or "in force")
        failed = sum(not result.passed for result in results)
        if results:
            click.echo(f"{pack}: {counted(len(results), 'case')}, {failed} failed.", err=True)
        else:
            where = loaded.path.parent / CASES_FILE
            click.echo(
                f"{pack}: nothing was tested: there is no case in {where}. Write [[case]] tables there.", err=True
            )
    return faulty() or (FAILED if failed else 0)


def _compared(connection: Connection[Any], pack: Pack, other: Pack, name: str) -> list[CaseResult]:
    """Say every case; those that fail, and those that the other decides otherwise, with both sides."""
    compared = compare_cases(connection, pack, other)
    for each in compared:
        click.echo(each.now.as_text() if each.now.passed and not each.changed else each.as_text(name))
    changed = sum(each.changed for each in compared)
    click.echo(f"{counted(changed, 'case')} decided otherwise than {name}.", err=True)
    return [each.now for each in compared]


@group.command()
@click.argument("packs", nargs=-1, metavar="[PACK]...")
@click.option("--lang", type=click.Choice(LANGUAGES), default="en", show_default=True)
def explain(packs: tuple[str, ...], lang: str) -> int:
    """Say what PACK promises, on which facts, and what a breach costs."""
    return max(_explain(pack, lang) for pack in packs or available())


def _explain(pack: str, lang: str) -> int:
    with _faults_shown() as faulty:
        loaded = load(pack, vocabulary())
        told = [_told(loaded, promise, lang) for promise in loaded.promises]
        told += [_decision_told(loaded, decision, lang) for decision in loaded.decisions]
        click.echo("\n\n".join(told))
    return faulty()


@group.command()
@click.argument("pack")
@click.option("--rejudge", is_flag=True, help="Turn past verdicts whose version is changed.")
@click.option("--why", default="", help="The reason, for the record.")
@BY
@PASSWORD
def publish(*, pack: str, rejudge: bool, why: str, by: str | None, password_stdin: bool) -> int:
    """Put PACK in force. A version that is in force already is left as it is.

    Where two people are needed it is asked for, and in force once another has approved it.
    """
    with _faults_shown() as faulty, record(create=True) as connection:
        load(pack, vocabulary())  # a fault is said before anybody is asked for a password
        who = answerable(connection, countersign.POLICY, by, password_stdin=password_stdin)
        done = countersign.publish(connection, who, pack, present(connection), rejudge=rejudge, why=why)
        connection.commit()
        if done.asked:
            waits(done.asked)
        else:
            click.echo(
                f"{counted(done.done, 'version')} changed." if done.done else "Nothing new to publish.", err=True
            )
    return faulty()


@contextmanager
def _faults_shown() -> Iterator[Callable[[], int]]:
    """Show every fault of a policy in full, instead of all of them on one line; yields what gives the exit code."""
    code = 0
    try:
        yield lambda: code
    except PolicyError as error:
        click.echo(error.as_text(), err=True)
        count = len(error.diagnostics)
        click.echo(f"goldline: {counted(count, 'fault')}; nothing was changed.", err=True)
        code = FAILED


def _told(pack: Pack, promise: Promise, lang: str) -> str:
    """One promise in words and clauses."""
    made, due, kept, excused, in_force, breach, reads = _HEADINGS[lang]
    clauses = [(made, promise.made_at.text), (due, promise.due_at.text), (kept, promise.kept_at.text)]
    if promise.excused is not None:
        clauses.append((excused, promise.excused.text))
    if promise.effective_from or promise.effective_until:
        bounds = (_day(at, pack) for at in (promise.effective_from, promise.effective_until))
        clauses.append((in_force, f"{' – '.join(bounds)} ({promise.by}, {pack.zone})"))
    if promise.rollout != ACT:
        clauses.append((_ROLLOUT[lang], f"{promise.rollout}: {_STEPS[lang][promise.rollout]}"))
    clauses += [(breach, _remedy(remedy)) for remedy in promise.remedies]
    facts = pack.vocabulary[promise.subject].facts
    clauses += [(reads, f"{name}: {facts[name].about}") for name in promise.names if name in facts]
    source = f", {promise.clause}, {promise.grade or '-'}" if promise.clause else ""
    title = f"{promise.title.get(lang, promise.title['en'])}  [{promise.policy}, {promise.version}{source}]"
    lines = [title, promise.about.get(lang, promise.about["en"]), *(f"  {head:<10} {text}" for head, text in clauses)]
    return "\n".join(lines)


def _decision_told(pack: Pack, decision: Decision, lang: str) -> str:
    """One decision in words: its answers, the mildest first, its grounds with what is said, its limits."""
    mildest, otherwise, limits, in_force, reads = _DECISION_HEADINGS[lang]
    clauses = [(mildest, " < ".join(decision.answers)), (otherwise, f"{decision.otherwise}: {decision.reason[lang]}")]
    clauses += [(f"{g.id} → {g.answer}", f"{g.when.text}. {g.reason[lang]}") for g in decision.grounds]
    if decision.effective_from or decision.effective_until:
        bounds = (_day(at, pack) for at in (decision.effective_from, decision.effective_until))
        clauses.append((in_force, f"{' – '.join(bounds)} ({decision.by}, {pack.zone})"))
    for name, each in decision.ceilings.items():
        clauses.append((f"{limits} {name}", f"{amount(each.limit_minor, decision.currency)}. {each.reason[lang]}"))
    question = pack.vocabulary.questions[decision.question]
    clauses += [(reads, f"{name}: {question.meaning(name)}") for name in decision.names]
    source = f", {decision.clause}, {decision.grade or '-'}" if decision.clause else ""
    title = f"{decision.title[lang]}  [{decision.policy}, {decision.version}{source}]"
    return "\n".join([title, decision.about[lang], *(f"  {head:<10} {text}" for head, text in clauses)])


def _day(at: datetime | None, pack: Pack) -> str:
    """A bound as its author wrote it: the day in the pack's own zone."""
    return f"{at.astimezone(ZoneInfo(pack.zone)):%Y-%m-%d}" if at else "…"


def _remedy(remedy: Remedy) -> str:
    parts = [f"{remedy.kind} {remedy.pay.text} {remedy.currency} ← {remedy.bearer.text}"]
    if remedy.share is not None:
        sides = (f"{side.part:%} {side.party} ({side.answers_for})" for side in remedy.share)
        parts.append(f"shared {' + '.join(sides)} where both were broken")
    if remedy.after_s:
        parts.append(f"after {remedy.after_s / 3600:g} h")
    if remedy.when is not None:
        parts.append(f"when {remedy.when.text}")
    return ", ".join(parts)
