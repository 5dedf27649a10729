"""A small real market, made by the engine itself: events through the intake, steps by a worker, one payout settled."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg import Connection

from goldline.core.database import connect
from goldline.core.inbox import Intake
from goldline.core.ledger.settlement import Answer, pay
from goldline.core.policy.pack import load
from goldline.core.policy.published import publish
from goldline.core.worker import Worker
from goldline.market.events import catalogue
from goldline.market.vocabulary import vocabulary

from .events import event, raw

NOW = datetime(2026, 8, 6, 9, 0, tzinfo=UTC)
ZONE = "Asia/Shanghai"


def order_events(order_id: str, paid: datetime) -> list[dict[str, Any]]:
    """An order placed and paid: 400 yuan, to be shipped within two days."""
    at = paid.isoformat()
    return [
        event("order.placed", at, order_id=order_id, merchant_id="m-17", consumer_id="consumer-48211234", zone=ZONE),
        event(
            "order.paid", at, order_id=order_id, paid_minor=40_000, currency="CNY",
            ship_by=(paid + timedelta(hours=48)).isoformat(), deliver_by=(paid + timedelta(days=5)).isoformat(),
        ),
        event("order.accepted", (paid + timedelta(hours=1)).isoformat(), order_id=order_id),
    ]  # fmt: skip


def parcel_events(order_id: str, picked_up: datetime, scans: int) -> list[dict[str, Any]]:
    """The parcel's waybill and its first scans, six hours apart."""
    common = {"order_id": order_id, "parcel_id": f"p-{order_id}", "carrier_id": "c-3"}
    made = [event("parcel.created", (picked_up - timedelta(hours=3)).isoformat(), **common)]
    codes = ["picked_up", "departed", "arrived", "out_for_delivery", "delivered"][:scans]
    made += [
        event("parcel.scanned", (picked_up + timedelta(hours=6 * step)).isoformat(), **common, code=code)
        for step, code in enumerate(codes)
    ]
    return made


def market_events() -> list[dict[str, Any]]:
    """Five orders, each in another state at `NOW`: running, delivered, late, cancelled, on its way."""
    cancelled = NOW - timedelta(days=1)
    return [
        *order_events("running", NOW - timedelta(hours=20)),
        *order_events("delivered", NOW - timedelta(days=4)),
        *parcel_events("delivered", NOW - timedelta(days=3, hours=12), 5),
        *order_events("late", NOW - timedelta(days=4)),
        *parcel_events("late", NOW - timedelta(hours=14), 2),
        *order_events("cancelled", cancelled),
        event("order.cancelled", (cancelled + timedelta(hours=2)).isoformat(), order_id="cancelled", by="consumer"),
        *order_events("moving", NOW - timedelta(days=1)),
        *parcel_events("moving", NOW - timedelta(hours=9), 2),
    ]


def open_market(url: str, *, pack: str = "demo") -> None:
    """Publish the pack, take the events in, step them at `NOW`, and settle the oldest payout."""
    words = vocabulary()
    with connect(url) as connection:
        publish(connection, load(pack, words), words, datetime(2026, 1, 1, tzinfo=UTC))
        connection.execute("INSERT INTO driven_clock (at) VALUES (%s)", [NOW])
        take(connection, market_events())
    Worker(url, words, catalogue(), as_of=NOW, until_idle=True).run()
    with connect(url) as connection:
        settle_oldest(connection)


def take(connection: Connection[Any], events: list[dict[str, Any]]) -> None:
    """Take events in and commit."""
    row = connection.execute("SELECT count(*) FROM partition").fetchone()
    Intake(catalogue(), row[0] if row else 1).accept(connection, [raw(each) for each in events], "api:shop")
    connection.commit()


def settle_oldest(connection: Connection[Any]) -> UUID:
    """The provider says that the oldest open remedy is paid."""
    row = connection.execute(
        "SELECT partition, id FROM remedy WHERE state = 'accrued' ORDER BY accrued_at, id LIMIT 1"
    ).fetchone()
    assert row is not None
    pay(connection, [Answer(row[0], row[1], "ref-1")], NOW)
    connection.commit()
    remedy_id: UUID = row[1]
    return remedy_id
