"""`POST /v1/orders/{order_id}/decisions/{name}`: a question in, its answer out. The answer is given after the commit.

The body is read by the question itself: no framework parses it.
"""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

import msgspec
from django.http import HttpRequest, HttpResponse

from goldline.core.decision.desk import RulesMoved
from goldline.core.decision.record import find
from goldline.core.errors import GoldlineError
from goldline.core.policy.published import load_decision
from goldline.market.refundrequest import RefundAsked
from goldline.market.vocabulary import vocabulary
from goldline.surfaces.api.authentication import caller
from goldline.surfaces.api.intake import refuse_unread, thread_intake
from goldline.surfaces.web.engine import decision_engine, engine
from goldline.surfaces.web.failure import problem
from goldline.surfaces.web.reading.desk import desk, forget_desk

TRIES: Final = 3
BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": msgspec.json.schema(RefundAsked)["$defs"]["RefundAsked"]}},
    }
}


def ask(request: HttpRequest, order_id: str, name: str) -> HttpResponse:
    """Ask; 200 with the answer."""
    refused = refuse_unread(request)
    if refused is not None:
        return refused
    if "\x00" in order_id:
        raise GoldlineError("There is no such order.", code="not_found")
    via = f"api:{caller(request).name}"
    for left in reversed(range(TRIES)):
        try:
            return _ask(order_id, name, request.body, via)
        except RulesMoved:
            forget_desk()
            if not left:
                raise
    raise AssertionError("unreachable")


def _ask(order_id: str, name: str, raw: bytes, via: str) -> HttpResponse:
    connection = decision_engine()
    chosen = desk(connection)
    try:
        body = msgspec.json.decode(raw, type=chosen.counter(name).question.body)
    except msgspec.ValidationError as fault:
        return problem(422, "invalid", f"{fault}. See the description of the body.")
    except (msgspec.DecodeError, UnicodeDecodeError) as fault:
        return problem(400, "malformed", f"The body is not JSON: {fault}.")
    decided, decision = chosen.ask(connection, thread_intake(connection), name, order_id, body, via)
    return _answer(decided.told(decision or load_decision(connection, decided.policy, decided.version, vocabulary())))


def show(decision_id: UUID) -> HttpResponse:
    """One decision with its evidence, or 404."""
    connection = engine()
    decided = find(connection, decision_id)
    if decided is None:
        raise GoldlineError("There is no such decision.", code="not_found")
    decision = load_decision(connection, decided.policy, decided.version, vocabulary())
    return _answer({**decided.told(decision), "facts": decided.facts, "nodes": list(decided.nodes)})


def _answer(body: dict[str, Any]) -> HttpResponse:
    return HttpResponse(msgspec.json.encode(body), content_type="application/json")
