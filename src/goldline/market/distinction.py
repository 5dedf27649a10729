"""The events of good content: how it was graded by the code-book, and what share of a day's extra traffic it got."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from goldline.core.facts.event import Data, Id, Text, event
from goldline.market.publication import Count

Points = Annotated[int, Meta(ge=100, le=500, description="Hundredths of a level: 100 to 500.")]
Day = Annotated[str, Meta(pattern=r"\A\d{4}-\d{2}-\d{2}\Z", description="A civil day: 2026-08-01.")]
Pool = Literal["quality", "exploration", "held_out", "vetoed"]


@event("content.graded", root="creator_id")
class ContentGraded(Data):
    """Content was graded by the four values of a code-book. The last grade counts; it is evidence, never a verdict."""

    creator_id: Id
    content_id: Id
    codebook: Id
    honest: Points
    credible: Points
    professional: Points
    engaging: Points


@event("content.boosted", root="creator_id")
class ContentBoosted(Data):
    """A day's extra traffic was shared, and this is what one piece of content got: of which pool, how many showings.

    What was held out got none and is the measure of the others; what was vetoed got none, and `why` says what for.
    """

    creator_id: Id
    content_id: Id
    day: Day
    pool: Pool
    showings: Count
    why: Text | None = None
