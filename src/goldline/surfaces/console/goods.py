"""Pages of the console on goods: listings whose buyers' evidence raised the alarm, and one with its chart."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse

from goldline.surfaces.console.access import looks
from goldline.surfaces.console.frame import paging, show, text
from goldline.surfaces.web.engine import engine
from goldline.surfaces.web.reading import goods as reading
from goldline.surfaces.web.reading.page import BadCursor


@looks("listing.read")
def goods(request: HttpRequest) -> HttpResponse:
    """The listings with alarms, filtered by the URL."""
    merchant, state = text(request, "merchant"), text(request, "state", reading.STATES)
    try:
        found = reading.alarmed(engine(), merchant, state, request.GET.get("cursor"))
    except BadCursor as fault:
        raise Http404 from fault
    return show(
        request, "console/goods.html", "console:goods", rows=found.rows, merchant=merchant, state=state,
        filtered=bool(merchant or state), **paging(request, found),
    )  # fmt: skip


@looks("listing.read")
def listing(request: HttpRequest, key: str) -> HttpResponse:
    """One listing: what was told, each alarm, and the statistic against its limit."""
    found = None if "\x00" in key else reading.goods(engine(), key)
    if found is None:
        raise Http404
    return show(request, "console/listing.html", "console:goods", goods=found)
