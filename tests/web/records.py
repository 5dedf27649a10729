"""Rows as the engine writes them, for pages and lists that only read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from psycopg import Connection
from psycopg.types.json import Jsonb

NAMES = UUID("6f0c3d6e-52a1-4a53-9d3c-0d9c1f1d8f10")
START = datetime(2026, 8, 1, tzinfo=UTC)


def findings(database: Connection[Any], count: int, *, first: int = 0, remedy_state: str = "paid") -> list[UUID]:
    """Findings of `olist.handover`, one an hour, each with a remedy of 2 BRL; merchants m-1 and m-0 in turn."""
    made = []
    for number in range(first, first + count):
        made.append(uuid5(NAMES, f"finding {number}"))
        at = START + timedelta(hours=number)
        database.execute(
            "INSERT INTO finding (partition, id, policy, version, subject, key, made_at, due_at, found_at, merchant_id,"
            " facts, nodes) VALUES (0, %s, 'olist.handover', 1, 'order', %s, %s, %s, %s, %s, '{}', '[]')",
            [made[-1], f"o-{number}", at - timedelta(days=2), at - timedelta(minutes=5), at, f"m-{(number + 1) % 2}"],
        )
        remedy(database, made[-1], f"o-{number}", at, remedy_state)
    return made


def remedy(database: Connection[Any], finding_id: UUID, key: str, at: datetime, state: str) -> UUID:
    """A coupon of 2 BRL, borne by m-1."""
    made = uuid5(finding_id, "remedy 1")
    database.execute(
        "INSERT INTO remedy (partition, id, finding_id, policy, key, kind, payee, bearer, charged_to, asked_minor,"
        " amount_minor, currency, state, why, accrued_at, settled_at)"
        " VALUES (0, %s, %s, 'olist.handover', %s, 'coupon',"
        " 'consumer:consumer-12345', 'merchant:m-1', 'merchant:m-1', 200, 200, 'BRL', %s, %s, %s, %s)",
        [made, finding_id, key, state, "budget" if state == "held" else None, at, at if state == "paid" else None],
    )
    return made


def webhook(database: Connection[Any], *, state: str = "done", tries: list[tuple[str, int]] | None = None) -> int:
    """A message to an endpoint, with its tries."""
    endpoint = _id(
        database,
        "INSERT INTO endpoint (url, secrets) VALUES ('https://shop.example/hooks', '{whsec_x}') RETURNING id",
        [],
    )
    key = f"{uuid5(NAMES, f'message {endpoint}')}:{endpoint}"
    made = _id(
        database,
        "INSERT INTO outbox (partition, kind, key, topic, endpoint_id, payload, created_at, state, attempts)"
        " VALUES (0, 'webhook', %s, 'finding.found', %s, %s, %s, %s, %s) RETURNING id",
        [key, endpoint, Jsonb({"type": "finding.found", "data": {"order_id": "o-1"}}), START, state, len(tries or [])],
    )
    for attempt, (outcome, status) in enumerate(tries or [], 1):
        database.execute(
            "INSERT INTO delivery (outbox_id, attempt, tried_at, took_ms, outcome, status_code, detail)"
            " VALUES (%s, %s, %s, 12, %s, %s, 'Service <b>unavailable</b>')",
            [made, attempt, START + timedelta(minutes=attempt), outcome, status],
        )
    return made


def payout(database: Connection[Any], *, state: str = "unknown") -> int:
    """A payout of 2 BRL."""
    number = _id(database, "SELECT count(*) FROM outbox", [])
    return _id(
        database,
        "INSERT INTO outbox (partition, kind, key, topic, payload, created_at, state)"
        " VALUES (0, 'payout', %s, 'remedy.payout', %s, %s, %s) RETURNING id",
        [str(uuid5(NAMES, f"payout {number}")), Jsonb({"amount_minor": 200, "currency": "BRL"}), START, state],
    )


def quarantined(database: Connection[Any], body: bytes, *, code: str = "unknown_type", state: str = "open") -> int:
    """An event set aside."""
    return _id(
        database,
        "INSERT INTO quarantine (via, code, reason, event_id, event_type, body, state)"
        " VALUES ('api:shop', %s, 'The type <i>order.teleported</i> is unknown; use one of the catalogue.', 'e-1',"
        " 'order.teleported', %s, %s) RETURNING id",
        [code, body, state],
    )


def tallies(database: Connection[Any]) -> None:
    """Verdicts of `olist.handover`, spread over both partitions: 9 kept, 4 broken, 1 excused, 2 pending."""
    rows = [(0, "k", 5), (1, "k", 4), (0, "b", 4), (1, "e", 1), (1, "p", 2)]
    for row in rows:
        database.execute(
            "INSERT INTO tally (partition, policy, state, subjects) VALUES (%s, 'olist.handover', %s, %s)", row
        )


def _id(database: Connection[Any], statement: str, values: list[Any]) -> int:
    row = database.execute(statement.encode(), values).fetchone()
    assert row is not None
    return int(row[0])
