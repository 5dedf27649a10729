"""The delivery log: every try to tell the world something, and sending again by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row

from goldline.core.errors import GoldlineError

DETAIL_MAX_LENGTH = 500


@dataclass(frozen=True, slots=True)
class Try:
    """One try. `outcome` is 'ok', 'refused', 'unknown' or 'failed'."""

    outbox_id: int
    attempt: int
    tried_at: datetime
    took_ms: int
    outcome: str
    status_code: int | None
    detail: str | None


def log(connection: Connection[Any], tries: Sequence[Try]) -> None:
    """Append tries, in the caller's transaction."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO delivery (outbox_id, attempt, tried_at, took_ms, outcome, status_code, detail)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s)",
            [
                (each.outbox_id, each.attempt, each.tried_at, each.took_ms, each.outcome, each.status_code,
                 _fitting(each.detail))
                for each in tries
            ],
        )  # fmt: skip


def history(connection: Connection[Any], outbox_id: int) -> list[Try]:
    """Every try of one row, oldest first."""
    with connection.cursor(row_factory=class_row(Try)) as cursor:
        return cursor.execute(
            "SELECT outbox_id, attempt, tried_at, took_ms, outcome, status_code, detail"
            " FROM delivery WHERE outbox_id = %s ORDER BY id",
            [outbox_id],
        ).fetchall()


def replay(
    connection: Connection[Any], message_id: UUID | str, now: datetime, *, endpoint_id: int | None = None
) -> int:
    """Send one message again, to all its endpoints or to one, under the same id. Answers how many rows.

    Raises GoldlineError('no_message') when there is none to send.
    """
    found = connection.execute(
        _REPLAY + " AND o.key = %(message)s || ':' || e.id AND (%(endpoint)s::bigint IS NULL OR e.id = %(endpoint)s)",
        {"now": now, "message": str(message_id), "endpoint": endpoint_id},
    ).rowcount
    if found == 0:
        raise GoldlineError(
            f"No sent message {message_id} goes to an endpoint that is enabled.",
            code="no_message",
            hint="A message that still waits is sent by itself; a disabled endpoint has to be enabled first.",
        )
    return found


def replay_range(
    connection: Connection[Any], endpoint_id: int, since: datetime, until: datetime, now: datetime, *, dead_only: bool
) -> int:
    """Send an endpoint's messages created in [since, until) again; only the undelivered ones if `dead_only`."""
    states = ["dead"] if dead_only else ["dead", "done"]
    return connection.execute(
        _REPLAY
        + " AND o.endpoint_id = %(endpoint)s AND o.created_at >= %(since)s AND o.created_at < %(until)s"
        + " AND o.state = ANY(%(states)s)",
        {"now": now, "endpoint": endpoint_id, "since": since, "until": until, "states": states},
    ).rowcount


_REPLAY = """
    UPDATE outbox o SET state = 'ready', attempts = 0, next_try_at = %(now)s, settled_at = NULL
    FROM endpoint e
    WHERE o.kind = 'webhook' AND o.state IN ('done', 'dead') AND e.id = o.endpoint_id AND e.disabled_at IS NULL"""


def _fitting(detail: str | None) -> str | None:
    # PostgreSQL text cannot hold NUL, and what a stranger answers may.
    return None if detail is None else detail.replace("\x00", "")[:DETAIL_MAX_LENGTH]
