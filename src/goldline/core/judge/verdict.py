"""The judge's statement: fold, resolve, judge, write, and report what turned, in one pass over a batch.

For each kind of subject there is one statement, whatever the number of policies. It returns how many subjects went
from which verdicts to which, and leaves in the temporary table `turned` those that came to be, or ceased to be, broken.
"""

from __future__ import annotations

from dataclasses import dataclass

from goldline.core.facts.aggregate import delta_statement, inputs
from goldline.core.facts.fold import facts_select, moved_insert
from goldline.core.facts.subject import Aggregate, Subject
from goldline.core.facts.table import columns, evidence_columns
from goldline.core.policy.slot import Slot
from goldline.core.policy.verdict_sql import judge_at_sql, state_sql

TURNED_TABLE = (
    'CREATE TEMP TABLE IF NOT EXISTS turned (kind text, key text COLLATE "C", slot smallint,'
    ' old "char", new "char") ON COMMIT DELETE ROWS'
)

# Stands for the clock in generated SQL until `parametrised` makes it a parameter; no text has it by chance.
NOW = "__now_6f1c2f0a8e3b4d57__"


def parametrised(statement: str) -> str:
    """The statement with `now` as its parameter, and every percent sign of a literal kept from being one."""
    return statement.replace("%", "%%").replace(NOW, "%(now)s::timestamptz")


@dataclass(frozen=True, slots=True)
class Judgement:
    """The compiled statement of one subject kind in one partition. Parameters: `now`."""

    kind: str
    slots: tuple[Slot, ...]
    statement: str


def compile_judgement(
    subject: type[Subject],
    slots: tuple[Slot, ...],
    partition: int,
    aggregates: tuple[type[Aggregate], ...] = (),
    passed_on: tuple[str, ...] = (),
    noticed_epoch: int | None = None,
    heard: frozenset[str] | None = None,
) -> Judgement:
    """Compile fold and judgement of a subject kind for one partition.

    `aggregates` are counted from this subject; `passed_on` are its facts that judged subjects within it inherit;
    `noticed_epoch` is the epoch of the rules where notices are in force; columns that only event types feed that were
    not `heard` are neither merged nor written.
    """
    deltas = {each.kind: delta_statement(each, subject) for each in aggregates}
    noted = subject.noted if slots else ()
    compared = [*(name for each in aggregates for name in inputs(each, subject)), *passed_on, *noted]
    return Judgement(
        subject.kind,
        slots,
        parametrised(_statement(subject, slots, partition, compared, deltas, passed_on, noticed_epoch, heard)),
    )


def _statement(
    subject: type[Subject],
    slots: tuple[Slot, ...],
    partition: int,
    compared: list[str],
    deltas: dict[str, str],
    passed_on: tuple[str, ...],
    noticed_epoch: int | None,
    heard: frozenset[str] | None,
) -> str:
    names = _written(subject, slots, heard)
    added, written = _write(subject, names, partition)
    parts = [
        f"judged AS MATERIALIZED ({_judged(subject, slots, partition, names, compared, noticed_epoch, heard)})",
        f"added AS ({added})",
        f"written AS ({written})",
    ]
    if slots:
        parts.append(f"woken AS ({_wake(subject, partition)})")
        parts.append(f"turning AS ({_turned(subject, slots)})")
    parts += [f"delta_{kind} AS ({statement})" for kind, statement in deltas.items()]
    if passed_on:
        parts.append(f"moving AS ({moved_insert(subject, passed_on)})")
    if subject.noted and slots:
        news = " OR ".join(f"j.{name} IS DISTINCT FROM j._old_{name}" for name in subject.noted)
        parts.append(f"noting AS (INSERT INTO goldline.noted_{subject.kind} SELECT j.key FROM judged j WHERE {news})")
    return f"WITH {', '.join(parts)} {_signatures(slots)}"


def _judged(
    subject: type[Subject],
    slots: tuple[Slot, ...],
    partition: int,
    names: list[str],
    compared: list[str],
    noticed_epoch: int | None,
    heard: frozenset[str] | None,
) -> str:
    """`names` are the columns to write; `compared` are the facts of which the standing value is wanted too.

    Nothing else is kept: the planner leaves out of the inner queries what no outer one reads.
    """
    carried = ["_next_at", *(slot.column for slot in slots), *compared]
    facts = facts_select(subject, partition, carried, judged=bool(slots), noticed_epoch=noticed_epoch, heard=heard)
    states = "".join(f", {state_sql(slot, 'f', NOW)} AS {slot.column}" for slot in slots)
    judged = f"SELECT f.*{states} FROM ({facts}) f OFFSET 0"
    kept = dict.fromkeys(["key", "_fresh", "_place", *names, *compared, *(f"_old_{name}" for name in carried)])
    return f"SELECT {', '.join(f'v.{name}' for name in kept)}, {_next(slots)} AS _next FROM ({judged}) v"


