"""Coverage: which subjects a notice covers, and what it makes of their clocks, as SQL.

A notice is declared once for a scope (regions, merchants, categories, a window of beginning, a window of deadlines).
What it says of a subject is a pure function of the subject's facts and the notices in force, found anew when either
has changed: so it is the same whether the notice or the order came first, and a withdrawn notice leaves no trace.

`shift` moves the deadline to an instant or by a length; the latest of several counts and none shortens. `void` stops
the clocks; any one does. Where a notice was withdrawn, a clock it has moved runs out at the subject's own deadline
again, yet not before the withdrawal; a clock it has stopped stays stopped where that deadline had passed before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection
from psycopg.rows import class_row

from goldline.core.facts.subject import Scope, Subject
from goldline.core.facts.table import noticed_columns


def covers_sql(scope: Scope, row: str, notice: str = "n") -> str:
    """Whether a notice covers a row. A region covers its parts: 'CN' also 'CN-GD'."""
    region, due, begun = f"{row}.{scope.region}", f"{row}.{scope.due_at}", f"{row}.{scope.begun_at}"
    n = notice
    return (
        f"({n}.regions IS NULL OR {region} = ANY({n}.regions) OR split_part({region}, '-', 1) = ANY({n}.regions))"
        f" AND ({n}.merchants IS NULL OR {row}.{scope.merchant} = ANY({n}.merchants))"
        f" AND ({n}.categories IS NULL OR {row}.{scope.category} = ANY({n}.categories))"
        f" AND ({n}.begun_from IS NULL OR {begun} >= {n}.begun_from)"
        f" AND ({n}.begun_until IS NULL OR {begun} < {n}.begun_until)"
        f" AND ({n}.due_from IS NULL OR {due} >= {n}.due_from)"
        f" AND ({n}.due_until IS NULL OR {due} < {n}.due_until)"
    )


def moved_sql(scope: Scope, row: str, notice: str = "n") -> str:
    """The deadline a shifting notice gives a row it covers; null for a voiding one."""
    n, due = notice, f"{row}.{scope.due_at}"
    moved = f"coalesce({n}.moved_to, {due} + make_interval(secs => {n}.moved_s))"
    ended = f"least({moved}, greatest({due}, {n}.withdrawn_at))"
    return (
        f"CASE WHEN {n}.kind <> 'shift' OR {due} IS NULL THEN NULL WHEN {n}.withdrawn_at IS NULL THEN {moved}"
        f" ELSE {ended} END"
    )


def voided_sql(scope: Scope, row: str, notice: str = "n") -> str:
    """When a voiding notice stopped the clocks of a row it covers; null where it does not."""
    n, rests = notice, f"coalesce({row}.{scope.due_at}, {row}.{scope.begun_at})"
    return (
        f"CASE WHEN {n}.kind = 'void' AND ({n}.withdrawn_at IS NULL OR {rests} < {n}.withdrawn_at)"
        f" THEN {n}.published_at END"
    )


def noticed_sql(subject: type[Subject], epoch: int | None) -> dict[str, str]:
    """The value of each noticed fact of a row `m`, and of `_noticed`; `n` is what `noticed_join` found."""
    if subject.scope is None:
        return {}
    if epoch is None:
        kinds = {name: fact.type.column for name, fact in noticed_columns(subject)} | {"_noticed": "bigint"}
        return {name: f"NULL::{kind}" for name, kind in kinds.items()}
    stands = _stands(subject, epoch)
    values = {name: f"CASE WHEN {stands} THEN m._old_{name} ELSE n.{fact.field} END"
              for name, fact in noticed_columns(subject)}  # fmt: skip
    return {**values, "_noticed": f"{epoch}::bigint"}


def noticed_join(subject: type[Subject], epoch: int | None) -> str:
    """The join that asks the notices of every row `m` for which the answer may have changed."""
    if epoch is None or subject.scope is None:
        return ""
    scope = subject.scope
    found = (
        f"SELECT n.id, {moved_sql(scope, 'm')} AS moved_to, {voided_sql(scope, 'm')} AS voided_at"
        f" FROM goldline.notice n WHERE NOT ({_stands(subject, epoch)}) AND {covers_sql(scope, 'm')} OFFSET 0"
    )
    return (
        f" LEFT JOIN LATERAL (SELECT max(c.moved_to) AS moved_to, min(c.voided_at) AS voided_at,"
        f' array_agg(c.id ORDER BY c.id COLLATE "C") AS ids FROM ({found}) c'
        f" WHERE c.moved_to > m.{scope.due_at} OR c.voided_at IS NOT NULL) n ON true"
    )


def _stands(subject: type[Subject], epoch: int) -> str:
    """Whether what was noticed of a standing row is still so: the same notices, the same facts."""
    assert subject.scope is not None
    same = (f"m.{name} IS NOT DISTINCT FROM m._old_{name}" for name in subject.scope.facts)
    return " AND ".join((f"coalesce(m._old__noticed = {epoch}, false)", *same))


@dataclass(frozen=True, slots=True)
class NoticeTold:
    """One notice that moves or voids a subject's clocks, and what it makes of them."""

    id: str
    kind: str
    reason: dict[str, str]
    clause: str | None
    published_at: datetime
    withdrawn_at: datetime | None
    moved_to: datetime | None
    voided_at: datetime | None


def notices_of(connection: Connection[Any], subject: type[Subject], key: str, ids: Sequence[str]) -> list[NoticeTold]:
    """What each of the notices says of one subject, in order of publication."""
    if subject.scope is None or not ids:
        return []
    statement = (
        f"SELECT n.id, n.kind, n.reason, n.clause, n.published_at, n.withdrawn_at,"
        f" {moved_sql(subject.scope, 'o')} AS moved_to, {voided_sql(subject.scope, 'o')} AS voided_at"
        f" FROM goldline.notice n, goldline.fact_{subject.kind} o"
        " WHERE n.id = ANY(%s) AND o.key = %s ORDER BY n.published_at, n.id"
    )
    with connection.cursor(row_factory=class_row(NoticeTold)) as cursor:
        return cursor.execute(statement.encode(), [list(ids), key]).fetchall()
