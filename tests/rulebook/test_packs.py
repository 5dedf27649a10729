"""The packs that come with Goldline: every case comes true, every rule is said in both languages and has its source."""

from __future__ import annotations

import shutil
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

from goldline.core.policy.case import run_cases
from goldline.core.policy.pack import Pack, available, load
from goldline.market.demo.market import Market
from goldline.market.vocabulary import vocabulary
from tests.laws.world import World

Database = Connection[Any]


def packs() -> list[Pack]:
    """Every pack of the house."""
    return [load(path, vocabulary()) for path in available().values()]


def test_every_case_of_every_pack_comes_true(database: Database) -> None:
    """All packs together are judged as their cases say, and hold at least 250 of them."""
    results = [result for pack in packs() for result in run_cases(database, pack)]
    assert [result.as_text() for result in results if not result.passed] == []
    assert len(results) >= 250


@pytest.mark.parametrize("name", ["douyin", "baseline"])
def test_every_policy_in_force_is_seen_broken_and_not(database: Database, name: str) -> None:
    """Both sides of every promise have a case, and titles and sentences are in English and Chinese."""
    pack = load(name, vocabulary())
    states: dict[str, set[str]] = {}
    for result in run_cases(database, pack):
        states.setdefault(result.case.policy, set()).add(result.actual.get("state", "decided"))
    for promise in pack.promises:
        assert "broken" in states[promise.policy]
        assert len(states[promise.policy]) > 1
        assert set(promise.title) == set(promise.about) == {"en", "zh-Hans"}


def test_every_rule_of_douyin_names_its_source() -> None:
    """A published rule has the text it comes from and a grade of A or A2; what has neither is not in force."""
    pack = load("douyin", vocabulary())
    assert {promise.grade for promise in pack.promises} <= {"A", "A2"}
    assert all(promise.clause for promise in pack.promises)
    waiting = {name for each in pack.dormant for name in each.parameters}
    assert {pack.definitions.parameters[name].grade for name in waiting} <= {"U", "K"}
    assert "douyin.refund-answer" in {each.policy for each in pack.dormant if each.remedy is None}


def test_a_changed_figure_breaks_the_cases_that_hold_it(database: Database, tmp_path: Path) -> None:
    """Which case broke is said with both sides and the values."""
    folder = Path(shutil.copytree(load("douyin", vocabulary()).path.parent, tmp_path / "douyin"))
    parcels = folder / "parcels.toml"
    parcels.write_text(parcels.read_text(encoding="utf-8").replace("rate = 0.25", "rate = 0.26"), encoding="utf-8")
    changed = load(folder, vocabulary())
    told = [result.as_text() for result in run_cases(database, changed) if not result.passed]
    assert any("under the cap" in each and "expected 99.00" in each for each in told)
    assert all("tariff('trace-anomaly', category, paid_amount)" in each for each in told)


@pytest.mark.parametrize("name", ["douyin", "baseline", "demo"])
def test_the_demo_market_runs_by_every_pack(database_url: str, name: str) -> None:
    """A few days of orders are judged by the pack: promises are made, kept and broken, and breaches are paid for."""
    with World(database_url, load(name, vocabulary())) as world:
        market = Market(seed=5, orders_per_day=150, days=3, start=date(2026, 8, 12))
        for batch in market.batches():
            world.feed(batch)
        world.step(market.origin + timedelta(days=30))
        states = dict(world.rows("SELECT state::text, sum(subjects) FROM tally GROUP BY 1"))
        assert min(states["k"], states["b"]) > 10
        assert world.value("SELECT count(*) FROM remedy WHERE amount_minor > 0") > 5
