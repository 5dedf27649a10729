"""Pages of the draft checker. Nothing that is pasted here is kept, and nothing follows from it."""

from __future__ import annotations

import time
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from goldline.core.errors import GoldlineError
from goldline.core.member import OPERATOR_ROLES
from goldline.market.quality.grade import Known, grade
from goldline.market.screening.evidence import Setting, setting
from goldline.market.screening.lexicon import SEVERITIES, Clause, Term, shipped
from goldline.market.screening.screen import desk
from goldline.surfaces.draft import wording
from goldline.surfaces.draft.marking import gravity, marked
from goldline.surfaces.web.access import Access, Room, access_of
from goldline.surfaces.web.throttle import Throttle
from goldline.surfaces.workbench.view import PAGES

# For everybody whose role may check a draft: creators, merchants and operators.
ROOM: Final = Room("draft", lambda _access: True)
LENGTH_MOST: Final = 20_000
THROTTLE: Final = Throttle(burst=60, per_s=4.0)  # a page that is live asks at every pause in typing


@ROOM.tries("draft.read")
def check(request: HttpRequest) -> HttpResponse:
    """A text and what was found in it; the found part alone when the page asks as one types."""
    access = access_of(request)
    text = request.POST.get("text", "").replace("\r\n", "\n")
    wait_s = THROTTLE.wait_s(access.actor.name, time.monotonic()) if text else 0
    if wait_s:
        found: dict[str, Any] = {"fault": _("You check faster than we read. Wait a moment.")}
    elif len(text) > LENGTH_MOST:
        found = {"fault": _("The text is too long. Check it in parts of at most 20,000 characters.")}
    else:
        found = _found(request, text) if text.strip() else {}
    status = 429 if wait_s else 413 if "fault" in found else 200
    if getattr(request, "htmx", False):
        return render(request, "draft/found.html", found)  # 200: the page shows the fault in place
    chosen = {"kind": request.POST.get("kind", "transcript"), "category": request.POST.get("category", "")}
    shared = {
        "workbench_pages": _pages(access),
        "here": "draft:check",
        "operator": access.role in OPERATOR_ROLES,
        "creator": access.role == "creator",
    }
    shared |= {"kinds": wording.KINDS, "goods": wording.GOODS, "length_most": LENGTH_MOST}
    response = render(request, "draft/check.html", {**shared, **found, "draft": text, "chosen": chosen}, status=status)
    if wait_s:
        response.headers["Retry-After"] = str(wait_s)
    return response


def _found(request: HttpRequest, text: str) -> dict[str, Any]:
    try:
        asked = _setting(request)
    except GoldlineError as fault:
        return {"fault": fault.told}
    answer = desk().screen().one(text, asked)
    numbered = list(enumerate(answer.evidence, 1))
    standing = sorted((pair for pair in numbered if pair[1].status == "stands"), key=lambda pair: gravity(pair[1]))
    worst = max((SEVERITIES.index(pair[1].term.severity) + 2 for pair in standing), default=0)
    return {
        "grades": grade(text, Known(hits=worst)),
        "pieces": marked(text, answer.evidence), "standing": standing[::-1], "lexicon": answer.lexicon,
        "excused": [pair for pair in numbered if pair[1].status == "excused"],
    }  # fmt: skip


def _setting(request: HttpRequest) -> Setting:
    return setting(request.POST.get("kind") or "transcript", "seller", request.POST.get("category") or None)


def _pages(access: Access) -> tuple[tuple[str, object], ...]:
    """A merchant's other pages; a creator has none yet, and an operator the console."""
    return PAGES if access.role == "merchant" else ()


@require_safe
def norms(request: HttpRequest) -> HttpResponse:
    """The laws the checker reads by and the words it looks for, for anybody."""
    groups: dict[str, list[Term]] = {}
    for term in shipped().terms:
        groups.setdefault(term.category, []).append(term)
    clauses: dict[str, list[Clause]] = {
        name: list({term.clause.id: term.clause for term in terms}.values()) for name, terms in groups.items()
    }
    told = [(name, terms, clauses[name]) for name, terms in groups.items()]
    return render(request, "draft/norms.html", {"groups": told, "version": shipped().version})
