"""The refund: one request for money back, from asking to paying."""

from __future__ import annotations

from typing import ClassVar

from goldline.core.facts.merge import FactType, First, FirstAt, Greatest, Inherited, Latest, Least
from goldline.core.facts.subject import Subject
from goldline.market.order import Order


class Refund(Subject):
    """One refund request of one order."""

    kind = "refund"
    key = "refund_id"
    within = "order_id"
    parties: ClassVar[dict[str, str]] = {"merchant": "merchant_id", "carrier": "carrier_id", "consumer": "consumer_id"}
    currency_facts = ("currency_seen", "currency_other")
    beside: ClassVar[dict[str, tuple[str, ...]]] = {"exempted_at": ("exempted_reason",)}

    order_id = First("refund.requested", "order_id", FactType.TEXT, about="the order it belongs to")
    requested_at = FirstAt("refund.requested", about="when it was asked for")
    amount = Latest("refund.requested", "amount_minor", FactType.MONEY, about="what was asked for")
    currency = Latest("refund.requested", "currency", FactType.TEXT, about="its currency")
    decided_at = FirstAt("refund.decided", about="when it was answered")
    outcome = Latest("refund.decided", "outcome", FactType.TEXT, about="approved or refused")
    instant_at = Least("refund.decided", "instant_at", FactType.INSTANT, about="when it was granted at once")
    instant_amount = Greatest("refund.decided", "instant_minor", FactType.MONEY, about="what was granted at once")
    paid_at = FirstAt("refund.paid", about="when the money left")

    merchant_id = Inherited(Order, "merchant_id")
    consumer_id = Inherited(Order, "consumer_id")
    carrier_id = Inherited(Order, "carrier_id")
    order_paid_at = Inherited(Order, "paid_at", about="when the order was paid")
    paid_amount = Inherited(Order, "paid_amount", about="what was paid for the order, after coupons")
    currency_seen = Inherited(Order, "currency_seen")
    currency_other = Inherited(Order, "currency_other")
    zone = Inherited(Order, "zone")
    category = Inherited(Order, "category")
    shipped_at = Inherited(Order, "shipped_at")
    signed_at = Inherited(Order, "signed_at")
    return_until = Inherited(Order, "return_until")
    cancelled_at = Inherited(Order, "cancelled_at", about="when the order was cancelled")
    exempted_at = Inherited(Order, "exempted_at", about="when the order's clocks were voided")
    exempted_reason = Inherited(Order, "exempted_reason", about="why the order's clocks were voided")
