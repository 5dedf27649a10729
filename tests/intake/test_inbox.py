"""Intake: what is taken, what is set aside and why, and when everything stops."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from zlib import crc32

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import Connection

from goldline.core import quarantine
from goldline.core.facts.event import EARLIEST, LATEST
from goldline.core.inbox import (
    MAX_EVENT_BYTES,
    STOP_ABOVE_EVENTS,
    WINDOW_EVENTS,
    Accepted,
    Breaker,
    Intake,
    IntakeStopped,
)
from goldline.core.refusal import Refusal
from goldline.market.events import catalogue

PARTITIONS = 2
PAID = {
    "specversion": "1.0",
    "id": "e1",
    "source": "test",
    "type": "order.paid",
    "time": "2026-08-10T12:00:00Z",
    "data": {"order_id": "o1", "paid_minor": 1000, "currency": "CNY"},
}


@pytest.fixture
def intake() -> Intake:
    """A door with two partitions."""
    return Intake(catalogue(), PARTITIONS)


def event(**changes: Any) -> bytes:
    """An `order.paid`, with attributes changed, and fields of its data by `data_<name>`; None leaves one out."""
    made: dict[str, Any] = {**PAID, "data": {**PAID["data"]}}  # type: ignore[dict-item]
    for change, value in changes.items():
        target, name = (made["data"], change[5:]) if change.startswith("data_") else (made, change)
        target[name] = value
        if value is None:
            del target[name]
    return json.dumps(made, ensure_ascii=False).encode()


def inbox(database: Connection[Any]) -> dict[int, list[Any]]:
    """Accepted events by partition."""
    found: dict[int, list[Any]] = {}
    for partition, events, body in database.execute("SELECT partition, events, body FROM inbox ORDER BY id").fetchall():
        decoded = msgspec.json.decode(body)
        assert len(decoded) == events
        found.setdefault(partition, []).extend(decoded)
    return found


def test_events_go_to_the_partition_of_their_root(database: Connection[Any], intake: Intake) -> None:
    """One inbox row a partition; an event lies where the checksum of its order says."""
    raws = [event(id=f"e{n}", data_order_id=f"o{n}") for n in range(50)]
    receipt = intake.accept(database, raws, "test")
    assert (receipt.accepted, receipt.quarantined) == (50, [])
    assert database.execute("SELECT count(*) FROM inbox").fetchone() == (PARTITIONS,)
    for partition, events in inbox(database).items():
        assert {crc32(each["data"]["order_id"].encode()) % PARTITIONS for each in events} == {partition}


def test_nothing_is_there_before_the_caller_commits(database: Connection[Any], intake: Intake) -> None:
    """`accept` does not commit: rolling back leaves neither inbox rows nor quarantine."""
    intake.accept(database, [event(), b"{"], "test")
    database.rollback()
    assert database.execute("SELECT (SELECT count(*) FROM inbox) + (SELECT count(*) FROM quarantine)").fetchone() == (
        0,
    )


def test_bodies_are_kept_byte_for_byte(database: Connection[Any], intake: Intake) -> None:
    """Unknown fields, spaces and Chinese text arrive in the inbox as they were sent."""
    raw = event(extra="附加", data_note="a  b").replace(b": ", b" :  ")
    intake.accept(database, [raw, msgspec.Raw(raw)], "test")
    row = database.execute("SELECT body FROM inbox").fetchone()
    assert row == (b"[" + raw + b"," + raw + b"]",)


def test_a_bad_event_never_blocks_its_neighbours(database: Connection[Any], intake: Intake) -> None:
    """Good ones before and after it are accepted; it is quarantined with index, code, id and type."""
    receipt = intake.accept(database, [event(id="a"), event(id="b", data_paid_minor=-1), event(id="c")], "test")
    assert receipt.accepted == 2
    assert [(index, code) for index, code, _ in receipt.quarantined] == [(1, "invalid")]
    rows = database.execute("SELECT via, code, event_id, event_type, body FROM quarantine").fetchall()
    assert rows == [("test", "invalid", "b", "order.paid", event(id="b", data_paid_minor=-1))]


def test_the_place_begins_the_reason(database: Connection[Any], intake: Intake) -> None:
    """A connector that knows lines says which."""
    receipt = intake.accept(database, [b"nonsense"], "test", place=lambda index: f"Line {index + 7}")
    assert receipt.quarantined[0][2].startswith("Line 7: The event is not JSON")


BAD: list[tuple[bytes, str, str]] = [
    (b"", "malformed", "The event is empty; send one JSON object."),
    (event()[:-30], "malformed", "The event is cut off after"),
    (b"{'id': 1}", "malformed", "The event is not JSON: "),
    (event() + b"}", "malformed", "trailing characters"),
    (b"[]", "malformed", "The event is an array, not a JSON object"),
    (b"7", "malformed", "The event is a number, not a JSON object"),
    (b"[" * 5000, "malformed", "The event is "),
    (event(source="caf\u00e9").decode().encode("latin-1"), "malformed", "The event is not UTF-8: byte "),
    (event(unknown="caf\u00e9").decode().encode("latin-1"), "malformed", "The event is not UTF-8: byte "),
    (event().decode().encode("utf-16"), "malformed", "UTF-16"),
    (b"\xef\xbb\xbf" + event(), "malformed", "byte order mark"),
    (event(type=None), "unknown_type", "`type` is missing"),
    (event(type=3), "unknown_type", "`type` is a number"),
    (event(type="order.payd"), "unknown_type", "did you mean 'order.paid'?"),
    (event(type="zebra"), "unknown_type", "see the event catalogue"),
    (event(id=None), "invalid", "`id` is missing"),
    (event(data=None), "invalid", "`data` is missing"),
    (event(data_currency=None), "invalid", "`data.currency` is missing; every 'order.paid' needs it."),
    (event(specversion="0.3"), "invalid", '`specversion` is "0.3"'),
    (event(time="10000-01-01T00:00:00Z"), "invalid", '`time` is "10000-01-01T00:00:00Z", which is not an instant'),
    (event(time="2026-08-10T12:00:00"), "invalid", "without an offset from UTC"),
    (event(time=1786363200), "invalid", "write an RFC 3339 string"),
    (event(time=(EARLIEST - timedelta(seconds=1)).isoformat()), "invalid", f"outside {EARLIEST.year} to {LATEST.year}"),
    (event(time=LATEST.isoformat()), "invalid", f"`time` is {LATEST.isoformat()}, outside"),
    (event(data_ship_by=LATEST.isoformat()), "invalid", f"`data.ship_by` is {LATEST.isoformat()}, outside"),
    (event(data_ship_by="2026-02-30T00:00:00Z"), "invalid", "`data.ship_by`"),
    (event(data_paid_minor=-1), "invalid", "`data.paid_minor` is -1; an amount cannot be negative."),
    (event(data_paid_minor=1e30), "invalid", "`data.paid_minor` is 1e+30; write a whole number of minor units"),
    (event(data_paid_minor=10**30), "invalid", "above the largest amount taken"),
    (event(data_paid_minor=12.5), "invalid", "`data.paid_minor` is 12.5; write a whole number of minor units"),
    (event(data_paid_minor="12"), "invalid", '`data.paid_minor` is "12"'),
    (event(data_currency="cny"), "invalid", "write an ISO 4217 code of three capitals"),
    (event(data_currency="XQZ"), "invalid", "`data.currency` is XQZ, which is not a currency of ISO 4217"),
    (event(data_order_id="a b"), "invalid", "an identifier has letters, digits"),
    (event(data_order_id=""), "invalid", "`data.order_id` is empty"),
    (event(data_order_id="x" * 65), "invalid", "`data.order_id` is longer than 64 characters"),
    (event(data_note="\0"), "invalid", "U+0000"),
    (event(data_note="x" * MAX_EVENT_BYTES), "invalid", "the limit is 65,536"),
]


@pytest.mark.parametrize(("raw", "code", "words"), BAD)
def test_why_an_event_is_refused(intake: Intake, raw: bytes, code: str, words: str) -> None:
    """The code is stable, and the reason is one sentence that names the path and what to do."""
    outcome = intake.check(raw)
    assert isinstance(outcome, Refusal)
    assert outcome.code == code
    assert words in outcome.reason
    assert "\n" not in outcome.reason
    assert outcome.reason[-1] in ".?"
    assert len(outcome.reason) < 300


def test_every_refusal_can_be_stored(database: Connection[Any], intake: Intake) -> None:
    """No reason, id or type that a bad event leads to is more than the quarantine can hold."""
    poisoned = [event(id="a\0b", type="x\0y"), event(type="\0" * 400), *(raw for raw, _, _ in BAD)]
    receipt = intake.accept(database, poisoned, "test")
    database.commit()
    assert receipt.accepted == 0
    assert sum(quarantine.count(database).values()) == len(poisoned)


def test_the_largest_event_is_taken(intake: Intake) -> None:
    """64 KiB exactly is not too much."""
    room = MAX_EVENT_BYTES - len(event(data_note=""))
    assert isinstance(intake.check(event(data_note="x" * room)), Accepted)
    assert isinstance(intake.check(event(data_note="x" * (room + 1))), Refusal)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200) | st.builds(lambda raw, cut, junk: raw[:cut] + junk + raw[cut:],
       st.just(event()), st.integers(0, 200), st.binary(min_size=1, max_size=3)))  # fmt: skip
def test_no_bytes_can_break_the_door(intake: Intake, raw: bytes) -> None:
    """Whatever comes is accepted or refused with a code; and what is accepted the step can decode."""
    outcome = intake.check(raw)
    if isinstance(outcome, Accepted):
        assert intake.catalogue.trusted_decoder().decode(b"[" + raw + b"]")
    else:
        assert outcome.code in ("malformed", "unknown_type", "invalid")


def test_too_many_bad_events_stop_the_intake(database: Connection[Any], intake: Intake) -> None:
    """Above a hundred and one per cent nothing more is taken, loudly; what was taken stays taken."""
    intake.accept(database, [event()] * 200 + [b"{"] * (STOP_ABOVE_EVENTS + 1), "test")
    database.commit()
    with pytest.raises(IntakeStopped, match="101 of the last 301 events were quarantined"):
        intake.accept(database, [event()], "test")
    assert sum(map(len, inbox(database).values())) == 200


def test_settling_the_quarantine_opens_the_intake_again(database: Connection[Any], intake: Intake) -> None:
    """Once an operator has dropped or re-driven everything, events are taken again."""
    intake.accept(database, [b"{"] * (STOP_ABOVE_EVENTS + 1), "test")
    row = database.execute("SELECT now()").fetchone()
    assert row is not None
    quarantine.drop(database, row[0], "the sender was mended")
    assert intake.accept(database, [event()], "test").accepted == 1


@pytest.mark.parametrize(
    ("events", "refused", "stops"), [(9_000, 100, False), (9_000, 101, True), (20_000, 150, False)]
)
def test_the_breaker_counts_the_last_events(events: int, refused: int, stops: bool) -> None:
    """More than a hundred and more than one per cent of the window, not one of the two."""
    breaker = Breaker()
    breaker.record(refused, refused)
    assert not breaker.why or refused > STOP_ABOVE_EVENTS
    breaker = Breaker()
    breaker.record(events, refused)
    assert (breaker.why is not None) is stops


def test_old_batches_leave_the_window() -> None:
    """A hundred bad events long ago do not add up with one bad event today."""
    breaker = Breaker()
    breaker.record(WINDOW_EVENTS, STOP_ABOVE_EVENTS)
    for _ in range(10):
        breaker.record(WINDOW_EVENTS // 10, 0)
    breaker.record(100, 1)
    assert breaker.why is None
