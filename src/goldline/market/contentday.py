"""The content-day: what became of the orders that one video or stream brought, on one day."""

from __future__ import annotations

from typing import ClassVar

from goldline.core.facts.merge import Count, DayEnd, Label, Windowed
from goldline.core.facts.subject import Aggregate
from goldline.market.order import Order
from goldline.market.review import Review


class ContentDay(Aggregate):
    """Counts over the orders one piece of content brought, each on the day of the time it is counted by."""

    kind = "content_day"
    key = "content_day_id"
    owners: ClassVar[dict[str, str]] = {"order": "content_id", "review": "content_id"}
    zones: ClassVar[dict[str, str]] = {"order": "zone", "review": "zone"}
    parties: ClassVar[dict[str, str]] = {"creator": "creator_id"}

    ends_at = DayEnd(about="the midnight that ends the day")
    creator_id = Label(Order, "creator_id", about="whose content it is")
    orders_paid = Count(Order, at="paid_at", about="orders paid that day")
    orders_asked = Count(Order, at="paid_at", where="refund_asked_at IS NOT NULL", about="of those, asked back since")
    orders_refunded = Count(Order, at="paid_at", where="refund_approved_at IS NOT NULL", about="of those, refunded")
    orders_complained = Count(Order, at="paid_at", where="complained_at IS NOT NULL", about="of those, complained of")
    orders_signed = Count(Order, at="delivered_at", where="signed_at IS NOT NULL", about="orders delivered that day")
    orders_quality = Count(
        Order, at="delivered_at", where="signed_at IS NOT NULL AND refund_ground = 'quality'",
        about="of those, first asked back for their quality",
    )  # fmt: skip
    reviews = Count(Review, at="reviewed_at", about="reviews given that day")
    reviews_bad = Count(Review, at="reviewed_at", where="rating <= 2", about="of those reviews, one or two stars")

    paid_14d = Windowed("orders_paid", 14, about="orders_paid of fourteen days")
    refunded_14d = Windowed("orders_refunded", 14, about="orders_refunded of fourteen days")
    signed_14d = Windowed("orders_signed", 14, about="orders_signed of fourteen days")
    quality_14d = Windowed("orders_quality", 14, about="orders_quality of fourteen days")
    reviews_14d = Windowed("reviews", 14, about="reviews of fourteen days")
    reviews_bad_14d = Windowed("reviews_bad", 14, about="reviews_bad of fourteen days")
