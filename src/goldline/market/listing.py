"""The listing: what a merchant offers, whether it may, what was seen of it and what its buyers' evidence says."""

from __future__ import annotations

from typing import Any, ClassVar

from goldline.core.facts.merge import FactType, First, FirstAt, Greatest, Inherited, LastAt, Latest, Union
from goldline.core.facts.subject import Subject
from goldline.market.hit import severest, standing
from goldline.market.label import all_set, expiry, lifted, since, until
from goldline.market.merchant import Merchant

MONEY, NUMBER, TEXT = FactType.MONEY, FactType.NUMBER, FactType.TEXT
DESCRIBED = ("listing.published", "listing.changed")
EVADED: dict[str, str | tuple[str, ...]] = {"kind": "admission_evaded"}
SAFETY: dict[str, str | tuple[str, ...]] = {"ground": "safety"}


def _described(field: str, type_: FactType, *, about: str) -> Any:
    """A field as last described: a change names only what it changes."""
    return Latest(DESCRIBED, field, type_, known=True, about=about)


class Listing(Subject):
    """One listing of one merchant; orders name it as their product."""

    kind = "listing"
    key = "listing_id"
    within = "merchant_id"
    swept_as = "listing.swept"
    parties: ClassVar[dict[str, str]] = {"merchant": "merchant_id"}
    beside: ClassVar[dict[str, tuple[str, ...]]] = {
        "hits": ("screened",), "mismatches": ("checked",), "intercepted_at": ("alarms",), "unsafe_from": ("labels",),
        "defective_from": ("labels",),
    }  # fmt: skip

    merchant_id = First("listing.published", "merchant_id", TEXT, about="who sells it")
    listing_id = First("listing.published", "listing_id", TEXT, about="its own id, as orders name it")
    published_at = FirstAt("listing.published", about="when it was first offered")
    offered_at = LastAt(*DESCRIBED, about="when it was last offered or changed")
    withdrawn_at = LastAt("listing.withdrawn", about="when it was last withdrawn")
    withdrawn_by = Latest("listing.withdrawn", "by", TEXT, about="who withdrew it: merchant or platform")
    title = _described("title", TEXT, about="its title")
    category = _described("category", TEXT, about="what kind of goods, as the rules name it")
    brand = _described("brand", TEXT, about="the brand it declares")
    price = _described("price_minor", MONEY, about="its price")
    currency = _described("currency", TEXT, about="the currency of its price")
    entry = _described("entry", TEXT, about="how one comes to sell in the category: open, approval or invitation")
    admitted = _described("admitted", TEXT, about="'yes' where the merchant was let into the category")

    food_until = Inherited(Merchant, "food_until")
    drug_until = Inherited(Merchant, "drug_until")
    medical_device_until = Inherited(Merchant, "medical_device_until")
    cosmetics_until = Inherited(Merchant, "cosmetics_until")
    publication_until = Inherited(Merchant, "publication_until")
    alcohol_until = Inherited(Merchant, "alcohol_until")
    brand_until = Inherited(Merchant, "brand_until")

    screened_at = LastAt("listing.screened", about="when its texts were last looked through")
    hits = Latest("listing.screened", "evidence", NUMBER, read=standing, about="hits that stand, at that look")
    severity = Latest("listing.screened", "evidence", NUMBER, read=severest, about="severity of the worst, 0 for none")
    screened = Union("listing.screened", "lexicon", "evidence", about="every look: the lexicon and its hits")
    mismatches = Latest("listing.checked", "evidence", NUMBER, read=standing, about="what the last check held against")
    checked_at = LastAt("listing.checked", about="when it was last checked against itself")
    checked = Union("listing.checked", "checks", "evidence", about="every check and what it held against")

    evasion_found_at = FirstAt("listing.violation_found", where=EVADED, about="found: it evades admission")
    evasion_found = Union("listing.violation_found", "violation_id", where=EVADED, about="every such finding")
    evasion_cleared_at = LastAt("listing.violation_cleared", where=EVADED, about="when such a finding was last cleared")

    intercepted_at = FirstAt("listing.intercepted", about="when its buyers' evidence first raised the alarm")
    intercepted_last_at = LastAt("listing.intercepted", about="when it last did")
    danger_at = FirstAt("listing.intercepted", where=SAFETY, about="when somebody first told of a danger")
    interception_lifted_at = LastAt("listing.interception_lifted", about="when a person last lifted the alarm")
    aspect = Latest("listing.intercepted", "aspect", TEXT, about="what is wrong, by the last alarm")
    cases = Greatest("listing.intercepted", "cases", NUMBER, about="the most buyers that any alarm counted")
    alarms = Union(
        "listing.intercepted", "alarm_id", "ground", "aspect", "lot_id", "cases", "orders", "statistic", "limit",
        about="every alarm with its ground, its figures and the lot",
    )  # fmt: skip

    labels = all_set("listing")
    unsafe_from = since("listing", "unsafe")
    unsafe_expires = expiry("listing", "unsafe")
    unsafe_lifted_at = lifted("listing", "unsafe")
    unsafe_until = until("unsafe")
    defective_from = since("listing", "defective")
    defective_expires = expiry("listing", "defective")
    defective_lifted_at = lifted("listing", "defective")
    defective_until = until("defective")
