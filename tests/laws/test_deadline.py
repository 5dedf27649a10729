"""Deadlines are kept to the microsecond, and only the database's clock says what time it is."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

from psycopg import Connection

from tests.laws.world import END, T0, World, event, pack_of

MICROSECOND = timedelta(microseconds=1)
RULES = """
[pack]
id = "law"
currency = "CNY"
title = { en = "law", "zh-Hans" = "law" }
[[promise]]
id = "ship"
on = "order"
title = { en = "ship", "zh-Hans" = "ship" }
about = { en = "ship", "zh-Hans" = "ship" }
made_at = "paid_at"
due_at = "ship_by"
kept_at = "picked_up_at"
grace = "90 minutes"
[[promise.remedy]]
pay = "10"
as = "coupon"
from = "'merchant'"
"""
GRACE = timedelta(minutes=90)


def test_never_early_never_late(database_url: str) -> None:
    """An order is pending one microsecond before its deadline plus grace, and broken at it."""
    draw = random.Random(3)
    dues = sorted(T0 + timedelta(microseconds=draw.randrange(10**12)) for _ in range(25))
    with World(database_url, pack_of(RULES)) as world:
        world.feed([_paid(f"o{n}", due) for n, due in enumerate(dues)])
        for number, due in enumerate(dues):
            world.step(due + GRACE - MICROSECOND)
            assert _state(world, number) == "p"
            world.step(due + GRACE)
            assert _state(world, number) == "b"
        found = world.rows("SELECT due_at, found_at FROM finding ORDER BY due_at")
    assert found == [(due, due + GRACE) for due in dues]


def test_kept_at_the_deadline_is_kept(database_url: str) -> None:
    """Evidence of the very microsecond of the deadline keeps it; one microsecond later does not."""
    with World(database_url, pack_of(RULES)) as world:
        world.feed([_paid("o0", T0), _picked("o0", T0), _paid("o1", T0), _picked("o1", T0 + MICROSECOND)])
        world.step(END)
        assert (_state(world, 0), _state(world, 1)) == ("k", "b")


def test_late_news_within_the_grace_keeps(database_url: str) -> None:
    """Evidence that arrives after the deadline and before the grace is over keeps the promise, without a finding."""
    with World(database_url, pack_of(RULES)) as world:
        world.feed([_paid("o0", T0)])
        world.step(T0 + GRACE - MICROSECOND)
        world.feed([_picked("o0", T0)])
        world.step(T0 + GRACE)
        assert _state(world, 0) == "k"
        assert world.value("SELECT count(*) FROM finding") == 0


def test_the_database_says_what_time_it_is(database_url: str, database: Connection[Any]) -> None:
    """Without a driven clock, what is due a minute from the database's now is pending and what was due is broken."""
    now = _database_now(database)
    with World(database_url, pack_of(RULES)) as world:
        world.feed([_paid("o0", now + timedelta(minutes=1) - GRACE), _paid("o1", now - timedelta(seconds=1) - GRACE)])
        world.step(None)  # type: ignore[arg-type]
        assert (_state(world, 0), _state(world, 1)) == ("p", "b")


def test_waiting_evidence_holds_the_clock(database_url: str, database: Connection[Any]) -> None:
    """A deadline is not judged while an earlier event still waits: what was received in time is read first."""
    now = _database_now(database)
    with World(database_url, pack_of(RULES), partitions=1) as world:
        due = now - GRACE + timedelta(hours=1)
        world.feed([_paid("o0", due)])
        world.feed([_picked("o0", due)])
        world.step(now + timedelta(days=1), max_events=1)
        assert world.value("SELECT count(*) FROM finding") == 0
        assert _state(world, 0) == "k"


def _database_now(connection: Connection[Any]) -> datetime:
    row = connection.execute("SELECT clock_timestamp()").fetchone()
    connection.commit()
    assert row is not None
    at: datetime = row[0]
    return at


def _paid(order: str, due: datetime) -> bytes:
    return event("order.paid", T0, "p", order_id=order, paid_minor=100, currency="CNY", ship_by=due)


def _picked(order: str, at: datetime) -> bytes:
    return event("parcel.scanned", at, "s", order_id=order, parcel_id="x", carrier_id="k", code="picked_up")


def _state(world: World, number: int) -> str:
    return str(world.value("SELECT v_law__ship_0::text FROM fact_order WHERE key = %s", f"o{number}"))
