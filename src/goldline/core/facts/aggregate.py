"""Aggregates: subjects counted from the rows of others, one row per owner and civil day.

The judge knows every row before and after a batch, so it writes down the *difference* each makes to the counts of a
day (`delta_<kind>`), in the step's own transaction; the day book (`daybook`) adds them up. Differences commute and
telescope: whatever the order of arrival, a count is what counting the rows as they stand would give.
"""

from __future__ import annotations

import re
from typing import Any

from goldline.core.facts.merge import Fact, FactType
from goldline.core.facts.subject import Aggregate, Subject

_AFTER, _BEFORE = "j.", "j._old_"


def inputs(aggregate: type[Aggregate], subject: type[Subject]) -> tuple[str, ...]:
    """The facts of a subject that decide what it adds to an aggregate, in order of declaration."""
    times = _times(aggregate.counted(subject.kind))
    read = {name for at in times for name in _read(aggregate, subject, at)}
    return tuple(name for name in subject.facts if name in read)


def delta_statement(aggregate: type[Aggregate], subject: type[Subject]) -> str:
    """Inserts what a judged batch (`judged j`, its standing values as `_old_…`) adds to the days of an aggregate."""
    lines = []
    for at in _times(aggregate.counted(subject.kind)):
        read = _read(aggregate, subject, at)
        after, before = (", ".join(row + name for name in read) for row in (_AFTER, _BEFORE))
        changed = f"({after}) IS DISTINCT FROM ({before})"
        lines.append(_line(aggregate, subject, at, _AFTER, f"(j._fresh OR {changed})"))
        lines.append(_line(aggregate, subject, at, _BEFORE, f"NOT j._fresh AND {changed}"))
    # Most rows are nobody's day of most kinds: an order that no content led to is looked at no further.
    owner = aggregate.owners[subject.kind]
    owned = f"{_AFTER}{owner} IS NOT NULL OR {_BEFORE}{owner} IS NOT NULL"
    source = f"judged j CROSS JOIN LATERAL ({' UNION ALL '.join(lines)}) x WHERE {owned}"
    return _delta_insert(aggregate, subject, source)


def whole_statement(aggregate: type[Aggregate], subject: type[Subject]) -> str:
    """Inserts what all rows of a subject, as they stand, add to the days of an aggregate."""
    lines = (_line(aggregate, subject, at, _AFTER, "true") for at in _times(aggregate.counted(subject.kind)))
    source = f"fact_{subject.kind} j CROSS JOIN LATERAL ({' UNION ALL '.join(lines)}) x"
    return _delta_insert(aggregate, subject, source)


def _delta_insert(aggregate: type[Aggregate], subject: type[Subject], source: str) -> str:
    counted = aggregate.counted(subject.kind)
    names = ", ".join(counted)
    sums = ", ".join(f"{'max' if is_label(fact) else 'sum'}(x.{name})" for name, fact in counted.items())
    differs = " OR ".join(f"sum(x.{name}) <> 0" for name, fact in counted.items() if not is_label(fact))
    return (
        f"INSERT INTO goldline.delta_{aggregate.kind} (home, owner, day, zone, {names})"
        f" SELECT {home_sql('x.owner')}, x.owner, x.day, max(x.zone), {sums} FROM {source}"
        f" GROUP BY x.owner, x.day HAVING {differs}"
    )


def home_sql(owner: str) -> str:
    """The partition that holds an owner's days: the same in every version of PostgreSQL."""
    partitions = "(SELECT count(*) FROM goldline.partition)"
    return f"(('x' || substr(md5({owner}), 1, 8))::bit(32)::bigint % {partitions})::smallint"


def _times(counted: dict[str, Fact]) -> tuple[str, ...]:
    """The facts that say on which day a row is counted."""
    return tuple(dict.fromkeys(_tally(fact).at for fact in counted.values() if not is_label(fact)))


def _read(aggregate: type[Aggregate], subject: type[Subject], at: str) -> tuple[str, ...]:
    """The facts that decide what is counted on the day of one time."""
    words = [at, aggregate.owners[subject.kind], aggregate.zones.get(subject.kind, "")]
    for fact in aggregate.counted(subject.kind).values():
        if is_label(fact):
            words.append(fact.field or "")
        elif _tally(fact).at == at:
            words += [_tally(fact).where or "", _tally(fact).summed or ""]
    named = set(re.findall(r"[a-z_]+", " ".join(words)))
    return tuple(name for name in subject.facts if name in named)


def _line(aggregate: type[Aggregate], subject: type[Subject], at: str, row: str, condition: str) -> str:
    """What a subject's row, before or after, adds to the day of one time; nothing unless the condition holds."""
    zone = aggregate.zones.get(subject.kind)
    place = f"{row}{zone}" if zone else "NULL::text"
    day = f"({row}{at} AT TIME ZONE coalesce({place}, '{aggregate.default_zone}'))::date"
    owner = f"{row}{aggregate.owners[subject.kind]}"
    values = ", ".join(
        f"{_value(fact, at, row, subject)} AS {name}" for name, fact in aggregate.counted(subject.kind).items()
    )
    return (
        f"SELECT {owner} AS owner, {day} AS day, {place} AS zone, {values}"
        f" WHERE {row}{at} IS NOT NULL AND {owner} IS NOT NULL AND {condition}"
    )


def _value(fact: Fact, at: str, row: str, subject: type[Subject]) -> str:
    tally = _tally(fact)
    if is_label(fact):
        return f"{row}{fact.field}"
    whole = "bigint" if tally.summed else "integer"
    if tally.at != at:
        return f"NULL::{whole}"
    amount = f"coalesce({_qualified(tally.summed, row, subject)}, 0)" if tally.summed else "1"
    if tally.where:
        amount = f"CASE WHEN {_qualified(tally.where, row, subject)} THEN {amount} ELSE 0 END"
    return f"({'-' if row == _BEFORE else ''}{amount})::{whole}"


def _qualified(expression: str, row: str, subject: type[Subject]) -> str:
    """The expression with every fact of the subject, outside quoted texts, taken from one row."""
    parts = expression.split("'")
    for place in range(0, len(parts), 2):
        parts[place] = re.sub(
            r"\b[a-z_]+\b", lambda word: row + word[0] if word[0] in subject.facts else word[0], parts[place]
        )
    return "'".join(parts)


def _tally(fact: Fact) -> Any:
    assert fact.tally is not None, "a counted fact has a tally"
    return fact.tally


def is_label(fact: Fact) -> bool:
    """Whether a counted fact is a text that all rows of a day share, and no number."""
    return fact.type is FactType.TEXT
