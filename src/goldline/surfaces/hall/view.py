"""The consumer's page: what was promised for this order, what happened, what was paid. Reads only.

One address may open one link thirty times at once and once a second after that (in each web process); who asks more
often is told to wait.
"""

from __future__ import annotations

import hashlib
import time
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from goldline.surfaces.hall.answer import answers_to
from goldline.surfaces.hall.link import LinkError, order_of
from goldline.surfaces.hall.page import GuaranteePage, guarantee_page
from goldline.surfaces.web.engine import engine
from goldline.surfaces.web.reading.story import Story, story_of
from goldline.surfaces.web.throttle import Throttle

THROTTLE = Throttle(burst=30, per_s=1.0)
ZONE_COOKIE = "zone"
ZONE_COOKIE_AGE_S = 365 * 24 * 3600
ZONES = (
    "Asia/Shanghai", "Asia/Hong_Kong", "Asia/Taipei", "Asia/Singapore", "Asia/Tokyo", "Asia/Kolkata", "Europe/London",
    "Europe/Berlin", "Europe/Moscow", "America/Sao_Paulo", "America/New_York", "America/Chicago",
    "America/Los_Angeles", "Australia/Sydney", "UTC",
)  # fmt: skip


@require_safe
def guarantee(request: HttpRequest, token: str) -> HttpResponse:
    """One order, by its signed link."""
    wait_s = THROTTLE.wait_s(_caller(request, token), time.monotonic())
    if wait_s:
        return _private(_busy(request, wait_s))
    try:
        order_id = order_of(token)
    except LinkError as fault:
        return _private(_closed(request, fault))
    story = story_of(engine(), order_id)
    if story is None:
        return _private(_closed(request, None))
    zone = _zone(request, story)
    page: GuaranteePage = guarantee_page(story, zone)
    answers = answers_to(engine(), order_id)
    zones = ZONES if zone.key in ZONES else (zone.key, *ZONES)
    response = render(request, "hall/guarantee.html", {"page": page, "zone": zone, "zones": zones, "answers": answers})
    if request.GET.get("zone") == zone.key:
        response.set_cookie(
            ZONE_COOKIE,
            zone.key,
            max_age=ZONE_COOKIE_AGE_S,
            samesite="Lax",
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
        )
    return _private(response)


@require_safe
def without_link(request: HttpRequest) -> HttpResponse:
    """Whoever comes without a link is told where to find it."""
    return _private(_closed(request, LinkError("", code="link_invalid")))


def _caller(request: HttpRequest, token: str) -> tuple[bytes, str]:
    # The link itself is a key, so only its digest is kept.
    return hashlib.sha256(token.encode()).digest(), str(request.META.get("REMOTE_ADDR", ""))


def _busy(request: HttpRequest, wait_s: int) -> HttpResponse:
    """429: this link was opened too often from one place."""
    context = {"headline": _("This page was opened too often"), "advice": _("Wait a moment, then open it again.")}
    response = render(request, "hall/closed.html", context, status=429)
    response.headers["Retry-After"] = str(wait_s)
    return response


def _closed(request: HttpRequest, fault: LinkError | None) -> HttpResponse:
    """A link that opens nothing: what it means, and what to do."""
    if fault is None:
        headline = _("We have not heard of this order yet")
        advice = _("If you have just ordered, open this link again in a few minutes.")
        status = 404
    elif fault.code == "link_expired":
        headline, advice, status = _("This link has expired"), _("Links to an order work for 90 days."), 410
    else:
        headline, status = _("This link does not open anything"), 404
        advice = _("It may have been cut off when it was copied. Open it again from the message it came in.")
    return render(request, "hall/closed.html", {"headline": headline, "advice": advice}, status=status)


def _zone(request: HttpRequest, story: Story) -> ZoneInfo:
    """The reader's zone: the one chosen, else the order's, else UTC."""
    known = available_timezones()
    for name in (request.GET.get("zone"), request.COOKIES.get(ZONE_COOKIE), story.facts.get("zone")):
        if isinstance(name, str) and name in known:
            return ZoneInfo(name)
    return ZoneInfo("UTC")


def _private(response: HttpResponse) -> HttpResponse:
    """The address is the key: it must not leak by a referrer, a cache or a search engine."""
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    return response
