"""The merchant-day: what became of one merchant's orders on one day of its calendar."""

from __future__ import annotations

from typing import ClassVar

from goldline.core.facts.merge import Count, DayEnd, FactType, Sum, Windowed
from goldline.core.facts.subject import Aggregate
from goldline.market.conversation import Conversation
from goldline.market.merchant import Merchant
from goldline.market.order import Order
from goldline.market.parcel import Parcel
from goldline.market.review import Review
from goldline.market.ticket import Ticket

MONEY, NUMBER = FactType.MONEY, FactType.NUMBER

# An order counts as due where its clock ran to the end: neither cancelled nor given back before, not exempted.
_RAN = "exempted_at IS NULL AND coalesce(least(cancelled_at, given_back_at) > ship_by, true)"
_LATE = f"{_RAN} AND (shipped_at IS NULL OR shipped_at > ship_by)"
_MISSING = (
    f"{_RAN} AND (unavailable_at IS NOT NULL OR shipped_at IS NULL OR shipped_at > ship_by + INTERVAL '48 hours')"
)
_FRAUD = "fraud_cleared_at IS NULL OR fraud_cleared_at < fraud_found_at"
_PROMISED = f"{_RAN} AND (promised_by IS NOT NULL OR promised_rules IS NOT NULL)"
# What counts for the experience score: something was paid, and it was not refunded or cancelled before it was shipped.
_VALID = (
    "paid_amount > 0 AND (cancelled_at IS NULL OR shipped_at IS NOT NULL)"
    " AND (refund_approved_at IS NULL OR shipped_at <= refund_approved_at)"
)
_LOCAL = "AT TIME ZONE coalesce(zone, 'Asia/Shanghai')"
# Seconds from payment to pickup; what is paid from 18:00 to 06:00 begins at 06:00.
_EVENING = f"((paid_at {_LOCAL} + INTERVAL '6 hours')::date + INTERVAL '6 hours')"
_PICKUP_S = (
    f"greatest(extract(epoch FROM shipped_at {_LOCAL} - greatest(paid_at {_LOCAL}, CASE"
    f" WHEN (paid_at {_LOCAL})::time >= TIME '18:00' OR (paid_at {_LOCAL})::time < TIME '06:00' THEN {_EVENING} END)),"
    " 0)"
)
# Seconds from a refund request to its answer; what is asked from 23:00 to 08:00 begins at 08:00.
_NIGHT = f"((refund_asked_at {_LOCAL} + INTERVAL '1 hour')::date + INTERVAL '8 hours')"
_ANSWER_S = (
    f"greatest(extract(epoch FROM refund_decided_at {_LOCAL} - greatest(refund_asked_at {_LOCAL}, CASE"
    f" WHEN (refund_asked_at {_LOCAL})::time >= TIME '23:00' OR (refund_asked_at {_LOCAL})::time < TIME '08:00'"
    f" THEN {_NIGHT} END)), 0)"
)
_SIGNED = "signed_at IS NOT NULL"
# A trace that is both late and untrue is an anomaly once, an untrue one, on the day it became untrue.
_LATE_TRACE, _UNTRUE_TRACE = "untrue_at IS NULL", "exempted_at IS NULL"
_COUNTED = ("order", "parcel", "review", "conversation", "ticket")


