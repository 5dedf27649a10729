"""The creator-day: what became of the orders one creator brought, on one day."""

from __future__ import annotations

from typing import ClassVar

from goldline.core.facts.merge import Count, DayEnd, FactType, Sum, Windowed
from goldline.core.facts.subject import Aggregate
from goldline.market.content import FALSEHOODS, Content, Stream
from goldline.market.order import Order
from goldline.market.review import Review

MONEY = FactType.MONEY
_DUE = "exempted_at IS NULL AND coalesce(least(cancelled_at, given_back_at) > ship_by, true)"


class CreatorDay(Aggregate):
    """Counts over the orders one creator brought and what was found of its content, each on its own day."""

    kind = "creator_day"
    key = "creator_day_id"
    owners: ClassVar[dict[str, str]] = {
        "order": "creator_id", "review": "creator_id", "content": "false_of", "stream": "false_of",
    }  # fmt: skip
    zones: ClassVar[dict[str, str]] = {
        "order": "zone", "review": "zone", "content": "false_zone", "stream": "false_zone",
    }  # fmt: skip
    parties: ClassVar[dict[str, str]] = {"creator": "owner"}

    ends_at = DayEnd(about="the midnight that ends the day")
    orders_paid = Count(Order, at="paid_at", about="orders paid that day")
    paid_minor = Sum(Order, "paid_amount", MONEY, at="paid_at", about="what was paid for them")
    commission_minor = Sum(Order, "commission", MONEY, at="paid_at", about="the creator's commission on them")
    orders_asked = Count(Order, at="paid_at", where="refund_asked_at IS NOT NULL", about="of those, asked back since")
    orders_complained = Count(Order, at="paid_at", where="complained_at IS NOT NULL", about="of those, complained of")
    orders_due = Count(Order, at="ship_by", where=_DUE, about="orders to be shipped by that day")
    orders_late = Count(
        Order, at="ship_by", where=f"{_DUE} AND (shipped_at IS NULL OR shipped_at > ship_by)",
        about="of those, not shipped in time",
    )  # fmt: skip
    orders_signed = Count(
        Order, at="delivered_at", where="signed_at IS NOT NULL", about="orders delivered that day and signed for"
    )
    orders_quality = Count(
        Order, at="delivered_at", where="signed_at IS NOT NULL AND refund_ground = 'quality'",
        about="of those, first asked back for their quality",
    )  # fmt: skip
    reviews = Count(Review, at="reviewed_at", about="reviews given that day")
    rating_sum = Sum(Review, "rating", FactType.NUMBER, at="reviewed_at", about="their ratings of the goods, added up")
    reviews_bad = Count(Review, at="reviewed_at", where="rating <= 2", about="of those reviews, one or two stars")
    videos_false = Count(
        Content, at="false_at", where=f"{FALSEHOODS} > 0", about="videos first found that day to say what is not so"
    )
    streams_false = Count(
        Stream, at="false_at", where=f"{FALSEHOODS} > 0", about="sessions in which that was first found that day"
    )
    streams_false_twice = Count(Stream, at="false_at", where=f"{FALSEHOODS} >= 2", about="of those, twice or more")
    streams_false_thrice = Count(
        Stream, at="false_at", where=f"{FALSEHOODS} >= 3", about="of those, three times or more"
    )

    videos_false_14d = Windowed("videos_false", 14, about="videos_false of fourteen days")
    streams_false_14d = Windowed("streams_false", 14, about="streams_false of fourteen days")
    twice_14d = Windowed("streams_false_twice", 14, about="streams_false_twice of fourteen days")
    thrice_14d = Windowed("streams_false_thrice", 14, about="streams_false_thrice of fourteen days")
    paid_minor_30d = Windowed("paid_minor", 30, type=MONEY, about="paid_minor of thirty days")
    commission_14d = Windowed("commission_minor", 14, type=MONEY, about="commission_minor of fourteen days")
    commission_30d = Windowed("commission_minor", 30, type=MONEY, about="commission_minor of thirty days")
    paid_30d = Windowed("orders_paid", 30, about="orders_paid of thirty days")
    asked_30d = Windowed("orders_asked", 30, about="orders_asked of thirty days")
    complained_30d = Windowed("orders_complained", 30, about="orders_complained of thirty days")
    due_30d = Windowed("orders_due", 30, about="orders_due of thirty days")
    late_30d = Windowed("orders_late", 30, about="orders_late of thirty days")
    signed_30d = Windowed("orders_signed", 30, about="orders_signed of thirty days")
    quality_30d = Windowed("orders_quality", 30, about="orders_quality of thirty days")
    reviews_30d = Windowed("reviews", 30, about="reviews of thirty days")
    rating_sum_30d = Windowed("rating_sum", 30, about="rating_sum of thirty days")
    reviews_bad_30d = Windowed("reviews_bad", 30, about="reviews_bad of thirty days")
