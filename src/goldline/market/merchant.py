"""The merchant: who sells, and answers for it."""

from __future__ import annotations

from goldline.core.facts.merge import FactType, FirstAt, Latest
from goldline.core.facts.subject import Subject


class Merchant(Subject):
    """One shop."""

    kind = "merchant"
    key = "merchant_id"

    registered_at = FirstAt("merchant.registered", about="when it joined")
    name = Latest("merchant.registered", "name", FactType.TEXT, about="its name")
    zone = Latest("merchant.registered", "zone", FactType.TEXT, about="its time zone")
    industry = Latest("merchant.registered", "industry", FactType.TEXT, about="what it mainly sells")
