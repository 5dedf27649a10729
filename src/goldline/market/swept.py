"""What a campaign's sweep found: one subject for each campaign and listing or content, whatever becomes of it later."""

from __future__ import annotations

from typing import ClassVar

from goldline.core.facts.merge import FactType, First, FirstAt, Union
from goldline.core.facts.subject import Subject

TEXT = FactType.TEXT


class SweptListing(Subject):
    """A listing that met the criteria of a campaign when its sweep came by. Its merchant answers for it."""

    kind = "swept_listing"
    key = "swept_id"
    within = "merchant_id"
    parties: ClassVar[dict[str, str]] = {"merchant": "merchant_id"}
    beside: ClassVar[dict[str, tuple[str, ...]]] = {"campaign": ("listing_id", "seen")}

    merchant_id = First("listing.swept", "merchant_id", TEXT, about="who sells it")
    campaign = First("listing.swept", "campaign", TEXT, about="the campaign, as <pack>.<id>")
    listing_id = First("listing.swept", "listing_id", TEXT, about="the listing")
    found_at = FirstAt("listing.swept", about="when the sweep found it")
    seen = Union("listing.swept", "campaign", "seen", about="the facts the campaign reads, as they were")


class SweptContent(Subject):
    """A video, or pictures with text, that met the criteria of a campaign. Its creator answers for it."""

    kind = "swept_content"
    key = "swept_id"
    within = "creator_id"
    parties: ClassVar[dict[str, str]] = {"creator": "creator_id"}
    beside: ClassVar[dict[str, tuple[str, ...]]] = {"campaign": ("content_id", "seen")}

    creator_id = First("content.swept", "creator_id", TEXT, about="whose it is")
    campaign = First("content.swept", "campaign", TEXT, about="the campaign, as <pack>.<id>")
    content_id = First("content.swept", "content_id", TEXT, about="the content")
    found_at = FirstAt("content.swept", about="when the sweep found it")
    seen = Union("content.swept", "campaign", "seen", about="the facts the campaign reads, as they were")
