"""The parcel: what a carrier moves."""

from __future__ import annotations

from typing import ClassVar

from goldline.core.facts.merge import FactType, First, FirstAt, Inherited, LastAt
from goldline.core.facts.subject import Subject
from goldline.market.order import Order


class Parcel(Subject):
    """One waybill of one order."""

    kind = "parcel"
    key = "parcel_id"
    within = "order_id"
    parties: ClassVar[dict[str, str]] = {"merchant": "merchant_id", "carrier": "carrier_id", "consumer": "consumer_id"}
    currency_facts = ("currency_seen", "currency_other")
    beside: ClassVar[dict[str, tuple[str, ...]]] = {"exempted_at": ("exempted_reason",)}

    order_id = First("parcel.created", "order_id", FactType.TEXT, about="the order it belongs to")
    carrier_id = First("parcel.created", "carrier_id", FactType.TEXT, about="who carries it")
    created_at = FirstAt("parcel.created", about="when the waybill was made")
    picked_up_at = FirstAt("parcel.scanned", where={"code": "picked_up"}, about="the carrier's pickup scan")
    departed_at = FirstAt("parcel.scanned", where={"code": "departed"}, about="the first hub scan")
    last_scan_at = LastAt("parcel.scanned", about="the latest scan of any kind")
    delivered_at = FirstAt(
        "parcel.scanned", where={"code": ("delivered", "ready_for_pickup")}, about="delivered or ready for pickup"
    )
    lost_at = FirstAt("parcel.scanned", where={"code": ("lost", "damaged")}, about="lost or damaged")

    merchant_id = Inherited(Order, "merchant_id")
    consumer_id = Inherited(Order, "consumer_id")
    paid_at = Inherited(Order, "paid_at")
    paid_amount = Inherited(Order, "paid_amount", about="what was paid for the order, after coupons")
    currency_seen = Inherited(Order, "currency_seen")
    currency_other = Inherited(Order, "currency_other")
    region = Inherited(Order, "region", about="where the order goes")
    zone = Inherited(Order, "zone")
    category = Inherited(Order, "category")
    clicked_at = Inherited(Order, "clicked_at")
    cancelled_at = Inherited(Order, "cancelled_at", about="when the order was cancelled")
    exempted_at = Inherited(Order, "exempted_at", about="when the order's clocks were voided")
    exempted_reason = Inherited(Order, "exempted_reason", about="why the order's clocks were voided")
    ship_by = Inherited(Order, "ship_by")
    refund_asked_at = Inherited(Order, "refund_asked_at", about="the order's first refund request")
    refund_approved_at = Inherited(Order, "refund_approved_at", about="the order's first approved refund")
