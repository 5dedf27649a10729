"""The order: one consumer's purchase from one merchant."""

from __future__ import annotations

from typing import ClassVar

from goldline.core.facts.merge import (
    Derived,
    FactType,
    First,
    FirstAt,
    Greatest,
    LastAt,
    Latest,
    Least,
    Noticed,
    Union,
)  # fmt: skip
from goldline.core.facts.subject import Scope, Subject
from goldline.market import aspect
from goldline.market.stall import province_code

INSTANT, MONEY, TEXT = FactType.INSTANT, FactType.MONEY, FactType.TEXT
PRICED = ("order.paid", "order.item_added")
NEGOTIATED, PLATFORM = {"origin": "negotiated"}, {"origin": "platform_stated"}
SHOWN = {"origin": ("setting", "detail_page", "live_title", "spoken", "chat", "presale")}
DROPPED = {"kind": "not_at_door"}
CONSENT = {"proves": "consent"}
CLAIM = {"kind": "false_claim"}
APPROVED = {"outcome": "approved"}
FRAUD, REFUSAL, ABUSE = {"kind": "fraudulent_shipment"}, {"kind": "refund_refusal"}, {"kind": "abuse"}


class Order(Subject):
    """One consumer's purchase from one merchant."""

    kind = "order"
    key = "order_id"
    parties: ClassVar[dict[str, str]] = {
        "merchant": "merchant_id", "carrier": "carrier_id", "consumer": "consumer_id", "insurer": "insurer_id",
        "creator": "creator_id",
    }  # fmt: skip
    currency_facts = ("currency_seen", "currency_other")
    price = "paid_amount"
    given_back = "refunds_paid"
    looked_up_by = ("consumer_id",)
    beside: ClassVar[dict[str, tuple[str, ...]]] = {
        "ship_by": ("ship_by_origin", "ship_own", "promises_stated", "shifted_reason", "notices"),
        "exempted_at": ("exempted_reason", "notices"),
    }
    scope = Scope(region="region", merchant="merchant_id", category="category", begun_at="paid_at", due_at="ship_own")

    placed_at = FirstAt("order.placed", about="when the order was placed")
    merchant_id = First("order.placed", "merchant_id", TEXT, about="who sells")
    consumer_id = First("order.placed", "consumer_id", TEXT, about="who bought")
    region = First("order.placed", "region", TEXT, about="where it goes")
    province = First("order.placed", "region", TEXT, read=province_code, about="the province it goes to, as CN-GD")
    zone = First("order.placed", "zone", TEXT, about="the merchant's time zone")
    category = First("order.placed", "category", TEXT, about="what kind of goods, as the rules name it")
    product_id = First("order.placed", "product_id", TEXT, about="what was bought, where it is one product")
    sale = First("order.placed", "sale", TEXT, about="'spot' from stock, 'presale' before it was there")
    no_reason_terms = First("order.placed", "no_reason", TEXT, about="'excluded' from returns without a reason, or not")
    instant_tag = First("order.placed", "instant_refund", TEXT, about="'yes' where the goods are tagged instant refund")
    goods = First("order.placed", "goods", TEXT, about="physical, virtual, custom or blind_box")
    creator_id = First("order.placed", "creator_id", TEXT, about="who brought the consumer to the goods")
    content_id = First("order.placed", "content_id", TEXT, about="the video or stream that did")
    trial = First("order.placed", "trial", TEXT, about="'yes' where it was sold on trial, without a deposit")
    lot_id = First("order.lot_assigned", "lot_id", TEXT, about="the lot its goods were taken from")
    recalled_at = FirstAt("order.recalled", about="when what was ordered was recalled")
    recalled_for = First("order.recalled", "aspect", TEXT, about="what was wrong with it")
    estimated_at = First("order.placed", "deliver_by", INSTANT, about="the delivery date stated when placed")

    item_merchant_id = Latest("order.item_added", "merchant_id", TEXT, about="the merchant of the last line")
    items_ship_by = Greatest("order.item_added", "ship_by", INSTANT, about="the latest hand-over limit of the lines")
    items_minor = Greatest("order.item_added", "price_minor", MONEY, about="the price of the dearest line")

    items_instant_tag = Least("order.item_added", "instant_refund", TEXT, about="'no' where one line is not tagged")
    items_goods_first = Least("order.item_added", "goods", TEXT, about="the sort of its lines, first by alphabet")
    items_goods_last = Greatest("order.item_added", "goods", TEXT, about="the sort of its lines, last by alphabet")

    paid_at = FirstAt("order.paid", about="when it was paid")
    paid_amount = Latest("order.paid", "paid_minor", MONEY, about="what was paid, after coupons")
    ship_rule = Latest("order.paid", "ship_rule", TEXT, about="the shipping promise, as a rule")
    ship_stated = Latest("order.paid", "ship_by", INSTANT, about="the platform's own ship-by time")
    deliver_by = Latest("order.paid", "deliver_by", INSTANT, about="the delivery time promised when paid")
    commission = Latest("order.paid", "commission_minor", MONEY, about="the creator's commission on it")
    currency_seen = Least(PRICED, "currency", TEXT, about="the currency of its payment and its lines")
    currency_other = Greatest(PRICED, "currency", TEXT, about="differs from currency_seen when two were seen")

    ship_agreed = Latest("order.ship_agreed", "ship_by", INSTANT, about="a time agreed with the consumer")
    agreed_at = LastAt("order.ship_agreed", about="when that was agreed")
    negotiated_by = Latest("order.promise_stated", "ship_by", INSTANT, where=NEGOTIATED, about="a time negotiated")
    negotiated_at = LastAt("order.promise_stated", where=NEGOTIATED, about="when that was negotiated")
    platform_by = Latest("order.promise_stated", "ship_by", INSTANT, where=PLATFORM, about="the platform's last word")
    promised_by = Least("order.promise_stated", "ship_by", INSTANT, where=SHOWN, about="the earliest date promised")
    promised_rules = Union("order.promise_stated", "ship_rule", about="every promise given as a rule")
    promises_stated = Union(
        "order.promise_stated", "stated_at", "origin", "promise_id", "ship_by", "ship_rule", "text",
        about="every shipping promise with its time, origin and words",
    )  # fmt: skip
    shifted_by = Latest("order.shifted", "ship_by", INSTANT, about="the time its own shipping was moved to")
    shifted_reason = Latest("order.shifted", "reason", TEXT, about="why it was moved")
    slot_until = Latest("order.slot_booked", "slot_until", INSTANT, about="the end of the booked delivery slot")
    slot_booked_at = LastAt("order.slot_booked", about="when the slot was booked")

    accepted_at = FirstAt("order.accepted", about="when the merchant confirmed")
    clicked_at = FirstAt("order.shipped", about="when the merchant said it shipped")
    cancelled_at = FirstAt("order.cancelled", about="when it was cancelled")
    unavailable_at = FirstAt("order.unavailable", about="when the goods were found missing")
    cancelled_by = First("order.cancelled", "by", TEXT, about="who cancelled it")
    complained_at = FirstAt("order.complained", about="the first complaint to the platform")
    exemption_at = FirstAt("order.exempted", about="when the clocks of this order alone were voided")
    exempted_reason = First("order.exempted", "reason", TEXT, about="why the clocks of this order alone were voided")
    noticed_by = Noticed("moved_to", INSTANT, about="the latest time that notices in force move its shipping to")
    noticed_void_at = Noticed("voided_at", INSTANT, about="since when a notice in force voids its clocks")
    notices = Noticed("ids", FactType.SET, about="the notices that move or void its clocks")
    fraud_found_at = FirstAt("order.misconduct_found", where=FRAUD, about="found: not what was bought was sent")
    fraud_cleared_at = LastAt("order.misconduct_cleared", where=FRAUD, about="that finding was revoked")
    refusal_found_at = FirstAt("order.misconduct_found", where=REFUSAL, about="found: a refund refused without ground")
    refusal_cleared_at = LastAt("order.misconduct_cleared", where=REFUSAL, about="that finding was revoked")
    abuse_found_at = FirstAt("order.misconduct_found", where=ABUSE, about="found: the consumer mocked or blocked")
    abuse_cleared_at = LastAt("order.misconduct_cleared", where=ABUSE, about="that finding was revoked")
    claim_found_at = FirstAt("order.misconduct_found", where=CLAIM, about="found: the goods are not what was said")
    claim_cleared_at = LastAt("order.misconduct_cleared", where=CLAIM, about="that finding was revoked")

    carrier_id = First("parcel.created", "carrier_id", TEXT, about="who carries the first parcel")
    tracking = First("parcel.created", "tracking", TEXT, about="'none' where that carrier reports no scans")
    from_region = First("parcel.created", "from_region", TEXT, about="where the first parcel comes from")
    labelled_at = FirstAt("parcel.created", about="when the waybill was made")
    anomaly_found_at = FirstAt("parcel.anomaly_found", about="when a parcel's trace was found untrue")
    anomaly_noticed_at = FirstAt("parcel.anomaly_noticed", about="when its merchant had notice of that")
    picked_up_at = FirstAt("parcel.scanned", where={"code": "picked_up"}, about="the carrier's pickup scan")
    departed_at = FirstAt("parcel.scanned", where={"code": "departed"}, about="the first hub scan")
    arrived_at = FirstAt("parcel.scanned", where={"code": "arrived"}, about="arrival in the consumer's city")
    out_at = FirstAt("parcel.scanned", where={"code": "out_for_delivery"}, about="out for delivery")
    delivered_at = FirstAt(
        "parcel.scanned", where={"code": ("delivered", "ready_for_pickup")}, about="delivered or ready for pickup"
    )
    signed_at = FirstAt("parcel.scanned", where={"code": "delivered"}, about="signed for")
    attempted_at = FirstAt("parcel.scanned", where={"code": "attempt_failed"}, about="a delivery was tried")

    refund_asked_at = FirstAt("refund.requested", about="the first refund request")
    refund_asked = Greatest("refund.requested", "amount_minor", MONEY, about="the most that was asked back")
    refund_ground = First("refund.requested", "ground", TEXT, about="the reason of the first refund request")
    no_reason_asked_at = FirstAt("refund.requested", where={"ground": "no_reason"}, about="asked back without a reason")
    refund_decided_at = FirstAt("refund.decided", about="the first answer to a refund request")
    refund_approved_at = FirstAt("refund.decided", where=APPROVED, about="the first approved refund")
    refund_agreed_at = LastAt("refund.decided", where=APPROVED, about="the last approved refund")
    refund_agreed_by = Latest("refund.decided", "by", TEXT, where=APPROVED, about="who approved that")
    refund_agreed = Latest("refund.decided", "amount_minor", MONEY, where=APPROVED, about="how much, where it was said")
    refund_refused_at = FirstAt("refund.decided", where={"outcome": "refused"}, about="the first refused refund")
    instant_at = Least("refund.decided", "instant_at", INSTANT, about="the first refund granted at once")
    refund_paid_at = FirstAt("refund.paid", about="when refund money left")
    refund_paid_last_at = LastAt("refund.paid", about="when refund money last left")
    refund_paid = Greatest("refund.paid", "amount_minor", MONEY, about="the greatest payment of a refund")
    refunds_paid = Union(
        "refund.paid", "refund_id", "amount_minor", "payment_id", about="every payment of a refund, with its case"
    )

    first_reviewed_at = FirstAt("order.reviewed", about="its first review")
    review_defect = First("order.reviewed", "text", TEXT, read=aspect.defect, about="the defect a review first named")
    refund_defect = First(
        "refund.requested", "reason", TEXT, read=aspect.defect, about="the defect a refund request first named"
    )

    delivery_choice = Latest("order.delivery_chosen", "choice", TEXT, about="how it is to be handed over, as asked")
    drop_disputed_at = FirstAt(
        "parcel.delivery_disputed", where=DROPPED, about="the consumer disputes where it was left"
    )
    drop_consented_at = FirstAt("parcel.drop_consented", about="the consumer agreed to a station or a locker")
    consent_proved_at = FirstAt("parcel.proof_given", where=CONSENT, about="proof of that consent was given")

    freight_cover = Latest("order.freight_covered", "cover", TEXT, about="how the freight of a return is covered")
    insurer_id = Latest("order.freight_covered", "insurer_id", TEXT, about="who insures the freight of a return")
    freight_covered_at = FirstAt("order.freight_covered", about="when the freight of a return was covered")
    freight_case = First("refund.freight_claimed", "refund_id", TEXT, about="the case that claimed the freight first")

    shipped_at = Derived(
        "coalesce(picked_up_at, least(departed_at, arrived_at, out_at, delivered_at),"
        " case when tracking = 'none' and clicked_at is not null then greatest(clicked_at, labelled_at) end)",
        INSTANT,
        about="the pickup scan, or a later one that proves it; the merchant's word only where the carrier has no scans",
    )
    ship_own = Derived(
        "coalesce(greatest(shifted_by, case when agreed_at is null or negotiated_at >= agreed_at"
        " then coalesce(negotiated_by, ship_agreed) else ship_agreed end), platform_by, ship_stated,"
        " least(promised_by, deadline(ship_rule, paid_at, zone),"
        " case when promised_rules is not null then deadline(promised_rules, paid_at, zone) end))",
        INSTANT,
        about="by when to hand over, whatever notices say: moved or agreed, else the platform's word, else the"
        " shortest promise",
    )
    ship_by = Derived(
        "greatest(ship_own, noticed_by)", INSTANT, about="by when to hand over: its own time, or a later one by notice"
    )
    ship_by_origin = Derived(
        "case when noticed_by > ship_own then 'notice' when shifted_by is not null then 'shifted'"
        " when ship_agreed is not null or negotiated_by is not null then 'agreed'"
        " when platform_by is not null or ship_stated is not null then 'stated'"
        " when promised_by is not null or promised_rules is not null then 'shortest'"
        " when ship_rule is not null then ship_rule end",
        TEXT,
        about="where ship_by comes from: notice, shifted, agreed, stated, the shortest of several, or its own rule",
    )
    exempted_at = Derived(
        "least(exemption_at, noticed_void_at)", INSTANT, about="since when its clocks are void: alone, or by a notice"
    )
    given_back_at = Derived(
        "case when coalesce(refund_agreed_by, '') <> 'automatic' and not coalesce(cancelled_by = 'merchant'"
        " and cancelled_at <= coalesce(refund_agreed_at, refund_paid_at), false) then"
        " least(case when coalesce(refund_agreed, refund_asked) >= paid_amount then refund_agreed_at end,"
        " case when refund_paid >= paid_amount then refund_paid_at end,"
        " case when not coalesce(cancelled_by = 'merchant' and cancelled_at <= refund_paid_last_at, false)"
        " then once_total(refunds_paid, paid_amount, refund_paid_last_at) end) end",
        INSTANT,
        about="when all its money was agreed to go back, or went, in one refund or several: not by the clock, nor after"
        " the merchant cancelled",
    )
    defect_at = Derived(
        "least(case when refund_ground = 'quality' or refund_defect is not null then refund_asked_at end,"
        " case when review_defect is not null then first_reviewed_at end)",
        INSTANT,
        about="when its consumer first told of a defect: asking back for quality, or by the words of request or review",
    )
    defect = Derived(
        "case when review_defect = 'safety' then review_defect else coalesce(refund_defect, review_defect,"
        " case when refund_ground = 'quality' then 'faulty' end) end",
        TEXT,
        about="which defect that was",
    )
    return_until = Derived(
        "deadline('days:0', signed_at, zone) + interval '168 hours'",
        INSTANT,
        about="the last second of the seven days, which begin at midnight after the signature",
    )
