"""The product-day: what became of one product's orders on one day."""

from __future__ import annotations

from typing import ClassVar

from goldline.core.facts.merge import Count, DayEnd, Label, Windowed
from goldline.core.facts.subject import Aggregate
from goldline.market.conversation import Conversation
from goldline.market.order import Order

_RAN = "exempted_at IS NULL AND coalesce(least(cancelled_at, given_back_at) > ship_by, true)"
_WAITING = "sale = 'presale' AND shipped_at IS NULL AND least(cancelled_at, given_back_at) IS NULL"


class ProductDay(Aggregate):
    """Counts over one product's orders, each on the day of the time it is counted by. Its merchant answers for it."""

    kind = "product_day"
    key = "product_day_id"
    owners: ClassVar[dict[str, str]] = {"order": "product_id", "conversation": "product_id"}
    zones: ClassVar[dict[str, str]] = {"order": "zone", "conversation": "zone"}
    parties: ClassVar[dict[str, str]] = {"merchant": "merchant_id"}

    ends_at = DayEnd(about="the midnight that ends the day")
    merchant_id = Label(Order, "merchant_id", about="who sells it")
    category = Label(Order, "category", about="what kind of goods it is")
    orders_delivered = Count(Order, at="delivered_at", about="orders delivered that day")
    defects = Count(Order, at="defect_at", about="orders whose consumers first told of a defect that day")
    chats_defect = Count(
        Conversation, at="closed_at", where="defect IS NOT NULL", about="conversations that day that name a defect"
    )
    orders_due = Count(Order, at="ship_by", where=_RAN, about="orders to be shipped by that day")
    orders_late = Count(
        Order, at="ship_by", where=f"{_RAN} AND (shipped_at IS NULL OR shipped_at > ship_by)",
        about="of those, not shipped in time",
    )  # fmt: skip
    spot_paid = Count(Order, at="paid_at", where="sale = 'spot'", about="orders paid that day and sold from stock")
    presale_waiting = Count(Order, at="paid_at", where=_WAITING, about="presale orders paid that day and still waiting")
    waiting = Windowed("presale_waiting", 60, about="presale orders of sixty days still waiting")
    backlog = Windowed("orders_late", 7, about="orders_late of seven days")
