"""Explanation: everything promised about one subject, on what evidence, how it was judged, what was paid and by whom.

One statement per kind of subject reads it all: it is compiled once a rule set and prepared by the connection. Those of
an order, of its parcels and of its refunds are sent together, so that an explanation costs one round trip.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from psycopg import Connection

from goldline.core.errors import GoldlineError
from goldline.core.facts.coverage import NoticeTold, notices_of
from goldline.core.facts.event import partition_of
from goldline.core.facts.subject import Subject, Vocabulary
from goldline.core.facts.table import noticed_columns
from goldline.core.judge import sentence
from goldline.core.judge.sentence import LANGUAGES
from goldline.core.judge.told import (
    Clause,
    Evidence,
    Explanation,
    FindingTold,
    NodeValue,
    Posting,
    PromiseTold,
    RemedyTold,
)
from goldline.core.policy.expression import Expression, Type
from goldline.core.policy.promise import Promise
from goldline.core.policy.published import RuleSet, load_version
from goldline.core.policy.slot import Slot
from goldline.core.policy.verdict_sql import (
    due_sql,
    kept_sql,
    made_sql,
    slot_nodes_json_sql,
    state_sql,
    version_sql,
)
from goldline.core.statement import Statement, numbered

STATES: Final = {"p": "pending", "k": "kept", "b": "broken", "e": "excused"}
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Written:
    """A clause without its values: the same for every subject."""

    name: str
    text: str
    nodes: tuple[tuple[str, Type], ...]
    after_s: int


@dataclass(frozen=True, slots=True)
class _Compiled:
    kind: str
    epoch: int
    partitions: int
    statement: Statement
    names: tuple[str, ...]
    slots: tuple[Slot, ...]
    written: Mapping[tuple[str, int], tuple[_Written, ...]]


_compiled: dict[tuple[str, str, str], _Compiled] = {}


def explain(
    connection: Connection[Any], vocabulary: Vocabulary, ruleset: RuleSet, kind: str, key: str, now: datetime
) -> Explanation | None:
    """Explain one subject, and what is within it, at `now`; None when nothing is known of it. Reads only.

    One round trip does, unless there are findings of a promise that is no longer made or of a policy that was
    withdrawn: they are told by the version they were judged by.
    """
    heirs = [heir for heir in vocabulary.heirs_of(vocabulary[kind]) if ruleset.of(heir.kind)]
    programs = [_program(connection, vocabulary[kind], ruleset, _OWN)]
    programs += [_program(connection, heir, ruleset, _WITHIN) for heir in heirs]
    values = {"key": key, "now": now, "home": partition_of(key, programs[0].partitions or 1)}
    found, *within = _rows(connection, programs, values)
    if not found:
        return None
    told = [
        _explained(connection, vocabulary, ruleset, program, row, now)
        for program, rows in zip(programs[1:], within, strict=True)
        for row in rows
    ]
    whole = _explained(connection, vocabulary, ruleset, programs[0], found[0], now)
    return replace(whole, within=tuple(each for each in told if each.promises))


def _rows(connection: Connection[Any], programs: list[_Compiled], values: Json) -> list[list[tuple[Any, ...]]]:
    """The rows of every program, in one round trip."""
    if len(programs) == 1:
        return [programs[0].statement.run(connection, values).fetchall()]
    with connection.pipeline():
        cursors = [each.statement.run(connection, values) for each in programs]
        return [cursor.fetchall() for cursor in cursors]


def _explained(
    connection: Connection[Any],
    vocabulary: Vocabulary,
    ruleset: RuleSet,
    program: _Compiled,
    row: tuple[Any, ...],
    now: datetime,
) -> Explanation:
    kind, key, width = program.kind, str(row[0]), 1 + len(program.names)
    rest = row[width:]
    facts = {name: value for name, value in zip(program.names, row[1:width], strict=True) if value is not None}
    findings = _findings(rest[0] or [], rest[1] or [], rest[2] or [], ruleset)
    verdicts = [rest[3 + n * _WIDTH : 3 + (n + 1) * _WIDTH] for n in range(len(program.slots))]
    told = [
        _promise(program, slot, verdict, vocabulary[kind], facts, findings.get(slot.policy, ()), now)
        for slot, verdict in zip(program.slots, verdicts, strict=True)
    ]
    made = [each for each in told if each is not None]
    for policy in sorted(findings.keys() - {each.policy for each in made}):
        judged_by = _judged_by(connection, vocabulary, ruleset, findings[policy])
        if judged_by is not None:
            made.append(_former(judged_by, vocabulary[kind], findings[policy], now))
    return Explanation(kind, key, now, facts, tuple(made), notices=_notices(connection, vocabulary[kind], key, facts))


def _notices(
    connection: Connection[Any], subject: type[Subject], key: str, facts: Mapping[str, Any]
) -> tuple[NoticeTold, ...]:
    ids = [each for name, fact in noticed_columns(subject) if fact.field == "ids" for each in facts.get(name, ())]
    return tuple(notices_of(connection, subject, key, ids))


def _judged_by(
    connection: Connection[Any], vocabulary: Vocabulary, ruleset: RuleSet, findings: tuple[FindingTold, ...]
) -> Promise | None:
    """The version the newest of the findings was judged by; None when it can no longer be read."""
    policy, version = findings[-1].policy, findings[-1].version
    try:
        return ruleset.find(policy, version) or load_version(connection, policy, version, vocabulary)
    except GoldlineError:
        return None


def _former(promise: Promise, subject: type[Subject], findings: tuple[FindingTold, ...], now: datetime) -> PromiseTold:
    """A promise that is no longer made, as its findings tell it: what was seen then, not what is known now."""
    last = next((each for each in reversed(findings) if each.occurrence == 0), findings[-1])
    state = "broken" if last.status == "standing" else "excused" if last.kept_at is None else "kept"
    judge_at = last.due_at + timedelta(seconds=promise.grace_s)
    owed = [remedy for finding in findings for remedy in finding.remedies]
    times = (last.due_at, judge_at, last.kept_at)
    said: dict[str, str] = {
        language: sentence.summary(promise.title[language], state, times, now, owed, last.status, language, gone=True)
        for language in LANGUAGES
    }
    values = {each.label: each.value for each in last.nodes}
    return PromiseTold(
        policy=promise.policy, version=promise.version, title=promise.title, about=promise.about, state=state,
        recorded=None, made_at=last.made_at or last.due_at, due_at=last.due_at, grace_s=promise.grace_s,
        judge_at=judge_at, kept_at=last.kept_at, currency=promise.currency,
        evidence=_evidence(promise, subject, last.facts), clauses=_clauses(_written(promise), values, last.facts),
        findings=findings, summary=said, clause=promise.clause, grade=promise.grade, side=promise.side,
        seen_at=last.found_at,
    )  # fmt: skip


def as_found(
    connection: Connection[Any],
    vocabulary: Vocabulary,
    ruleset: RuleSet,
    kind: str,
    finding: FindingTold,
    now: datetime,
) -> PromiseTold | None:
    """A promise as one finding saw it, with nothing of what came since; None when it can no longer be read."""
    judged_by = _judged_by(connection, vocabulary, ruleset, (finding,))
    then = replace(finding, status="standing", status_at=None, status_why=None, kept_at=None, remedies=())
    return _former(judged_by, vocabulary[kind], (then,), now) if judged_by is not None else None


_WIDTH = 7  # columns a slot


def _program(connection: Connection[Any], subject: type[Subject], ruleset: RuleSet, which: str) -> _Compiled:
    """The compiled statement, from the cache unless the rules have changed. The cache is per database and kind."""
    where = f"{connection.info.host}:{connection.info.port}/{connection.info.dbname}"
    found = _compiled.get((where, subject.kind, which))
    if found is None or found.epoch != ruleset.epoch:
        ids = [row[0] for row in connection.execute("SELECT id FROM goldline.partition ORDER BY id")]
        own = tuple(slot for slot in ruleset.slots(subject.kind) if slot.occurrence == 0)
        statement = numbered(_statement(subject, own, which.format(listed=", ".join(map(str, ids)) or "NULL")))
        written = {(each.policy, each.version): _written(each) for slot in own for each in slot.versions}
        found = _Compiled(subject.kind, ruleset.epoch, len(ids), statement, tuple(subject.facts), own, written)
        _compiled[where, subject.kind, which] = found
    return found


_FINDING = (
    "(SELECT jsonb_agg(to_jsonb(d) ORDER BY d.found_at, d.policy, d.occurrence) FROM goldline.finding d"
    " WHERE d.key = f.key AND d.subject = '{kind}')"
)
_REMEDY = "(SELECT jsonb_agg(to_jsonb(r) ORDER BY r.accrued_at, r.id) FROM goldline.remedy r WHERE r.key = f.key)"
_POSTING = (
    "(SELECT jsonb_agg(to_jsonb(p) ORDER BY p.posted_at, p.id) FROM goldline.posting p"
    " WHERE p.remedy_id IN (SELECT r.id FROM goldline.remedy r WHERE r.key = f.key))"
)
# A root's id ends at '|', which '}' follows in the "C" collation.
_OWN = "f.key = %(key)s AND f.partition IN ({listed})"
_WITHIN = "f.key > %(key)s || '|' AND f.key < %(key)s || '}}' AND f.partition = %(home)s ORDER BY f.key"


def _statement(subject: type[Subject], own: tuple[Slot, ...], which: str) -> str:
    columns = ["f.key", *(f"f.{name}" for name in subject.facts)]
    columns += [_FINDING.format(kind=subject.kind), _REMEDY, _POSTING]
    for slot in own:
        state = state_sql(slot, "f", "%(now)s::timestamptz")
        # The values are only worth their cost where the promise was made.
        nodes = f"CASE WHEN {made_sql(slot, 'f')} IS NOT NULL THEN {slot_nodes_json_sql(slot, 'f')} END"
        columns += [state, version_sql(slot, "f"), made_sql(slot, "f"), due_sql(slot, "f"), kept_sql(slot, "f")]
        columns += [f"f.{slot.column}", nodes]
    return f"SELECT {', '.join(columns)} FROM goldline.fact_{subject.kind} f WHERE {which}"


def _promise(
    program: _Compiled,
    slot: Slot,
    verdict: tuple[Any, ...],
    subject: type[Subject],
    facts: Mapping[str, Any],
    findings: tuple[FindingTold, ...],
    now: datetime,
) -> PromiseTold | None:
    state, version, made_at, due_at, kept_at, recorded, nodes = verdict
    if _letter(state) is None:
        return None
    promise = next(each for each in slot.versions if each.version == version)
    word = STATES[_letter(state) or ""]
    judge_at = due_at + timedelta(seconds=promise.grace_s)
    first = next((each for each in findings if each.occurrence == 0), None)
    # A finding's own values and facts are what it was judged on; the live ones may have moved since.
    judged = first if first and first.status == "standing" and first.version == version else None
    values = {each["label"]: each["value"] for each in nodes or []}
    values |= {each.label: each.value for each in judged.nodes} if judged else {}
    seen = {**facts, **judged.facts} if judged else facts
    owed = [remedy for finding in findings for remedy in finding.remedies]
    times, found = (due_at, judge_at, kept_at), first.status if first else None
    said: dict[str, str] = {
        language: sentence.summary(promise.title[language], word, times, now, owed, found, language)
        for language in LANGUAGES
    }
    return PromiseTold(
        policy=slot.policy, version=version, title=promise.title, about=promise.about, state=word,
        recorded=STATES.get(_letter(recorded) or ""), made_at=made_at, due_at=due_at, grace_s=promise.grace_s,
        judge_at=judge_at, kept_at=kept_at, currency=promise.currency, evidence=_evidence(promise, subject, facts),
        clauses=_clauses(program.written[slot.policy, version], values, seen), findings=findings, summary=said,
        clause=promise.clause, grade=promise.grade, side=promise.side, seen_at=judged.found_at if judged else None,
    )  # fmt: skip


def _letter(value: Any) -> str | None:
    """A "char" comes as bytes or text, by the driver's loader."""
    return value.decode() if isinstance(value, bytes) else value


