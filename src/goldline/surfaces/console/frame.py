"""What every page of the console shares: its navigation, paging links and filters from the URL."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.dateparse import parse_date
from django.utils.translation import gettext_lazy as _

from goldline.surfaces.console.access import May, access_of
from goldline.surfaces.web.reading.page import Slice

PAGES = (
    ("console:overview", _("Overview"), "overview_read"),
    ("console:findings", _("Findings"), "finding_read"),
    ("console:orders", _("Orders"), "order_read"),
    ("console:accounts", _("Accounts"), "account_read"),
    ("console:goods", _("Goods"), "listing_read"),
    ("console:campaigns", _("Campaigns"), "campaign_read"),
    ("console:cases", _("Cases"), "case_read"),
    ("console:decisions", _("Decisions"), "decision_read"),
    ("console:duplicates", _("Duplicates"), "duplicate_read"),
    ("console:quality", _("Good content"), "incentive_read"),
    ("console:remedies", _("Held remedies"), "remedy_read"),
    ("console:deliveries", _("Deliveries"), "delivery_read"),
    ("console:endpoints", _("Endpoints"), "endpoint_read"),
    ("console:breakers", _("Breakers"), "breaker_read"),
    ("console:notices", _("Notices"), "notice_read"),
    ("console:quarantine", _("Quarantine"), "quarantine_read"),
    ("console:policies", _("Policies"), "policy_read"),
    ("console:lexicon", _("Lexicon"), "lexicon_read"),
    ("console:approvals", _("Approvals"), "approval_read"),
    ("console:audit", _("Audit trail"), "audit_read"),
)
FILTER_LENGTH = 200


def show(request: HttpRequest, template: str, here: str, **context: Any) -> HttpResponse:
    """Render a page of the console; `here` is the navigation entry it belongs to."""
    may = May(access_of(request).role)
    pages = [(name, label) for name, label, operation in PAGES if may[operation]]
    shared = {"console_pages": pages, "here": here, "may": may}
    return render(request, template, {**shared, **context})


def paging(request: HttpRequest, found: Slice) -> dict[str, str]:
    """The queries of the first and the next page, filters kept."""
    query = request.GET.copy()
    query.pop("lang", None)
    cursor = query.pop("cursor", None)
    first = query.urlencode() or ("state=" + query.get("state", "") if cursor else "")
    if found.next_cursor is None:
        return {"first": first if cursor else "", "next": ""}
    query["cursor"] = found.next_cursor
    return {"first": first if cursor else "", "next": query.urlencode()}


def text(request: HttpRequest, name: str, allowed: tuple[str, ...] | None = None, default: str = "") -> str:
    """A filter of the URL; '' for one that is not among the allowed."""
    value = request.GET.get(name, default).strip().replace("\x00", "")[:FILTER_LENGTH]
    return value if allowed is None or value in allowed else ""


def day(request: HttpRequest, name: str, *, after: bool = False) -> datetime | None:
    """The beginning of a day named in the URL, UTC; with `after` the beginning of the next. None if unreadable."""
    try:
        found = parse_date(request.GET.get(name, ""))
    except ValueError:
        return None
    if found is None:
        return None
    at = datetime.combine(found, time(), tzinfo=UTC)
    return at + timedelta(days=1) if after and found.year < 9999 else at
