"""The recall: what was sold of a listing, or of one lot of it, is called back; each order hears of it as an event.

An open order is to be stopped, a delivered one not to be used: both consumers are told, through the outbox and on the
order's guarantee page.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from psycopg import Connection

from goldline.core.errors import GoldlineError
from goldline.core.facts.event import cloudevent
from goldline.core.inbox import Intake
from goldline.core.ledger.accrual import derived_id
from goldline.core.outbox.message import Message, queue
from goldline.market.aspect import ASPECTS

TOPIC: Final = "order.recalled"
VIA: Final = "recall"
WITHIN: Final = timedelta(days=365)  # what was sold before has been used long since
MOST_ORDERS: Final = 10_000  # a bite: run it again for the rest


@dataclass(frozen=True, slots=True)
class Recall:
    """What is called back, and why: of a listing, all of it or one lot; `alarm_id` names the alarm it follows from."""

    merchant_id: str
    listing_id: str
    aspect: str
    alarm_id: str
    lot_id: str | None = None


@dataclass(frozen=True, slots=True)
class Recalled:
    """One order that is called back: whose it is, and whether it is still on its way or not yet sent."""

    order_id: str
    consumer_id: str | None
    is_open: bool


def affected(connection: Connection[Any], recall: Recall, now: datetime) -> list[Recalled]:
    """The orders a recall concerns that have not heard of it, oldest first; the cancelled ones are no matter."""
    rows = connection.execute(
        "SELECT key, consumer_id, signed_at IS NULL FROM fact_order"
        " WHERE merchant_id = %(merchant)s AND product_id = %(listing)s AND (%(lot)s::text IS NULL OR lot_id = %(lot)s)"
        " AND cancelled_at IS NULL AND recalled_at IS NULL AND refund_paid_at IS NULL AND paid_at >= %(since)s"
        " ORDER BY paid_at, key LIMIT %(most)s",
        {"merchant": recall.merchant_id, "listing": recall.listing_id, "lot": recall.lot_id, "since": now - WITHIN,
         "most": MOST_ORDERS},
    ).fetchall()  # fmt: skip
    return [Recalled(*row) for row in rows]


def call_back(connection: Connection[Any], intake: Intake, recall: Recall, now: datetime) -> list[Recalled]:
    """Tell every order of the recall, and whoever listens, in the caller's transaction. Told again, nothing is new.

    Raises GoldlineError('invalid') for an aspect nobody knows.
    """
    if recall.aspect not in ASPECTS:
        raise GoldlineError(
            f"{recall.aspect[:64]!r} is no aspect of a defect.", code="invalid", where="aspect",
            hint=f"One of: {', '.join(ASPECTS)}.",
        )  # fmt: skip
    found = affected(connection, recall, now)
    if found:
        intake.accept(connection, [_event(each, recall, now) for each in found], VIA)
        queue(connection, [_message(each, recall, now) for each in found], now)
    return found


def _event(order: Recalled, recall: Recall, now: datetime) -> bytes:
    data = {
        "order_id": order.order_id, "alarm_id": recall.alarm_id, "aspect": recall.aspect,
        "listing_id": recall.listing_id, **({"lot_id": recall.lot_id} if recall.lot_id else {}),
    }  # fmt: skip
    return cloudevent(TOPIC, f"recalled:{recall.alarm_id}:{order.order_id}", "goldline/recall", now, data)


def _message(order: Recalled, recall: Recall, now: datetime) -> Message:
    data = {
        "order_id": order.order_id, "consumer_id": order.consumer_id, "listing_id": recall.listing_id,
        "lot_id": recall.lot_id, "aspect": recall.aspect, "alarm_id": recall.alarm_id, "open": order.is_open,
        "recalled_at": now.isoformat(),
    }  # fmt: skip
    return Message(0, derived_id(recall.alarm_id, TOPIC, order.order_id), TOPIC, data)
