"""The console's page of the lexicon: every term with its clause, where it applies, and what lets it pass."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from goldline.market.screening.lexicon import SEVERITIES, Term, shipped
from goldline.surfaces.console.access import looks
from goldline.surfaces.console.frame import show, text
from goldline.surfaces.draft.wording import CATEGORIES


@looks("lexicon.read")
def lexicon(request: HttpRequest) -> HttpResponse:
    """Terms by category, severity and word; a text is tested by the draft checker."""
    known = shipped()
    category = text(request, "category", known.categories)
    severity = text(request, "severity", SEVERITIES)
    word = text(request, "word")
    rows = [term for term in known.terms if _chosen(term, category, severity, word)]
    return show(
        request, "console/lexicon.html", "console:lexicon", rows=rows, total=len(known.terms), version=known.version,
        category=category, severity=severity, word=word, categories=known.categories, severities=SEVERITIES,
        named=CATEGORIES,
    )  # fmt: skip


def _chosen(term: Term, category: str, severity: str, word: str) -> bool:
    return (
        category in ("", term.category)
        and severity in ("", term.severity)
        and (not word or any(word.lower() in each.lower() for each in (term.id, *term.terms)))
    )