def _next(slots: tuple[Slot, ...]) -> str:
    """When the earliest pending promise comes up for judgement; null when none is pending."""
    if not slots:
        return "NULL::timestamptz"
    due = ", ".join(f"CASE WHEN v.{slot.column} = 'p' THEN {judge_at_sql(slot, 'v')} END" for slot in slots)
    return f"least({due}, NULL::timestamptz)"


def _written(subject: type[Subject], slots: tuple[Slot, ...], heard: frozenset[str] | None) -> list[str]:
    """The columns a batch may change, `_next_at` apart."""
    silent = dict(evidence_columns(subject)).keys() - dict(evidence_columns(subject, heard)).keys()
    facts = (name for name, _ in columns(subject) if name != "_next_at" and name not in silent)
    return [*facts, *(slot.column for slot in slots)]


def _write(subject: type[Subject], names: list[str], partition: int) -> tuple[str, str]:
    """The insertion of new subjects and the update of standing ones, each row written once.

    A standing row is found again by its place on disk: nobody else writes this partition, so it is still there, and
    the index need not be searched twice.
    """
    table = f"goldline.fact_{subject.kind}_p{partition}"
    insert = (
        f"INSERT INTO {table} ({', '.join(names)}, _next_at, key, partition)"
        f" SELECT {', '.join(f'j.{name}' for name in names)}, j._next, j.key, {partition} FROM judged j WHERE j._fresh"
    )
    sets = ", ".join(f"{name} = j.{name}" for name in names)
    update = f"UPDATE {table} s SET {sets}, _next_at = j._next FROM judged j WHERE s.ctid = j._place AND NOT j._fresh"
    return insert, update


def _wake(subject: type[Subject], partition: int) -> str:
    """A wake is added only when none is outstanding at or before the time it is for.

    The invariant: a subject whose `_next_at` is known has a wake at that time or earlier. A wake that comes too early
    is set again by the sweep, so nothing is written here when a deadline is kept and the next one is later.
    """
    return (
        f"INSERT INTO goldline.wake (partition, wake_at, subject, key)"
        f" SELECT {partition}, j._next, '{subject.kind}', j.key FROM judged j WHERE j._next IS NOT NULL"
        f" AND (j._old__next_at IS NULL OR j._old__next_at > j._next OR j._old__next_at <= {NOW})"
    )


def sweep_statement(subject: type[Subject], partition: int) -> str:
    """Take the wakes due at `now`, `most` at most; set again those that came too early; return the keys to judge.

    Each row is (key or null, wakes taken): null for a subject that is not due.
    """
    due = (
        f"SELECT ctid FROM goldline.wake WHERE partition = {partition} AND subject = '{subject.kind}'"
        f" AND wake_at <= {NOW} ORDER BY wake_at LIMIT %(most)s"
    )
    standing = (
        f"SELECT o._next_at FROM goldline.fact_{subject.kind}_p{partition} o"
        f" WHERE o.partition = {partition} AND o.key = t.key LIMIT 1"
    )
    return (
        f"WITH due AS ({due}), taken AS (DELETE FROM goldline.wake w WHERE w.ctid = ANY(ARRAY(SELECT ctid FROM due))"
        f" RETURNING w.key, w.forced), looked AS (SELECT t.key, bool_or(t.forced) AS forced,"
        f" min(f._next_at) AS next_at, count(*) AS taken FROM taken t LEFT JOIN LATERAL ({standing}) f ON true"
        f" GROUP BY t.key), again AS (INSERT INTO goldline.wake (partition, wake_at, subject, key)"
        f" SELECT {partition}, next_at, '{subject.kind}', key FROM looked WHERE next_at > {NOW} AND NOT forced)"
        f" SELECT CASE WHEN forced OR next_at <= {NOW} THEN key END, taken FROM looked"
    ).replace(NOW, "%(now)s::timestamptz")


def _turned(subject: type[Subject], slots: tuple[Slot, ...]) -> str:
    broken = [f"coalesce(j.{s.column} = 'b', false) <> coalesce(j._old_{s.column} = 'b', false)" for s in slots]
    pairs = ", ".join(f"({n}, j._old_{s.column}, j.{s.column})" for n, s in enumerate(slots))
    return (
        f"INSERT INTO turned SELECT '{subject.kind}', j.key, t.slot, t.old, t.new FROM judged j"
        f" CROSS JOIN LATERAL (VALUES {pairs}) AS t(slot, old, new) WHERE ({' OR '.join(broken)})"
        f" AND coalesce(t.new = 'b', false) <> coalesce(t.old = 'b', false)"
    )


def _signatures(slots: tuple[Slot, ...]) -> str:
    """Rows of (signature, subjects): two letters a slot, verdict before and after, '-' for none."""
    if not slots:
        return "SELECT ''::text, count(*) FROM judged"
    letters = ", ".join(f"coalesce(j._old_{s.column}, '-'), coalesce(j.{s.column}, '-')" for s in slots)
    return f"SELECT concat({letters}), count(*) FROM judged j GROUP BY 1"
