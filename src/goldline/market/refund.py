"""The refund: one after-sales case, from what is asked to the money, with the clocks of both sides."""

from __future__ import annotations

from typing import ClassVar

from goldline.core.facts.merge import Derived, FactType, First, FirstAt, Greatest, Inherited, LastAt, Latest, Least
from goldline.core.facts.subject import Subject
from goldline.market.order import Order

INSTANT, MONEY, TEXT = FactType.INSTANT, FactType.MONEY, FactType.TEXT
APPROVED, REFUSED = {"outcome": "approved"}, {"outcome": "refused"}
MOVING = {"code": ("picked_up", "departed", "arrived", "in_transit", "out_for_delivery", "delivered")}
BACK = {"code": ("delivered", "ready_for_pickup")}
CONSUMER, MERCHANT, CARRIER = {"side": "consumer"}, {"side": "merchant"}, {"side": "carrier"}


class Refund(Subject):
    """One after-sales case of one order: what is asked, what was decided, what came back, what was paid."""

    kind = "refund"
    key = "refund_id"
    within = "order_id"
    parties: ClassVar[dict[str, str]] = {
        "merchant": "merchant_id", "carrier": "carrier_id", "consumer": "consumer_id", "insurer": "insurer_id",
    }  # fmt: skip
    currency_facts = ("currency_seen", "currency_other")
    price = "paid_amount"
    given_back = "refunds_paid"
    beside: ClassVar[dict[str, tuple[str, ...]]] = {
        "exempted_at": ("exempted_reason",),
        "approved_at": ("approved_by", "waiver"),
        "refused_at": ("refused_by", "refusal"),
        "closed_at": ("closed_reason",),
    }

    order_id = First("refund.requested", "order_id", TEXT, about="the order it belongs to")
    case_id = First("refund.requested", "refund_id", TEXT, about="its own id within the order")
    requested_at = FirstAt("refund.requested", about="when it was asked for")
    amount = Latest("refund.requested", "amount_minor", MONEY, about="what was asked for")
    currency = Latest("refund.requested", "currency", TEXT, about="its currency")
    ground = Latest("refund.requested", "ground", TEXT, about="on what ground it was asked for")
    asks = Latest("refund.requested", "asks", TEXT, about="money with or without the goods going back, or other goods")
    received = Latest("refund.requested", "received", TEXT, about="whether the consumer has the goods")

    decided_at = FirstAt("refund.decided", about="when it was first answered")
    decided_by = First("refund.decided", "by", TEXT, about="who answered first: merchant, platform or the clock")
    approved_at = FirstAt("refund.decided", where=APPROVED, about="when it was first approved")
    approved_by = First("refund.decided", "by", TEXT, where=APPROVED, about="who approved it first")
    approved_amount = Latest("refund.decided", "amount_minor", MONEY, where=APPROVED, about="how much was approved")
    waiver = Latest("refund.decided", "waiver", TEXT, where=APPROVED, about="why the goods need not go back")
    instant_at = Least("refund.decided", "instant_at", INSTANT, about="when it was granted at once")
    instant_amount = Greatest("refund.decided", "instant_minor", MONEY, about="what was granted at once")
    refused_at = FirstAt("refund.decided", where=REFUSED, about="when it was first refused")
    refused_by = First("refund.decided", "by", TEXT, where=REFUSED, about="who refused it first")
    refusal = First("refund.decided", "refusal", TEXT, where=REFUSED, about="on what ground it was first refused")
    outcome = Latest("refund.decided", "outcome", TEXT, about="approved or refused, by the last word")
    last_decided_at = LastAt("refund.decided", about="when the last word was given")
    last_decided_by = Latest("refund.decided", "by", TEXT, about="who gave the last word")

    return_sent_at = FirstAt("refund.return_sent", about="when the consumer named the waybill of the return")
    return_parcel_id = First("refund.return_sent", "return_parcel_id", TEXT, about="the waybill of the return")
    return_scanned_at = FirstAt("refund.return_scanned", where=MOVING, about="the carrier's first scan of the return")
    return_delivered_at = FirstAt("refund.return_scanned", where=BACK, about="the return came to the merchant")
    return_received_at = FirstAt("refund.return_received", about="the merchant says it has the goods")
    inspected_at = FirstAt("refund.return_inspected", about="when the goods were looked at")
    intact = Latest("refund.return_inspected", "intact", TEXT, about="whether they came back intact")
    deducted = Latest("refund.return_inspected", "deducted_minor", MONEY, about="the value of a gift that is missing")
    return_anomaly_at = FirstAt("refund.return_anomaly_found", about="when the way back was found untrue")

    escalated_at = FirstAt("refund.escalated", about="when the platform stepped in")
    consumer_asked_at = FirstAt("refund.evidence_asked", where=CONSUMER, about="evidence was asked of the consumer")
    consumer_due_at = First("refund.evidence_asked", "due_by", INSTANT, where=CONSUMER, about="by when, where stated")
    consumer_gave_at = FirstAt("refund.evidence_given", where=CONSUMER, about="the consumer gave evidence")
    merchant_asked_at = FirstAt("refund.evidence_asked", where=MERCHANT, about="evidence was asked of the merchant")
    merchant_due_at = First("refund.evidence_asked", "due_by", INSTANT, where=MERCHANT, about="by when, where stated")
    merchant_gave_at = FirstAt("refund.evidence_given", where=MERCHANT, about="the merchant gave evidence")
    carrier_asked_at = FirstAt("refund.evidence_asked", where=CARRIER, about="evidence was asked of the carrier")
    carrier_due_at = First("refund.evidence_asked", "due_by", INSTANT, where=CARRIER, about="by when, where stated")
    carrier_gave_at = FirstAt("refund.evidence_given", where=CARRIER, about="the carrier gave evidence")

    awarded_at = FirstAt("refund.awarded", about="when the platform granted compensation")
    awarded = Latest("refund.awarded", "amount_minor", MONEY, about="how much it granted")
    award_bearer = Latest("refund.awarded", "bearer", TEXT, about="who is to bear it")
    replaced_at = FirstAt("refund.replaced", about="when other goods were sent")
    withdrawn_at = FirstAt("refund.withdrawn", about="when the consumer took it back")
    closed_at = FirstAt("refund.closed", about="when it was closed without what was asked")
    closed_reason = First("refund.closed", "reason", TEXT, about="why it was closed")
    paid_at = FirstAt("refund.paid", about="when the money left")

    freight_claimed_at = FirstAt("refund.freight_claimed", about="when the freight of the return was asked for")
    freight_claimed = Latest("refund.freight_claimed", "amount_minor", MONEY, about="how much freight was asked for")
    freight_paid_at = FirstAt("refund.freight_paid", about="when the freight of the return was paid")

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
    cancelled_at = Inherited(Order, "cancelled_at", about="when the order was cancelled")
    exempted_at = Inherited(Order, "exempted_at", about="when the order's clocks were voided")
    exempted_reason = Inherited(Order, "exempted_reason", about="why the order's clocks were voided")
    labelled_at = Inherited(Order, "labelled_at")
    tracking = Inherited(Order, "tracking")
    delivered_at = Inherited(Order, "delivered_at", about="when the order was delivered or ready for pickup")
    no_reason_terms = Inherited(Order, "no_reason_terms")
    drop_disputed_at = Inherited(Order, "drop_disputed_at")
    drop_consented_at = Inherited(Order, "drop_consented_at")
    consent_proved_at = Inherited(Order, "consent_proved_at")
    freight_cover = Inherited(Order, "freight_cover")
    freight_case = Inherited(Order, "freight_case")
    insurer_id = Inherited(Order, "insurer_id")
    refunds_paid = Inherited(Order, "refunds_paid")

    return_until = Derived(
        "deadline('days:0', signed_at, zone) + interval '168 hours'",
        INSTANT,
        about="the last second of the seven days, which begin at midnight after the signature",
    )
    goods_return = Derived(
        "case when asks in ('return_refund', 'exchange', 'repair') and waiver is null then 'yes' else 'no' end",
        TEXT,
        about="'yes' where the goods are to go back, unless that was waived",
    )
    returned_at = Derived(
        "least(return_delivered_at, return_received_at)", INSTANT, about="when the merchant had the goods back"
    )
    payable = Derived(
        "least(coalesce(approved_amount, amount), paid_amount) - coalesce(deducted, 0)",
        MONEY,
        about="what is to be given back: what was approved, or else asked for, less a gift that is missing",
    )
