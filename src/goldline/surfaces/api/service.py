"""The HTTP API, version 1: what it offers and under which key scopes."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.dateparse import parse_datetime
from ninja import NinjaAPI
from ninja.params.functions import Query
from ninja.responses import Response

from goldline import __version__
from goldline.core import quarantine as quarantined
from goldline.core.audit import record
from goldline.core.errors import GoldlineError
from goldline.core.facts.notice import notices
from goldline.market.order import Order
from goldline.surfaces.api import appeals, decision, intake, refusal, screening, shape
from goldline.surfaces.api.authentication import BearerKey, access_of
from goldline.surfaces.web.engine import engine, engine_now
from goldline.surfaces.web.reading import decisions as decision_list
from goldline.surfaces.web.reading import deliveries as delivery_list
from goldline.surfaces.web.reading import findings as finding_list
from goldline.surfaces.web.reading import own
from goldline.surfaces.web.reading import quarantine as quarantine_list
from goldline.surfaces.web.reading.page import LIMIT_DEFAULT, LIMIT_MAX, Slice
from goldline.surfaces.web.reading.policies import standings

PROBLEMS: dict[int, Any] = dict.fromkeys((401, 403, 422, 503), shape.Problem)
Cursor: Any = Query(None, description="next_cursor of the page before.", max_length=500)
Limit: Any = Query(LIMIT_DEFAULT, ge=1, le=LIMIT_MAX)
Filter: Any = Query("", max_length=200)
EVENT_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/cloudevents+json": {"schema": {"type": "object"}},
            "application/cloudevents-batch+json": {"schema": {"type": "array", "items": {"type": "object"}}},
            "application/json": {"schema": {"type": "object"}},
        },
    }
}

api = NinjaAPI(
    title="Goldline",
    version=__version__,
    description="Events in, explanations and lists out. Errors are RFC 9457 problems with a stable `code`.",
    docs_url=None,
    openapi_url="openapi.json",
    urls_namespace="v1",
)
refusal.attach(api)
api.add_router("", appeals.router)
api.add_router("", screening.router)


@api.post(
    "events",
    auth=BearerKey("event.send"),
    response={202: shape.Receipt, **PROBLEMS, 400: shape.Problem, 411: shape.Problem, 413: shape.Problem,
              415: shape.Problem},
    openapi_extra=EVENT_BODY,
    tags=["events"],
    summary="Send events",
)  # fmt: skip
def send_events(request: HttpRequest) -> HttpResponse:
    """CloudEvents 1.0: one (structured or binary) or a batch, at most 8 MB. Answered after the commit.

    A duplicate is a success. An event that cannot be taken is quarantined with its reason and does not hold up
    the others. 503 with Retry-After means that nothing of the request was stored.
    """
    return intake.receive(request)


@api.get(
    "orders/{path:order_id}/explanation",
    auth=BearerKey("order.read"),
    response={200: dict[str, Any], 404: shape.Problem, **PROBLEMS},
    tags=["orders"],
    summary="Explain an order",
)
def explain_order(request: HttpRequest, order_id: str) -> HttpResponse:
    """Every promise made for the order: its clock, its evidence, the value of each node, what was paid, who bore it."""
    from goldline.surfaces.web.reading.explanation import explanation_of

    account = access_of(request).account
    found = own.own_order(engine(), account, order_id) if account else explanation_of(engine(), order_id)
    if found is None:
        raise GoldlineError(f"There is no order {order_id[:64]!r}.", code="not_found")
    return HttpResponse(found, content_type="application/json")


@api.get(
    "gates/{gate}/{path:account}",
    auth=BearerKey("gate.read"),
    response={200: shape.GateAnswer, 404: shape.Problem, **PROBLEMS},
    tags=["accounts"],
    summary="Ask a gate",
)
def ask_gate(request: HttpRequest, gate: str, account: str, category: str = Filter) -> HttpResponse:
    """Whether an account ('merchant:<id>') may pass now: open, limited or closed, by which sanctions, until when."""
    from goldline.surfaces.web.reading.gates import answer_of

    asker = access_of(request).account
    if asker is None:
        return Response(answer_of(engine(), gate, account, category or None))
    found = own.own_gate(engine(), asker, gate, account, category or None)
    if found is None:
        raise GoldlineError(f"There is no account {account[:64]!r}.", code="not_found")
    return Response(found)


@api.post(
    "orders/{path:order_id}/decisions/{str:name}",
    auth=BearerKey("decision.ask"),
    response={200: shape.Decision, 400: shape.Problem, 404: shape.Problem, 409: shape.Problem, 411: shape.Problem,
              413: shape.Problem, 415: shape.Problem, **PROBLEMS},
    openapi_extra=decision.BODY,
    tags=["decisions"],
    summary="Ask for a decision",
)  # fmt: skip
def ask_decision(request: HttpRequest, order_id: str, name: str) -> HttpResponse:
    """Ask and be answered now, by the policy of that name. Asked again under the same id it is answered the same.

    Answered after the commit. What was answered stands, whatever comes later. 409 when it cannot be asked any more:
    the order is refunded, the request was answered by an event, or asked before with another amount.
    """
    return decision.ask(request, order_id, name)


@api.get(
    "decisions/{uuid:decision_id}",
    auth=BearerKey("decision.read"),
    response={200: shape.Decision, 404: shape.Problem, **PROBLEMS},
    tags=["decisions"],
)
def show_decision(request: HttpRequest, decision_id: UUID) -> HttpResponse:
    """One decision as it was answered, with the facts that were seen and the value of every node."""
    return decision.show(decision_id)


@api.get("decisions", auth=BearerKey("decision.read"), response={200: shape.Decisions, **PROBLEMS}, tags=["decisions"])
def list_decisions(
    request: HttpRequest,
    policy: str = Filter,
    answer: str = Filter,
    reason: str = Filter,
    order: str = Filter,
    merchant: str = Filter,
    cursor: str | None = Cursor,
    limit: int = Limit,
) -> HttpResponse:
    """Decisions, newest first."""
    chosen = decision_list.DecisionFilter(policy, answer, reason, order, merchant)
    return _page(decision_list.decisions(engine(), chosen, cursor, limit))


@api.get(
    "accounts/{path:account}/standing",
    auth=BearerKey("account.read"),
    response={200: dict[str, Any], **PROBLEMS},
    tags=["accounts"],
    summary="Show an account's standing",
)
def show_standing(request: HttpRequest, account: str) -> HttpResponse:
    """What an account ('merchant:<id>', 'creator:<id>') scores now: each indicator's facts, value, points and weight;
    what would move the score most, and what would have avoided its last violations.
    """
    from goldline.surfaces.web.reading.gates import answerable
    from goldline.surfaces.web.reading.standings import answer_of

    answerable(account)
    asker = access_of(request).account
    if asker is not None and asker != account:
        raise GoldlineError(f"There is no account {account[:64]!r}.", code="not_found")
    return Response(answer_of(engine(), account))


@api.get("sanctions", auth=BearerKey("sanction.read"), response={200: shape.Sanctions, **PROBLEMS}, tags=["accounts"])
def list_sanctions(
    request: HttpRequest, account: str = Filter, cursor: str | None = Cursor, limit: int = Limit
) -> HttpResponse:
    """Sanctions, newest first: of one account ('merchant:<id>'), or of all."""
    from goldline.surfaces.web.reading.sanctions import sanctions

    asker = access_of(request).account
    if asker is None:
        return _page(sanctions(engine(), account, cursor, limit))
    return _page(own.own_sanctions(engine(), asker, account, cursor, limit))


@api.get("findings", auth=BearerKey("finding.read"), response={200: shape.Findings, **PROBLEMS}, tags=["findings"])
def list_findings(
    request: HttpRequest,
    policy: str = Filter,
    merchant: str = Filter,
    state: Literal["", "standing", "exonerated", "overturned"] = "",
    order: str = Filter,
    since: str = Filter,
    until: str = Filter,
    cursor: str | None = Cursor,
    limit: int = Limit,
) -> HttpResponse:
    """Broken promises, newest first. `since` and `until` bound the time of finding (RFC 3339)."""
    chosen = finding_list.FindingFilter(
        policy, merchant, state, order, _instant("since", since), _instant("until", until)
    )
    account = access_of(request).account
    if account is None:
        return _page(finding_list.findings(engine(), chosen, cursor, limit))
    return _page(own.own_findings(engine(), account, chosen, cursor, limit))


@api.get(
    "deliveries", auth=BearerKey("delivery.read"), response={200: shape.Deliveries, **PROBLEMS}, tags=["deliveries"]
)
def list_deliveries(
    request: HttpRequest,
    kind: Literal["", "payout", "webhook"] = "",
    state: Literal["", "ready", "unknown", "done", "refused", "dead"] = "",
    topic: str = Filter,
    key: str = Filter,
    cursor: str | None = Cursor,
    limit: int = Limit,
) -> HttpResponse:
    """Payouts and webhooks, newest first, each with its last try."""
    chosen = delivery_list.DeliveryFilter(kind, state, topic, key)
    return _page(delivery_list.deliveries(engine(), chosen, cursor, limit))


@api.get(
    "quarantine", auth=BearerKey("quarantine.read"), response={200: shape.Quarantine, **PROBLEMS}, tags=["quarantine"]
)
def list_quarantine(
    request: HttpRequest,
    state: Literal["", "open", "redriven", "dropped"] = "open",
    code: str = Filter,
    event_type: str = Filter,
    cursor: str | None = Cursor,
    limit: int = Limit,
) -> HttpResponse:
    """Events that were set aside, newest first."""
    chosen = quarantine_list.QuarantineFilter(state, code, event_type)
    return _page(quarantine_list.quarantine(engine(), chosen, cursor, limit))


@api.post(
    "quarantine/{int:quarantine_id}/redrive",
    auth=BearerKey("quarantine.redrive"),
    response={200: shape.Redriven, 404: shape.Problem, 409: shape.Problem, **PROBLEMS},
    tags=["quarantine"],
)
def redrive(request: HttpRequest, quarantine_id: int) -> HttpResponse:
    """Check a quarantined event again and, if it passes now, take it. 409 when it was settled already."""
    connection = engine()
    with connection.transaction():
        now = engine_now(connection)
        done = quarantined.redrive(connection, intake.thread_intake(connection), now, identifier=quarantine_id)
        access, told = access_of(request), {"accepted": done.accepted, "stayed": len(done.stayed)}
        record(connection, access.actor, access.operation, f"quarantine:{quarantine_id}", told, now)
    stayed = [{"id": identifier, "reason": reason} for identifier, reason in done.stayed]
    return Response({"accepted": done.accepted, "stayed": stayed})


@api.get("promises", auth=BearerKey("promise.read"), response={200: shape.Promises, **PROBLEMS}, tags=["promises"])
def report_promises(request: HttpRequest) -> HttpResponse:
    """Made, kept, broken, excused and pending of every promise, and the money."""
    from dataclasses import asdict

    return Response({"data": [asdict(each) for each in standings(engine())]})


@api.get("notices", auth=BearerKey("notice.read"), response={200: shape.Notices, **PROBLEMS}, tags=["notices"])
def list_notices(request: HttpRequest) -> HttpResponse:
    """Notices in force or withdrawn, the newest 200, with the orders each covers now.

    They are published and withdrawn by the events `notice.published` and `notice.withdrawn`.
    """
    from dataclasses import asdict

    return Response({"data": [{**asdict(each), "subject": "order"} for each in notices(engine(), Order)]})


@api.get("audit", auth=BearerKey("audit.read"), response={200: shape.AuditTrail, **PROBLEMS}, tags=["audit"])
def list_audit(
    request: HttpRequest, subject: str = Filter, cursor: str | None = Cursor, limit: int = Limit
) -> HttpResponse:
    """Every change by a person or a key, newest first; `subject` chooses, as 'remedy:<id>'."""
    from goldline.surfaces.web.reading.trail import trail

    return _page(trail(engine(), subject, cursor, limit))


def _page(found: Slice) -> HttpResponse:
    return Response({"data": found.rows, "next_cursor": found.next_cursor})


def _instant(name: str, text: str) -> datetime | None:
    """An RFC 3339 instant from the query; '' is none. Raises GoldlineError('invalid')."""
    if not text:
        return None
    try:
        # An unescaped '+' arrives as a space.
        found = parse_datetime(text.replace(" ", "+"))
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise GoldlineError(
            f"{text[:40]!r} is not an instant.", code="invalid", where=name, hint="Write it as 2026-08-10T09:00:00Z."
        )
    return found
