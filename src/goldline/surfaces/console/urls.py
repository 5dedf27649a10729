"""Addresses of the console."""

from __future__ import annotations

from django.urls import path

from goldline.surfaces.console import account, action, decision, lexicon, oversight, receiver, session, view

app_name = "console"
urlpatterns = [
    path("", view.overview, name="overview"),
    path("live", view.live, name="live"),
    path("sign-in", session.sign_in, name="sign-in"),
    path("sign-out", session.sign_out, name="sign-out"),
    path("findings", view.findings, name="findings"),
    path("orders", view.orders, name="orders"),
    path("orders/<path:order_id>", view.order, name="order"),
    path("remedies", view.remedies, name="remedies"),
    path("remedies/<uuid:remedy_id>/release", action.release, name="release"),
    path("deliveries", view.deliveries, name="deliveries"),
    path("deliveries/<int:outbox_id>", view.delivery, name="delivery"),
    path("deliveries/<int:outbox_id>/replay", action.replay, name="replay"),
    path("quarantine", view.quarantine, name="quarantine"),
    path("quarantine/<int:quarantine_id>", view.quarantined, name="quarantined"),
    path("quarantine/<int:quarantine_id>/redrive", action.redrive, name="redrive"),
    path("quarantine/<int:quarantine_id>/drop", action.drop, name="drop"),
    path("approvals", oversight.approvals, name="approvals"),
    path("approvals/<int:approval_id>/decide", action.decide, name="decide"),
    path("audit", oversight.audit_trail, name="audit"),
    path("policies", view.policies, name="policies"),
    path("lexicon", lexicon.lexicon, name="lexicon"),
    path("notices", view.notices, name="notices"),
    path("accounts", account.accounts, name="accounts"),
    path("accounts/<path:account>", account.account, name="account"),
    path("sanctions/<uuid:sanction_id>", account.sanction, name="sanction"),
    path("ladders", account.ladders, name="ladders"),
    path("decisions", decision.decisions, name="decisions"),
    path("decisions/<uuid:decision_id>", decision.decision, name="decision"),
    path("breakers", view.breakers, name="breakers"),
    path("breakers/<str:policy>/release", action.release_breaker, name="release-breaker"),
    path("endpoints", receiver.endpoints, name="endpoints"),
    path("endpoints/new", receiver.create, name="create-endpoint"),
    path("endpoints/<int:endpoint_id>/disable", receiver.disable, name="disable-endpoint"),
    path("endpoints/<int:endpoint_id>/enable", receiver.enable, name="enable-endpoint"),
]
