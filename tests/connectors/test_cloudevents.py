"""CloudEvents over HTTP: structured, batched and binary requests become raw events."""

from __future__ import annotations

import json
from typing import Any

import pytest

from goldline.connectors.cloudevents import BATCHED, MAX_BATCH_EVENTS, STRUCTURED, Problem, parse
from goldline.core.inbox import Accepted, Intake
from goldline.market.events import catalogue

DATA = b'{"order_id":"o1","paid_minor":1000,"currency":"CNY"}'
EVENT = (
    b'{"specversion":"1.0","id":"e1","source":"test","type":"order.paid","time":"2026-08-10T12:00:00Z","data":%s}'
    % DATA
)
BINARY = {
    "Content-Type": "application/json",
    "Ce-Specversion": "1.0",
    "Ce-Id": "e1",
    "Ce-Source": "test",
    "Ce-Type": "order.paid",
    "Ce-Time": "2026-08-10T12:00:00Z",
}


def taken(headers: dict[str, str], body: bytes) -> list[bytes]:
    """The events of a request that must be readable."""
    events = parse(headers, body)
    assert not isinstance(events, Problem), events
    return [bytes(each) for each in events]


def problem(headers: dict[str, str], body: bytes) -> Problem:
    """The problem of a request that must not be readable."""
    found = parse(headers, body)
    assert isinstance(found, Problem)
    return found


@pytest.mark.parametrize("media", [STRUCTURED, f"{STRUCTURED}; charset=utf-8", f'{STRUCTURED.upper()};CHARSET="UTF-8"'])
def test_structured(media: str) -> None:
    """One event, handed on byte for byte; header names and media types in any case."""
    assert taken({"content-TYPE": media}, EVENT) == [EVENT]


def test_what_is_malformed_in_structured_mode_is_left_to_the_quarantine() -> None:
    """It is one event whatever is in it, so it can be kept."""
    assert taken({"Content-Type": STRUCTURED}, b"{nonsense") == [b"{nonsense"]


@pytest.mark.parametrize("count", [0, 1, 500])
def test_batched(count: int) -> None:
    """As many events as the array has, each as it was written."""
    body = b"[ " + b" , ".join([EVENT] * count) + b" ]"
    assert taken({"Content-Type": BATCHED}, body) == [EVENT] * count


def test_binary() -> None:
    """Attributes from the headers, data from the body; the whole is an event that intake accepts."""
    [raw] = taken(BINARY, DATA)
    assert json.loads(raw) == json.loads(EVENT)
    assert isinstance(Intake(catalogue(), 2).check(raw), Accepted)


@pytest.mark.parametrize(
    ("header", "value"),
    [("Euro%20%E2%82%AC%20%F0%9F%98%80", "Euro € 😀"), ('"say \\"hi\\""', 'say "hi"'), ("plain", "plain")],
)
def test_binary_headers_are_decoded(header: str, value: str) -> None:
    """Percent-encoding and quotes, by section 3.1.3.2 of the binding."""
    [raw] = taken({**BINARY, "ce-subject": header}, DATA)
    assert json.loads(raw)["subject"] == value


def test_a_binary_body_cannot_break_out_of_its_event() -> None:
    """A body that closes the data and adds attributes is not JSON, and is refused."""
    assert problem(BINARY, DATA + b',"type":"order.cancelled"').code == "malformed"


@pytest.mark.parametrize(
    ("headers", "body", "status", "code"),
    [
        ({}, EVENT, 415, "unsupported_media_type"),
        ({"Content-Type": "text/plain"}, EVENT, 415, "unsupported_media_type"),
        ({"Content-Type": "application/json"}, EVENT, 415, "unsupported_media_type"),
        ({"Content-Type": "application/cloudevents+avro"}, EVENT, 415, "unsupported_media_type"),
        ({"Content-Type": f"{STRUCTURED}; charset=utf-16"}, EVENT, 415, "unsupported_media_type"),
        ({**BINARY, "Content-Type": "text/xml"}, DATA, 415, "unsupported_media_type"),
        ({"Content-Type": STRUCTURED}, b" ", 400, "empty"),
        ({"Content-Type": BATCHED}, b"", 400, "malformed"),
        ({"Content-Type": BATCHED}, EVENT, 400, "not_a_batch"),
        ({"Content-Type": BATCHED}, b"[" + EVENT, 400, "malformed"),
        ({"Content-Type": BATCHED}, b"[" * 5_000, 400, "malformed"),
        (BINARY, b"", 400, "malformed"),
        ({**BINARY, "Ce-Data": "x"}, DATA, 400, "bad_header"),
        ({**BINARY, "Ce-Under_Score": "x"}, DATA, 400, "bad_header"),
        ({**BINARY, "Ce-Subject": "%FF"}, DATA, 400, "bad_header"),
        ({"Content-Type": BATCHED}, b"[" + b",".join([b"1"] * (MAX_BATCH_EVENTS + 1)) + b"]", 413, "batch_too_large"),
    ],
)
def test_a_request_that_cannot_be_read(headers: dict[str, Any], body: bytes, status: int, code: str) -> None:
    """A status, a stable code and one sentence; nothing of it is taken."""
    found = problem(headers, body)
    assert (found.status, found.code) == (status, code)
    assert found.detail.endswith(".")
