"""Addresses of the draft checker."""

from __future__ import annotations

from django.urls import path

from goldline.surfaces.draft import quality, view

app_name = "draft"
urlpatterns = [
    path("", view.check, name="check"),
    path("norms", view.norms, name="norms"),
    path("quality", quality.codebook, name="quality"),
    path("content", quality.own, name="content"),
]
