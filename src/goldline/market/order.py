"""The order: one consumer's purchase from one merchant."""

from __future__ import annotations

from typing import ClassVar

from goldline.core.facts.merge import Derived, FactType, First, FirstAt, Greatest, Latest, Least
from goldline.core.facts.subject import Subject

INSTANT, MONEY, TEXT = FactType.INSTANT, FactType.MONEY, FactType.TEXT


class Order(Subject):
    """One consumer's purchase from one merchant."""

    kind = "order"
    key = "order_id"
    parties: ClassVar[dict[str, str]] = {"merchant": "merchant_id", "carrier": "carrier_id", "consumer": "consumer_id"}
    currency_facts = ("currency_seen", "currency_other")

    placed_at = FirstAt("order.placed", about="when the order was placed")
    merchant_id = First("order.placed", "merchant_id", TEXT, about="who sells")
    consumer_id = First("order.placed", "consumer_id", TEXT, about="who bought")
    region = First("order.placed", "region", TEXT, about="where it goes")
    zone = First("order.placed", "zone", TEXT, about="the merchant's time zone")
    estimated_at = First("order.placed", "deliver_by", INSTANT, about="the delivery date stated when placed")

    item_merchant_id = Latest("order.item_added", "merchant_id", TEXT, about="the merchant of the last line")
    items_ship_by = Greatest("order.item_added", "ship_by", INSTANT, about="the latest hand-over limit of the lines")
    items_minor = Greatest("order.item_added", "price_minor", MONEY, about="the price of the dearest line")

    paid_at = FirstAt("order.paid", about="when it was paid")
    paid_amount = Latest("order.paid", "paid_minor", MONEY, about="what was paid, after coupons")
    ship_rule = Latest("order.paid", "ship_rule", TEXT, about="the shipping promise, as a rule")
    ship_stated = Latest("order.paid", "ship_by", INSTANT, about="the platform's own ship-by time")
    deliver_by = Latest("order.paid", "deliver_by", INSTANT, about="the delivery time promised when paid")
    currency_seen = Least("order.paid", "currency", TEXT, about="the currency it was paid in")
    currency_other = Greatest("order.paid", "currency", TEXT, about="differs from currency_seen when two were seen")
    ship_agreed = Latest("order.ship_agreed", "ship_by", INSTANT, about="a time agreed with the consumer")

    accepted_at = FirstAt("order.accepted", about="when the merchant confirmed")
    clicked_at = FirstAt("order.shipped", about="when the merchant said it shipped")
    cancelled_at = FirstAt("order.cancelled", about="when it was cancelled")
    unavailable_at = FirstAt("order.unavailable", about="when the goods were found missing")
    exempted_at = FirstAt("order.exempted", about="when its clocks were voided")

    carrier_id = First("parcel.created", "carrier_id", TEXT, about="who carries the first parcel")
    labelled_at = FirstAt("parcel.created", about="when the waybill was made")
    picked_up_at = FirstAt("parcel.scanned", where={"code": "picked_up"}, about="the carrier's pickup scan")
    departed_at = FirstAt("parcel.scanned", where={"code": "departed"}, about="the first hub scan")
    arrived_at = FirstAt("parcel.scanned", where={"code": "arrived"}, about="arrival in the consumer's city")
    out_at = FirstAt("parcel.scanned", where={"code": "out_for_delivery"}, about="out for delivery")
    delivered_at = FirstAt(
        "parcel.scanned", where={"code": ("delivered", "ready_for_pickup")}, about="delivered or ready for pickup"
    )

    refund_asked_at = FirstAt("refund.requested", about="the first refund request")
    refund_decided_at = FirstAt("refund.decided", about="the first answer to a refund request")
    refund_approved_at = FirstAt("refund.decided", where={"outcome": "approved"}, about="the first approved refund")
    refund_paid_at = FirstAt("refund.paid", about="when refund money left")

    ship_by = Derived(
        "coalesce(ship_agreed, ship_stated, deadline(ship_rule, paid_at, zone))",
        INSTANT,
        about="by when the merchant must hand over: agreed, else stated, else resolved from the rule",
    )
    ship_by_origin = Derived(
        "case when ship_agreed is not null then 'agreed' when ship_stated is not null then 'stated'"
        " when ship_rule is not null then ship_rule end",
        TEXT,
        about="where ship_by comes from: agreed, stated, or the rule it was resolved by",
    )
