"""Where everything is."""

from __future__ import annotations

from django.urls import include, path

from goldline.surfaces.api import health
from goldline.surfaces.api.service import api
from goldline.surfaces.web import campaign, home

urlpatterns = [
    path("", home.home, name="home"),
    path("healthz", health.alive, name="alive"),
    path("readyz", health.ready, name="ready"),
    path("v1/", api.urls),
    path("g/", include("goldline.surfaces.hall.urls")),
    path("console/", include("goldline.surfaces.console.urls")),
    path("workbench/", include("goldline.surfaces.workbench.urls")),
    path("drafts/", include("goldline.surfaces.draft.urls")),
    path("campaigns/<str:policy>", campaign.published, name="campaign-result"),
    path("robots.txt", home.robots, name="robots"),
    path("favicon.ico", home.icon, name="icon"),
]

handler400 = "goldline.surfaces.web.failure.bad_request"
handler403 = "goldline.surfaces.web.failure.forbidden"
handler404 = "goldline.surfaces.web.failure.not_found"
handler500 = "goldline.surfaces.web.failure.server_error"
