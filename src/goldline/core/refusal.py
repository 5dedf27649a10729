"""Why an event was not taken, in one sentence: what was wrong, where, and what to do."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any, Literal

import msgspec

from goldline.core.facts.event import Catalogue
from goldline.core.spelling import closest

Code = Literal["malformed", "unknown_type", "invalid"]


@dataclass(frozen=True, slots=True)
class Refusal:
    """One event refused. `code` is stable; `reason` is for people; id and type as far as they could be read."""

    code: Code
    reason: str
    event_id: str | None = None
    event_type: str | None = None

    def at(self, place: str) -> Refusal:
        """The same, beginning with the place in its source."""
        return replace(self, reason=f"{place}: {self.reason}")


def too_large(raw: bytes, limit_bytes: int) -> Refusal:
    """An event above the size limit. Not decoded: it may be anything."""
    return Refusal("invalid", f"The event has {len(raw):,} bytes and the limit is {limit_bytes:,}; send a smaller one.")


def explain(raw: bytes, error: Exception, catalogue: Catalogue) -> Refusal:
    """Turn the decoder's error into a refusal that names the path and says what to do."""
    if isinstance(error, msgspec.ValidationError):
        return _invalid(raw, str(error), catalogue)
    if (encoding := _encoding(raw)) is not None:
        return Refusal("malformed", encoding)
    if isinstance(error, RecursionError):
        return Refusal("malformed", "The event is nested too deeply to be read; send flat data.")
    return Refusal("malformed", _malformed(raw, str(error)))


def encoding_fault(raw: bytes) -> Refusal:
    """An event that is not UTF-8 throughout, though what was read of it made sense."""
    return Refusal("malformed", _encoding(raw) or "The event is not UTF-8; send UTF-8.")


def _encoding(raw: bytes) -> str | None:
    if raw.startswith(b"\xef\xbb\xbf"):
        return "The event begins with a UTF-8 byte order mark; send JSON without it."
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")) or raw[:2].count(0) == 1:
        return "The event is encoded as UTF-16, not UTF-8; send UTF-8."
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        return f"The event is not UTF-8: byte {error.start} is 0x{raw[error.start]:02x}; send UTF-8."
    return None


def _malformed(raw: bytes, message: str) -> str:
    if not raw.strip():
        return "The event is empty; send one JSON object."
    if "truncated" in message:
        return f"The event is cut off after {len(raw):,} bytes; send the whole JSON object."
    detail = message.removeprefix("JSON is malformed: ")
    return f"The event is not JSON: {detail}; send one JSON object."


def _invalid(raw: bytes, message: str, catalogue: Catalogue) -> Refusal:
    """A JSON value that is no event of the catalogue: an unknown type, or a value that its type forbids."""
    try:
        value = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        # The decoder met a wrong value before it met the end of the broken text: broken comes first.
        return explain(raw, error, catalogue)
    if not isinstance(value, dict):
        return Refusal("malformed", f"The event is {_name(value)}, not a JSON object; send one CloudEvent.")
    event_id, kind = _label(value.get("id")), value.get("type")
    if not isinstance(kind, str) or kind not in catalogue.types:
        return Refusal("unknown_type", _unknown(kind, catalogue, present="type" in value), event_id, _label(kind))
    reason = _of_a_form(message, value, catalogue) or _sentence(message, value)
    return Refusal("invalid", reason, event_id, kind)


_GENERAL = ("A-Za-z0-9._:@", "[A-Z]{3}")  # patterns of identifiers and currencies, which have sentences of their own


def _of_a_form(message: str, event: dict[str, Any], catalogue: Catalogue) -> str | None:
    """The sentence for a text that a field's own pattern refuses: the field's description says which there are."""
    if "matching regex" not in message or any(each in message for each in _GENERAL):
        return None
    path = message.partition(" - at `$.")[2].rstrip("`")
    data = catalogue.types[event["type"]].data
    field = msgspec.json.schema(data)["$defs"][data.__name__]["properties"].get(path.removeprefix("data."), {})
    about = next((each["description"] for each in (field, *field.get("anyOf", ())) if "description" in each), None)
    return f"`{path}` is {_shown(_value(event, path))}, which is none of these. {about}" if about else None


