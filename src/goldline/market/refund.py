"""The refund: one request for money back, from asking to paying."""

from __future__ import annotations

from goldline.core.facts.merge import FactType, First, FirstAt, Latest
from goldline.core.facts.subject import Subject


class Refund(Subject):
    """One refund request of one order."""

    kind = "refund"
    key = "refund_id"
    within = "order_id"

    order_id = First("refund.requested", "order_id", FactType.TEXT, about="the order it belongs to")
    requested_at = FirstAt("refund.requested", about="when it was asked for")
    amount = Latest("refund.requested", "amount_minor", FactType.MONEY, about="what was asked for")
    currency = Latest("refund.requested", "currency", FactType.TEXT, about="its currency")
    decided_at = FirstAt("refund.decided", about="when it was answered")
    outcome = Latest("refund.decided", "outcome", FactType.TEXT, about="approved or refused")
    paid_at = FirstAt("refund.paid", about="when the money left")
