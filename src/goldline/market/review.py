"""The review: what a consumer thought of an order."""

from __future__ import annotations

from typing import ClassVar

from goldline.core.facts.merge import FactType, First, FirstAt, Latest
from goldline.core.facts.subject import Subject
from goldline.market import aspect

NUMBER, TEXT = FactType.NUMBER, FactType.TEXT


class Review(Subject):
    """One review of one order; the last of its id counts."""

    kind = "review"
    key = "review_id"
    within = "order_id"
    parties: ClassVar[dict[str, str]] = {"merchant": "merchant_id"}

    order_id = First("order.reviewed", "order_id", TEXT, about="the order it is about")
    merchant_id = First("order.reviewed", "merchant_id", TEXT, about="who sold")
    creator_id = First("order.reviewed", "creator_id", TEXT, about="who brought the consumer to the goods")
    product_id = First("order.reviewed", "product_id", TEXT, about="what was bought, where it is one product")
    content_id = First("order.reviewed", "content_id", TEXT, about="the video or stream that brought the consumer")
    lot_id = First("order.reviewed", "lot_id", TEXT, about="the lot the goods were taken from")
    zone = First("order.reviewed", "zone", TEXT, about="the merchant's time zone")
    reviewed_at = FirstAt("order.reviewed", about="when it was first given")
    defect = Latest("order.reviewed", "text", TEXT, read=aspect.defect, about="the gravest defect its words name")
    rating = Latest("order.reviewed", "rating", NUMBER, about="of the goods, 1 to 5")
    logistics = Latest("order.reviewed", "logistics", NUMBER, about="of the delivery, 1 to 5")
    service = Latest("order.reviewed", "service", NUMBER, about="of the service, 1 to 5")
