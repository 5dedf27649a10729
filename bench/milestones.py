"""The vocabulary of the bare watch: one subject, eight milestones, one promise."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, ClassVar

from goldline.core.facts.event import Catalogue, Data, Id, Time, event
from goldline.core.facts.merge import FirstAt
from goldline.core.facts.subject import Subject, Vocabulary
from goldline.core.policy.pack import Pack, parse_pack

RULES = """
[pack]
id = "watch"
currency = "CNY"
title = { en = "The bare watch", "zh-Hans" = "裸观测" }

[[promise]]
id = "ship"
on = "order"
title = { en = "Ships within a day", "zh-Hans" = "一天内发货" }
about = { en = "Picked up within 24 hours of payment.", "zh-Hans" = "付款后 24 小时内揽收。" }
made_at = "paid_at"
due_at = "paid_at + interval '24 hours'"
kept_at = "picked_up_at"
# A row of the inbox is most of an hour of the market: evidence comes that much later than it happened.
grace = "2 hours"

[[promise.remedy]]
pay = "2"
as = "coupon"
from = "'platform'"
"""


@event("order.paid", root="order_id")
class Paid(Data):  # type: ignore[misc]  # msgspec inherits `frozen`
    """The order was paid: its clock starts."""

    order_id: Id
    ship_by: Time | None = None


@event("parcel.scanned", root="order_id")
class Scanned(Data):  # type: ignore[misc]
    """The carrier scanned its parcel."""

    order_id: Id
    code: Id


def _scanned(code: str) -> Any:
    return FirstAt("parcel.scanned", where={"code": code})


class WatchedOrder(Subject):
    """An order and when it reached each of its milestones."""

    kind = "order"
    key = "order_id"
    # The events name no consumer: the order's own id stands for who is paid.
    parties: ClassVar[dict[str, str]] = {"consumer": "key"}

    paid_at = FirstAt("order.paid")
    picked_up_at = _scanned("picked_up")
    departed_at = _scanned("departed")
    in_transit_at = _scanned("in_transit")
    arrived_at = _scanned("arrived")
    out_at = _scanned("out_for_delivery")
    failed_at = _scanned("attempt_failed")
    delivered_at = _scanned("delivered")


def vocabulary() -> Vocabulary:
    """The one subject."""
    return Vocabulary([WatchedOrder])


def catalogue() -> Catalogue:
    """The two event types."""
    return Catalogue.of(sys.modules[__name__])


def pack() -> Pack:
    """The one promise."""
    return parse_pack(RULES, "watch", Path("watch.toml"), vocabulary())
