"""Pages of the console on special campaigns, and the two things a person may do to one: hold it, and let it go on."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from goldline.core.account.campaign import pause, resume
from goldline.core.audit import record
from goldline.surfaces.console.access import actor_of, acts, back, looks
from goldline.surfaces.console.frame import show
from goldline.surfaces.web.engine import engine, engine_now
from goldline.surfaces.web.reading import campaigns as reading


@looks("campaign.read")
def campaigns(request: HttpRequest) -> HttpResponse:
    """Every campaign and how far it has come."""
    connection = engine()
    rows = reading.campaigns(connection, engine_now(connection))
    return show(request, "console/campaigns.html", "console:campaigns", rows=rows)


@looks("campaign.read")
def campaign(request: HttpRequest, policy: str) -> HttpResponse:
    """One campaign: its rules, its passes, and what came of it."""
    return show(request, "console/campaign.html", "console:campaigns", shown=_known(policy))


@acts("campaign.steer")
def steer(request: HttpRequest, policy: str) -> HttpResponse:
    """Hold a campaign where it stands, or let it go on."""
    shown, connection = _known(policy), engine()
    hold = request.POST.get("hold") == "1"
    with connection.transaction():
        now = engine_now(connection)
        changed = pause(connection, shown.campaign, now) if hold else resume(connection, shown.campaign)
        if changed:
            record(connection, actor_of(request), "campaign.pause" if hold else "campaign.resume", policy, {}, now)
    if changed:
        said = _("The campaign is paused.") if hold else _("The campaign goes on.")
        messages.success(request, said, extra_tags="good")
    return back(request, "console:campaigns")


def _known(policy: str) -> reading.Shown:
    connection = engine()
    found = None if "\x00" in policy else reading.campaign(connection, policy, engine_now(connection))
    if found is None:
        raise Http404
    return found
