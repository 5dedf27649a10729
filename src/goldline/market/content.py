"""Content and live streams: what a creator published, what was seen of it, and what a person found."""

from __future__ import annotations

from typing import Any, ClassVar

from goldline.core.facts.merge import FactType, First, FirstAt, Greatest, LastAt, Latest, Union
from goldline.core.facts.subject import Subject
from goldline.market.hit import severest, standing
from goldline.market.label import all_set, expiry, lifted, since, until

NUMBER, TEXT = FactType.NUMBER, FactType.TEXT
FALSE: dict[str, str | tuple[str, ...]] = {"kind": ("basic_facts", "effects", "fulfilment")}
SHARED: dict[str, str | tuple[str, ...]] = {"pool": ("quality", "exploration")}
HELD_OUT: dict[str, str | tuple[str, ...]] = {"pool": "held_out"}
# What was found and stands, of a subject with `false_found` and `false_cleared`; for counting by day.
FALSEHOODS = "cardinality(ARRAY(SELECT unnest(false_found) EXCEPT SELECT unnest(false_cleared)))"


def _first(name: str, field: str, *, about: str) -> Any:
    return First(f"{name}.violation_found", field, TEXT, where=FALSE, about=about)


class Content(Subject):
    """One video, or pictures with text, of one creator."""

    kind = "content"
    key = "content_id"
    within = "creator_id"
    swept_as = "content.swept"
    parties: ClassVar[dict[str, str]] = {"creator": "creator_id"}
    beside: ClassVar[dict[str, tuple[str, ...]]] = {
        "hits": ("screened",), "severity": ("screened",), "misleading_from": ("labels",), "excellent_from": ("labels",),
    }  # fmt: skip

    creator_id = First("content.published", "creator_id", TEXT, about="whose it is")
    published_at = FirstAt("content.published", about="when it was first published")
    last_published_at = LastAt("content.published", about="when it was last published")
    form = Latest("content.published", "kind", TEXT, about="'video' or 'pictures'")
    caption = Latest("content.published", "caption", TEXT, about="its caption")
    listings = Union("content.published", "content_id", "listings", about="the listings it led to, each time it was")
    zone = Latest("content.published", "zone", TEXT, about="the creator's time zone")
    withdrawn_at = LastAt("content.withdrawn", about="when it was last withdrawn")
    withdrawn_by = Latest("content.withdrawn", "by", TEXT, about="who withdrew it: creator or platform")

    screened_at = LastAt("content.screened", about="when its texts were last looked through")
    lexicon = Latest("content.screened", "lexicon", TEXT, about="the version of the lexicon of that look")
    hits = Latest("content.screened", "evidence", NUMBER, read=standing, about="hits that stand, at that look")
    severity = Latest("content.screened", "evidence", NUMBER, read=severest, about="severity of the worst, 0 for none")
    screened = Union("content.screened", "lexicon", "evidence", about="every look: the lexicon and its hits")

    false_at = FirstAt("content.violation_found", where=FALSE, about="when it was first found to say what is not so")
    false_of = _first("content", "creator_id", about="whose words those were")
    false_zone = _first("content", "zone", about="the time zone of that day")
    false_found = Union("content.violation_found", "violation_id", where=FALSE, about="what was found not to be so")
    false_cleared = Union("content.violation_cleared", "violation_id", about="what of it does not stand")

    graded_at = LastAt("content.graded", about="when it was last graded by the code-book")
    codebook = Latest("content.graded", "codebook", TEXT, about="the version of the code-book it was graded by")
    honest = Latest("content.graded", "honest", NUMBER, about="hundredths of a level, 100 to 500: honest")
    credible = Latest("content.graded", "credible", NUMBER, about="the same: credible")
    professional = Latest("content.graded", "professional", NUMBER, about="the same: professional")
    engaging = Latest("content.graded", "engaging", NUMBER, about="the same: engaging")
    boosted_at = FirstAt("content.boosted", where=SHARED, about="when it first got a share of extra traffic")
    held_out_at = FirstAt("content.boosted", where=HELD_OUT, about="when it was first held out to measure the others")
    boosts = Union("content.boosted", "day", "pool", "showings", "why", about="every day's share of extra traffic")

    labels = all_set("content")
    misleading_from = since("content", "misleading")
    misleading_expires = expiry("content", "misleading")
    misleading_lifted_at = lifted("content", "misleading")
    misleading_until = until("misleading")
    excellent_from = since("content", "excellent")
    excellent_expires = expiry("content", "excellent")
    excellent_lifted_at = lifted("content", "excellent")
    excellent_until = until("excellent")


class Stream(Subject):
    """One live session of one creator. What was found in it names the seconds it was said in."""

    kind = "stream"
    key = "stream_id"
    within = "creator_id"
    parties: ClassVar[dict[str, str]] = {"creator": "creator_id"}
    beside: ClassVar[dict[str, tuple[str, ...]]] = {"severity": ("segments",), "false_at": ("findings",)}

    creator_id = First("stream.started", "creator_id", TEXT, about="whose it is")
    started_at = FirstAt("stream.started", about="when it began")
    ended_at = FirstAt("stream.ended", about="when it ended")
    cut = First("stream.ended", "cut", TEXT, about="'by_platform' where it was cut off")
    title = First("stream.started", "title", TEXT, about="its title")
    listings = Union("stream.started", "stream_id", "listings", about="the listings it led to")
    zone = First("stream.started", "zone", TEXT, about="the creator's time zone")

    screened_at = LastAt("stream.segment_screened", about="when a segment was last listened to")
    severity = Greatest(
        "stream.segment_screened", "evidence", NUMBER, read=severest, about="severity of the worst hit in any segment"
    )
    segments = Union(
        "stream.segment_screened", "segment_id", "start_s", "end_s", "lexicon", "evidence",
        about="every segment: its seconds, the lexicon and its hits",
    )  # fmt: skip

    false_at = FirstAt("stream.violation_found", where=FALSE, about="when something in it was first found not to be so")
    false_of = _first("stream", "creator_id", about="whose words those were")
    false_zone = _first("stream", "zone", about="the time zone of that day")
    false_found = Union("stream.violation_found", "violation_id", where=FALSE, about="what was found not to be so")
    findings = Union(
        "stream.violation_found", "violation_id", "kind", "start_s", "end_s", "text",
        about="what was found, of what kind, in which seconds",
    )  # fmt: skip
    false_cleared = Union("stream.violation_cleared", "violation_id", about="what of it does not stand")
