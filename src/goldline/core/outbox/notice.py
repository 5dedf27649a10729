"""Notices: what the step tells the endpoints that subscribed, written to the outbox in the step's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from psycopg import Connection
from psycopg.types.json import Jsonb

if TYPE_CHECKING:
    from goldline.core.judge.finding import Turn


def notify(connection: Connection[Any], partition: int, topic: str, turns: Sequence[Turn], now: datetime) -> None:
    """Queue one webhook a finding and endpoint that listens to the topic."""
    if not turns:
        return
    endpoints = connection.execute(
        "SELECT id FROM endpoint WHERE disabled_at IS NULL AND topics && %s", ([topic, "*"],)
    ).fetchall()
    if not endpoints:
        return
    statement = "COPY outbox (partition, kind, key, topic, endpoint_id, payload, created_at) FROM STDIN"
    with connection.cursor().copy(statement) as copy:
        for each in turns:
            message = f"{topic}:{each.finding_id}:{each.revision}"
            payload = Jsonb(_payload(topic, each))
            for (endpoint,) in endpoints:
                copy.write_row((partition, "webhook", f"{message}:{endpoint}", topic, endpoint, payload, now))


def _payload(topic: str, each: Turn) -> dict[str, Any]:
    return {
        "type": topic,
        "finding_id": str(each.finding_id),
        "policy": each.policy,
        "key": each.key,
        "due_at": each.due_at.isoformat(),
        "found_at": each.found_at.isoformat(),
        "revision": each.revision,
    }
