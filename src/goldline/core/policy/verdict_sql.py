"""The SQL of a verdict: one place that says what made, due, kept, excused and broken mean.

Everything here is a scalar expression over one row of facts, so that the step, the explanation, the case tests and
the backtest judge by the same text. `alias` is the fact row's alias; `now` is SQL for the clock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from goldline.core.policy.expression import Dialect, interval_sql, text_sql
from goldline.core.policy.promise import Promise, Remedy
from goldline.core.policy.slot import Slot, answered_slot

PENDING, KEPT, BROKEN, EXCUSED = "p", "k", "b", "e"
_JSON_PAIRS = 40  # PostgreSQL takes at most 100 arguments; two a pair, with room to spare


def state_sql(slot: Slot, alias: str, now: str, *, dialect: Dialect = "postgres") -> str:
    """'p' pending, 'k' kept, 'b' broken, 'e' excused, or null when the promise is not made. Type "char"."""

    def state(promise: Promise) -> str:
        due, kept = _due(promise, slot, alias, dialect), promise.kept_at.sql(dialect, alias)
        made = promise.made_at.sql(dialect, alias)
        judge_at = _plus(due, promise.grace_s, dialect)
        excused = f"WHEN {promise.excused.sql(dialect, alias)} THEN 'e' " if promise.excused else ""
        if promise.when is not None:
            verdict = f"CASE WHEN {promise.when.sql(dialect, alias)} THEN 'b' ELSE 'k' END"
            return f"CASE WHEN {made} IS NULL THEN NULL {excused}WHEN {now} >= {judge_at} THEN {verdict} ELSE 'p' END"
        return (
            f"CASE WHEN {made} IS NULL OR {due} IS NULL THEN NULL {excused}"
            f"WHEN {kept} <= {due} THEN 'k' WHEN {now} >= {judge_at} THEN 'b' ELSE 'p' END"
        )

    chosen = _in_force(slot, alias, state)
    return f'({chosen})::"char"' if dialect == "postgres" else f"({chosen})"


def made_sql(slot: Slot, alias: str, *, dialect: Dialect = "postgres") -> str:
    """When the promise was made, by the version in force."""
    return _in_force(slot, alias, lambda promise: promise.made_at.sql(dialect, alias))


def due_sql(slot: Slot, alias: str, *, dialect: Dialect = "postgres") -> str:
    """The deadline of this slot: `due_at` plus `after`, without grace."""
    return _in_force(slot, alias, lambda promise: _due(promise, slot, alias, dialect))


def judge_at_sql(slot: Slot, alias: str, *, dialect: Dialect = "postgres") -> str:
    """When an unkept promise is found broken: the deadline plus grace."""

    def judge_at(promise: Promise) -> str:
        return _plus(_due(promise, slot, alias, dialect), promise.grace_s, dialect)

    return _in_force(slot, alias, judge_at)


def kept_sql(slot: Slot, alias: str, *, dialect: Dialect = "postgres") -> str:
    """When the promise was kept, on time or late; a rule that is not violated is kept at its time."""
    return _in_force(slot, alias, lambda promise: _kept(promise, alias, dialect))


def _kept(promise: Promise, alias: str, dialect: Dialect) -> str:
    kept = promise.kept_at.sql(dialect, alias)
    return kept if promise.when is None else f"CASE WHEN {promise.when.sql(dialect, alias)} THEN NULL ELSE {kept} END"


def version_sql(slot: Slot, alias: str) -> str:
    """The number of the version in force on the subject's date, or null."""
    return _in_force(slot, alias, lambda promise: str(promise.version))


def broken_sql(versions: Iterable[Promise], alias: str, dialect: Dialect = "postgres") -> str:
    """`broken('x')`: made, not excused, and not kept or kept late. Never null; needs no clock, so it replays."""

    def broken(promise: Promise) -> str:
        made, due = promise.made_at.sql(dialect, alias), promise.due_at.sql(dialect, alias)
        kept = _kept(promise, alias, dialect)
        excused = f" AND NOT coalesce({promise.excused.sql(dialect, alias)}, false)" if promise.excused else ""
        return f"({made} IS NOT NULL AND {due} IS NOT NULL{excused} AND ({kept} IS NULL OR {kept} > {due}))"

    arms = [(force_sql(promise, alias), broken(promise)) for promise in versions]
    return f"coalesce({_case(arms)}, false)"


