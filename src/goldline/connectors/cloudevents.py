"""CloudEvents 1.0 over HTTP: a request's headers and body become raw JSON events. Knows no web framework.

Source: CloudEvents HTTP Protocol Binding 1.0.2, sections 3.1 (binary), 3.2 (structured), 3.3 (batched), and the
JSON format 1.0.2.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

import msgspec

MAX_BATCH_EVENTS: Final = 10_000
STRUCTURED: Final = "application/cloudevents+json"
BATCHED: Final = "application/cloudevents-batch+json"
_ATTRIBUTE: Final = re.compile(r"[a-z0-9]{1,20}\Z")
_RESERVED: Final = ("data", "data_base64")
_SPLIT: Final = msgspec.json.Decoder(list[msgspec.Raw])
_VALUE: Final = msgspec.json.Decoder(msgspec.Raw)


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a whole request was refused: the members of an RFC 9457 problem. Nothing of it was taken."""

    status: int
    code: str
    title: str
    detail: str


def parse(headers: Mapping[str, str], body: bytes) -> Sequence[bytes | msgspec.Raw] | Problem:
    """The raw JSON events of one request, in order, or why it cannot be read.

    Header names may be in any case. The events themselves are not checked here: that is intake's part, and a bad
    one never spoils its neighbours. Structured mode hands on the body as it is, so that what is malformed can
    be quarantined rather than lost.
    """
    named = {name.lower(): value for name, value in headers.items()}
    media, charset = _media(named.get("content-type", ""))
    if charset not in ("", "utf-8", "utf8", "us-ascii"):
        return _unsupported(f"The charset {charset!r} is not taken; send UTF-8.")
    if media == BATCHED:
        return _batch(body)
    if media == STRUCTURED:
        return [body] if body.strip() else _bad("empty", "The body is empty; send one CloudEvent.")
    if media.startswith("application/cloudevents"):
        return _unsupported(f"{media!r} is not taken; send {STRUCTURED} or {BATCHED}.")
    if "ce-specversion" in named:
        return _binary(named, media, body)
    shown = repr(media) if media else "a missing Content-Type"
    return _unsupported(
        f"{shown} is not taken; send {STRUCTURED}, {BATCHED}, or application/json with ce-specversion, ce-id, "
        "ce-source, ce-type and ce-time headers."
    )


def _batch(body: bytes) -> Sequence[msgspec.Raw] | Problem:
    try:
        events = _SPLIT.decode(body)
    except msgspec.ValidationError:
        return _bad("not_a_batch", "The body is not a JSON array; a batch is an array of CloudEvents.")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return _bad("malformed", f"The body is not JSON ({error}); nothing of the batch was taken.")
    if len(events) > MAX_BATCH_EVENTS:
        return Problem(
            413,
            "batch_too_large",
            "Too many events",
            f"The batch has {len(events):,} events and the limit is {MAX_BATCH_EVENTS:,}; send it in parts.",
        )
    return events


def _binary(headers: Mapping[str, str], media: str, body: bytes) -> Sequence[bytes] | Problem:
    if media and not _is_json(media):
        return _unsupported(f"Data of type {media!r} is not taken; the data of every event here is JSON.")
    event: dict[str, object] = {}
    for name, value in headers.items():
        if not name.startswith("ce-"):
            continue
        attribute = name[3:]
        if not _ATTRIBUTE.match(attribute) or attribute in _RESERVED:
            return _bad("bad_header", f"The header {name!r} names no CloudEvents attribute; leave it out.")
        try:
            event[attribute] = unquote(_unquoted(value), errors="strict")
        except UnicodeDecodeError:
            return _bad("bad_header", f"The header {name!r} is not percent-encoded UTF-8.")
    try:
        # Decoding first keeps a body from closing the object we are about to wrap around it.
        event["data"] = _VALUE.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return _bad("malformed", f"The body is not JSON ({error}); it is the data of the event.")
    return [msgspec.json.encode(event)]


def _media(header: str) -> tuple[str, str]:
    """Media type and charset of a Content-Type, in lower case."""
    media, *parameters = (part.strip() for part in header.split(";"))
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return media.lower(), value.strip().strip('"').lower()
    return media.lower(), ""


def _is_json(media: str) -> bool:
    return media in ("application/json", "text/json") or media.endswith("+json")


def _unquoted(value: str) -> str:
    """A header value without the double quotes and backslashes some senders wrap it in (section 3.1.3.2)."""
    if len(value) >= 2 and value[0] == value[-1] == '"':
        return re.sub(r"\\(.)", r"\1", value[1:-1])
    return value


def _bad(code: str, detail: str) -> Problem:
    return Problem(400, code, "The request cannot be read", detail)


def _unsupported(detail: str) -> Problem:
    return Problem(415, "unsupported_media_type", "The content type is not taken", detail)