def _evidence(promise: Promise, subject: type[Subject], facts: Mapping[str, Any]) -> tuple[Evidence, ...]:
    beside = (name for read in promise.names for name in subject.beside.get(read, ()) if facts.get(name) is not None)
    return tuple(
        Evidence(name, facts.get(name), subject.facts[name].about, subject.facts[name].type)
        for name in dict.fromkeys([*promise.names, *beside])
    )


def _written(promise: Promise) -> tuple[_Written, ...]:
    named: list[tuple[str, Expression | None, int]] = [
        ("made_at", promise.made_at, 0), ("due_at", promise.due_at, 0), ("kept_at", promise.kept_at, 0),
        ("excused", promise.excused, 0),
    ]  # fmt: skip
    if promise.when is not None:  # a rule has one time, and a condition in place of evidence
        named = [("at", promise.made_at, 0), ("violated", promise.when, 0), named[-1]]
    for remedy in promise.remedies:
        own = (("pay", remedy.pay), ("from", remedy.bearer), ("when", remedy.when))
        named += [(name, expression, remedy.after_s) for name, expression in own]
    return tuple(
        _Written(name, each.text, tuple((node.label, node.type) for node in each.nodes()), after_s)
        for name, each, after_s in named
        if each is not None
    )


def _clauses(written: tuple[_Written, ...], values: Mapping[str, Any], facts: Mapping[str, Any]) -> tuple[Clause, ...]:
    return tuple(
        Clause(
            each.name,
            each.text,
            tuple(NodeValue(label, values.get(label, facts.get(label)), kind) for label, kind in each.nodes),
            each.after_s,
        )
        for each in written
    )


