"""The merchant-day: what became of one merchant's orders on one day of its calendar."""

from __future__ import annotations

from typing import ClassVar

from goldline.core.facts.merge import Count, DayEnd, FactType, Sum, Windowed
from goldline.core.facts.subject import Aggregate
from goldline.market.order import Order

MONEY = FactType.MONEY

# An order counts as due where its clock ran to the end: not cancelled before, not exempted.
_RAN = "exempted_at IS NULL AND (cancelled_at IS NULL OR cancelled_at > ship_by)"
_LATE = f"{_RAN} AND (shipped_at IS NULL OR shipped_at > ship_by)"
_MISSING = (
    f"{_RAN} AND (unavailable_at IS NOT NULL OR shipped_at IS NULL OR shipped_at > ship_by + INTERVAL '48 hours')"
)
_FRAUD = "fraud_cleared_at IS NULL OR fraud_cleared_at < fraud_found_at"
_PROMISED = f"{_RAN} AND (promised_by IS NOT NULL OR promised_rules IS NOT NULL)"


class MerchantDay(Aggregate):
    """Counts over one merchant's orders, each on the day of the time it is counted by."""

    kind = "merchant_day"
    key = "merchant_day_id"
    owners: ClassVar[dict[str, str]] = {"order": "merchant_id"}
    zones: ClassVar[dict[str, str]] = {"order": "zone"}
    parties: ClassVar[dict[str, str]] = {"merchant": "owner"}

    ends_at = DayEnd(about="the midnight that ends the day")
    orders_paid = Count(Order, at="paid_at", about="orders paid that day")
    paid_minor = Sum(Order, "paid_amount", MONEY, at="paid_at", about="what was paid for them")
    orders_cancelled = Count(Order, at="paid_at", where="cancelled_at IS NOT NULL", about="of those, cancelled since")
    orders_unshipped = Count(
        Order, at="paid_at", where="shipped_at IS NULL AND cancelled_at IS NULL", about="of those, not shipped yet"
    )
    orders_due = Count(Order, at="ship_by", where=_RAN, about="orders to be shipped by that day")
    orders_late = Count(Order, at="ship_by", where=_LATE, about="of those, not shipped in time")
    late_minor = Sum(Order, "paid_amount", MONEY, at="ship_by", where=_LATE, about="what was paid for those")
    orders_missing = Count(
        Order, at="ship_by", where=_MISSING, about="of those, out of stock: admitted, or not shipped 48 hours later"
    )
    missing_minor = Sum(Order, "paid_amount", MONEY, at="ship_by", where=_MISSING, about="what was paid for those")
    orders_waiting = Count(
        Order,
        at="ship_by",
        where=f"{_RAN} AND shipped_at IS NULL AND cancelled_at IS NULL",
        about="of those due, still neither shipped nor cancelled",
    )
    orders_never_sent = Count(
        Order, at="ship_by", where=f"{_MISSING} AND shipped_at IS NULL AND unavailable_at IS NULL",
        about="of those out of stock, neither sent since nor admitted",
    )  # fmt: skip
    orders_admitted = Count(Order, at="ship_by", where=f"{_RAN} AND unavailable_at IS NOT NULL",
                            about="of those due, admitted to be out of stock")  # fmt: skip
    orders_promised = Count(
        Order, at="ship_by", where=_PROMISED, about="of those due, promised in a title, talk or chat"
    )
    orders_promised_late = Count(
        Order, at="ship_by", where=f"{_PROMISED} AND (shipped_at IS NULL OR shipped_at > ship_by)",
        about="of those promised so, not shipped in time",
    )  # fmt: skip
    orders_fraudulent = Count(Order, at="fraud_found_at", where=_FRAUD, about="orders found that day not to be genuine")
    fraud_minor = Sum(Order, "paid_amount", MONEY, at="fraud_found_at", where=_FRAUD, about="what was paid for those")
    orders_refused = Count(
        Order, at="refusal_found_at", where="refusal_cleared_at IS NULL OR refusal_cleared_at < refusal_found_at",
        about="orders found that day whose refund was refused without ground",
    )  # fmt: skip
    orders_refund_asked = Count(Order, at="refund_asked_at", about="orders asked back that day")
    orders_delivered = Count(Order, at="delivered_at", about="orders delivered or ready for pickup that day")

    orders_complained = Count(Order, at="complained_at", about="orders first complained of that day")
    presale_due = Count(Order, at="ship_by", where=f"{_RAN} AND sale = 'presale'", about="presale orders due that day")
    presale_late = Count(
        Order, at="ship_by", where=f"{_LATE} AND sale = 'presale'", about="of those, not shipped in time"
    )

    due_yesterday = Windowed("orders_due", 1, ago=1, about="orders_due of the day before")
    late_yesterday = Windowed("orders_late", 1, ago=1, about="orders_late of the day before")
    paid_30d = Windowed("orders_paid", 30, about="orders_paid of thirty days")
    due_30d = Windowed("orders_due", 30, about="orders_due of thirty days")
    late_30d = Windowed("orders_late", 30, about="orders_late of thirty days")
    missing_30d = Windowed("orders_missing", 30, about="orders_missing of thirty days")
    fraud_minor_30d = Windowed("fraud_minor", 30, type=MONEY, about="fraud_minor of thirty days")
    delivered_30d = Windowed("orders_delivered", 30, about="orders_delivered of thirty days")
    refund_asked_30d = Windowed("orders_refund_asked", 30, about="orders_refund_asked of thirty days")
    complained_30d = Windowed("orders_complained", 30, about="orders_complained of thirty days")
    never_sent_30d = Windowed("orders_never_sent", 30, about="orders_never_sent of thirty days")
    admitted_30d = Windowed("orders_admitted", 30, about="orders_admitted of thirty days")
    promised_30d = Windowed("orders_promised", 30, about="orders_promised of thirty days")
    promised_late_30d = Windowed("orders_promised_late", 30, about="orders_promised_late of thirty days")
    presale_due_30d = Windowed("presale_due", 30, about="presale_due of thirty days")
    presale_late_30d = Windowed("presale_late", 30, about="presale_late of thirty days")
    backlog = Windowed("orders_waiting", 90, about="overdue orders of ninety days still waiting")
