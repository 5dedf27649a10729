"""A plan to mend: figures reached release, time runs out, reminders come, and its effect is told from regression."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from goldline.core.account.actor import Actor
from goldline.core.account.gate import ask, find
from goldline.core.account.rectification import Plan, begin, follow, plans
from goldline.core.errors import GoldlineError
from goldline.core.policy.diagnostic import PolicyError
from goldline.study.rectification import Effect, Rate, Unit, measure, units
from tests.account.shop import keep_house, orders
from tests.account.test_docket import FOUND, second_violation
from tests.account.tribunal import ADA, PACK, SHOP
from tests.laws.world import World, hours, pack_of

NOW_H = 240 + FOUND + 1
STEP = {"en": "Ship what waits.", "zh-Hans": "清空积压。"}


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    """A shop with two violations and a closed gate, and somebody who listens."""
    with World(database_url, pack_of(PACK)) as made:
        made.connection.execute(
            "INSERT INTO endpoint (url, topics, secrets) VALUES ('https://shop.example/', '{rectification.*}', '{s}')"
        )
        second_violation(made)
        yield made


def planned(world: World, *figures: str, actor: Actor = ADA) -> None:
    """A plan of ten days that lifts the ban, with one reminder, committed."""
    ban = world.value("SELECT id FROM sanction WHERE action = 'presale_ban'")
    plan = Plan(
        "merchant:m1", "merchant_day", "CNY", (STEP,), figures, hours(NOW_H + 240), (hours(NOW_H + 120),), (ban,)
    )
    begin(world.connection, world.words, plan, actor, hours(NOW_H))
    world.connection.commit()


def followed(world: World, at_h: float) -> int:
    """What a worker does for plans at that hour."""
    keep_house(world, hours(at_h))
    ended = follow(world.connection, world.words, world.engine.ruleset, hours(at_h))
    world.connection.commit()
    return ended


def test_reached_figures_release_what_the_plan_names(world: World) -> None:
    """On the first whole day on which all hold the ban ends, the gate opens, and it is told."""
    planned(world, "orders_paid >= 2", "orders_paid < 5")
    gate = find(world.engine.ruleset.gates, "presale")
    world.feed(orders(16, 9, shipped=9))
    world.feed(orders(17, 3, shipped=3))
    assert followed(world, 24 * 17 + 13.9) == 0
    assert ask(world.connection, gate, "merchant:m1", hours(24 * 17 + 13.9)).state == "closed"
    assert followed(world, 24 * 17 + 14) == 1
    assert ask(world.connection, gate, "merchant:m1", hours(24 * 17 + 14)).state == "open"
    (plan,) = plans(world.connection, "merchant:m1")
    assert (plan.state, plan.ended_at) == ("reached", hours(24 * 17 + 14))
    told = world.rows("SELECT topic FROM outbox WHERE topic LIKE 'rectification%%' ORDER BY id")
    assert told == [("rectification.begun",), ("rectification.reached",)]


def test_a_plan_that_is_missed_releases_nothing(world: World) -> None:
    """It is reminded of once, ends on its deadline, and the sanction goes on."""
    planned(world, "orders_paid >= 1000")
    for at_h in (120, 121, 239):
        assert followed(world, NOW_H + at_h) == 0
    assert followed(world, NOW_H + 240) == 1
    assert world.value("SELECT released_at FROM sanction WHERE action = 'presale_ban'") is None
    told = [topic for (topic,) in world.rows("SELECT topic FROM outbox WHERE topic LIKE 'rectification%%' ORDER BY id")]
    assert told == ["rectification.begun", "rectification.reminded", "rectification.missed"]


def test_a_plan_is_made_by_a_person_over_figures_that_exist(world: World) -> None:
    """A machine, an unknown fact, a number that is no condition and a second plan are refused."""
    with pytest.raises(GoldlineError, match="needs a person"):
        planned(world, "orders_paid >= 2", actor=SHOP)
    for wrong in ("orders_pad >= 2", "orders_paid"):
        with pytest.raises(PolicyError):
            planned(world, wrong)
    world.connection.rollback()
    planned(world, "orders_paid >= 2")
    with pytest.raises(GoldlineError, match="under a plan already"):
        planned(world, "orders_paid >= 2")


def simulated(effect: float, seed: int, count: int = 4_000) -> list[Unit]:
    """Accounts with a level of their own and luck on top; the worse half of the luckless come under a plan."""
    draw = random.Random(seed)
    made = []
    for number in range(count):
        own = draw.gauss(0.2, 0.05)
        before, after = own + draw.gauss(0, 0.05), own + draw.gauss(0.01, 0.05)
        chosen = before > 0.25 and draw.random() < 0.5
        made.append(Unit(f"m{number}", before, after + (effect if chosen else 0), chosen))
    return made


@pytest.mark.parametrize("truth", [0.0, -0.04])
def test_regression_to_the_mean_is_not_taken_for_an_effect(truth: float) -> None:
    """Where plans do nothing the bare figure halves the excess and the measured effect is nil; else it is the truth."""
    found = [measure(simulated(truth, seed), resamples=100) for seed in range(10)]
    first = found[0]
    assert first.after - first.before < truth - 0.03, "the bare figure flatters"
    assert first.trend + first.regression + first.effect == pytest.approx(first.after - first.before)
    assert sum(each.effect for each in found) / 10 == pytest.approx(truth, abs=0.004)
    assert sum(each.matched for each in found) / 10 == pytest.approx(truth, abs=0.006)
    assert sum(each.low <= truth <= each.high for each in found) >= 7
    assert first.regression == pytest.approx(-0.05, abs=0.01), "half the distance of 0.1: half the variance is luck"
    assert "to be expected after a bad spell" in first.said("en")
    assert "均值回归" in first.said("zh-Hans")


def test_too_few_say_nothing() -> None:
    """Four accounts under a plan are no measurement."""
    with pytest.raises(GoldlineError, match="5 of each"):
        measure([Unit(f"m{n}", 0.1, 0.2, n < 4) for n in range(100)])


def test_levels_are_read_from_the_days(world: World) -> None:
    """The planned account and one that never was: the share of late orders before the plan and after."""
    world.feed(orders(-3, 10, shipped=10, merchant="m2"))
    world.feed(orders(10, 4, shipped=3, merchant="m2"))
    world.feed(orders(16, 10, shipped=5, merchant="m2"))
    world.feed(orders(16, 8, shipped=6))
    keep_house(world, hours(NOW_H))
    planned(world, "orders_paid >= 1000")
    keep_house(world, hours(24 * 24))
    found = units(world.connection, world.words, Rate("merchant_day", "orders_late", "orders_due"), days=14)
    assert [(each.account[:2], each.before, each.after, each.planned) for each in found] == [
        ("m1", 1.0, 0.25, True), ("m2", 0.25, 0.5, False)]  # fmt: skip
    with pytest.raises(GoldlineError, match="cannot be counted"):
        units(world.connection, world.words, Rate("merchant_day", "drop", "orders_due"))


def test_an_effect_is_its_parts() -> None:
    """Nothing is left over, whatever the accounts."""
    found: Effect = measure(simulated(-0.02, 1, 300), resamples=50)
    assert found.planned + found.others == 300
    assert found.overlap == pytest.approx(1, abs=0.2)
