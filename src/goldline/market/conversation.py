"""The conversation: a consumer and a merchant's service."""

from __future__ import annotations

from typing import ClassVar

from goldline.core.facts.merge import FactType, First, FirstAt, Latest
from goldline.core.facts.subject import Subject
from goldline.market import aspect

NUMBER, TEXT = FactType.NUMBER, FactType.TEXT


class Conversation(Subject):
    """One conversation, told when it has ended."""

    kind = "conversation"
    key = "conversation_id"
    within = "merchant_id"
    parties: ClassVar[dict[str, str]] = {"merchant": "merchant_id"}

    merchant_id = First("conversation.closed", "merchant_id", TEXT, about="whose service it was")
    order_id = First("conversation.closed", "order_id", TEXT, about="the order it was about")
    product_id = First("conversation.closed", "product_id", TEXT, about="the goods it was about")
    defect = Latest(
        "conversation.closed", "text", TEXT, read=aspect.defect, about="the gravest defect the consumer's words name"
    )
    zone = First("conversation.closed", "zone", TEXT, about="the merchant's time zone")
    closed_at = FirstAt("conversation.closed", about="when it ended")
    turns = Latest("conversation.closed", "turns", NUMBER, about="the consumer's turns that a human had to answer")
    reply_s = Latest("conversation.closed", "reply_s", NUMBER, about="seconds those waited, in all")
    rating = Latest("conversation.closed", "rating", NUMBER, about="the consumer's, 1 to 5")
