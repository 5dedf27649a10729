"""Clocks: one that the database keeps, one that is driven."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from psycopg import Connection

from goldline.core.clock import Clock, DatabaseClock, DrivenClock, aware
from goldline.core.errors import GoldlineError

NOON = datetime(2026, 8, 10, 12, tzinfo=UTC)


def test_the_database_clock_is_the_databases_and_in_utc(database: Connection[Any]) -> None:
    """Its answers lie between two of the server's own, and move inside one transaction."""
    clock: Clock = DatabaseClock()
    database.execute("SET timezone = 'Asia/Shanghai'")
    before = database.execute("SELECT clock_timestamp()").fetchone()
    first, second = clock.now(database), clock.now(database)
    assert before is not None
    assert before[0] < first < second
    assert first.tzinfo is UTC


def test_a_driven_clock_stands_still_until_moved() -> None:
    """It says the same until it is advanced."""
    clock = DrivenClock(NOON)
    assert clock.now() == clock.now() == NOON
    assert clock.advance(timedelta(hours=2)) == clock.now() == datetime(2026, 8, 10, 14, tzinfo=UTC)


def test_a_driven_clock_never_goes_back() -> None:
    """An earlier time is refused and changes nothing."""
    clock = DrivenClock(NOON)
    with pytest.raises(GoldlineError, match="cannot go back") as caught:
        clock.move_to(NOON - timedelta(seconds=1))
    assert caught.value.code == "clock_backwards"
    assert clock.now() == NOON


def test_time_without_an_offset_is_refused() -> None:
    """A naive time is somebody's local time, and nobody knows whose."""
    with pytest.raises(GoldlineError, match="no offset"):
        aware(datetime(2026, 8, 10, 12))  # noqa: DTZ001 - the point


def test_any_offset_becomes_utc() -> None:
    """The same instant, in UTC."""
    at = aware(datetime(2026, 8, 10, 20, tzinfo=timezone(timedelta(hours=8))))
    assert (at, at.tzinfo) == (NOON, UTC)