def _findings(
    findings: list[Json], remedies: list[Json], postings: list[Json], ruleset: RuleSet
) -> dict[str, tuple[FindingTold, ...]]:
    """The stored findings by policy, each with its remedies and their postings."""
    lines: dict[str, list[Posting]] = {}
    for row in postings:
        lines.setdefault(row["remedy_id"], []).append(_posting(row))
    owed: dict[str, list[RemedyTold]] = {}
    for row in remedies:
        owed.setdefault(row["finding_id"], []).append(_remedy(row, tuple(lines.get(row["id"], ()))))
    grouped: dict[str, tuple[FindingTold, ...]] = {}
    for row in findings:
        told = _finding(row, tuple(owed.get(row["id"], ())), ruleset)
        grouped[row["policy"]] = (*grouped.get(row["policy"], ()), told)
    return grouped


def _finding(row: Json, remedies: tuple[RemedyTold, ...], ruleset: RuleSet) -> FindingTold:
    promise = ruleset.find(row["policy"], row["version"])
    types = {node.label: node.type for node in promise.nodes} if promise else {}
    nodes = tuple(NodeValue(each["label"], each["value"], types.get(each["label"])) for each in row["nodes"])
    return FindingTold(
        id=row["id"], policy=row["policy"], version=row["version"], occurrence=row["occurrence"],
        made_at=_maybe(row["made_at"]), due_at=_at(row["due_at"]), kept_at=_maybe(row["kept_at"]),
        found_at=_at(row["found_at"]), status=row["status"],
        status_at=_maybe(row["status_at"]), status_why=row["status_why"], facts=row["facts"], nodes=nodes,
        remedies=remedies,
    )  # fmt: skip


def _remedy(row: Json, postings: tuple[Posting, ...]) -> RemedyTold:
    return RemedyTold(
        id=row["id"], kind=row["kind"], payee=row["payee"], bearer=row["bearer"], charged_to=row["charged_to"],
        asked_minor=row["asked_minor"], amount_minor=row["amount_minor"], currency=row["currency"],
        state=row["state"], why=row["why"], accrued_at=_at(row["accrued_at"]), settled_at=_maybe(row["settled_at"]),
        provider_ref=row["provider_ref"], postings=postings,
        sharer=row["sharer"], share_to=row["share_to"], share_minor=row["share_minor"],
    )  # fmt: skip


def _posting(row: Json) -> Posting:
    return Posting(
        row["entry"], row["line"], row["account"], row["amount_minor"], row["currency"], row["reason"],
        _at(row["posted_at"]),
    )  # fmt: skip


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _maybe(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
