"""Charges: who bears a remedy, and moving it when late evidence frees them, or ceases to.

The consumer keeps what was paid: only who bears it changes. A remedy that two bear has two charges, each with the
finding its party answers for; when that one falls its part alone moves to the platform.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row

from goldline.core.ledger.accrual import derived_id

PLATFORM: Final = "platform"
# What frees whoever was charged, and why a remedy that was still held is void then.
FREEING: Final = {"exonerate": "exonerated", "overturn": "overturned"}
_POSTING_COPY: Final = (
    "COPY posting (partition, entry, line, account, currency, amount_minor, reason, remedy_id, posted_at) FROM STDIN"
)
# One look-up an index each: a step's connection makes no bitmaps of them.
_CONCERNED: Final = """
    SELECT r.id, r.finding_id, r.bearer, r.charged_to, r.sharer, r.share_to, r.amount_minor, r.share_minor, r.currency,
           r.state, r.bearer_ground, r.sharer_ground, own.status <> 'standing' AS freed,
           coalesce(one.status <> 'standing', false) AS bearer_freed,
           coalesce(other.status <> 'standing', false) AS sharer_freed
    FROM remedy r
    JOIN finding own ON own.partition = r.partition AND own.id = r.finding_id
    LEFT JOIN finding one ON one.partition = r.partition AND one.id = r.bearer_ground
    LEFT JOIN finding other ON other.partition = r.partition AND other.id = r.sharer_ground
    WHERE r.partition = %(partition)s AND r.state <> 'refused' AND r.id IN (
        SELECT id FROM remedy WHERE finding_id = ANY(%(findings)s)
        UNION SELECT id FROM remedy WHERE bearer_ground = ANY(%(findings)s)
        UNION SELECT id FROM remedy WHERE sharer_ground = ANY(%(findings)s))
    ORDER BY r.id FOR UPDATE OF r"""


@dataclass(frozen=True, slots=True)
class _Charged:
    """A remedy, and whether its own finding or a ground of its parties has fallen."""

    id: UUID
    finding_id: UUID
    bearer: str
    charged_to: str
    sharer: str | None
    share_to: str | None
    amount_minor: int
    share_minor: int
    currency: str
    state: str
    bearer_ground: UUID | None
    sharer_ground: UUID | None
    freed: bool
    bearer_freed: bool
    sharer_freed: bool

    @property
    def targets(self) -> tuple[str, str | None]:
        """Who is to bear each part now. What was never charged keeps its parties while its finding is away."""
        freed = self.freed and self.state not in ("held", "void")
        one = PLATFORM if freed or self.bearer_freed else self.bearer
        other = PLATFORM if freed or self.sharer_freed else self.sharer
        return one, other if self.sharer is not None else None

    def entry(self, reason: str, revisions: Mapping[UUID, int]) -> UUID:
        """The name of the entry: made from the remedy, the reason, and the finding that turned with its revision."""
        if self.finding_id in revisions:
            return derived_id(self.id, reason, revisions[self.finding_id])
        ground = self.bearer_ground if self.bearer_ground in revisions else self.sharer_ground
        assert ground is not None, "a remedy is concerned only by its findings"
        return derived_id(self.id, reason, ground, revisions[ground])


def move_charges(
    connection: Connection[Any], partition: int, turned: Sequence[tuple[UUID, int]], reason: str, now: datetime
) -> int:
    """Move charges of findings that turned: 'exonerate' and 'overturn' to the platform, 'reinstate' back.

    `turned` pairs a finding with its revision, which makes the entry's id. A remedy still held becomes void when its
    finding falls. Returns remedies moved.
    """
    if not turned:
        return 0
    revisions = dict(turned)
    with connection.cursor(row_factory=class_row(_Charged)) as cursor:
        concerned = cursor.execute(_CONCERNED, {"partition": partition, "findings": list(revisions)}).fetchall()
    moved = 0
    for remedy in concerned:
        if remedy.state in ("held", "void"):
            if remedy.finding_id in revisions:
                _void_or_hold(connection, partition, remedy.id, reason)
        elif remedy.targets != (remedy.charged_to, remedy.share_to):
            entry = remedy.entry(reason, revisions)
            _post(connection, [(partition, entry, *line, reason, remedy.id, now) for line in _lines(remedy)])
            moved += 1
        _charge(connection, partition, remedy)
    return moved


def _lines(remedy: _Charged) -> Iterator[tuple[int, str, str, int]]:
    """The target gives what the source gave: the source is made whole. Number, account, currency and amount."""
    one, other = remedy.targets
    parts = ((remedy.charged_to, one, remedy.amount_minor - remedy.share_minor),
             (remedy.share_to, other, remedy.share_minor))  # fmt: skip
    for number, (source, target, amount_minor) in enumerate(parts):
        if source is not None and target is not None and source != target:
            yield 2 * number, target, remedy.currency, -amount_minor
            yield 2 * number + 1, source, remedy.currency, amount_minor


def _post(connection: Connection[Any], rows: Sequence[tuple[Any, ...]]) -> None:
    with connection.cursor().copy(_POSTING_COPY) as copy:
        for row in rows:
            copy.write_row(row)


def _charge(connection: Connection[Any], partition: int, remedy: _Charged) -> None:
    if remedy.targets != (remedy.charged_to, remedy.share_to):
        connection.execute(
            "UPDATE remedy SET charged_to = %s, share_to = %s WHERE partition = %s AND id = %s",
            (*remedy.targets, partition, remedy.id),
        )


def _void_or_hold(connection: Connection[Any], partition: int, remedy_id: UUID, reason: str) -> None:
    if reason in FREEING:
        change, was, why = "void", "held", FREEING[reason]
    else:
        change, was, why = "held", "void", "reinstated"
    connection.execute(
        "UPDATE remedy SET state = %s, why = %s WHERE partition = %s AND id = %s AND state = %s AND amount_minor > 0",
        (change, why, partition, remedy_id, was),
    )
