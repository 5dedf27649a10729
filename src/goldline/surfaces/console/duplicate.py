"""The console's pages on duplicates: which content is the same, and which of it looks made by the hundred."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.http import urlencode

from goldline.surfaces.console.access import looks
from goldline.surfaces.console.frame import show, text
from goldline.surfaces.web.engine import engine
from goldline.surfaces.web.reading import clusters as reading

MEMBERS_SHOWN: Final = 200
AFTER_MOST: Final = 1_000_000


@looks("duplicate.read")
def duplicates(request: HttpRequest) -> HttpResponse:
    """Clusters, those of most accounts first, filtered by an account."""
    account, after = text(request, "account"), text(request, "after", default="0")
    if not after.isascii() or not after.isdigit() or len(after) > 7 or int(after) > AFTER_MOST:
        raise Http404
    rows, more = reading.clusters(engine(), account, int(after))
    following = urlencode({"account": account, "after": str(int(after) + reading.PAGE)}) if more else ""
    return show(
        request, "console/duplicates.html", "console:duplicates", rows=rows, account=account, next=following,
        first=urlencode({"account": account}) if int(after) else "",
    )  # fmt: skip


@looks("duplicate.read")
def duplicate(request: HttpRequest, cluster: UUID) -> HttpResponse:
    """One cluster: what is the same, how its score comes about, who published it when."""
    connection = engine()
    found = reading.cluster(connection, cluster)
    if found is None:
        raise Http404
    return show(
        request, "console/duplicate.html", "console:duplicates", cluster=found,
        members=found.members[:MEMBERS_SHOWN], cases=reading.cases_of(connection, UUID(found.name)),
    )  # fmt: skip
