"""The console's page on good content: how the last day's extra traffic was shared, and what that has changed."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from goldline.market.quality.codebook import shipped
from goldline.surfaces.console.access import looks
from goldline.surfaces.console.frame import show
from goldline.surfaces.web.engine import engine
from goldline.surfaces.web.reading.content import shared_day


@looks("incentive.read")
def quality(request: HttpRequest) -> HttpResponse:
    """The pools of the day, who got most, and the difference to what was held out."""
    titles = [each.title for each in shipped().value]
    return show(request, "console/quality.html", "console:quality", shared=shared_day(engine()), titles=titles)
