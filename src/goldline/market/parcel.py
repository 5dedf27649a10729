"""The parcel: what a carrier moves."""

from __future__ import annotations

from typing import ClassVar

from goldline.core.facts.merge import Derived, FactType, First, FirstAt, Inherited, LastAt, Latest, Least, Union
from goldline.core.facts.subject import Subject
from goldline.market.order import Order
from goldline.market.stall import province_code, tier_sql

INSTANT, TEXT = FactType.INSTANT, FactType.TEXT
HANDED_OVER = {"code": ("delivered", "ready_for_pickup")}
# What a carrier did or saw. A waybill entered, voided, or 'nothing new' is no scan.
MOVES = {
    "code": (
        "picked_up", "departed", "arrived", "in_transit", "customs", "out_for_delivery", "ready_for_pickup",
        "delivered", "attempt_failed", "delayed", "damaged", "lost", "refused", "returning", "returned",
    )
}  # fmt: skip
AT_OUTLET = {"code": ("arrived", "out_for_delivery", "attempt_failed", "ready_for_pickup", "delivered")}
NOT_AT_DOOR, NO_VISIT = {"kind": "not_at_door"}, {"kind": "no_visit"}
NOT_IN_HAND = {"kind": ("not_received", "false_signature")}
_SCANNED = "least(picked_up_at, departed_at, arrived_at, out_at, delivered_at)"
_EARLY = f"case when {_SCANNED} < paid_at then paid_at end"
_HANDED_IN = "coalesce(delivered_province, out_province)"
_HANDED_AT = "case when delivered_province is null then out_at else delivered_at end"
_ASTRAY = f"case when {_HANDED_IN} <> province then {_HANDED_AT} end"
# Turned round before anybody tried to hand it over, and before the buyer or an accident gave cause.
_CAUSE = "least(out_at, delivered_at, attempted_at, refused_at, lost_at, refund_asked_at, cancelled_at)"
_HUB = "least(departed_at, arrived_at, out_at, delivered_at)"
_UNBEGUN = (
    "case when coalesce(tracking, '') <> 'none'"
    " and not coalesce(least(cancelled_at, given_back_at) <= created_at + interval '48 hours', false)"
    " and (shipped_at is null or shipped_at > created_at + interval '48 hours')"
    " then created_at + interval '48 hours' end"
)
_UNMOVED = (
    f"case when {_HUB} is null or {_HUB} > picked_up_at + interval '48 hours'"
    " then picked_up_at + interval '48 hours' end"
)
_RECALLED = f"case when {_CAUSE} is null or returning_at < {_CAUSE} then returning_at end"


