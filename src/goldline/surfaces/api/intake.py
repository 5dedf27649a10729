"""`POST /v1/events`: CloudEvents in. The answer is given only after the commit.

The body is handed to intake as it came: no framework parses it. Each thread keeps its decoder and its connection.
"""

from __future__ import annotations

import threading
from typing import Any

import msgspec
from django.http import HttpRequest, HttpResponse

from goldline.connectors import cloudevents
from goldline.core.inbox import Intake, Receipt
from goldline.market.events import catalogue
from goldline.surfaces.api.authentication import caller
from goldline.surfaces.web.engine import Connection, engine, engine_url
from goldline.surfaces.web.failure import problem

BODY_MAX_BYTES = 8 * 1024 * 1024


class _Local(threading.local):
    intake: Intake | None = None
    url: str = ""


_local = _Local()


def receive(request: HttpRequest) -> HttpResponse:
    """Take the events of one request: 202 with what was accepted and what was quarantined, and why."""
    refused = refuse_unread(request)
    if refused is not None:
        return refused
    events = cloudevents.parse(request.headers, request.body)
    if isinstance(events, cloudevents.Problem):
        return problem(events.status, events.code, events.detail)
    connection = engine()
    intake = thread_intake(connection)
    with connection.transaction():
        receipt = intake.accept(connection, events, f"api:{caller(request).name}")
    answer = HttpResponse(msgspec.json.encode(_answer(receipt)), status=202, content_type="application/json")
    # So that a sender need not parse the body to see that something was not taken.
    answer["Goldline-Accepted"], answer["Goldline-Quarantined"] = str(receipt.accepted), str(len(receipt.quarantined))
    return answer


def thread_intake(connection: Connection) -> Intake:
    """This thread's intake, made for the database's number of partitions."""
    url = engine_url()
    if _local.intake is None or _local.url != url:
        row = connection.execute("SELECT count(*) FROM partition").fetchone()
        _local.intake = Intake(catalogue(), int(row[0]) if row else 0)
        _local.url = url
    return _local.intake


def refuse_unread(request: HttpRequest) -> HttpResponse | None:
    """What can be refused by its headers, before a byte of the body is read."""
    if encoding := request.headers.get("Content-Encoding", "").strip():
        return problem(415, "unsupported_encoding", f"Content-Encoding {encoding[:40]!r} is not taken; send it plain.")
    length = request.headers.get("Content-Length") or "0"
    if not length.isdigit() or "Transfer-Encoding" in request.headers:
        return problem(411, "length_required", "Send the body with a Content-Length.")
    if int(length) > BODY_MAX_BYTES:
        detail = f"The body has {int(length):,} bytes and the limit is {BODY_MAX_BYTES:,}; send it in parts."
        return problem(413, "body_too_large", detail)
    return None


def _answer(receipt: Receipt) -> dict[str, Any]:
    refused = [{"index": index, "code": code, "reason": reason} for index, code, reason in receipt.quarantined]
    return {"accepted": receipt.accepted, "quarantined": refused}
