"""The engine and the demo market count the same: every promise of every order, told through the intake."""

from __future__ import annotations

import itertools
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from psycopg import Connection

from goldline.core.inbox import Intake
from goldline.core.policy.pack import load
from goldline.core.policy.published import load_published, publish
from goldline.core.worker import Worker
from goldline.market.demo.market import Faults, Market
from goldline.market.demo.truth import Truth, truth
from goldline.market.events import catalogue
from goldline.market.vocabulary import vocabulary

FOLDER = Path(__file__).parents[2] / "src/goldline/market/packs/demo"
FURTHER = {"demo.ship-by+48h": ("demo.ship-by", 1)}
Database = Connection[tuple[Any, ...]]


def market(**faults: float) -> Market:
    """Three days that end with 18 June."""
    return Market(seed=11, orders_per_day=150, days=3, start=date(2026, 6, 16), merchants=40, faults=Faults(**faults))


def judge(database: Database, url: str, batches: list[list[bytes]], as_of: datetime) -> None:
    """Publish the pack, take the events in, and step until nothing is left to do at `as_of`."""
    publish(database, load(FOLDER / "policies.toml", vocabulary()), vocabulary(), as_of)
    intake = Intake(catalogue(), partitions=2)
    for batch in batches:
        assert intake.accept(database, batch, "demo").quarantined == []
    database.commit()
    Worker(url, vocabulary(), catalogue(), as_of=as_of, until_idle=True).run()


def verdicts(database: Database, policy: str) -> dict[str, str]:
    """The engine's verdict on every paid order, '' where nothing was promised."""
    name, occurrence = FURTHER.get(policy, (policy, 0))
    own = load_published(database, vocabulary()).slots("order")
    column = next(slot.column for slot in own if (slot.policy, slot.occurrence) == (name, occurrence))
    return {key: state or "" for key, state in database.execute(f"SELECT key, {column}::text FROM fact_order")}


def assert_agreement(database: Database, known: Truth) -> None:
    """Order by order, not by sums."""
    for policy, counted in known.verdicts.items():
        expected = dict(zip(known.orders, counted.state.tolist(), strict=True))
        judged = verdicts(database, policy)
        assert {k: (v, expected[k]) for k, v in judged.items() if v != expected[k]} == {}, policy
        assert len(judged) == len(expected)


def test_every_verdict_agrees_at_the_end(database: Database, database_url: str) -> None:
    """With repeats and late scans, all batches shuffled: the same verdict on every order, and nothing pending."""
    told = market(late=0.1, duplicate=0.05)
    batches = list(told.batches(400))
    np.random.default_rng(5).shuffle(batches)
    judge(database, database_url, batches, told.origin + timedelta(days=120))
    assert_agreement(database, truth(told))


@pytest.mark.parametrize("hours", [20, 60, 71.5, 130])
def test_every_verdict_agrees_on_the_way(database: Database, database_url: str, hours: float) -> None:
    """Stopped in the middle, the engine knows what arrived and holds the rest pending, as the market does."""
    told = market()
    as_of = told.origin + timedelta(hours=hours)
    batches = [batch.events for batch in told.timed(1) if batch.until <= as_of]
    judge(database, database_url, [list(itertools.chain.from_iterable(batches))], as_of)
    assert_agreement(database, truth(told, as_of))


def test_what_is_owed_agrees(database: Database, database_url: str) -> None:
    """Judged once all has arrived, each promise's remedies add up to what the market says its tariff asks."""
    told = market(late=0, duplicate=0)
    judge(database, database_url, list(told.batches()), told.origin + timedelta(days=120))
    owed = {policy: int(each.owed_minor.sum()) for policy, each in truth(told).verdicts.items()}
    owed["demo.ship-by"] += owed.pop("demo.ship-by+48h")
    rows = database.execute("SELECT policy, sum(asked_minor)::bigint FROM remedy GROUP BY policy").fetchall()
    assert dict(rows) == owed
