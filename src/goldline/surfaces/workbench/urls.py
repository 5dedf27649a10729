"""Addresses of the workbench."""

from __future__ import annotations

from django.urls import path

from goldline.surfaces.workbench import view

app_name = "workbench"
urlpatterns = [
    path("", view.home, name="home"),
    path("sanctions", view.sanctions, name="sanctions"),
    path("sanctions/<uuid:sanction_id>", view.sanction, name="sanction"),
    path("sanctions/<uuid:sanction_id>/appeal", view.file_appeal, name="file-appeal"),
    path("appeals", view.appeals, name="appeals"),
    path("appeals/<uuid:appeal_id>", view.appeal_page, name="appeal"),
    path("appeals/<uuid:appeal_id>/evidence", view.add_evidence, name="add-evidence"),
    path("appeals/<uuid:appeal_id>/withdraw", view.withdraw, name="withdraw"),
    path("orders/<path:order_id>", view.order, name="order"),
]
