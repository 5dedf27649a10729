"""A carrier's trace as `parcel.scanned` events: one vocabulary, one time, and what the carrier said beside them.

An event's id is made from its dialect, waybill, time, code and text, so a trace that is pushed again whole, as the
vendors do, makes the same events again. Two entries in one second are two events. What the text and the place say is
kept as it is, even where they contradict each other.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from goldline.connectors.carriers import wording
from goldline.connectors.carriers.dialect import Dialect, Meaning, Unmapped
from goldline.connectors.carriers.mask import masked
from goldline.connectors.carriers.shape import Checkpoint, ShapeError, checkpoints
from goldline.connectors.files import Item
from goldline.core.refusal import Refusal
from goldline.market.incident import INCIDENTS
from goldline.market.stall import province

Orders = Callable[[str], Sequence[str]]
"""The orders a waybill belongs to: none where it is unknown, several where they travel in one parcel."""

TEXT_CHARACTERS: Final = 500
NO_CARRIER: Final = "unknown"
_FORMS: Final = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d %I:%M %p", "%Y-%m-%d %I:%M:%S %p")
_UNFIT: Final = re.compile(r"[^A-Za-z0-9._:@/+=-]+")


_NEVER: Final = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Made:
    """One entry turned into an event, or refused."""

    event_id: str
    at: datetime
    item: Item


@dataclass(frozen=True, slots=True)
class Reader:
    """How the payloads of one dialect are read here.

    `zone` is that of times without an offset, where the dialect has none of its own; `carrier` is named where a
    payload names none.
    """

    dialect: Dialect
    orders: Orders
    zone: ZoneInfo | None = None
    carrier: str = NO_CARRIER

    def items(self, payload: bytes, place: str) -> list[Item]:
        """The events of one payload, by time, and with a refusal what cannot be one. `place` names the payload."""
        try:
            entries = checkpoints(self.dialect.name, payload)
        except ShapeError as error:
            return [Item(place, payload, Refusal("malformed", str(error)))]
        made: dict[str, _Made] = {}
        for number, entry in _chronological(entries):
            for each in self._of_entry(entry, f"{place}, scan {number}"):
                made.setdefault(each.event_id, each)
        good = sorted((each for each in made.values() if each.item.why is None), key=lambda each: each.at)
        return [each.item for each in (*good, *(each for each in made.values() if each.item.why is not None))]

    def _of_entry(self, entry: Checkpoint, place: str) -> list[_Made]:
        at = instant(entry.time, self.dialect.zone or self.zone)
        meaning = self._meaning(entry)
        orders = tuple(dict.fromkeys(self.orders(entry.waybill))) or tuple(filter(None, (entry.order,)))
        why = _why(entry, at, meaning, orders)
        if why is not None or isinstance(at, str) or isinstance(meaning, Unmapped):
            event = self._event(entry, at, None, orders[0] if orders else None)
            refusal = Refusal("invalid", why or "", event["id"], "parcel.scanned")
            return [_Made(event["id"], _NEVER, Item(place, msgspec.json.encode(event), refusal))]
        shared = len(orders) > 1
        events = [self._event(entry, at, meaning, order, shared=shared) for order in orders]
        return [_Made(event["id"], at, Item(place, msgspec.json.encode(event))) for event in events]

    def _meaning(self, entry: Checkpoint) -> Meaning | Unmapped:
        """What the code says; in a Chinese trace without codes, what the words say."""
        if entry.code or entry.sub or not self.dialect.speaks_chinese:
            return self.dialect.read(entry.code, entry.sub)
        read = wording.read(entry.text or "")
        return read or Unmapped("The scan has no code, and its words are not understood.")

    def _event(
        self,
        entry: Checkpoint,
        at: datetime | str,
        meaning: Meaning | None,
        order: str | None,
        *,
        shared: bool = False,
    ) -> dict[str, Any]:
        """The CloudEvent of one entry; without a meaning it lacks its `code`, for a person to fill in."""
        time = at if isinstance(at, str) else rfc3339(at)
        data = {
            "order_id": order,
            "parcel_id": entry.waybill,
            "carrier_id": _UNFIT.sub("-", entry.carrier or self.carrier)[:64],
            "code": meaning.scan if meaning else None,
            "place": _short(entry.place),
            "incident": _incident(meaning, entry.sub),
            "raw_code": _short(raw_code(entry)),
            "raw_text": _short(masked(entry.text) if entry.text else None),
            "province": province(entry.region) if self.dialect.speaks_chinese else None,
            "origin_province": province(entry.origin) if self.dialect.speaks_chinese else None,
        }
        return {
            "specversion": "1.0",
            "type": "parcel.scanned",
            "source": self.dialect.name,
            "id": self._id(entry, time, order if shared else None),
            "time": time,
            "data": {name: value for name, value in data.items() if value is not None},
        }

    def _id(self, entry: Checkpoint, time: str, order: str | None) -> str:
        words = " ".join((entry.text or "").split())
        parts = (self.dialect.name, entry.waybill, time, raw_code(entry) or "", words, *filter(None, (order,)))
        # Each part with its length, so that no two lists of parts are written alike.
        whole = "".join(f"{len(part)}:{part}" for part in parts)
        return f"{self.dialect.name}:{blake2b(whole.encode(errors='replace'), digest_size=16).hexdigest()}"


def instant(text: str | None, zone: ZoneInfo | None) -> datetime | str:
    """A vendor's time in UTC, or the text as it is where it is none or nobody knows its zone.

    A day without a time is read as its first moment: a scan must not make anybody late by its vagueness.
    """
    written = " ".join((text or "").split())
    at = _parsed(written.replace("/", "-"))
    if at is None or (at.tzinfo is None and zone is None):
        return written
    try:
        return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)
    except OverflowError:
        return written


def _parsed(written: str) -> datetime | None:
    try:
        return datetime.fromisoformat(written)
    except ValueError:
        pass
    for form in _FORMS:
        try:
            return datetime.strptime(written, form)  # noqa: DTZ007 - the zone is the caller's
        except ValueError:
            continue
    return None


def rfc3339(at: datetime) -> str:
    """A time in UTC as events write it."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def raw_code(entry: Checkpoint) -> str | None:
    """The vendor's code with its sub-code, as it wrote them."""
    return "/".join(part.strip() for part in (entry.code, entry.sub) if part and part.strip()) or None