def _name(value: Any) -> str:
    names = {list: "an array", str: "a string", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")


def _label(value: Any) -> str | None:
    return value[:200].replace("\0", "") if isinstance(value, str) else None


def _unknown(kind: Any, catalogue: Catalogue, *, present: bool) -> str:
    if not present:
        return "`type` is missing; name one of the event types of the catalogue."
    if not isinstance(kind, str):
        return f"`type` is {_name(kind)}; it must be a string that names an event type of the catalogue."
    near = closest(kind, catalogue.types)
    hint = f"did you mean '{near}'?" if near else "see the event catalogue for the types known here."
    return f"The event type {_shown(kind)} is unknown; {hint}"


_WANTED = (
    (r"Object missing required field `(?P<field>.+?)`", "`{field}` is missing; every {what} needs it."),
    (r"Invalid RFC3339 encoded datetime",
     "`{path}` is {value}, which is not an instant; write RFC 3339 with four digits of year, as 2026-08-10T09:30:00Z."),
    (r"Expected `datetime` with a timezone component",
     "`{path}` is {value}, without an offset from UTC; write it with one, as 2026-08-10T09:30:00Z."),
    (r"Expected `datetime`, got", "`{path}` is {value}; write an RFC 3339 string, as 2026-08-10T09:30:00Z."),
    (r"Expected `int` >= 0", "`{path}` is {value}; an amount cannot be negative."),
    (r"Expected `int` <= (?P<limit>\d+)", "`{path}` is {value}, above the largest amount taken, {limit} minor units."),
    (r"Expected `int`, got `(?:float|str)`",
     "`{path}` is {value}; write a whole number of minor units (1234 for 12.34), at most 10^15, without quotes."),
    (r"Expected `str` matching regex '.*A-Z\]\{3\}", "`{path}` is {value}; write an ISO 4217 code of three capitals."),
    (r"Expected `str` matching regex",
     "`{path}` is {value}; an identifier has letters, digits and ._:@/+=- only, without spaces."),
    (r"Expected `str` of length >= 1", "`{path}` is empty; give it a value."),
    (r"Expected `str` of length <= (?P<limit>\d+)", "`{path}` is longer than {limit} characters; shorten it."),
    (r"Invalid enum value", "`{path}` is {value}, which is none of the values allowed; see the event catalogue."),
    (r"Invalid value '", "`{path}` is given more than once with different values; send it once."),
    (r"Expected `(?P<want>[^`]+)`, got `(?P<got>[^`]+)`", "`{path}` is {got}; it must be {want}."),
)  # fmt: skip


def _sentence(message: str, event: dict[str, Any]) -> str:
    """One clear sentence for one of the decoder's messages, with the value it stumbled over."""
    message, _, path = message.partition(" - at `$")
    path = path.rstrip("`").lstrip(".")
    for pattern, sentence in _WANTED:
        if found := re.match(pattern, message):
            parts = found.groupdict()
            if "field" in parts:
                parts["field"] = f"{path}.{parts['field']}" if path else parts["field"]
            what = f"'{event['type']}'" if path else "event"
            return sentence.format(path=path, value=_shown(_value(event, path)), what=what, **parts)
    return f"`{path}` is not valid: {message}." if path else f"The event is not valid: {message}."


def _value(event: Any, path: str) -> Any:
    for name in path.split("."):
        event = event.get(name) if isinstance(event, dict) else None
    return event


def _shown(value: Any) -> str:
    """A value as JSON, cut to a length that fits a sentence."""
    text = str(value) if isinstance(value, int | float) else msgspec.json.encode(value).decode(errors="replace")
    text = text.replace("\\u0000", "␀")
    return text if len(text) <= 60 else f"{text[:57]}…"
