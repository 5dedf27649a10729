"""Counts of days: differences added up give what counting the rows as they stand gives, in whatever order they came."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any

import pytest

from goldline.core.facts.daybook import merge, open_days, rebuild
from goldline.core.facts.window import reach, windows
from goldline.market.merchantday import MerchantDay
from tests.laws.scenario import SCENARIOS, Told, order, paid, placed, scan, wild
from tests.laws.world import EARLY, END, World, hours

Day = dict[str, Any]


def counted(world: World, *, judged: bool = False) -> None:
    """Add up every difference."""
    while merge(world.connection, MerchantDay, judged=judged):
        pass


def days(world: World) -> dict[str, Day]:
    """Every day by its key, without what only the engine needs and labels, of which the greatest ever seen stands."""
    rows = world.rows("SELECT key, to_jsonb(d) - '{partition,zone,ends_at,_trail}'::text[] FROM fact_merchant_day d")
    return {key: row for key, row in rows if any(value for name, value in row.items() if name.startswith("orders"))}


def play(world: World, told: list[Told], seed: int, copy: str = "s0p0") -> None:
    """Tell a story in a random order, cut into steps at random, adding up now and then."""
    draw = random.Random(seed)
    shuffled = draw.sample(told, len(told))
    while shuffled:
        size = draw.randint(1, len(shuffled))
        world.feed([each(copy) for each in shuffled[:size]])
        del shuffled[:size]
        world.step(EARLY)
        if draw.random() < 0.5:
            counted(world)
    counted(world)


@pytest.mark.parametrize("seed", range(4))
def test_differences_add_up_to_a_count(database_url: str, seed: int) -> None:
    """However events come and are cut into steps, a day's counts are those of its rows as they stand."""
    with World(database_url) as world:
        for number, story in enumerate(SCENARIOS.values()):
            play(world, story, seed * 100 + number, f"s{number}p0")
        for number in range(20):
            play(world, wild(seed * 1_000 + number), seed * 100 + number, f"w{number}p0")
        added = days(world)
        assert sum(day["orders_paid"] for day in added.values()) >= 20
        with world.connection.transaction():
            rebuild(world.connection, world.words, MerchantDay, judged=False)
        assert days(world) == added


def test_a_day_is_the_merchants_own(database_url: str) -> None:
    """An order paid late in the evening UTC belongs to the next day in Shanghai; `ends_at` is that day's midnight."""
    with World(database_url) as world:
        play(world, [placed(), paid(at=18)], 1)  # T0 is ten in the morning in Shanghai
        ((key, ends_at),) = world.rows("SELECT key, ends_at FROM fact_merchant_day WHERE orders_paid = 1")
        assert key == "m1|2026-03-03"
        assert ends_at == hours(38)


def test_an_order_that_moves_leaves_its_day(database_url: str) -> None:
    """A deadline agreed for another day moves the order's due count there, and its lateness with it."""
    with World(database_url) as world:
        play(world, [placed(), paid()], 1)
        assert days(world)["m1|2026-03-04"]["orders_late"] == 1
        play(world, [order("ship_agreed", 5, ship_by=hours(90))], 2)
        assert "m1|2026-03-04" not in days(world)
        assert days(world)["m1|2026-03-06"]["orders_due"] == 1
        play(world, [scan("picked_up", 80)], 3)
        assert days(world)["m1|2026-03-06"]["orders_late"] == 0


def test_windows_reach_as_far_as_they_say(database_url: str) -> None:
    """A window holds the days it names and none beyond; yesterday is yesterday alone."""
    with World(database_url) as world:
        for number, day in enumerate((0, 1, 29, 30)):
            play(world, [placed(at=24 * day), paid(at=24 * day)], number, f"s{number}p0")
        found = {
            key: (int(all_30), int(due), int(yesterday))
            for key, all_30, due, yesterday in world.rows(
                "SELECT key, paid_30d, due_30d, due_yesterday FROM fact_merchant_day WHERE orders_paid + orders_due > 0"
            )
        }
        assert found["m1|2026-03-31"] == (3, 2, 0)
        assert found["m1|2026-04-01"][0] == 3  # the first of the four has left it
        assert found["m1|2026-03-05"] == (2, 2, 1)
        assert found["m1|2026-03-04"] == (2, 1, 0)


def test_quiet_days_are_opened_once(database_url: str) -> None:
    """A merchant without orders still has its days, as long as a window reaches back to the last busy one."""
    with World(database_url) as world:
        play(world, [placed(), paid()], 1)
        opened = open_days(world.connection, MerchantDay, hours(24 * 4), judged=False)
        assert opened == 2  # paid on the 2nd, due on the 4th, and today is the 6th
        assert open_days(world.connection, MerchantDay, hours(24 * 4), judged=False) == 0
        open_days(world.connection, MerchantDay, END, judged=False)
        last: date = world.value("SELECT max(day) FROM fact_merchant_day")
        assert last == date(2026, 3, 6) + timedelta(days=reach(MerchantDay))
        assert world.value("SELECT backlog FROM fact_merchant_day WHERE day = '2026-03-06'") == 1
        assert world.value("SELECT backlog FROM fact_merchant_day ORDER BY day DESC LIMIT 1") == 0


@pytest.mark.parametrize("seed", range(3))
def test_a_window_is_the_sum_of_its_days(database_url: str, seed: int) -> None:
    """However days were counted, moved and opened, every window of every day is the sum over the days that stand."""
    draw = random.Random(seed)
    with World(database_url) as world:
        for number in range(12):
            at = 24 * draw.randint(0, 70)
            told = [placed(at=at), paid(at=at), scan("picked_up", at + draw.randint(1, 90))]
            play(world, told, seed * 100 + number, f"w{number}p0")
            open_days(world.connection, MerchantDay, hours(24 * draw.randint(0, 100)), judged=draw.random() < 0.5)
        rows = {row["day"]: row for (row,) in world.rows("SELECT to_jsonb(d) FROM fact_merchant_day d")}
    assert len(rows) > 30
    for day, row in rows.items():
        for name, window in windows(MerchantDay).items():
            within = (
                str(date.fromisoformat(day) - timedelta(days=back))
                for back in range(window.ago, window.ago + window.days)
            )
            assert row[name] == sum(rows[each][window.fact] for each in within if each in rows), (day, name)