def _why(entry: Checkpoint, at: datetime | str, meaning: Meaning | Unmapped, orders: tuple[str, ...]) -> str | None:
    """Why an entry cannot be an event, in a sentence."""
    if entry.fault:
        return entry.fault
    if isinstance(at, str):
        if _parsed(at.replace("/", "-")) is not None:
            return f"The time {at!r} has no offset and this dialect no zone; name the zone its times are in."
        return f"The time {at[:40]!r} is not understood." if at else "The scan has no time."
    if isinstance(meaning, Unmapped):
        return meaning.reason
    if not orders:
        return f"No order is known for the waybill '{entry.waybill[:64]}'; name it, or send its parcel.created first."
    return None


def _incident(meaning: Meaning | None, sub: str | None) -> str | None:
    """The incident of the meaning; where that is unknown, the vendor's own reason if it is one of the list."""
    if meaning is None:
        return None
    return sub if meaning.incident == "unknown" and sub in INCIDENTS else meaning.incident


def _chronological(entries: list[Checkpoint]) -> list[tuple[int, Checkpoint]]:
    """Entries with their numbers, oldest first where the vendor lists the newest first."""
    numbered = list(enumerate(entries, 1))
    newest_first = len(entries) > 1 and (entries[0].time or "") > (entries[-1].time or "")
    return numbered[::-1] if newest_first else numbered


def _short(text: str | None) -> str | None:
    return text[:TEXT_CHARACTERS] or None if text else None
