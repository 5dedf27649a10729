"""Intake: the one door events come in by, whatever the surface.

`Intake.accept` checks every event by itself, groups the good ones by partition into one inbox row each, and puts
the others in quarantine with a sentence that says what is wrong. It does not commit: the caller commits and only
then answers, so an acknowledged event is a committed one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from zlib import crc32

import msgspec
from psycopg import Connection

from goldline.core.crashpoint import crashpoint
from goldline.core.errors import GoldlineError
from goldline.core.facts.event import EARLIEST, LATEST, Catalogue, Currency, EventType, Time
from goldline.core.money import EXPONENTS
from goldline.core.refusal import Refusal, encoding_fault, explain, too_large

MAX_EVENT_BYTES = 65_536
"""The largest event taken, as CloudEvents 1.0 asks of every intermediary."""

ANNOUNCING: Final = (
    "WITH row AS ({} RETURNING id, partition, received_at) INSERT INTO announced (inbox_id, received_at)"
    " SELECT id, received_at FROM row WHERE partition = ANY(%s::smallint[])"
)
"""Writes inbox rows and notes those that hold what concerns every partition: clocks wait until it is in force."""

WINDOW_EVENTS = 10_000
"""The breaker looks at this many of the last events."""
STOP_ABOVE_EVENTS = 100
STOP_ABOVE_SHARE = 0.01


class IntakeStopped(GoldlineError):
    """Too many of the last events were quarantined: intake refuses everything until an operator has looked."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of one call: the number accepted, and (index, code, reason) of each event quarantined."""

    accepted: int
    quarantined: list[tuple[int, str, str]]


@dataclass(slots=True)
class Breaker:
    """Counts the quarantined among the last `WINDOW_EVENTS` events of this process.

    It trips above 1 % and above 100 events, and stays tripped until every quarantined event is settled
    (re-driven or dropped) or the process is started again.
    """

    window: deque[tuple[int, int]] = field(default_factory=deque)
    events: int = 0
    refused: int = 0
    why: str | None = None

    def record(self, events: int, refused: int) -> None:
        """Count one batch, forget what left the window, and trip when the rest is too bad."""
        self.window.append((events, refused))
        self.events += events
        self.refused += refused
        while self.window and self.events - self.window[0][0] >= WINDOW_EVENTS:
            old_events, old_refused = self.window.popleft()
            self.events -= old_events
            self.refused -= old_refused
        if self.refused > STOP_ABOVE_EVENTS and self.refused > self.events * STOP_ABOVE_SHARE:
            self.why = f"{self.refused:,} of the last {self.events:,} events were quarantined"

    def check(self, connection: Connection[Any]) -> None:
        """Raise `IntakeStopped` while tripped; close again once no quarantined event is open."""
        if self.why is None:
            return
        row = connection.execute("SELECT EXISTS (SELECT 1 FROM quarantine WHERE state = 'open')").fetchone()
        if row is not None and row[0]:
            raise self.stopped()
        self.window.clear()
        self.events = self.refused = 0
        self.why = None

    def stopped(self) -> IntakeStopped:
        """The error to answer with."""
        return IntakeStopped(
            f"Intake is stopped: {self.why}",
            code="intake_stopped",
            hint="see the reasons with `goldline quarantine list`, mend the sender, then re-drive or drop them",
        )


@dataclass(frozen=True, slots=True)
class Accepted:
    """An event that passed every check, the partition it belongs to, and the id that decided it."""

    partition: int
    root: str


