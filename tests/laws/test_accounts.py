"""Laws of accounts: what stands decides, whatever was found, appealed, lifted and overturned on the way."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from tests.account.shop import keep_house, orders, scanned
from tests.account.test_docket import FOUND
from tests.account.test_overturn import standing
from tests.account.tribunal import PACK, answered, appealed, findings
from tests.laws.world import World, event, hours, pack_of

DAYS = (0, 10, 20, 30)
END_H = 24 * 31 + FOUND


def exempted(day: int, count: int) -> list[bytes]:
    """Orders of a day, excused before they were due: the day is no violation, though they were paid like the others."""
    return [event("order.exempted", hours(24 * day + 1), f"x{day}-{n}", order_id=f"m1-{day}-{n}", reason="review")
            for n in range(count)]  # fmt: skip


def told(world: World, draw: random.Random, fallen: set[int] | None) -> set[int]:
    """A story of bad days: with `fallen` None some are appealed and overturned, else those never were violations."""
    overturned: set[int] = set()
    pending: dict[int, Any] = {}
    for number, day in enumerate(DAYS):
        size = draw.choice([4, 7])
        choice = draw.choice(["let stand", "upheld", "overturned", "overturned later", "withdrawn"])
        world.feed(orders(day, size))
        if fallen is not None and day in fallen:
            world.feed(exempted(day, size))
        at = 24 * day + FOUND
        keep_house(world, hours(at))
        # The backlog is sent in the end, which lifts what lasts until then.
        world.feed([scanned(f"m1-{day}-{n}", at + draw.choice([3, 30])) for n in range(size)])
        if fallen is None and choice != "let stand" and len(found := findings(world)) > 0:
            filed = appealed(world, found[-1], hours(at + 1))
            if choice == "upheld":
                answered(world, filed, "upheld", hours(at + 2))
            elif choice == "overturned":
                overturned.add(day)
                answered(world, filed, "overturned", hours(at + 3))
            elif choice == "overturned later":
                pending[day] = filed
        if number == 2:
            for late in list(pending):
                answered(world, pending.pop(late), "overturned", hours(at + 4))
                overturned.add(late)
    for late, filed in pending.items():
        answered(world, filed, "overturned", hours(END_H - 1))
        overturned.add(late)
    keep_house(world, hours(END_H))
    return overturned


@pytest.mark.parametrize("seed", range(6))
def test_what_stands_is_what_a_replay_without_the_rest_leaves(
    database_url: str, another_database: Callable[[], str], seed: int
) -> None:
    """Any sequence of violations, appeals and overturnings ends as if what fell away had never been a violation."""
    # A cap's figure reads thirty days of orders, which an exempted order belongs to as well.
    pack = pack_of(PACK)
    with World(database_url, pack) as world, World(another_database(), pack) as replay:
        fallen = told(world, random.Random(seed), None)
        told(replay, random.Random(seed), fallen)
        assert standing(world) == standing(replay)
        assert len(findings(world)) == len(DAYS) - len(fallen)
