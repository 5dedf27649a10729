"""Partitions and their leases: which worker may step which partition.

A lease is fenced: every claim raises the partition's epoch, and a step locks the partition's row and compares epochs
inside its own transaction. A worker that slept past its lease finds another epoch and can commit nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection
from psycopg.rows import class_row

from goldline.core.errors import GoldlineError


class LeaseLostError(GoldlineError):
    """Another worker holds the partition now; this one must let go."""


class RulesChangedError(GoldlineError):
    """The rules in force are not those the worker was compiled for; it compiles again."""


@dataclass(frozen=True, slots=True)
class Lease:
    """A claim on one partition. `epoch` is the fencing token."""

    partition: int
    epoch: int
    holder: str


@dataclass(frozen=True, slots=True)
class Fence:
    """The locked partition row, for the length of a step's transaction. `now` is the driven clock where one is set.

    `announced_at` is when the oldest notice was received that is not in force yet.
    """

    epoch: int
    clock_at: datetime | None
    now: datetime
    announced_at: datetime | None = None


def claim(connection: Connection[Any], holder: str, lease_s: float, most: int, only: Sequence[int] = ()) -> list[Lease]:
    """Claim up to `most` partitions whose lease has run out, and commit. Never waits for another worker.

    Where `only` names some, no others are claimed.
    """
    rows = connection.execute(
        "UPDATE partition SET epoch = epoch + 1, holder = %s,"
        " leased_until = clock_timestamp() + make_interval(secs => %s)"
        " WHERE id IN (SELECT id FROM partition WHERE (leased_until IS NULL OR leased_until < clock_timestamp())"
        " AND (%s::smallint[] = '{}' OR id = ANY(%s::smallint[]))"
        " ORDER BY stepped_at NULLS FIRST LIMIT %s FOR UPDATE SKIP LOCKED) RETURNING id, epoch",
        (holder, lease_s, list(only), list(only), most),
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
        " coalesce((SELECT at FROM driven_clock), clock_timestamp()) AS now,"
        " (SELECT min(received_at) FROM announced) AS announced_at",
        (lease_s, lease.partition, lease.epoch),
    ).fetchone()
    if fence is None:
        raise LeaseLostError(
            f"Partition {lease.partition} was claimed by another worker.",
            code="lease_lost",
            hint="This worker lets go of it; nothing was written.",
        )
    return fence


def hold_rules(connection: Connection[Any], epoch: int) -> None:
    """Prove that the rules in force are of this epoch, and keep them so until the transaction ends.

    Publishing waits for the steps under way, and they for it: so a subject is either judged by the new rules or there
    when publishing schedules what is to be judged again. Raises RulesChangedError.
    """
    row = connection.execute("SELECT epoch FROM ruleset FOR SHARE", prepare=True).fetchone()
    if row is None or row[0] != epoch:
        raise RulesChangedError(
            "the rules have changed since this worker compiled them",
            code="rules_changed",
            hint="this step wrote nothing; the worker compiles the new rules and goes on",
        )


def release(connection: Connection[Any], lease: Lease) -> None:
    """Give the partition back at once, so that nobody waits for the lease to run out."""
    connection.execute(
        "UPDATE partition SET leased_until = NULL, holder = NULL WHERE id = %s AND epoch = %s",
        (lease.partition, lease.epoch),
    )
    connection.commit()


def require_known(connection: Connection[Any], only: Sequence[int]) -> None:
    """Raise GoldlineError('no_partition') when one of them was not installed."""
    most = count_partitions(connection)
    for number in only:
        if not 0 <= number < most:
            raise GoldlineError(
                f"There is no partition {number}.", code="no_partition", hint=f"They are numbered 0 to {most - 1}."
            )


def count_partitions(connection: Connection[Any]) -> int:
    """How many partitions were installed."""
    row = connection.execute("SELECT count(*) FROM partition").fetchone()
    return int(row[0]) if row else 0


def ready(connection: Connection[Any], partitions: list[int]) -> set[int]:
    """Those of the partitions that have an event to read or a promise to judge at this moment."""
    rows = connection.execute(
        "SELECT p.id FROM unnest(%s::smallint[]) AS p(id)"
        " WHERE EXISTS (SELECT 1 FROM inbox i WHERE i.partition = p.id AND i.done_at IS NULL)"
        " OR EXISTS (SELECT 1 FROM (SELECT DISTINCT subject FROM policy_version) k JOIN wake w"
        " ON w.partition = p.id AND w.subject = k.subject"
        " AND w.wake_at <= coalesce((SELECT at FROM driven_clock), clock_timestamp()))",
        (partitions,),
        prepare=True,
    ).fetchall()
    connection.commit()
    return {number for (number,) in rows}