class Intake:
    """Checks events against a catalogue and writes them to the inbox of their partition.

    One per process: it carries the breaker. Not for several threads at once: give each thread its own.
    """

    def __init__(self, catalogue: Catalogue, partitions: int) -> None:
        if partitions < 1:
            raise ValueError("an intake needs at least one partition")
        self.catalogue = catalogue
        self.partitions = partitions
        self.breaker = Breaker()
        self._decode = catalogue.checked_decoder().decode
        self._plans = {catalogue.checked[each.name]: _plan(each) for each in catalogue}
        self._announcing: set[int] = set()  # partitions of the call under way that got what holds everywhere

    def check(self, raw: bytes) -> Accepted | Refusal:
        """Check one event on its own, writing nothing."""
        partition = self._route(raw)
        if not isinstance(partition, int):
            return partition
        event = self._decode(raw)
        return Accepted(partition, getattr(event.data, event.event_type.root))

    def accept(
        self,
        connection: Connection[Any],
        events: Sequence[bytes | msgspec.Raw],
        via: str,
        *,
        place: Callable[[int], str] | None = None,
    ) -> Receipt:
        """Check `events` (each the raw JSON of one CloudEvent) and write them; does not commit.

        `via` says which door they came by; `place(index)` names an event's place in its source (`Line 7`), which
        then begins its reason. One bad event never blocks its neighbours. Raises `IntakeStopped` when the
        breaker is open, having written nothing.
        """
        self.breaker.check(connection)
        self._announcing.clear()
        batches: dict[int, list[bytes]] = {}
        refused: list[tuple[int, bytes, Refusal]] = []
        route = self._route
        for index, raw in enumerate(events):
            partition = route(raw)
            if isinstance(partition, int):
                batch = batches.get(partition)
                if batch is None:
                    batch = batches[partition] = []
                batch.append(raw)
            else:
                refused.append((index, bytes(raw), partition if place is None else partition.at(place(index))))
        crashpoint("intake.before_write")
        _write_inbox(connection, batches, via, self._announcing)
        _write_quarantine(connection, refused, via)
        self.breaker.record(len(events), len(refused))
        crashpoint("intake.before_commit")
        return Receipt(len(events) - len(refused), [(index, why.code, why.reason) for index, _, why in refused])

    def set_aside(self, connection: Connection[Any], refused: Sequence[tuple[bytes, Refusal]], via: str) -> None:
        """Quarantine what a connector could not even make an event of; counts for the breaker. Does not commit."""
        _write_quarantine(connection, [(0, raw, why) for raw, why in refused], via)
        self.breaker.record(len(refused), len(refused))

    def _route(self, raw: bytes | msgspec.Raw) -> int | Refusal:
        """The partition of one event, or why it cannot be taken."""
        if len(raw) > MAX_EVENT_BYTES:
            return too_large(bytes(raw), MAX_EVENT_BYTES)
        try:
            event = self._decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            return explain(bytes(raw), error, self.catalogue)
        plan = self._plans[event.__class__]
        if (fault := _value_fault(event, plan)) is not None:
            return fault
        blob = bytes(raw)
        # Fields nobody declared are skipped unread by the decoder, yet stored: they must be sound text too.
        if not (blob.isascii() or _is_utf8(blob)):
            return encoding_fault(blob)
        if b"\\u0000" in blob:
            return _refuse("The event contains the character U+0000, which cannot be stored; send it without.", event)
        partition = crc32(getattr(event.data, plan.root).encode()) % self.partitions
        if plan.everywhere:
            self._announcing.add(partition)
        return partition


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is looked at in an event of one type: its root, and the fields of `data` that need more than decoding."""

    root: str
    everywhere: bool
    instants: tuple[str, ...]
    currencies: tuple[str, ...]


def _plan(kind: EventType) -> _Plan:
    fields = msgspec.structs.fields(kind.data)
    instants = tuple(each.name for each in fields if each.type in (Time, Time | None))
    return _Plan(kind.root, kind.everywhere, instants, tuple(each.name for each in fields if each.type == Currency))


def _value_fault(event: Any, plan: _Plan) -> Refusal | None:
    """What the struct cannot say: an instant out of bounds, a currency that does not exist."""
    if not EARLIEST <= event.time < LATEST:
        return _out_of_time("time", event.time, event)
    data = event.data
    for name in plan.instants:
        value = getattr(data, name)
        if value is not None and not EARLIEST <= value < LATEST:
            return _out_of_time(f"data.{name}", value, event)
    for name in plan.currencies:
        value = getattr(data, name)
        if value not in EXPONENTS:
            return _refuse(f"`data.{name}` is {value}, which is not a currency of ISO 4217; send its true code.", event)
    return None


def _out_of_time(path: str, value: datetime, event: Any) -> Refusal:
    bounds = f"outside {EARLIEST.year} to {LATEST.year}"
    return _refuse(f"`{path}` is {value.isoformat()}, {bounds}; send the true instant.", event)


def _refuse(reason: str, event: Any) -> Refusal:
    return Refusal("invalid", reason, event.id, event.event_type.name)


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True


def _write_inbox(
    connection: Connection[Any], batches: dict[int, list[bytes]], via: str, announcing: Collection[int]
) -> None:
    """One row a partition, in the order of partitions. Rows that hold what concerns all of them are noted as such."""
    if not batches:
        return
    rows: list[Any] = []
    for partition in sorted(batches):
        raws = batches[partition]
        rows += (partition, via, len(raws), b"[" + b",".join(raws) + b"]")
    values = ",".join(["(%s,%s,%s,%b)"] * len(batches))
    insertion = f"INSERT INTO inbox (partition, via, events, body) VALUES {values}"  # noqa: S608
    if announcing:
        insertion = ANNOUNCING.format(insertion)
        rows.append(sorted(announcing))
    connection.execute(insertion.encode(), rows)


def _write_quarantine(connection: Connection[Any], refused: list[tuple[int, bytes, Refusal]], via: str) -> None:
    if not refused:
        return
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO quarantine (via, code, reason, event_id, event_type, body) VALUES (%s,%s,%s,%s,%s,%b)",
            [(via, why.code, why.reason, why.event_id, why.event_type, raw) for _, raw, why in refused],
        )
