"""Health for whoever restarts processes: alive (this process answers), ready (the record answers too)."""

from __future__ import annotations

import psycopg
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from goldline.core.errors import DatabaseError
from goldline.surfaces.web import engine, failure


@require_safe
def alive(request: HttpRequest) -> HttpResponse:
    """200 as long as this process can answer at all; asks nothing of the database."""
    return _plain({"status": "alive"})


@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """200 when the engine's tables can be read, else 503."""
    try:
        engine.engine().execute("SELECT epoch FROM ruleset").fetchone()
    except (psycopg.Error, DatabaseError):
        engine.forget()
        return failure.unavailable(request)
    return _plain({"status": "ready"})


def _plain(body: dict[str, str]) -> HttpResponse:
    return JsonResponse(body, headers={"Cache-Control": "no-store"})
