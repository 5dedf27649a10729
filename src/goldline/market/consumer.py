"""The consumer: who buys. Several accounts of one person are one group; a benefit may be withdrawn from an abuser."""

from __future__ import annotations

from goldline.core.facts.merge import FactType, FirstAt, LastAt, Latest
from goldline.core.facts.subject import Subject


class Consumer(Subject):
    """One account that buys."""

    kind = "consumer"
    key = "consumer_id"
    looked_up_by = ("key", "group_id")

    linked_at = FirstAt("consumer.linked", about="when it was first linked to others")
    group_id = Latest("consumer.linked", "group_id", FactType.TEXT, about="the group of accounts it belongs to")
    linked_by = Latest("consumer.linked", "by", FactType.TEXT, about="what links it to them")
    restricted_at = LastAt("consumer.restricted", about="when benefits were last withdrawn from it")
    restricted_why = Latest("consumer.restricted", "reason", FactType.TEXT, about="why they were")
    released_at = LastAt("consumer.released", about="when they were last given back")
