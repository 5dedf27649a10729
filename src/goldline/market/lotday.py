"""The lot-day: what became of the orders taken from one lot of goods, on one day."""

from __future__ import annotations

from typing import ClassVar

from goldline.core.facts.merge import Count, DayEnd, Label
from goldline.core.facts.subject import Aggregate
from goldline.market.order import Order


class LotDay(Aggregate):
    """Counts over the orders of one lot: the batch its goods were made or delivered in."""

    kind = "lot_day"
    key = "lot_day_id"
    owners: ClassVar[dict[str, str]] = {"order": "lot_id"}
    zones: ClassVar[dict[str, str]] = {"order": "zone"}
    parties: ClassVar[dict[str, str]] = {"merchant": "merchant_id"}

    ends_at = DayEnd(about="the midnight that ends the day")
    merchant_id = Label(Order, "merchant_id", about="who sells it")
    product_id = Label(Order, "product_id", about="the listing it is sold as")
    category = Label(Order, "category", about="what kind of goods it is")
    orders_delivered = Count(Order, at="delivered_at", about="orders delivered that day")
    defects = Count(Order, at="defect_at", about="orders whose consumers first told of a defect that day")
