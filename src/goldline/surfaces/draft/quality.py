"""Pages on good content: the code-book for everybody, and a creator's own content with its grades and shares."""

from __future__ import annotations

from typing import Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from goldline.core.member import OPERATOR_ROLES
from goldline.market.quality.codebook import shipped
from goldline.surfaces.web.access import Access, Room, access_of
from goldline.surfaces.web.engine import engine, engine_now
from goldline.surfaces.web.reading.content import own_content


def _admits(access: Access) -> bool:
    return access.account is not None and access.account.startswith("creator:")


CREATORS: Final = Room("content", _admits)


@require_safe
def codebook(request: HttpRequest) -> HttpResponse:
    """The four values, their levels and signs, and what each industry asks for: for anybody."""
    book = shipped()
    values = [(each, [sign for sign in book.signs_of(each.id) if not sign.lowers]) for each in book.value]
    lowering = [sign for sign in book.sign if sign.lowers]
    guides = [(each, [(value.title, each.of(value.id)) for value in book.value]) for each in book.guide]
    return render(
        request, "draft/quality.html",
        {"values": values, "lowering": lowering, "ceilings": book.ceiling, "guides": guides, "version": book.version},
    )  # fmt: skip


@CREATORS.looks("content.read")
def own(request: HttpRequest) -> HttpResponse:
    """A creator's content of the last days: how it is graded and why, what share it got, what would raise it."""
    connection, access = engine(), access_of(request)
    assert access.account is not None, "the guard lets nobody else in"
    rows = own_content(connection, access.account.partition(":")[2], engine_now(connection))
    shared = {"workbench_pages": (), "operator": access.role in OPERATOR_ROLES}
    return render(request, "draft/content.html", {**shared, "here": "draft:content", "rows": rows})
