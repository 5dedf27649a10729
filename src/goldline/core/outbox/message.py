"""Notices to the outside: one message, one outbox row per endpoint that wants its topic.

The row's payload is the event's `data`. The CloudEvent around it is made from the row alone, so every try of a
message has the same id and the same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from psycopg import Connection
from psycopg.types.json import Jsonb

from goldline.core.errors import GoldlineError

SOURCE: Final = "goldline"
PAYLOAD_CAP: Final = 20_000  # Standard Webhooks 1.0.0: a payload stays below 20 kB

# A topic is wanted by '*', by itself, or by '<first part>.*'.
WANTED: Final = (
    "e.disabled_at IS NULL AND ('*' = ANY(e.topics) OR m.topic = ANY(e.topics)"
    " OR split_part(m.topic, '.', 1) || '.*' = ANY(e.topics))"
)


@dataclass(frozen=True, slots=True)
class Message:
    """Something the world may want to know. `id` is derived from what happened, never random."""

    partition: int
    id: UUID
    topic: str
    data: dict[str, Any]


def wanted(connection: Connection[Any], topic: str) -> bool:
    """Whether any endpoint listens to the topic."""
    row = connection.execute(
        f"SELECT EXISTS (SELECT 1 FROM endpoint e CROSS JOIN (VALUES (%s::text)) m (topic) WHERE {WANTED})", (topic,)
    ).fetchone()
    return row is not None and bool(row[0])


def queue(connection: Connection[Any], messages: Sequence[Message], now: datetime) -> int:
    """Put the messages into the outbox for every endpoint that wants them, in the caller's transaction.

    A message that is there already is left alone. Answers how many rows were added.
    """
    if not messages:
        return 0
    found = connection.execute(
        f"""
        INSERT INTO outbox (partition, kind, key, topic, endpoint_id, payload, created_at, next_try_at)
        SELECT m.partition, 'webhook', m.id || ':' || e.id, m.topic, e.id, m.data, %(now)s, %(now)s
        FROM unnest(%(partitions)s::smallint[], %(ids)s::text[], %(topics)s::text[], %(data)s::jsonb[])
             AS m (partition, id, topic, data)
        JOIN endpoint e ON {WANTED}
        ON CONFLICT (kind, key) DO NOTHING
        """,
        {
            "now": now,
            "partitions": [each.partition for each in messages],
            "ids": [str(each.id) for each in messages],
            "topics": [each.topic for each in messages],
            "data": [Jsonb(each.data) for each in messages],
        },
    )
    return found.rowcount


def message_id(key: str) -> str:
    """The message's id out of an outbox key '<message id>:<endpoint id>'."""
    return key.rpartition(":")[0]


def body(key: str, topic: str, created_at: datetime, payload: dict[str, Any]) -> bytes:
    """The CloudEvent 1.0 sent for a row. Raises GoldlineError('payload_too_large') from 20 kB on."""
    event = {
        "specversion": "1.0",
        "id": message_id(key),
        "source": SOURCE,
        "type": topic,
        "time": created_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "data": payload,
    }
    encoded = msgspec.json.encode(event)
    if len(encoded) >= PAYLOAD_CAP:
        raise GoldlineError(
            f"The message is {len(encoded)} bytes; a webhook holds less than {PAYLOAD_CAP}.",
            code="payload_too_large",
            where=f"message {message_id(key)}",
            hint="Fetch it through the API instead.",
        )
    return encoded
