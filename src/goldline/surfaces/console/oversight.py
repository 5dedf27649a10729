"""Oversight: what waits for a second person, and the trail of who changed what."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from goldline.core import approval, audit
from goldline.core.approval import Approval
from goldline.surfaces import countersign
from goldline.surfaces.console.access import May, access_of, looks
from goldline.surfaces.console.frame import show, text
from goldline.surfaces.web.engine import engine, engine_now
from goldline.surfaces.web.templatetags.present import money

PAGE = 50
OPERATIONS: Mapping[str, Any] = {
    "remedy.release": _("Release held remedies"),
    "breaker.release": _("Release a breaker"),
    "policy.publish": _("Publish policies"),
    "overturn.begin": _("Take findings back in mass"),
}


@looks("approval.read")
def approvals(request: HttpRequest) -> HttpResponse:
    """What was asked for, those that wait first; a form for whoever may decide and did not ask."""
    connection = engine()
    access = access_of(request)
    rows = [
        _shown(each, access.role, access.actor.name) for each in approval.approvals(connection, engine_now(connection))
    ]
    return show(
        request, "console/approvals.html", "console:approvals", rows=rows, needed=countersign.needed(connection)
    )


def _shown(asked: Approval, role: str, name: str) -> dict[str, Any]:
    amounts = [each.split() for each in asked.payload.get("amounts", ())]
    own = asked.requested_by.casefold() == name.casefold()
    may = May(role)
    return {
        "asked": asked,
        "title": OPERATIONS.get(asked.operation, asked.operation),
        "amounts": [money(int(amount), currency) for currency, amount in amounts],
        "remedies": len(asked.payload.get("remedies", ())),
        "decidable": asked.state == "pending" and may["approval_decide"] and may[asked.operation],
        "own": own,
    }


@looks("audit.read")
def audit_trail(request: HttpRequest) -> HttpResponse:
    """Every change, newest first."""
    before = text(request, "before")
    if before and not (before.isascii() and before.isdigit() and int(before) < 2**63):
        raise Http404
    subject = text(request, "subject")
    found = audit.records(engine(), before=int(before) if before else None, subject=subject or None, limit=PAGE + 1)
    rows = [(each, _pairs(each.detail)) for each in found[:PAGE]]
    return show(
        request,
        "console/audit.html",
        "console:audit",
        rows=rows,
        subject=subject,
        next=found[PAGE - 1].seq if len(found) > PAGE else None,
    )


def _pairs(detail: str) -> list[tuple[str, str]]:
    pairs = json.loads(detail).items()
    return [(name, ", ".join(value) if isinstance(value, list) else str(value)) for name, value in pairs if value]
