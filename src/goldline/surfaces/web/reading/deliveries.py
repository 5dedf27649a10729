"""Deliveries: what was to be told to the world, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from psycopg.rows import dict_row

from goldline.surfaces.web.engine import Connection
from goldline.surfaces.web.reading.page import Conditions, Listing, Row, Slice, fetch

KINDS = ("payout", "webhook")
STATES = ("ready", "unknown", "done", "refused", "dead")

_DELIVERIES = Listing(
    rows="""
    SELECT id, kind, key, topic, endpoint_id, created_at, state, attempts, next_try_at, settled_at
    FROM outbox""",
    key=(("id", "bigint"),),
    around="""
    SELECT * FROM (SELECT page.*, endpoint.url AS endpoint_url, last.tried_at, last.took_ms, last.outcome,
           last.status_code, last.detail
    FROM page
    LEFT JOIN endpoint ON endpoint.id = page.endpoint_id
    LEFT JOIN LATERAL (SELECT * FROM delivery WHERE delivery.outbox_id = page.id
                       ORDER BY delivery.attempt DESC, delivery.id DESC LIMIT 1) last ON true) shown""",
)


@dataclass(frozen=True, slots=True)
class DeliveryFilter:
    """What to show of the deliveries; an empty field filters nothing."""

    kind: str = ""
    state: str = ""
    topic: str = ""
    key: str = ""


def deliveries(connection: Connection, chosen: DeliveryFilter, cursor: str | None = None, limit: int = 50) -> Slice:
    """One page of messages and payouts, each with its last try."""
    conditions = Conditions()
    conditions.add("kind = %s", chosen.kind)
    conditions.add("state = %s", chosen.state)
    conditions.add("topic = %s", chosen.topic)
    conditions.add("key = %s", chosen.key)
    return fetch(connection, _DELIVERIES, conditions, cursor, limit)


def delivery(connection: Connection, outbox_id: int) -> Row | None:
    """One message with its payload and every try."""
    with connection.cursor(row_factory=dict_row) as reader:
        found = reader.execute(
            """SELECT outbox.*, endpoint.url AS endpoint_url
               FROM outbox LEFT JOIN endpoint ON endpoint.id = outbox.endpoint_id WHERE outbox.id = %s""",
            [outbox_id],
        ).fetchone()
        if found is None:
            return None
        tries: list[dict[str, Any]] = reader.execute(
            "SELECT attempt, tried_at, took_ms, outcome, status_code, detail FROM delivery "
            "WHERE outbox_id = %s ORDER BY attempt, id",
            [outbox_id],
        ).fetchall()
    return {**found, "tries": tries}
