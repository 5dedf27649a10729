"""The notice: what is declared once for many orders, a shift of their time to ship or a stop of their clocks."""

from __future__ import annotations

from goldline.core.facts.merge import FactType, First, FirstAt
from goldline.core.facts.subject import Subject


class Notice(Subject):
    """One notice. Its terms are those of its first publication: it is never edited, only withdrawn."""

    kind = "notice"
    key = "notice_id"
    announces = True

    published_at = FirstAt("notice.published", about="when it was published")
    terms = First(
        "notice.published",
        "kind,regions,merchants,categories,paid_from,paid_until,due_from,due_until,ship_by,hours,reason,clause",
        FactType.TEXT,
        about="what it does, whom it covers and why, as one JSON array",
    )
    withdrawn_at = FirstAt("notice.withdrawn", about="when it was withdrawn")
