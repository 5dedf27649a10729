"""The short way to a decision answers as the long way does."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIHandler
from psycopg import Connection

from goldline.surfaces.api.door import Door

from .test_decisions import ASKED, shop

Key = Callable[..., dict[str, str]]
__all__ = ["shop"]


def through(application: Any, path: str, body: bytes, headers: dict[str, str], method: str = "POST") -> Any:
    """Status, body and headers of one request."""
    environ = {
        "REQUEST_METHOD": method, "PATH_INFO": path, "SERVER_NAME": "localhost", "SERVER_PORT": "80",
        "HTTP_HOST": "localhost", "wsgi.input": BytesIO(body), "wsgi.url_scheme": "http", "QUERY_STRING": "",
        "CONTENT_LENGTH": str(len(body)), "CONTENT_TYPE": "application/json",
        **{f"HTTP_{name.upper()}": value for name, value in headers.items()},
    }  # fmt: skip
    said: list[Any] = []
    content = b"".join(application(environ, lambda status, heads, *_: said.extend([status, dict(heads)])))
    return said[0], content, said[1]


@pytest.mark.parametrize(
    ("path", "more", "scope"),
    [
        ("/v1/orders/o-1/decisions/instant-refund", {}, "decide"),
        ("/v1/orders/o-2/decisions/baseline.instant-refund", {}, "decide"),
        ("/v1/orders/o-9/decisions/instant-refund", {}, "decide"),
        ("/v1/orders/o-1/decisions/no-such", {}, "decide"),
        ("/v1/orders/o-1/decisions/instant-refund", {"currency": "EUR"}, "decide"),
        ("/v1/orders/o-1/decisions/instant-refund", {"amount_minor": "x"}, "decide"),
        ("/v1/orders/o-1/decisions/instant-refund", {}, "read"),
        ("/v1/orders/o-1/decisions/instant-refund", {}, None),
    ],
)
def test_both_ways_answer_alike(
    key: Key, shop: str, database: Connection[Any], path: str, more: dict[str, Any], scope: str | None
) -> None:
    """Status, body and security headers are those of Django, whichever way comes first."""
    headers = {"authorization": key(scope)["Authorization"]} if scope else {}
    body = json.dumps({**ASKED, **more}).encode()
    short = through(Door(WSGIHandler()), path, body, headers)
    long = through(WSGIHandler(), path, body, headers)
    assert short[:2] == long[:2]
    kept = ("Content-Type", "Content-Security-Policy", "X-Content-Type-Options", "WWW-Authenticate")
    assert [short[2].get(name) for name in kept] == [long[2].get(name) for name in kept]
    assert short[2].get("Content-Length") in (None, str(len(short[1])))


def test_what_is_not_plainly_a_question_goes_the_long_way(key: Key, shop: str) -> None:
    """Another method, another host: Django's answer."""
    headers = {"authorization": key("decide")["Authorization"]}
    path = "/v1/orders/o-1/decisions/instant-refund"
    assert through(Door(WSGIHandler()), path, b"", headers, "GET")[0].startswith("405")
    foreign = through(Door(WSGIHandler()), path, b"{}", {**headers, "host": "elsewhere.example"})
    assert foreign[0].startswith("400")
