"""`POST /v1/events`: CloudEvents in, answered after the commit."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from psycopg import Connection

from goldline.core.inbox import IntakeStopped
from goldline.surfaces.api import intake
from goldline.surfaces.web import engine

from .events import BATCH, STRUCTURED, placed, raw

Key = Callable[..., dict[str, str]]


def send(client: Client, body: bytes, headers: dict[str, str], media: str = BATCH, **more: Any) -> Any:
    """Post a body to the endpoint."""
    return client.post("/v1/events", body, content_type=media, headers=headers, **more)


def assert_problem(response: Any, status: int, code: str) -> dict[str, Any]:
    """Check that an answer is an RFC 9457 problem with every member."""
    assert (response.status_code, response.headers["Content-Type"]) == (status, "application/problem+json")
    body: dict[str, Any] = response.json()
    assert set(body) == {"type", "title", "status", "detail", "code", "errors"}
    assert (body["status"], body["code"], body["type"]) == (status, code, f"urn:goldline:problem:{code}")
    assert body["detail"]
    return body


def test_a_batch_is_accepted_and_is_in_the_inbox(client: Client, key: Key, database: Connection[Any]) -> None:
    """202 says how many were accepted, and they are committed under the key's name."""
    body = b"[" + b",".join(raw(placed(f"o-{n}")) for n in range(5)) + b"]"
    response = send(client, body, key("events:write"))
    assert (response.status_code, response.json()) == (202, {"accepted": 5, "quarantined": []})
    rows = database.execute("SELECT sum(events), min(left(via, 8)) FROM inbox").fetchone()
    assert rows == (5, "api:key-")


def test_one_structured_event_is_accepted(client: Client, key: Key, database: Connection[Any]) -> None:
    """Structured mode: the body is the event."""
    assert send(client, raw(placed()), key("events:write"), STRUCTURED).json()["accepted"] == 1
    assert database.execute("SELECT sum(events) FROM inbox").fetchone() == (1,)


def test_one_binary_event_is_accepted(client: Client, key: Key, database: Connection[Any]) -> None:
    """Binary mode: attributes are headers, the body is the data."""
    one = placed()
    headers = {f"ce-{name}": str(one[name]) for name in ("id", "source", "specversion", "type", "time")}
    response = send(client, json.dumps(one["data"]).encode(), {**key("events:write"), **headers}, "application/json")
    assert (response.status_code, response.json()["accepted"]) == (202, 1)
    assert database.execute("SELECT sum(events) FROM inbox").fetchone() == (1,)


def test_a_bad_event_is_quarantined_and_its_neighbours_are_taken(
    client: Client, key: Key, database: Connection[Any]
) -> None:
    """The answer names the bad event's place and reason; the good ones are accepted."""
    body = json.dumps([placed("o-1"), {**placed("o-2"), "type": "order.teleported"}, placed("o-3")]).encode()
    answer = send(client, body, key("events:write")).json()
    assert answer["accepted"] == 2
    assert [(each["index"], each["code"]) for each in answer["quarantined"]] == [(1, "unknown_type")]
    assert answer["quarantined"][0]["reason"]
    assert database.execute("SELECT code, state FROM quarantine").fetchall() == [("unknown_type", "open")]


def test_without_a_key_nothing_is_taken(client: Client, database: Connection[Any]) -> None:
    """401 with a challenge, and nothing stored."""
    response = send(client, raw(placed()), {}, STRUCTURED)
    assert_problem(response, 401, "unauthorised")
    assert response.headers["WWW-Authenticate"].startswith("Bearer")
    assert database.execute("SELECT count(*) FROM inbox").fetchone() == (0,)


@pytest.mark.parametrize("secret", ["gl_live_" + "0" * 32, "nonsense", "gl_live_" + "Z" * 32])
def test_an_unknown_key_is_refused(client: Client, secret: str) -> None:
    """A guess, well formed or not, is told nothing more than that it is not valid."""
    assert_problem(send(client, b"[]", {"Authorization": f"Bearer {secret}"}), 401, "unauthorised")