class Parcel(Subject):
    """One waybill of one order, with what is known of the order."""

    kind = "parcel"
    key = "parcel_id"
    within = "order_id"
    parties: ClassVar[dict[str, str]] = {
        "merchant": "merchant_id", "carrier": "carrier_id", "outlet": "outlet_id", "consumer": "consumer_id",
    }  # fmt: skip
    currency_facts = ("currency_seen", "currency_other")
    noted = ("created_at", "carrier_id", "consumer_id", "merchant_id")
    price = "paid_amount"
    given_back = "refunds_paid"
    beside: ClassVar[dict[str, tuple[str, ...]]] = {
        "exempted_at": ("exempted_reason",),
        "tier": ("origin_told", "origin_scanned", "province"),
        "untrue_at": ("untrue_why", "anomaly_text"),
    }

    order_id = First("parcel.created", "order_id", TEXT, about="the order it belongs to")
    carrier_id = First("parcel.created", "carrier_id", TEXT, about="who carries it")
    tracking = First("parcel.created", "tracking", TEXT, about="'none' where that carrier reports no scans")
    origin_told = First(
        "parcel.created", "from_region", TEXT, read=province_code, about="the province it sets out from, as CN-GD"
    )
    created_at = FirstAt("parcel.created", about="when the waybill was made")

    picked_up_at = FirstAt("parcel.scanned", where={"code": "picked_up"}, about="the carrier's pickup scan")
    departed_at = FirstAt("parcel.scanned", where={"code": "departed"}, about="the first hub scan")
    arrived_at = FirstAt("parcel.scanned", where={"code": "arrived"}, about="arrival in the consumer's city")
    out_at = FirstAt("parcel.scanned", where={"code": "out_for_delivery"}, about="out for delivery")
    attempted_at = FirstAt("parcel.scanned", where={"code": "attempt_failed"}, about="a delivery was tried")
    delivered_at = FirstAt("parcel.scanned", where=HANDED_OVER, about="delivered or ready for pickup")
    signed_at = FirstAt("parcel.scanned", where={"code": "delivered"}, about="signed for")
    refused_at = FirstAt("parcel.scanned", where={"code": "refused"}, about="the consumer would not take it")
    lost_at = FirstAt("parcel.scanned", where={"code": ("lost", "damaged")}, about="lost or damaged")
    returning_at = FirstAt("parcel.scanned", where={"code": ("returning", "returned")}, about="on its way back")
    returned_at = FirstAt("parcel.scanned", where={"code": "returned"}, about="back with the sender")
    last_scan_at = LastAt("parcel.scanned", about="the latest scan of any kind")
    scan_times = Union("parcel.scanned", where=MOVES, about="when the carrier did or saw anything")
    origin_scanned = Least(
        "parcel.scanned", "origin_province", TEXT, read=province_code, about="where it set out, by the carrier's word"
    )
    out_province = First(
        "parcel.scanned", "province", TEXT, where={"code": "out_for_delivery"}, read=province_code,
        known=True,
        about="the province it was out for delivery in",
    )  # fmt: skip
    delivered_province = First(
        "parcel.scanned",
        "province",
        TEXT,
        where=HANDED_OVER,
        read=province_code,
        known=True,
        about="the province it ended in",
    )
    outlet_id = Latest(
        "parcel.scanned", "outlet_id", TEXT, where=AT_OUTLET, known=True, about="the carrier's outlet that delivers it"
    )
    delivered_mode = First(
        "parcel.scanned", "mode", TEXT, where=HANDED_OVER, known=True, about="how it was handed over"
    )
    anomaly_found_at = FirstAt("parcel.anomaly_found", about="when its trace was found untrue")
    anomaly_kind = First("parcel.anomaly_found", "kind", TEXT, about="how it was untrue")
    anomaly_text = First("parcel.anomaly_found", "text", TEXT, about="what was found, in words")

    own_choice = Latest("parcel.delivery_chosen", "choice", TEXT, about="how this parcel is to be handed over")
    consented_at = FirstAt("parcel.drop_consented", about="the consumer agreed to a station or a locker")
    consent_proved_at = FirstAt("parcel.proof_given", where={"proves": "consent"}, about="proof of that consent")
    handover_proved_at = FirstAt("parcel.proof_given", where={"proves": "handover"}, about="proof of the hand-over")
    visit_proved_at = FirstAt("parcel.proof_given", where={"proves": "visit"}, about="proof of the visit at the door")
    drop_disputed_at = FirstAt("parcel.delivery_disputed", where=NOT_AT_DOOR, about="disputed: left elsewhere unasked")
    signature_disputed_at = FirstAt(
        "parcel.delivery_disputed", where=NOT_IN_HAND, about="disputed: signed for, and not in the consumer's hands"
    )
    visit_disputed_at = FirstAt("parcel.delivery_disputed", where=NO_VISIT, about="disputed: nobody came to the door")
    admitted_at = FirstAt(
        "parcel.dispute_answered", where={"answer": "admitted"}, about="the carrier admits the failure"
    )
    denied_at = FirstAt("parcel.dispute_answered", where={"answer": "denied"}, about="the carrier denies the failure")
    failed_at = FirstAt("parcel.failure_upheld", about="the first delivery failure that was upheld")
    failures = Union("parcel.failure_upheld", "failure", about="the delivery failures upheld")
    failures_cleared = Union("parcel.failure_cleared", "failure", about="those that an appeal cleared")

    merchant_id = Inherited(Order, "merchant_id")
    consumer_id = Inherited(Order, "consumer_id")
    paid_at = Inherited(Order, "paid_at")
    paid_amount = Inherited(Order, "paid_amount", about="what was paid for the order, after coupons")
    currency_seen = Inherited(Order, "currency_seen")
    currency_other = Inherited(Order, "currency_other")
    region = Inherited(Order, "region", about="where the order goes")
    province = Inherited(Order, "province")
    zone = Inherited(Order, "zone")
    category = Inherited(Order, "category")
    clicked_at = Inherited(Order, "clicked_at")
    cancelled_at = Inherited(Order, "cancelled_at", about="when the order was cancelled")
    given_back_at = Inherited(Order, "given_back_at")
    exempted_at = Inherited(Order, "exempted_at", about="when the order's clocks were voided")
    exempted_reason = Inherited(Order, "exempted_reason", about="why the order's clocks were voided")
    ship_by = Inherited(Order, "ship_by")
    refund_asked_at = Inherited(Order, "refund_asked_at", about="the order's first refund request")
    refund_approved_at = Inherited(Order, "refund_approved_at", about="the order's first approved refund")
    refunds_paid = Inherited(Order, "refunds_paid")
    order_choice = Inherited(Order, "delivery_choice")

    shipped_at = Derived(
        f"coalesce(picked_up_at, {_SCANNED},"
        " case when tracking = 'none' and clicked_at is not null then greatest(clicked_at, created_at) end)",
        INSTANT,
        about="the pickup scan, or a later one that proves it; the merchant's word only where the carrier has no scans",
    )
    tier = Derived(
        tier_sql("coalesce(origin_told, origin_scanned)", "province"),
        TEXT,
        about="how far it goes: 'near', 'cross' or 'remote'; unknown where a place is",
    )
    untrue_at = Derived(
        f"least(anomaly_found_at, {_EARLY}, {_ASTRAY}, {_RECALLED})",
        INSTANT,
        about="when its trace ceased to be true: reported, begun before payment, ended elsewhere, recalled",
    )
    untrue_why = Derived(
        f"case when anomaly_found_at is not null then anomaly_kind when {_EARLY} is not null then 'scan_before_payment'"
        f" when {_ASTRAY} is not null then 'address_mismatch' when {_RECALLED} is not null then 'recalled' end",
        TEXT,
        about="what is untrue of its trace",
    )
    trace_late_at = Derived(
        f"case when exempted_at is null then least({_UNBEGUN}, {_UNMOVED}) end",
        INSTANT,
        about="when its trace is an anomaly of time, unless news comes before: no scan 48 hours after the waybill, or"
        " no hub 48 hours after the pickup",
    )
    choice = Derived(
        "coalesce(own_choice, order_choice)",
        TEXT,
        about="how it is to be handed over: as asked for this parcel, else for the order",
    )
