"""The creator: who brings consumers to goods and answers for what was said, and the goods it was counted to sell."""

from __future__ import annotations

from typing import ClassVar

from goldline.core.facts.merge import FactType, First, FirstAt, Latest
from goldline.core.facts.subject import Subject
from goldline.market.label import all_set, expiry, lifted, since, until

NUMBER, TEXT = FactType.NUMBER, FactType.TEXT


class Creator(Subject):
    """One creator."""

    kind = "creator"
    key = "creator_id"
    beside: ClassVar[dict[str, tuple[str, ...]]] = {"misleading_from": ("labels",)}

    registered_at = FirstAt("creator.registered", about="when it joined")
    name = Latest("creator.registered", "name", TEXT, about="its name")
    zone = Latest("creator.registered", "zone", TEXT, about="its time zone")
    labels = all_set("creator")
    misleading_from = since("creator", "misleading")
    misleading_expires = expiry("creator", "misleading")
    misleading_lifted_at = lifted("creator", "misleading")
    misleading_until = until("misleading")


class Assortment(Subject):
    """The goods one creator promoted over thirty days, counted once. The first count of an id stands."""

    kind = "assortment"
    key = "assortment_id"
    within = "creator_id"
    parties: ClassVar[dict[str, str]] = {"creator": "creator_id"}

    creator_id = First("creator.goods_counted", "creator_id", TEXT, about="who promoted them")
    counted_at = FirstAt("creator.goods_counted", about="when they were counted")
    until = First("creator.goods_counted", "until", FactType.INSTANT, about="the end of the thirty days")
    shops = First("creator.goods_counted", "shops", NUMBER, about="shops whose goods were sold")
    bad_shops = First("creator.goods_counted", "bad_shops", NUMBER, about="of those, bad ones")
    orders = First("creator.goods_counted", "orders", NUMBER, about="orders of those goods")
    bad_orders = First("creator.goods_counted", "bad_orders", NUMBER, about="of those, bad ones")
