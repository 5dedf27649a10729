"""What a failed request is answered with: a problem for programs, a page that helps for people."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

PROBLEM_TYPE = "application/problem+json"
TYPE_ROOT = "urn:goldline:problem:"
RETRY_AFTER_S = 5
HEALTH = ("/healthz", "/readyz")

TITLES = {
    400: "Bad request",
    401: "Not authenticated",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    409: "Conflict",
    411: "Length required",
    413: "Too large",
    415: "Unsupported media type",
    422: "Not valid",
    429: "Too many requests",
    500: "Internal error",
    503: "Unavailable",
}


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    errors: list[dict[str, Any]] | None = None,
    headers: dict[str, str] | None = None,
) -> HttpResponse:
    """An RFC 9457 problem. `code` is stable and for programs; `detail` is a sentence for people."""
    body: dict[str, Any] = {
        "type": TYPE_ROOT + code,
        "title": TITLES.get(status, "Error"),
        "status": status,
        "detail": detail,
        "code": code,
        "errors": errors or [],
    }
    response = JsonResponse(body, status=status, content_type=PROBLEM_TYPE, headers=headers)
    response.headers["Cache-Control"] = "no-store"
    return response


def speaks_json(request: HttpRequest) -> bool:
    """Whether this request is a program's: everything under /v1 and the health checks."""
    return request.path.startswith("/v1/") or request.path in HEALTH


def as_problem(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """What Django itself refused a program, as a problem; headers such as Allow are kept."""
    title = TITLES.get(response.status_code, "Error")
    kept = {name: value for name, value in response.headers.items() if not name.startswith("Content-")}
    detail = f"{title}: {request.method} {request.path}."
    return problem(response.status_code, title.lower().replace(" ", "_"), detail, headers=kept)


def unavailable(request: HttpRequest) -> HttpResponse:
    """503: the record cannot be reached; the caller should try again."""
    headers = {"Retry-After": str(RETRY_AFTER_S)}
    if speaks_json(request):
        return problem(
            503, "record_unavailable", "The database cannot be reached. Nothing was stored. Try again.", headers=headers
        )
    response = _page(
        request,
        503,
        _("We cannot reach our records right now"),
        _("Nothing is lost. Please open this page again in a minute."),
    )
    response.headers["Retry-After"] = str(RETRY_AFTER_S)
    return response


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400, as Django asks for it."""
    if speaks_json(request):
        return problem(400, "bad_request", "The request could not be understood. See the description of the API.")
    return _page(request, 400, _("That request could not be understood"), _("Go back and try again."))


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403, as Django asks for it."""
    if speaks_json(request):
        return problem(403, "not_allowed", "This key or person may not do that.")
    return _page(
        request,
        403,
        _("You may not do that"),
        _("Your sign-in has no right to this. Ask whoever keeps the operators' accounts."),
    )


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404, as Django asks for it."""
    if speaks_json(request):
        return problem(404, "not_found", f"There is nothing at {request.path}.")
    return _page(
        request,
        404,
        _("There is no such page"),
        _("The address may be mistyped, or what it named does not exist."),
    )


def server_error(request: HttpRequest) -> HttpResponse:
    """500, as Django asks for it."""
    if speaks_json(request):
        return problem(500, "internal", "Something broke on our side. Nothing half done was kept. Try again later.")
    return _page(request, 500, _("Something broke on our side"), _("It has been written down. Please try again later."))


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 for a form whose token is missing or old."""
    return _page(
        request,
        403,
        _("This form is too old to be accepted"),
        _("Go back, reload the page and send it again. This keeps other sites from acting in your name."),
    )


def _page(request: HttpRequest, status: int, headline: str, advice: str) -> HttpResponse:
    context = {"headline": headline, "advice": advice, "status": status}
    return render(request, "web/failure.html", context, status=status)