class MerchantDay(Aggregate):
    """Counts over one merchant's orders, parcels, reviews, conversations and tickets, each on the day of its time."""

    kind = "merchant_day"
    key = "merchant_day_id"
    owners: ClassVar[dict[str, str]] = {**dict.fromkeys(_COUNTED, "merchant_id"), "merchant": "trial_of"}
    zones: ClassVar[dict[str, str]] = dict.fromkeys(_COUNTED, "zone")
    holder = Merchant
    parties: ClassVar[dict[str, str]] = {"merchant": "owner"}

    ends_at = DayEnd(about="the midnight that ends the day")
    orders_paid = Count(Order, at="paid_at", about="orders paid that day")
    paid_minor = Sum(Order, "paid_amount", MONEY, at="paid_at", about="what was paid for them")
    trial_orders = Count(Order, at="paid_at", where="trial = 'yes'", about="of those, sold on trial")
    trial_minor = Sum(Order, "paid_amount", MONEY, at="paid_at", where="trial = 'yes'", about="what was paid for those")
    trials_ended = Count(Merchant, at="trial_until", about="1 on the day its trial ended")
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
        where=f"{_RAN} AND shipped_at IS NULL AND least(cancelled_at, given_back_at) IS NULL",
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

    orders_valid = Count(
        Order, at="paid_at", where=_VALID, about="orders paid that day that count: not free, not undone before shipping"
    )
    orders_picked = Count(Order, at="paid_at", where="shipped_at IS NOT NULL", about="orders paid that day and shipped")
    pickup_s = Sum(
        Order, _PICKUP_S, NUMBER, at="paid_at", where="shipped_at IS NOT NULL",
        about="seconds from payment to pickup of those; paid from 18:00 to 06:00, they begin at 06:00",
    )  # fmt: skip
    orders_next_day = Count(
        Order, at="paid_at", where=f"(shipped_at {_LOCAL})::date <= (paid_at {_LOCAL})::date + 1",
        about="of those, shipped by the end of the next day",
    )  # fmt: skip
    orders_sought = Count(
        Order, at="paid_at", where="refund_asked_at IS NOT NULL OR complained_at IS NOT NULL",
        about="orders paid that day about which help was sought: a refund asked or a complaint made",
    )  # fmt: skip
    orders_escalated = Count(
        Order, at="paid_at", where="complained_at IS NOT NULL", about="of those, brought before the platform"
    )
    deliveries_due = Count(
        Order, at="deliver_by", where="exempted_at IS NULL AND shipped_at IS NOT NULL",
        about="orders shipped, to be delivered by that day",
    )  # fmt: skip
    deliveries_on_time = Count(
        Order, at="deliver_by", where="exempted_at IS NULL AND delivered_at <= deliver_by", about="of those, in time"
    )
    orders_signed = Count(Order, at="delivered_at", where=_SIGNED, about="orders delivered that day and signed for")
    orders_quality = Count(
        Order, at="delivered_at", where=f"{_SIGNED} AND refund_ground = 'quality'",
        about="of those, first asked back for their quality",
    )  # fmt: skip
    orders_damaged = Count(
        Order, at="delivered_at", where=f"{_SIGNED} AND refund_ground = 'damaged'",
        about="of those, first asked back because damaged on the way",
    )  # fmt: skip
    refunds_answered = Count(
        Order, at="refund_asked_at", where="refund_decided_at IS NOT NULL", about="refunds asked that day and answered"
    )
    answer_s = Sum(
        Order, _ANSWER_S, NUMBER, at="refund_asked_at", where="refund_decided_at IS NOT NULL",
        about="seconds from asking to the answer of those; asked from 23:00 to 08:00, they begin at 08:00",
    )  # fmt: skip
    parcels = Count(Parcel, at="created_at", about="waybills made that day; kept while promises are made about parcels")
    traces_late = Count(
        Parcel, at="trace_late_at", where=_LATE_TRACE,
        about="parcels whose trace became an anomaly of time that day: not begun, or not gone on, for 48 hours",
    )  # fmt: skip
    traces_untrue = Count(Parcel, at="untrue_at", where=_UNTRUE_TRACE, about="parcels whose trace became untrue")
    traces_late_minor = Sum(
        Parcel, "paid_amount", MONEY, at="trace_late_at", where=_LATE_TRACE,
        about="what was paid for the orders of those late; an order of two such parcels twice",
    )  # fmt: skip
    traces_untrue_minor = Sum(
        Parcel, "paid_amount", MONEY, at="untrue_at", where=_UNTRUE_TRACE, about="the same of those untrue"
    )
    orders_returned = Count(
        Order, at="paid_at", where="shipped_at <= refund_approved_at",
        about="orders paid that day, shipped, and asked back with success after that",
    )  # fmt: skip
    reviews = Count(Review, at="reviewed_at", about="reviews given that day")
    rating_sum = Sum(Review, "rating", NUMBER, at="reviewed_at", about="their ratings of the goods, added up")
    reviews_bad = Count(Review, at="reviewed_at", where="rating <= 2", about="of those reviews, one or two stars")
    reviews_good = Count(Review, at="reviewed_at", where="rating >= 4", about="of those reviews, four or five stars")
    conversations = Count(Conversation, at="closed_at", about="conversations closed that day")
    turns = Sum(Conversation, "turns", NUMBER, at="closed_at", about="the turns a human had to answer in those")
    reply_s = Sum(Conversation, "reply_s", NUMBER, at="closed_at", about="seconds those waited, in all")
    conversations_rated = Count(Conversation, at="closed_at", where="rating IS NOT NULL", about="conversations rated")
    conversations_poor = Count(Conversation, at="closed_at", where="rating <= 3", about="of those, three stars or less")
    tickets_due = Count(Ticket, at="answer_by", about="the platform's tickets to be answered by that day")
    tickets_overdue = Count(
        Ticket, at="answer_by", where="answered_at IS NULL OR answered_at > answer_by",
        about="of those, not answered in time",
    )  # fmt: skip

    due_yesterday = Windowed("orders_due", 1, ago=1, about="orders_due of the day before")
    late_yesterday = Windowed("orders_late", 1, ago=1, about="orders_late of the day before")
    paid_minor_30d = Windowed("paid_minor", 30, type=MONEY, about="paid_minor of thirty days")
    trial_30d = Windowed("trial_orders", 30, about="trial_orders of thirty days")
    trial_minor_30d = Windowed("trial_minor", 30, type=MONEY, about="trial_minor of thirty days")
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
    valid_30d = Windowed("orders_valid", 30, about="orders_valid of thirty days")
    picked_30d = Windowed("orders_picked", 30, about="orders_picked of thirty days")
    pickup_s_30d = Windowed("pickup_s", 30, about="pickup_s of thirty days")
    next_day_30d = Windowed("orders_next_day", 30, about="orders_next_day of thirty days")
    sought_30d = Windowed("orders_sought", 30, about="orders_sought of thirty days")
    escalated_30d = Windowed("orders_escalated", 30, about="orders_escalated of thirty days")
    deliveries_due_30d = Windowed("deliveries_due", 30, about="deliveries_due of thirty days")
    deliveries_on_time_30d = Windowed("deliveries_on_time", 30, about="deliveries_on_time of thirty days")
    signed_30d = Windowed("orders_signed", 30, about="orders_signed of thirty days")
    quality_30d = Windowed("orders_quality", 30, about="orders_quality of thirty days")
    damaged_30d = Windowed("orders_damaged", 30, about="orders_damaged of thirty days")
    answered_30d = Windowed("refunds_answered", 30, about="refunds_answered of thirty days")
    answer_s_30d = Windowed("answer_s", 30, about="answer_s of thirty days")
    reviews_30d = Windowed("reviews", 30, about="reviews of thirty days")
    rating_sum_30d = Windowed("rating_sum", 30, about="rating_sum of thirty days")
    reviews_bad_30d = Windowed("reviews_bad", 30, about="reviews_bad of thirty days")
    reviews_good_30d = Windowed("reviews_good", 30, about="reviews_good of thirty days")
    turns_30d = Windowed("turns", 30, about="turns of thirty days")
    reply_s_30d = Windowed("reply_s", 30, about="reply_s of thirty days")
    rated_30d = Windowed("conversations_rated", 30, about="conversations_rated of thirty days")
    poor_30d = Windowed("conversations_poor", 30, about="conversations_poor of thirty days")
    returned_45d = Windowed("orders_returned", 31, ago=15, about="orders_returned from 45 to 15 days back")
    picked_45d = Windowed("orders_picked", 31, ago=15, about="orders_picked from 45 to 15 days back")
    paid_minor_7d = Windowed("paid_minor", 7, type=MONEY, about="paid_minor of seven days")
    tickets_7d = Windowed("tickets_due", 7, about="tickets_due of seven days")
    tickets_overdue_7d = Windowed("tickets_overdue", 7, about="tickets_overdue of seven days")
    traces_late_minor_30d = Windowed("traces_late_minor", 30, type=MONEY, about="traces_late_minor of thirty days")
    traces_untrue_minor_30d = Windowed(
        "traces_untrue_minor", 30, type=MONEY, about="traces_untrue_minor of thirty days"
    )
    fraudulent_30d = Windowed("orders_fraudulent", 30, about="orders_fraudulent of thirty days")
    backlog = Windowed("orders_waiting", 90, about="overdue orders of ninety days still waiting")
    orders_lost = Count(
        Order, at="paid_at", where="shipped_at > instant_at", about="of those, sent after their money had gone back"
    )
