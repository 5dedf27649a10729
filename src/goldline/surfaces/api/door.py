"""The short way to a decision: asked hundreds of times a second, it goes past everything that pages need.

No session, no language, no router: the key, the question, the answer. Everything else, and every request that is not
plainly one of these, goes to Django, whose answers these are to the letter but for the headers of languages.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final

import psycopg
from django.core.exceptions import DisallowedHost
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.http import HttpRequest, HttpResponse

from goldline.core.errors import GoldlineError
from goldline.surfaces.api import decision, refusal
from goldline.surfaces.api.authentication import BearerKey
from goldline.surfaces.web.middleware import SecurityHeaders

if TYPE_CHECKING:
    from wsgiref.types import StartResponse

_PATH: Final = re.compile(r"/v1/orders/(?P<order>[!-~]+)/decisions/(?P<name>[A-Za-z0-9.-]+)\Z")
_TOKEN: Final = re.compile(r"[Bb]earer +(\S+)\Z")
_KEY: Final = BearerKey("decision.ask")


class Door:
    """The WSGI application in front of Django."""

    def __init__(self, inner: WSGIHandler) -> None:
        self.inner = inner

    def __call__(self, environ: dict[str, Any], start: StartResponse) -> Iterable[bytes]:
        """The answer of the short way where there is one, else Django's."""
        found = _PATH.match(environ.get("PATH_INFO", "")) if environ["REQUEST_METHOD"] == "POST" else None
        token = _TOKEN.match(environ.get("HTTP_AUTHORIZATION", "")) if found else None
        if found is None or token is None:
            return self.inner(environ, start)
        request = WSGIRequest(environ)
        try:
            request.get_host()
        except DisallowedHost:
            return self.inner(environ, start)
        response = _headed(request, lambda each: _answer(each, token[1], found["order"], found["name"]))
        start(f"{response.status_code} {response.reason_phrase}", list(response.items()))
        return [response.content]


def _headed(request: HttpRequest, answer: Callable[[HttpRequest], HttpResponse]) -> HttpResponse:
    """The answer with the security headers, its length, and every fault as a problem."""
    response = SecurityHeaders(answer)(request)
    response.headers["Content-Length"] = str(len(response.content))
    return response


def _answer(request: HttpRequest, token: str, order_id: str, name: str) -> HttpResponse:
    try:
        request.auth = _KEY.authenticate(request, token)  # type: ignore[attr-defined]
        return decision.ask(request, order_id, name)
    except GoldlineError as fault:
        return refusal.goldline_fault(request, fault)
    except (psycopg.OperationalError, psycopg.InterfaceError) as fault:
        return refusal.unreachable(request, fault)
    except Exception as fault:  # noqa: BLE001 - a fault of ours is answered as one
        return refusal.broken(request, fault)
