"""Faults as RFC 9457 problems: every way a request can fail has a stable code and one clear sentence."""

from __future__ import annotations

import logging
from typing import Any

import psycopg
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from goldline.core.errors import DatabaseError, GoldlineError
from goldline.core.inbox import IntakeStopped
from goldline.surfaces.web import engine, failure
from goldline.surfaces.web.failure import problem

STATUSES = {
    "unauthorised": 401,
    "forbidden": 403,
    "not_found": 404,
    "no_gate": 404,
    "settled": 409,
    "asked_differently": 409,
    "already_answered": 409,
    "already_refunded": 409,
    "not_in_force": 409,
    "not_paid": 409,
    "appeal_pending": 409,
    "appeal_answered": 409,
    "appeal_settled": 409,
    "appeal_late": 409,
    "not_standing": 409,
    "claim_lost": 409,
    "workload": 409,
    "plan_running": 409,
    "intake_stopped": 503,
}
STOPPED_RETRY_AFTER_S = 60


def attach(api: NinjaAPI) -> None:
    """Have `api` answer every fault with a problem."""
    api.add_exception_handler(GoldlineError, goldline_fault)
    api.add_exception_handler(AuthenticationError, _unauthenticated)
    api.add_exception_handler(ValidationError, _invalid)
    api.add_exception_handler(HttpError, _http)
    api.add_exception_handler(Http404, lambda request, fault: failure.not_found(request))
    api.add_exception_handler(psycopg.OperationalError, unreachable)
    api.add_exception_handler(psycopg.InterfaceError, unreachable)
    api.add_exception_handler(Exception, broken)


def goldline_fault(request: HttpRequest, fault: GoldlineError | type[GoldlineError]) -> HttpResponse:
    """A fault the caller or an operator can mend."""
    assert isinstance(fault, GoldlineError)
    if isinstance(fault, DatabaseError):
        return unreachable(request, fault)
    status = STATUSES.get(fault.code, 422)
    detail = f"{fault.message} {fault.hint}" if fault.hint else fault.message
    errors = [{"pointer": fault.where, "detail": fault.message}] if fault.where else []
    headers: dict[str, str] = {}
    if status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="goldline"'
    if isinstance(fault, IntakeStopped):
        headers["Retry-After"] = str(STOPPED_RETRY_AFTER_S)
    return problem(status, fault.code, detail, errors=errors, headers=headers)


def _unauthenticated(request: HttpRequest, fault: Any) -> HttpResponse:
    return problem(
        401,
        "unauthorised",
        "This needs an API key. Send `Authorization: Bearer gl_live_…`.",
        headers={"WWW-Authenticate": 'Bearer realm="goldline"'},
    )


def _invalid(request: HttpRequest, fault: Any) -> HttpResponse:
    errors = [{"pointer": _pointer(each["loc"]), "detail": each["msg"]} for each in fault.errors]
    names = ", ".join(dict.fromkeys(each["pointer"] for each in errors))
    return problem(422, "invalid", f"Not valid: {names}. See errors.", errors=errors)


def _pointer(location: tuple[Any, ...]) -> str:
    # ninja puts the kind of parameter first, and the name of a grouping object second.
    return str(location[-1])


def _http(request: HttpRequest, fault: Any) -> HttpResponse:
    return problem(fault.status_code, "refused", str(fault))


def unreachable(request: HttpRequest, fault: Any) -> HttpResponse:
    """503: the record cannot be reached."""
    logging.getLogger(__name__).error("the record cannot be reached: %s", fault)
    engine.forget()
    return failure.unavailable(request)


def broken(request: HttpRequest, fault: Any) -> HttpResponse:
    """500: a fault of ours."""
    logging.getLogger(__name__).error("%s %s failed", request.method, request.path, exc_info=fault)
    return failure.server_error(request)
