"""The ticket: a matter the platform puts before a merchant, to be answered by a time."""

from __future__ import annotations

from typing import ClassVar

from goldline.core.facts.merge import FactType, First, FirstAt, Latest
from goldline.core.facts.subject import Subject

INSTANT, TEXT = FactType.INSTANT, FactType.TEXT


class Ticket(Subject):
    """One ticket of one merchant. Told anew with another time, the later word counts."""

    kind = "ticket"
    key = "ticket_id"
    within = "merchant_id"
    parties: ClassVar[dict[str, str]] = {"merchant": "merchant_id"}

    merchant_id = First("ticket.opened", "merchant_id", TEXT, about="who has to answer")
    order_id = First("ticket.opened", "order_id", TEXT, about="the order it is about")
    zone = First("ticket.opened", "zone", TEXT, about="the merchant's time zone")
    opened_at = FirstAt("ticket.opened", about="when the platform opened it")
    answer_by = Latest("ticket.opened", "answer_by", INSTANT, about="by when it is to be answered")
    answered_at = FirstAt("ticket.answered", about="when the merchant answered")
