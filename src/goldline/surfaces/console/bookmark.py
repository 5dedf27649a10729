"""Saved filters of the console's lists: named by a person, kept with the record, opened as a plain link."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from goldline.core import bookmark
from goldline.core.audit import record
from goldline.core.errors import GoldlineError
from goldline.surfaces.console.access import access_of, actor_of, acts
from goldline.surfaces.web.engine import engine, engine_now

BIGGEST_ID: Final = 2**63 - 1
VALUE_MAX: Final = 200
# What a filter of each page may hold; anything else in an address is no part of it.
FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "findings": ("policy", "merchant", "state", "since", "until"),
    "sanctions": ("account", "ladder", "action", "state"),
    "cases": ("state", "kind", "holder", "account", "late"),
    "appeals": ("state", "account", "late"),
    "accounts": ("merchant",),
}


def kept(request: HttpRequest, page: str) -> dict[str, Any]:
    """What a list shows of saved filters: the person's own, and the filter that is chosen now, if one is."""
    query = query_of(request.GET, page)
    own = bookmark.bookmarks(engine(), access_of(request).actor.name, page)
    return {"bookmarks": own, "bookmark_page": page, "bookmark_query": query,
            "bookmarked": any(each.query == query for each in own)}  # fmt: skip


def query_of(asked: QueryDict, page: str) -> str:
    """The filter in an address, in one order, so that the same filter is the same text."""
    chosen = QueryDict(mutable=True)
    for name in FIELDS[page]:
        value = asked.get(name, "").strip().replace("\x00", "")[:VALUE_MAX]
        if value:
            chosen[name] = value
    return chosen.urlencode()


@acts("filter.save")
def save(request: HttpRequest) -> HttpResponse:
    """Keep the filter of a list under a name."""
    page = request.POST.get("page", "")
    if page not in FIELDS:
        raise Http404
    query = query_of(QueryDict(request.POST.get("query", "")[: bookmark.QUERY_MAX]), page)
    connection, person = engine(), actor_of(request)
    try:
        with connection.transaction():
            now = engine_now(connection)
            ident = bookmark.keep(connection, person.name, page, request.POST.get("name", ""), query, now)
            record(connection, person, "filter.save", f"filter:{ident}", {"page": page}, now)
    except GoldlineError as fault:
        messages.error(request, fault.told, extra_tags="bad")
    else:
        messages.success(request, _("The filter is kept."), extra_tags="good")
    return redirect(_address(page, query))


@acts("filter.delete")
def delete(request: HttpRequest, filter_id: int) -> HttpResponse:
    """Delete one of one's own filters; another's is not there."""
    connection, person = engine(), actor_of(request)
    try:
        with connection.transaction():
            gone = bookmark.drop(connection, person.name, min(filter_id, BIGGEST_ID))
            detail = {"page": gone.page}
            record(connection, person, "filter.delete", f"filter:{gone.id}", detail, engine_now(connection))
    except GoldlineError as fault:
        raise Http404 from fault
    messages.success(request, _("The filter “%(name)s” is deleted.") % {"name": gone.name}, extra_tags="good")
    return redirect(_address(gone.page, ""))


def _address(page: str, query: str) -> str:
    return reverse(f"console:{page}") + (f"?{query}" if query else "")
