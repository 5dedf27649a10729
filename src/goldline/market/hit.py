"""The hit: one piece of evidence that looking at a text, a picture or a listing gave. Evidence, never a verdict.

Whoever looks sends what it saw; rules decide what follows. Two figures of a list of hits are facts: how many stand, and
how severe the worst of those is.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

from msgspec import Meta, Struct

from goldline.core.facts.event import Id, Text

Severity = Annotated[int, Meta(ge=1, le=5, description="1 a matter of style to 5 a danger to people.")]
Offset = Annotated[int, Meta(ge=0, le=10_000_000, description="In code points of the text as it was written.")]


class Hit(Struct, frozen=True, omit_defaults=True):
    """One place of a text that a term of a lexicon was found at; `excused` where its context takes the sting out."""

    term: Id
    category: Id
    severity: Severity
    start: Offset
    end: Offset
    status: Literal["stands", "excused"] = "stands"
    text: Text | None = None
    clause: Text | None = None

    def __post_init__(self) -> None:
        """Check what a pattern cannot say."""
        if self.end < self.start:
            raise ValueError("A hit ends no earlier than it starts")


Evidence = Annotated[list[Hit], Meta(max_length=500)]


def standing(evidence: Iterable[Hit]) -> int:
    """How many hits stand."""
    return sum(hit.status == "stands" for hit in evidence)


def severest(evidence: Iterable[Hit]) -> int:
    """The severity of the worst hit that stands; 0 where none does."""
    return max((hit.severity for hit in evidence if hit.status == "stands"), default=0)