def test_a_revoked_key_is_refused(client: Client, key: Key, database: Connection[Any]) -> None:
    """Revoking works at once."""
    headers = key("events:write")
    database.execute("UPDATE api_key SET revoked_at = now()")
    assert_problem(send(client, b"[]", headers), 401, "unauthorised")


def test_a_key_without_the_scope_is_refused(client: Client, key: Key) -> None:
    """A reading key may not send events."""
    assert_problem(send(client, b"[]", key("read")), 403, "forbidden")


def test_a_body_over_the_cap_is_refused_unread(client: Client, key: Key, database: Connection[Any]) -> None:
    """413 by the Content-Length alone."""
    body = b"[" + b" " * intake.BODY_MAX_BYTES + b"]"
    assert_problem(send(client, body, key("events:write")), 413, "body_too_large")
    assert database.execute("SELECT count(*) FROM inbox").fetchone() == (0,)


def test_a_body_without_length_is_refused(client: Client, key: Key) -> None:
    """411: the cap could not be held otherwise."""
    headers = {**key("events:write"), "Transfer-Encoding": "chunked"}
    assert_problem(send(client, b"[]", headers, CONTENT_LENGTH=""), 411, "length_required")


@pytest.mark.parametrize(
    "media", ["text/plain", "application/json", "application/cloudevents+xml", "text/csv; charset=latin-1"]
)
def test_an_unknown_content_type_is_refused(client: Client, key: Key, media: str) -> None:
    """415 says what is taken."""
    assert_problem(send(client, b"[]", key("events:write"), media), 415, "unsupported_media_type")


def test_a_compressed_body_is_refused(client: Client, key: Key) -> None:
    """415: what cannot be bounded before it is read is not taken."""
    headers = {**key("events:write"), "Content-Encoding": "gzip"}
    assert_problem(send(client, b"[]", headers), 415, "unsupported_encoding")


@pytest.mark.parametrize(
    ("body", "code"), [(b" ", "malformed"), (b"[", "malformed"), (b"{}", "not_a_batch"), (b"\xff", "malformed")]
)
def test_a_batch_that_cannot_be_read_is_refused_whole(
    client: Client, key: Key, database: Connection[Any], body: bytes, code: str
) -> None:
    """400, and nothing half done."""
    assert_problem(send(client, body, key("events:write")), 400, code)
    assert database.execute("SELECT (SELECT count(*) FROM inbox) + (SELECT count(*) FROM quarantine)").fetchone() == (
        0,
    )


def test_an_unreachable_database_is_a_503_with_retry_after(
    client: Client, key: Key, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sender is told to come again, and told that nothing was stored."""
    headers = key("events:write")
    engine.forget()
    monkeypatch.setattr(engine, "engine_url", lambda: "postgresql://nobody@127.0.0.1:1/none")
    response = send(client, raw(placed()), headers, STRUCTURED)
    assert_problem(response, 503, "record_unavailable")
    assert int(response.headers["Retry-After"]) > 0


def test_a_stopped_intake_is_a_503_with_retry_after(client: Client, key: Key, monkeypatch: pytest.MonkeyPatch) -> None:
    """When too much was quarantined, senders are told loudly."""

    def stopped(*_arguments: Any, **_named: Any) -> None:
        raise IntakeStopped("Intake is stopped: 101 of the last 200 events were quarantined", code="intake_stopped")

    monkeypatch.setattr("goldline.core.inbox.Intake.accept", stopped)
    response = send(client, raw(placed()), key("events:write"), STRUCTURED)
    assert_problem(response, 503, "intake_stopped")
    assert int(response.headers["Retry-After"]) > 0


def test_a_failed_commit_is_not_acknowledged(
    client: Client, key: Key, database: Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the database refuses the write, the answer is an error and the inbox is empty."""
    headers = key("events:write")
    database.execute("ALTER TABLE inbox ADD CONSTRAINT refused CHECK (events < 0) NOT VALID")
    response = send(client, raw(placed()), headers, STRUCTURED)
    assert_problem(response, 500, "internal")
    assert database.execute("SELECT count(*) FROM inbox").fetchone() == (0,)


def test_a_wrong_method_is_a_problem(client: Client) -> None:
    """405 as a problem too, so that a program needs one way to read errors."""
    assert_problem(client.get("/v1/events"), 405, "method_not_allowed")
