"""Receivers of webhooks: the endpoints, how they do, and adding, disabling and enabling them.

A secret is shown in the answer to the form that made it, and never again. Changing secrets is the command line's.
"""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from goldline.core.audit import record
from goldline.core.errors import GoldlineError
from goldline.core.outbox import endpoint
from goldline.core.outbox.address import AddressRules
from goldline.core.settings import settings
from goldline.surfaces.console.access import actor_of, acts, back, looks
from goldline.surfaces.console.action import BIGGEST_ID, WHY_LENGTH, told
from goldline.surfaces.console.frame import show
from goldline.surfaces.web.engine import engine, engine_now
from goldline.surfaces.web.reading import endpoints as endpoint_list

REFUSED = 422


@looks("endpoint.read")
def endpoints(request: HttpRequest) -> HttpResponse:
    """Every endpoint with its state and its last delivery."""
    return _page(request)


@acts("endpoint.create")
def create(request: HttpRequest) -> HttpResponse:
    """Add an endpoint; the answer shows its secret this once."""
    url = request.POST.get("url", "").strip()
    topics = request.POST.get("topics", "").replace(",", " ").split() or ["*"]
    connection = engine()
    try:
        rules = AddressRules.chosen(settings())
        with connection.transaction():
            now = engine_now(connection)
            made = endpoint.create(connection, url, topics, rules=rules, now=now)
            record(connection, actor_of(request), "endpoint.create", f"endpoint:{made.id}", {"topics": topics}, now)
    except GoldlineError as fault:
        response = _page(request, refused=str(fault), url=url, topics=" ".join(topics))
        response.status_code = REFUSED
        return response
    return _page(request, made=made, secret=made.secrets[0])


@acts("endpoint.disable")
def disable(request: HttpRequest, endpoint_id: int) -> HttpResponse:
    """Send nothing there any more, with the reason why."""
    why = request.POST.get("why", "").strip()[:WHY_LENGTH]
    if not why:
        messages.error(request, _("Say why, for the record."), extra_tags="bad")
        return back(request, "console:endpoints")
    connection = engine()
    try:
        signed = f"{why} ({request.user.get_username()})"
        with connection.transaction():
            now = engine_now(connection)
            endpoint.disable(connection, min(endpoint_id, BIGGEST_ID), signed, now)
            record(connection, actor_of(request), "endpoint.disable", f"endpoint:{endpoint_id}", {"why": why}, now)
    except GoldlineError as fault:
        return told(request, fault, "console:endpoints")
    messages.success(request, _("Endpoint %(id)s is disabled.") % {"id": endpoint_id}, extra_tags="good")
    return back(request, "console:endpoints")


@acts("endpoint.enable")
def enable(request: HttpRequest, endpoint_id: int) -> HttpResponse:
    """Send there again, from the next message on."""
    connection = engine()
    try:
        with connection.transaction():
            endpoint.enable(connection, min(endpoint_id, BIGGEST_ID))
            now = engine_now(connection)
            record(connection, actor_of(request), "endpoint.enable", f"endpoint:{endpoint_id}", {}, now)
    except GoldlineError as fault:
        return told(request, fault, "console:endpoints")
    messages.success(request, _("Endpoint %(id)s is enabled.") % {"id": endpoint_id}, extra_tags="good")
    return back(request, "console:endpoints")


def _page(request: HttpRequest, **context: object) -> HttpResponse:
    rows = endpoint_list.endpoints(engine())
    return show(request, "console/endpoints.html", "console:endpoints", rows=rows, **context)