def force_sql(promise: Promise, alias: str) -> str | None:
    """The condition that this version is in force for the row; None when it always is."""
    bounds = []
    if promise.by and promise.effective_from:
        bounds.append(f"{alias}.{promise.by} >= {instant_sql(promise.effective_from)}")
    if promise.by and promise.effective_until:
        bounds.append(f"{alias}.{promise.by} < {instant_sql(promise.effective_until)}")
    return " AND ".join(bounds) or None


def instant_sql(instant: datetime) -> str:
    """A literal instant, the same on every engine."""
    return f"timestamptz '{instant.isoformat(sep=' ')}'"


def nodes_json_sql(promise: Promise, alias: str) -> str:
    """A jsonb array of {label, value}: every sub-expression of this version that is not a bare fact."""
    shown = [node for node in promise.nodes if node.label not in promise.names]
    return _chunks([f"jsonb_build_object('label', {text_sql(n.label)}, 'value', {n.json(alias)})" for n in shown])


def facts_json_sql(promise: Promise, alias: str) -> str:
    """A jsonb object of every fact this version reads, as seen."""
    pairs = [f"'{name}', {alias}.{name}" for name in promise.names]
    parts = [f"jsonb_build_object({', '.join(group)})" for group in _groups(pairs)]
    return f"({' || '.join(parts)})" if parts else "'{}'::jsonb"


def slot_nodes_json_sql(slot: Slot, alias: str) -> str:
    """`nodes_json_sql` of the version in force."""
    return _in_force(slot, alias, lambda promise: nodes_json_sql(promise, alias))


def slot_facts_json_sql(slot: Slot, alias: str) -> str:
    """`facts_json_sql` of the version in force."""
    return _in_force(slot, alias, lambda promise: facts_json_sql(promise, alias))


def pay_sql(promise: Promise, ordinal: int, alias: str) -> str:
    """What remedy `ordinal` asks for in minor units as bigint: null when its `when` does not hold, never below 0."""
    remedy = next(each for each in promise.remedies if each.ordinal == ordinal)
    amount = f"greatest({remedy.pay.sql('postgres', alias)}, 0)::bigint"
    known = f"{remedy.pay.sql('postgres', alias)} IS NOT NULL"
    condition = f"({remedy.when.sql('postgres', alias)}) AND {known}" if remedy.when else known
    return f"CASE WHEN {condition} THEN {amount} END"


def share_sql(
    remedy: Remedy, slot: Slot, known: Iterable[Slot], alias: str, *, dialect: Dialect = "postgres"
) -> str | None:
    """Whether both sides of a shared remedy bear it: the promises they answer for are broken by the clock by which
    this one is. None where it is not shared, or one of those promises is not in force.
    """
    if remedy.share is None:
        return None
    known, now = tuple(known), judge_at_sql(slot, alias, dialect=dialect)
    answered = [answered_slot(side, slot, known) for side in remedy.share]
    if any(each is None for each in answered):
        return None
    return " AND ".join(f"{state_sql(each, alias, now, dialect=dialect)} = 'b'" for each in answered if each)


def _due(promise: Promise, slot: Slot, alias: str, dialect: Dialect) -> str:
    return _plus(promise.due_at.sql(dialect, alias), slot.after_s, dialect)


def _plus(instant: str, seconds: int, dialect: Dialect) -> str:
    return f"({instant} + {interval_sql(seconds, dialect)})" if seconds else instant


def _in_force(slot: Slot, alias: str, value: Callable[[Promise], str]) -> str:
    return _case([(force_sql(promise, alias), value(promise)) for promise in slot.versions])


def _case(arms: list[tuple[str | None, str]]) -> str:
    """The first arm whose condition holds. Versions never overlap, so at most one does."""
    if len(arms) == 1 and arms[0][0] is None:
        return arms[0][1]
    return "CASE " + " ".join(f"WHEN {when or 'true'} THEN {value}" for when, value in arms) + " END"


def _chunks(items: list[str]) -> str:
    parts = [f"jsonb_build_array({', '.join(group)})" for group in _groups(items)]
    return f"({' || '.join(parts)})" if parts else "'[]'::jsonb"


def _groups(items: list[str]) -> list[list[str]]:
    return [items[i : i + _JSON_PAIRS] for i in range(0, len(items), _JSON_PAIRS)]
