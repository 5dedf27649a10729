"""Quarantine: listing, re-driving and dropping."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from psycopg import Connection

from goldline.core import quarantine
from goldline.core.errors import GoldlineError
from goldline.core.inbox import Intake
from goldline.market.events import catalogue

NOW = datetime(2026, 8, 10, 12, tzinfo=UTC)
GOOD = (
    b'{"specversion":"1.0","id":"%s","source":"t","type":"order.accepted","time":"2026-08-10T12:00:00Z",'
    b'"data":{"order_id":"o1"}}'
)


@pytest.fixture
def intake() -> Intake:
    """A door with two partitions."""
    return Intake(catalogue(), 2)


def put(database: Connection[Any], body: bytes, code: str = "poison") -> int:
    """Quarantine one body as a step or an older version would have; gives its id."""
    row = database.execute(
        "INSERT INTO quarantine (via, code, reason, body) VALUES ('test', %s, 'As was.', %s) RETURNING id", [code, body]
    ).fetchone()
    assert row is not None
    return int(row[0])


def test_redriving_returns_what_passes_and_keeps_what_does_not(database: Connection[Any], intake: Intake) -> None:
    """Good ones go to the inbox and are marked; bad ones stay open with the reason of today."""
    good, bad = put(database, GOOD % b"a"), put(database, b"{")
    done = quarantine.redrive(database, intake, NOW)
    assert (done.accepted, [entry for entry, _ in done.stayed]) == (1, [bad])
    assert database.execute("SELECT via, events, body FROM inbox").fetchall() == [
        ("redrive", 1, b"[" + GOOD % b"a" + b"]")
    ]
    assert quarantine.get(database, good).state == "redriven"
    assert quarantine.get(database, good).settled_at == NOW
    stayed = quarantine.get(database, bad)
    assert (stayed.state, stayed.code, stayed.attempts) == ("open", "malformed", 1)
    assert "cut off" in stayed.reason


def test_redriving_twice_changes_nothing(database: Connection[Any], intake: Intake) -> None:
    """What was re-driven is not re-driven again."""
    put(database, GOOD % b"a")
    quarantine.redrive(database, intake, NOW)
    assert quarantine.redrive(database, intake, NOW).accepted == 0
    assert database.execute("SELECT count(*) FROM inbox").fetchone() == (1,)


def test_redriving_unparks_the_root(database: Connection[Any], intake: Intake) -> None:
    """The events of a root that poisoned a step get another step."""
    database.execute("INSERT INTO parked (partition, root, why) VALUES (0, 'o1', 'x'), (0, 'o2', 'x')")
    put(database, GOOD % b"a")
    quarantine.redrive(database, intake, NOW)
    assert database.execute("SELECT root FROM parked").fetchall() == [("o2",)]


def test_redriving_can_be_of_one_or_of_a_code(database: Connection[Any], intake: Intake) -> None:
    """Others are left as they are."""
    one, same, other = (
        put(database, GOOD % name, code) for name, code in ((b"a", "poison"), (b"b", "poison"), (b"c", "invalid"))
    )
    quarantine.redrive(database, intake, NOW, identifier=one)
    assert [entry.id for entry in quarantine.entries(database)] == [other, same]
    quarantine.redrive(database, intake, NOW, code="poison")
    assert [entry.id for entry in quarantine.entries(database)] == [other]


def test_dropping_keeps_body_and_reason(database: Connection[Any], intake: Intake) -> None:
    """A dropped event is settled, never deleted; its reason tells both why it came and why it was dropped."""
    entry = put(database, b"{")
    assert quarantine.drop(database, NOW, "a test of the sender", identifier=entry) == 1
    dropped = quarantine.get(database, entry)
    assert (dropped.state, dropped.body, dropped.reason) == ("dropped", b"{", "As was. Dropped: a test of the sender")
    assert quarantine.redrive(database, intake, NOW).accepted == 0


@pytest.mark.parametrize("act", ["redrive", "drop"])
def test_a_settled_or_missing_entry_is_refused(database: Connection[Any], intake: Intake, act: str) -> None:
    """One sentence says which."""
    entry = put(database, GOOD % b"a")
    quarantine.redrive(database, intake, NOW)

    def settle(identifier: int) -> None:
        if act == "redrive":
            quarantine.redrive(database, intake, NOW, identifier=identifier)
        else:
            quarantine.drop(database, NOW, "why", identifier=identifier)

    with pytest.raises(GoldlineError, match=f"Quarantined event {entry} was redriven already"):
        settle(entry)
    with pytest.raises(GoldlineError, match="There is no quarantined event 999"):
        settle(999)


def test_dropping_needs_a_reason(database: Connection[Any]) -> None:
    """An empty one is none."""
    with pytest.raises(GoldlineError, match="without a reason"):
        quarantine.drop(database, NOW, "  ")


def test_listing_pages_and_counts(database: Connection[Any]) -> None:
    """Newest first, by state and code, continued before the last id seen."""
    ids = [put(database, b"{", "malformed" if n % 2 else "invalid") for n in range(6)]
    assert [entry.id for entry in quarantine.entries(database, limit=2)] == ids[:3:-1]
    assert [entry.id for entry in quarantine.entries(database, before=ids[2])] == [ids[1], ids[0]]
    assert [entry.id for entry in quarantine.entries(database, code="invalid")] == ids[4::-2]
    assert quarantine.count(database) == {"invalid": 3, "malformed": 3}
    assert quarantine.count(database, "dropped") == {}
