"""The merchant-day: what became of the orders paid to one merchant on one day of its calendar."""

from __future__ import annotations

from typing import ClassVar

from goldline.core.facts.merge import Counted, FactType
from goldline.core.facts.subject import Aggregate
from goldline.market.order import Order

NUMBER = FactType.NUMBER


class MerchantDay(Aggregate):
    """Counts over the orders paid to one merchant on one day."""

    kind = "merchant_day"
    key = "merchant_day_id"
    of = Order
    owner = "merchant_id"
    at = "paid_at"
    zone = "zone"
    parties: ClassVar[dict[str, str]] = {"merchant": "owner"}

    orders_paid = Counted("count(o.key)", NUMBER, about="orders paid that day")
    orders_shipped_on_time = Counted(
        "count(*) FILTER (WHERE o.picked_up_at <= o.ship_by)", NUMBER, about="picked up by the carrier by ship_by"
    )
    orders_shipped_late = Counted(
        "count(*) FILTER (WHERE o.picked_up_at > o.ship_by)", NUMBER, about="picked up after ship_by"
    )
    orders_unshipped = Counted(
        "count(*) FILTER (WHERE o.paid_at IS NOT NULL AND o.picked_up_at IS NULL AND o.cancelled_at IS NULL)",
        NUMBER,
        about="not picked up yet",
    )
    orders_cancelled = Counted("count(o.cancelled_at)", NUMBER, about="cancelled")
    orders_delivered = Counted("count(o.delivered_at)", NUMBER, about="delivered or ready for pickup")
    orders_refund_asked = Counted("count(o.refund_asked_at)", NUMBER, about="with a refund request")
