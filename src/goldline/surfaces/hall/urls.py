"""Addresses of the consumer's pages."""

from __future__ import annotations

from django.urls import path

from goldline.surfaces.hall import view

app_name = "hall"
urlpatterns = [path("<str:token>", view.guarantee, name="guarantee"), path("", view.without_link, name="without-link")]
