"""Whoever breaks a rule answers for it: sanctions begin, end, are lifted and revoked by what stands; gates follow."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from goldline.core.account.docket import settle
from goldline.core.account.gate import ask, find
from tests.account.shop import HEAD, keep_house, orders, scanned
from tests.laws.world import World, event, hours, pack_of

FOUND = 48 + 14 + 50  # hours: due after two days, the midnight of that day in Shanghai, and the grace
MIDNIGHT = FOUND + 22  # the midnight after a violation was found


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    """A world with the ladder's rules in force."""
    with World(database_url, pack_of(HEAD)) as made:
        yield made


def acting(world: World) -> list[tuple[str, int]]:
    """The actions that stand, with their numbers."""
    return world.rows("SELECT action, nth FROM sanction WHERE revoked_at IS NULL ORDER BY starts_at, ordinal")


def test_a_violation_brings_its_step(world: World) -> None:
    """Three of four orders missing: the funds are frozen by the tariff, and the fee is taken from the merchant."""
    world.feed(orders(0, 4, shipped=1))
    keep_house(world, hours(FOUND))
    assert acting(world) == [("freeze_funds", 1), ("fee", 1)]
    assert world.rows("SELECT action, amount_minor FROM sanction ORDER BY ordinal") == [
        ("freeze_funds", 100_000), ("fee", 10_000)]  # fmt: skip
    lines = world.rows("SELECT account, amount_minor FROM posting WHERE reason = 'fee' ORDER BY line")
    assert lines == [("merchant:m1", -10_000), ("platform", 10_000)]


def test_nothing_follows_before_its_time_or_from_three_orders_in_ten(world: World) -> None:
    """The day is judged when it and its grace are over, and a share that is not above the limit is no violation."""
    world.feed(orders(0, 4, shipped=1))
    world.feed(orders(0, 10, shipped=7, merchant="m2"))
    keep_house(world, hours(FOUND - 0.001))
    assert acting(world) == []
    keep_house(world, hours(FOUND))
    assert world.rows("SELECT DISTINCT account FROM sanction") == [("merchant:m1",)]


def test_a_second_run_changes_nothing(world: World) -> None:
    """Working an account out again writes nothing: not a sanction, not a fee, not a notice."""
    world.feed(orders(0, 4))
    keep_house(world, hours(FOUND))
    before = world.rows(
        "SELECT s.*, p.id FROM sanction s LEFT JOIN posting p ON p.account = s.account ORDER BY 1, p.id"
    )
    world.connection.execute("INSERT INTO account_due (account) VALUES ('merchant:m1')")
    world.connection.commit()
    assert settle(world.connection, world.words, world.engine.ruleset, hours(FOUND)) == 1
    after = world.rows("SELECT s.*, p.id FROM sanction s LEFT JOIN posting p ON p.account = s.account ORDER BY 1, p.id")
    assert after == before != []


def second_violation(world: World) -> None:
    """Two bad days, far apart, and the time they are found."""
    world.feed(orders(0, 4))
    keep_house(world, hours(FOUND))
    world.feed(orders(10, 4))
    keep_house(world, hours(240 + FOUND))


def test_the_second_in_the_year_closes_the_gate_and_time_opens_it(world: World) -> None:
    """The presale gate is closed for fifteen days, to the second, and says why and until when."""
    second_violation(world)
    assert acting(world)[2:] == [("presale_ban", 2), ("order_cap", 2)]
    gate = find(world.engine.ruleset.gates, "presale")
    closed = ask(world.connection, gate, "merchant:m1", hours(240 + FOUND))
    assert (closed.state, closed.until) == ("closed", hours(240 + FOUND + 24 * 15))
    assert [(each.action, each.nth, each.until) for each in closed.grounds] == [("presale_ban", 2, "backlog = 0")]
    assert ask(world.connection, gate, "merchant:m1", hours(240 + FOUND + 24 * 15)).state == "open"
    assert ask(world.connection, gate, "merchant:m2", hours(240 + FOUND)).state == "open"


def test_a_cap_carries_its_figure(world: World) -> None:
    """The cap on orders a day is read from the merchant's own days: half the mean of thirty."""
    world.feed(orders(-1, 236, shipped=236))
    second_violation(world)
    gate = find(world.engine.ruleset.gates, "sales")
    answer = ask(world.connection, gate, "merchant:m1", hours(240 + FOUND))
    assert (answer.state, answer.limit) == ("limited", 4)  # (236 + 4 + 4) / 30 / 2


def test_a_sanction_is_lifted_the_day_its_condition_holds(world: World) -> None:
    """Once the whole backlog is picked up the ban ends with that day, though its time is not over."""
    second_violation(world)
    world.feed([scanned(f"m1-{day}-{number}", 240 + FOUND + 3) for day in (0, 10) for number in range(4)])
    keep_house(world, hours(240 + FOUND + 4))
    assert world.rows("SELECT released_at FROM sanction WHERE action = 'presale_ban'") == [(None,)]
    keep_house(world, hours(240 + MIDNIGHT))
    lifted = world.rows("SELECT released_at, released_why FROM sanction WHERE action = 'presale_ban'")
    assert lifted == [(hours(240 + MIDNIGHT), "backlog = 0")]
    gate = find(world.engine.ruleset.gates, "presale")
    assert ask(world.connection, gate, "merchant:m1", hours(240 + MIDNIGHT)).state == "open"
    assert world.rows("SELECT state FROM gate WHERE gate = 'law.presale'") == [("open",)]


def test_late_evidence_takes_the_sanctions_back(world: World) -> None:
    """A first violation that falls away returns its fee, and the second becomes the first."""
    second_violation(world)
    exempted = [event("order.exempted", hours(5), f"x{n}", order_id=f"m1-0-{n}", reason="flood") for n in range(4)]
    world.feed(exempted)
    keep_house(world, hours(240 + FOUND + 1))
    assert acting(world) == [("freeze_funds", 1), ("fee", 1)]
    assert world.value("SELECT count(*) FROM sanction WHERE revoked_at IS NOT NULL") == 4
    assert world.value("SELECT sum(amount_minor) FROM posting WHERE account = 'merchant:m1'") == -10_000
    gate = find(world.engine.ruleset.gates, "presale")
    assert ask(world.connection, gate, "merchant:m1", hours(240 + FOUND + 1)).state == "open"


def test_whoever_listens_is_told(world: World) -> None:
    """Sanctions and gates that change are put into the outbox once each."""
    world.connection.execute(
        "INSERT INTO endpoint (url, topics, secrets) VALUES ('https://shop.example/', '{sanction.*,gate.*}', '{s}')"
    )
    world.connection.commit()
    second_violation(world)
    keep_house(world, hours(240 + FOUND + 24 * 16))
    told = world.rows("SELECT topic, count(*) FROM outbox WHERE kind = 'webhook' GROUP BY 1 ORDER BY 1")
    assert told == [("gate.changed", 4), ("sanction.started", 4)]  # two gates, shut and open again
