"""Partitions and their leases: which worker may step which partition.

A lease is fenced: every claim raises the partition's epoch, and a step locks the partition's row and compares epochs
inside its own transaction. A worker that slept past its lease finds another epoch and can commit nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection
from psycopg.rows import class_row

from goldline.core.errors import GoldlineError


class LeaseLostError(GoldlineError):
    """Another worker holds the partition now; this one must let go."""


@dataclass(frozen=True, slots=True)
class Lease:
    """A claim on one partition. `epoch` is the fencing token."""

    partition: int
    epoch: int
    holder: str


@dataclass(frozen=True, slots=True)
class Fence:
    """The locked partition row, for the length of a step's transaction. `now` is the driven clock where one is set."""

    epoch: int
    clock_at: datetime | None
    now: datetime


def claim(connection: Connection[Any], holder: str, lease_s: float, most: int) -> list[Lease]:
    """Claim up to `most` partitions whose lease has run out, and commit. Never waits for another worker."""
    rows = connection.execute(
        "UPDATE partition SET epoch = epoch + 1, holder = %s,"
        " leased_until = clock_timestamp() + make_interval(secs => %s)"
        " WHERE id IN (SELECT id FROM partition WHERE leased_until IS NULL OR leased_until < clock_timestamp()"
        " ORDER BY stepped_at NULLS FIRST LIMIT %s FOR UPDATE SKIP LOCKED) RETURNING id, epoch",
        (holder, lease_s, most),
    ).fetchall()
    connection.commit()
    return [Lease(partition, epoch, holder) for partition, epoch in rows]


def enter(connection: Connection[Any], lease: Lease, lease_s: float) -> Fence:
    """Lock the partition for this transaction, prove the lease still holds, and extend it.

    Raises LeaseLostError if another worker has claimed the partition since.
    """
    cursor = connection.cursor(row_factory=class_row(Fence))
    fence = cursor.execute(
        "UPDATE partition SET leased_until = clock_timestamp() + make_interval(secs => %s)"
        " WHERE id = %s AND epoch = %s RETURNING epoch, clock_at,"
        " coalesce((SELECT at FROM driven_clock), clock_timestamp()) AS now",
        (lease_s, lease.partition, lease.epoch),
    ).fetchone()
    if fence is None:
        raise LeaseLostError(
            f"partition {lease.partition} was claimed by another worker",
            code="lease_lost",
            hint="this worker lets go of it; nothing was written",
        )
    return fence


def release(connection: Connection[Any], lease: Lease) -> None:
    """Give the partition back at once, so that nobody waits for the lease to run out."""
    connection.execute(
        "UPDATE partition SET leased_until = NULL, holder = NULL WHERE id = %s AND epoch = %s",
        (lease.partition, lease.epoch),
    )
    connection.commit()


def count_partitions(connection: Connection[Any]) -> int:
    """How many partitions were installed."""
    row = connection.execute("SELECT count(*) FROM partition").fetchone()
    return int(row[0]) if row else 0
