"""The published result of a campaign that has ended: for everybody, and of nobody in particular."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from goldline.surfaces.web.engine import engine, engine_now
from goldline.surfaces.web.reading import campaigns as reading


@require_safe
def published(request: HttpRequest, policy: str) -> HttpResponse:
    """What was looked for, what was mended, what was found and what became of it. Not there before the end."""
    connection = engine()
    shown = None if "\x00" in policy else reading.campaign(connection, policy, engine_now(connection))
    if shown is None or shown.at_work.ended_at is None:
        raise Http404
    return render(request, "web/campaign/published.html", {"shown": shown})
