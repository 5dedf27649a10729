"""A small shop whose refunds are decided at once: its pack, its orders, and a desk to ask at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from psycopg import Connection

from goldline.core.database import connect
from goldline.core.decision.desk import Desk
from goldline.core.decision.record import Decided
from goldline.core.inbox import Intake
from goldline.core.policy.pack import Pack, parse_pack
from goldline.core.policy.published import load_published, publish
from goldline.core.worker import Worker
from goldline.market.events import catalogue
from goldline.market.refundrequest import RefundAsked
from goldline.market.vocabulary import vocabulary
from tests.web.events import event, raw

PARTITIONS = 2
NOW = datetime(2026, 8, 6, 9, 0, tzinfo=UTC)

BOOK = """\
[pack]
id       = "shop"
currency = "CNY"
title    = { en = "Shop", "zh-Hans" = "商城" }

[pack.parameters]
pace = { type = "number", about = { en = "Requests in an hour.", "zh-Hans" = "一小时内申请数。" } }

[[decision]]
id        = "instant-refund"
on        = "refund_request"
title     = { en = "Instant refund", "zh-Hans" = "极速退" }
about     = { en = "Refunded at once.", "zh-Hans" = "立即退款。" }
answers   = ["instant", "standard", "review"]
otherwise = "instant"
reason    = { en = "Nothing stands against it.", "zh-Hans" = "符合条件。" }
spends    = "instant"
exhausted = "review"
exposure  = { per = "asker", period = "day", limit = 500, reason = { en = "Too much.", "zh-Hans" = "额度已满。" } }
budget    = { period = "day", limit = 2000, reason = { en = "The day's is spent.", "zh-Hans" = "今日预算已满。" } }
breaker   = { window = "1 hour", limit = 1500, reason = { en = "Paused.", "zh-Hans" = "已暂停。" } }

[[decision.ground]]
id     = "waybill"
answer = "standard"
when   = "labelled_at is not null"
reason = { en = "Sent already.", "zh-Hans" = "已出单。" }

[[decision.ground]]
id      = "untagged"
answer  = "standard"
when    = "instant_tag = 'no'"
unknown = true
lasting = true
reason  = { en = "Not marked.", "zh-Hans" = "未参加。" }

[[decision.ground]]
id     = "restricted"
answer = "review"
when   = "buyer_restricted"
reason = { en = "Withdrawn.", "zh-Hans" = "权益已收回。" }

[[decision.ground]]
id     = "pace"
answer = "review"
when   = "buyer_requests_1h >= param('pace')"
reason = { en = "Too fast.", "zh-Hans" = "申请过快。" }

[[promise]]
id      = "instant-payment"
on      = "refund"
title   = { en = "Paid at once", "zh-Hans" = "立即到账" }
about   = { en = "Paid at once.", "zh-Hans" = "立即到账。" }
made_at = "instant_at"
due_at  = "instant_at"
kept_at = "paid_at"

[[promise.remedy]]
pay  = "instant_amount"
as   = "refund"
from = "'merchant'"
"""


def edited(*edits: tuple[str, str]) -> str:
    """The book with each text replaced once. A text that is not there is a mistake of the test."""
    text = BOOK
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text


def pack(text: str = BOOK) -> Pack:
    """The book parsed with the market vocabulary."""
    return parse_pack(text, "policies.toml", Path("policies.toml"), vocabulary())


def ordered(order_id: str, consumer: str = "c-1", *, merchant: str = "m-1", tag: str = "yes") -> list[dict[str, Any]]:
    """An order of 400 yuan, placed and paid a day before NOW."""
    at = (NOW - timedelta(days=1)).isoformat()
    placed = {"order_id": order_id, "merchant_id": merchant, "consumer_id": consumer, "instant_refund": tag}
    return [
        event("order.placed", at, **placed),
        event("order.paid", at, order_id=order_id, paid_minor=40_000, currency="CNY"),
    ]


@dataclass(slots=True)
class Scene:
    """A database with the book published and its clock driven to NOW."""

    url: str
    connection: Connection[tuple[Any, ...]]
    desk: Desk
    intake: Intake

    def tell(self, *events: dict[str, Any]) -> None:
        """Take events in and step them."""
        self.intake.accept(self.connection, [raw(each) for each in events], "test")
        self.step()

    def step(self) -> None:
        """Judge everything that waits."""
        Worker(self.url, vocabulary(), catalogue(), as_of=NOW, until_idle=True).run()

    def ask(self, order_id: str, refund_id: str = "r-1", amount_minor: int = 10_000, **more: Any) -> Decided:
        """Ask for an instant refund."""
        asked = {"refund_id": refund_id, "amount_minor": amount_minor, "currency": "CNY", **more}
        body = RefundAsked(**asked)
        return self.desk.ask(self.connection, self.intake, "instant-refund", order_id, body, "test")[0]

    def rows(self, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """What a query gives."""
        return self.connection.execute(statement.encode(), values or None).fetchall()


def open_scene(url: str, text: str = BOOK, now: datetime = NOW) -> Scene:
    """Publish the book and open the desk. The caller closes the connection."""
    words = vocabulary()
    connection = connect(url, autocommit=True)
    publish(connection, pack(text), words, NOW)
    connection.execute("INSERT INTO driven_clock (at) VALUES (%s)", [now])
    return Scene(
        url, connection, Desk(words, load_published(connection, words), PARTITIONS), Intake(catalogue(), PARTITIONS)
    )


__all__ = ["BOOK", "NOW", "Scene", "edited", "open_scene", "ordered", "pack"]
