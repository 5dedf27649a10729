"""The events of what creators publish: content, live streams with their segments, what was seen of them, labels.

All events of a creator's content lie with the creator's.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from goldline.core.facts.event import Data, Id, Text, Time, event
from goldline.market.hit import Evidence
from goldline.market.label import Label

Offered = Annotated[list[Id], Meta(max_length=500, description="The listings it leads to.")]
Second = Annotated[int, Meta(ge=0, le=1_000_000, description="Whole seconds from its beginning.")]
Count = Annotated[int, Meta(ge=0, le=1_000_000_000)]
Falsehood = Literal["basic_facts", "effects", "fulfilment", "low_quality", "other"]


@event("creator.registered", root="creator_id")
class CreatorRegistered(Data):
    """A creator joined, or changed name or time zone."""

    creator_id: Id
    name: Text
    zone: Id | None = None


@event("creator.labelled", root="creator_id")
class CreatorLabelled(Data):
    """A label was set on a creator, with its reason, and for how long."""

    creator_id: Id
    label: Label
    reason: Text
    by: Text
    until: Time | None = None


@event("creator.label_lifted", root="creator_id")
class CreatorLabelLifted(Data):
    """A label of a creator was lifted."""

    creator_id: Id
    label: Label
    reason: Text
    by: Text


@event("creator.goods_counted", root="creator_id")
class CreatorGoodsCounted(Data):
    """The goods a creator promoted in the thirty days up to `until` were counted: shops and orders, and the bad ones.

    What makes an order or a shop bad is the marketplace's to say.
    """

    creator_id: Id
    assortment_id: Id
    until: Time
    shops: Count
    bad_shops: Count
    orders: Count
    bad_orders: Count

    def __post_init__(self) -> None:
        """Check what a pattern cannot say."""
        if self.bad_shops > self.shops or self.bad_orders > self.orders:
            raise ValueError("There are no more bad shops or orders than there are of them")


@event("content.published", root="creator_id")
class ContentPublished(Data):
    """A creator published a video, or pictures with text. Published again, it is there again."""

    creator_id: Id
    content_id: Id
    kind: Literal["video", "pictures"] = "video"
    caption: Text | None = None
    listings: Offered | None = None
    zone: Id | None = None


@event("content.withdrawn", root="creator_id")
class ContentWithdrawn(Data):
    """Content is no longer shown to others."""

    creator_id: Id
    content_id: Id
    by: Literal["creator", "platform"] = "creator"
    reason: Text | None = None


@event("content.screened", root="creator_id")
class ContentScreened(Data):
    """The texts of content were looked through. What was found is evidence; the last look counts."""

    creator_id: Id
    content_id: Id
    evidence: Evidence
    lexicon: Id


@event("content.violation_found", root="creator_id")
class ContentViolationFound(Data):
    """A person found content to say what is not so: of basic facts, of effects, of what will be delivered."""

    creator_id: Id
    content_id: Id
    violation_id: Id
    kind: Falsehood
    text: Text | None = None
    zone: Id | None = None


@event("content.violation_cleared", root="creator_id")
class ContentViolationCleared(Data):
    """What was found of content does not stand."""

    creator_id: Id
    content_id: Id
    violation_id: Id


@event("content.labelled", root="creator_id")
class ContentLabelled(Data):
    """A label was set on content, with its reason, and for how long."""

    creator_id: Id
    content_id: Id
    label: Label
    reason: Text
    by: Text
    until: Time | None = None


@event("content.label_lifted", root="creator_id")
class ContentLabelLifted(Data):
    """A label of content was lifted."""

    creator_id: Id
    content_id: Id
    label: Label
    reason: Text
    by: Text


@event("stream.started", root="creator_id")
class StreamStarted(Data):
    """A creator went live: a session begins."""

    creator_id: Id
    stream_id: Id
    title: Text | None = None
    listings: Offered | None = None
    zone: Id | None = None


@event("stream.segment_screened", root="creator_id")
class StreamSegmentScreened(Data):
    """One segment of a session was listened to: what was found in it is evidence."""

    creator_id: Id
    stream_id: Id
    segment_id: Id
    start_s: Second
    end_s: Second
    evidence: Evidence
    lexicon: Id

    def __post_init__(self) -> None:
        """Check what a pattern cannot say."""
        if self.end_s < self.start_s:
            raise ValueError("A segment ends no earlier than it starts")


@event("stream.violation_found", root="creator_id")
class StreamViolationFound(Data):
    """A person found what was said in a segment of a session not to be so."""

    creator_id: Id
    stream_id: Id
    violation_id: Id
    kind: Falsehood
    start_s: Second
    end_s: Second
    text: Text | None = None
    zone: Id | None = None


@event("stream.violation_cleared", root="creator_id")
class StreamViolationCleared(Data):
    """What was found of a session does not stand."""

    creator_id: Id
    stream_id: Id
    violation_id: Id


@event("stream.ended", root="creator_id")
class StreamEnded(Data):
    """A session ended."""

    creator_id: Id
    stream_id: Id
    cut: Literal["no", "by_platform"] = "no"
