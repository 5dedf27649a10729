"""The merchant: who sells, and answers for it."""

from __future__ import annotations

from typing import Any

from goldline.core.facts.merge import FactType, First, FirstAt, LastAt, Latest
from goldline.core.facts.subject import Subject
from goldline.market.merchandise import Licence


def _licence(kind: Licence, about: str) -> Any:
    """Until when a licence is good, by the last word on it."""
    return Latest("merchant.licensed", "valid_until", FactType.INSTANT, where={"licence": kind}, about=about)


class Merchant(Subject):
    """One shop."""

    kind = "merchant"
    key = "merchant_id"

    registered_at = FirstAt("merchant.registered", about="when it joined")
    name = Latest("merchant.registered", "name", FactType.TEXT, about="its name")
    zone = Latest("merchant.registered", "zone", FactType.TEXT, about="its time zone")
    industry = Latest("merchant.registered", "industry", FactType.TEXT, about="what it mainly sells")

    trial_from = LastAt("merchant.trial_begun", about="since when it sells on trial")
    trial_until = LastAt("merchant.trial_ended", about="when a trial last ended")
    trial_of = First("merchant.trial_ended", "merchant_id", FactType.TEXT, about="whose trial that was")
    food_until = _licence("food", "until when its food licence is good")
    drug_until = _licence("drug", "until when its licence for medicines is good")
    medical_device_until = _licence("medical_device", "until when its licence for medical devices is good")
    cosmetics_until = _licence("cosmetics", "until when its filing for cosmetics is good")
    publication_until = _licence("publication", "until when its licence for books is good")
    alcohol_until = _licence("alcohol", "until when its licence for alcohol is good")
    brand_until = _licence("brand", "until when the brand it sells lets it")
