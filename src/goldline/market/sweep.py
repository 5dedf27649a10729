"""The events of a campaign's sweeps: what one found, told once for each campaign and thing found."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from goldline.core.facts.event import Data, Id, event

Seen = Annotated[
    dict[str, str | None],
    Meta(max_length=100, description="The facts the campaign reads, as the sweep saw them."),
]


@event("listing.swept", root="merchant_id")
class ListingSwept(Data):
    """The sweep of a campaign found a listing to meet its criteria. Later changes of the listing unsay nothing."""

    merchant_id: Id
    swept_id: Id
    campaign: Id
    listing_id: Id
    seen: Seen


@event("content.swept", root="creator_id")
class ContentSwept(Data):
    """The sweep of a campaign found a video, or pictures with text, to meet its criteria."""

    creator_id: Id
    swept_id: Id
    campaign: Id
    content_id: Id
    seen: Seen
