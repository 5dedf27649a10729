"""Claims: which outbox rows this process sends now, written down before anything is sent.

A claim is a committed mark with a lease. A row that was claimed and never recorded may have been sent: it is an
orphan, and whoever claims it next is told so. The mark is unique to the claim, and recording demands that it still
stands, so a process that slept past its lease cannot overwrite what its successor found out.

Leases run on the database's clock, whatever clock drives the engine: whether a process is alive is a question
about the real world.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row

LOST: Final = "claimed and never recorded: whether it was sent is not known"


@dataclass(frozen=True, slots=True)
class Claim:
    """One row to send. `orphan` means an earlier claim was never recorded; `attempts` counts this one."""

    id: int
    partition: int
    kind: str
    key: str
    topic: str
    payload: dict[str, Any]
    created_at: datetime
    state: str
    attempts: int
    claimed_by: str
    claimed_at: datetime
    orphan: bool
    endpoint_id: int | None
    url: str | None
    secrets: list[str] | None
    disabled: bool

    @property
    def may_be_sent(self) -> bool:
        """Whether an earlier try may have reached the receiver."""
        return self.orphan or self.state == "unknown"


@dataclass(frozen=True, slots=True)
class Ending:
    """How a claim ended. `counted` is false for a try that never left us and is not to count as one."""

    claim: Claim
    state: str
    next_try_at: datetime
    counted: bool = True


_CLAIM: Final = """
    WITH due AS (
        SELECT id, claimed_by IS NOT NULL AS orphan
        FROM outbox
        WHERE kind = %(kind)s AND state IN ('ready', 'unknown') AND next_try_at <= %(now)s
          AND (claimed_until IS NULL OR claimed_until < clock_timestamp())
          AND (endpoint_id IS NULL OR endpoint_id <> ALL (%(resting)s::bigint[]))
        ORDER BY next_try_at
        LIMIT %(limit)s
        FOR UPDATE SKIP LOCKED
    ), claimed AS (
        UPDATE outbox o
        SET claimed_by = %(mark)s, claimed_until = clock_timestamp() + make_interval(secs => %(lease_s)s),
            attempts = o.attempts + 1
        FROM due WHERE o.id = due.id
        RETURNING o.*, due.orphan
    ), lost AS (
        INSERT INTO delivery (outbox_id, attempt, tried_at, took_ms, outcome, detail)
        SELECT id, attempts - 1, %(now)s, 0, 'unknown', %(lost)s FROM claimed WHERE orphan
    )
    SELECT c.id, c.partition, c.kind, c.key, c.topic, c.payload, c.created_at, c.state, c.attempts, c.claimed_by,
           clock_timestamp() AS claimed_at, c.orphan, c.endpoint_id, e.url, e.secrets,
           e.disabled_at IS NOT NULL AS disabled
    FROM claimed c LEFT JOIN endpoint e ON e.id = c.endpoint_id
    ORDER BY c.next_try_at, c.id"""


def claim(
    connection: Connection[Any],
    kind: str,
    mark: UUID,
    now: datetime,
    *,
    limit: int,
    lease_s: float,
    resting: Sequence[int] = (),
) -> list[Claim]:
    """Claim up to `limit` due rows and commit. Endpoints in `resting` are passed over."""
    values = {
        "kind": kind,
        "now": now,
        "resting": list(resting),
        "limit": limit,
        "mark": str(mark),
        "lease_s": lease_s,
        "lost": LOST,
    }
    with connection.transaction(), connection.cursor(row_factory=class_row(Claim)) as cursor:
        return cursor.execute(_CLAIM, values).fetchall()


def still_held(connection: Connection[Any], claims: Sequence[Claim]) -> set[int]:
    """Lock and name the claims that nobody has taken over meanwhile."""
    rows = connection.execute(
        """
        SELECT o.id FROM outbox o
        JOIN unnest(%s::bigint[], %s::text[]) AS mine (id, mark) ON o.id = mine.id AND o.claimed_by = mine.mark
        WHERE o.state IN ('ready', 'unknown')
        ORDER BY o.id FOR UPDATE OF o
        """,
        [[each.id for each in claims], [each.claimed_by for each in claims]],
    )
    return {row[0] for row in rows}


def finish(connection: Connection[Any], endings: Sequence[Ending], now: datetime) -> None:
    """Write how the claims ended and give them up. The rows must be held (`still_held`)."""
    connection.execute(
        """
        UPDATE outbox o
        SET state = ended.state, next_try_at = ended.next_try_at, claimed_by = NULL, claimed_until = NULL,
            attempts = o.attempts - CASE WHEN ended.counted THEN 0 ELSE 1 END,
            settled_at = CASE WHEN ended.state IN ('ready', 'unknown') THEN NULL ELSE %(now)s END
        FROM unnest(%(ids)s::bigint[], %(states)s::text[], %(nexts)s::timestamptz[], %(counted)s::boolean[])
             AS ended (id, state, next_try_at, counted)
        WHERE o.id = ended.id
        """,
        {
            "now": now,
            "ids": [each.claim.id for each in endings],
            "states": [each.state for each in endings],
            "nexts": [each.next_try_at for each in endings],
            "counted": [each.counted for each in endings],
        },
    )
