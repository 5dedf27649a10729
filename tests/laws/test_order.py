"""Order does not matter: whatever way the same events come in, the same is decided."""

from __future__ import annotations

import math
import os
import random
from collections.abc import Iterable, Sequence
from datetime import timedelta
from itertools import permutations

import pytest

from goldline.market.vocabulary import vocabulary
from tests.checkers.digest import digests_of_copies
from tests.laws.scenario import LATENESS, SCENARIOS, Told, life, wild
from tests.laws.world import EARLY, END, T0, World, demo_pack, interleaved

FULL = os.environ.get("GOLDLINE_FAULTS") == "full"


def test_all_permutations(database_url: str) -> None:
    """Every order of up to six events, cut into steps in every way, gives the same facts, findings and money."""
    rounds: list[list[bytes]] = [[] for _ in range(6)]
    told = list(SCENARIOS.values())
    for number, story in enumerate(told):
        for copy, order in enumerate(permutations(story)):
            cuts = copy * 7 + number  # which of the joints between two events is also one between two steps
            for events, place in zip(rounds, _split(order, f"s{number}p{copy}", cuts, 6), strict=True):
                events.extend(place)
    with World(database_url, demo_pack(vocabulary(), limits=False)) as world:
        interleaved(rounds, world)
        world.step(END)
        _assert_alike(world, [math.factorial(len(story)) for story in told], list(SCENARIOS))
        _assert_eventful(world)


@pytest.mark.parametrize("seed", range(4 if FULL else 1))
def test_random_orders_of_forty(database_url: str, seed: int) -> None:
    """Forty events with repeats, shuffled and cut into steps at random, give the same as in any other order."""
    draw = random.Random(seed)
    stories, copies = (60, 12) if FULL else (25, 8)
    rounds: list[list[bytes]] = [[] for _ in range(5)]
    for number in range(stories):
        story = wild(seed * 1_000 + number)
        for copy in range(copies):
            told = [each for each in story for _ in range(1 if draw.random() < 0.8 else draw.randint(2, 4))]
            draw.shuffle(told)
            for each in told:
                rounds[draw.randrange(5)].append(each(f"s{number}p{copy}"))
    with World(database_url, demo_pack(vocabulary(), limits=False)) as world:
        interleaved(rounds, world)
        world.step(END)
        _assert_alike(world, [copies] * stories, [f"wild {n}" for n in range(stories)])
        assert world.value("SELECT count(*) FROM finding") > stories


def test_within_the_grace(database_url: str) -> None:
    """With the clock moving, evidence that comes within the grace window changes nothing, whenever it comes."""
    stories, copies = (400, 6) if FULL else (120, 4)
    draw = random.Random(7)
    tick = timedelta(minutes=60)
    rounds: dict[int, list[bytes]] = {}
    for number in range(stories):
        for copy in range(copies):
            for at, told in life(number):
                # It must be there at the last tick before two hours have passed.
                latest = (at + LATENESS - T0) // tick
                earliest = -((T0 - at) // tick)
                rounds.setdefault(draw.randint(min(earliest, latest), latest), []).append(told(f"s{number}p{copy}"))
    with World(database_url, demo_pack(vocabulary(), limits=False, grace="2 hours")) as world:
        for number in range(max(rounds) + 1):
            if number in rounds:
                draw.shuffle(rounds[number])
                world.feed(rounds[number])
            world.step(T0 + tick * number)
        world.step(END)
        decided = world.rows(_DECIDED_WITHOUT_SIGHT)
        found: dict[str, set[str]] = {}
        for scenario, _, value in decided:
            found.setdefault(scenario, set()).add(value)
        assert {name for name, values in found.items() if len(values) > 1} == set()
        assert len(decided) == len(found) * copies
        assert world.value("SELECT count(*) FROM finding WHERE status <> 'standing'") == 0
        _assert_eventful(world)


# Everything decided, without the facts as seen at that moment: news of later events may have come or not.
_DECIDED_WITHOUT_SIGHT = """
    SELECT substring(key FROM 's[0-9]+') AS scenario, substring(key FROM 'p[0-9]+') AS copy,
           md5(string_agg(line, chr(10) ORDER BY line))
    FROM (
        SELECT key, concat_ws(' ', policy, version, occurrence, made_at, due_at, found_at, status, revision) AS line
        FROM finding
        UNION ALL
        SELECT key, concat_ws(' ', policy, kind, payee, bearer, charged_to, asked_minor, amount_minor, state, why,
                              accrued_at)
        FROM remedy
        UNION ALL
        SELECT r.key, concat_ws(' ', r.policy, p.account, p.amount_minor, p.reason, p.posted_at)
        FROM posting p JOIN remedy r ON r.id = p.remedy_id
    ) AS said GROUP BY 1, 2"""


def _split(order: Sequence[Told], copy: str, cuts: int, rounds: int) -> Iterable[list[bytes]]:
    """One list of events a round: a new round begins where a bit of `cuts` is set."""
    places: list[list[bytes]] = [[] for _ in range(rounds)]
    at = 0
    for number, told in enumerate(order):
        if number and cuts >> (number - 1) & 1:
            at += 1
        places[at].append(told(copy))
    return places


def _assert_alike(world: World, expected: Sequence[int], names: Sequence[str]) -> None:
    found = digests_of_copies(world.connection)
    counts = {name: len(found[f"s{number}"]) for number, name in enumerate(names)}
    assert counts == dict(zip(names, expected, strict=True))
    differing = [name for number, name in enumerate(names) if len(set(found[f"s{number}"].values())) > 1]
    assert differing == []


def _assert_eventful(world: World) -> None:
    """The law was not kept by there being nothing to decide."""
    assert world.value("SELECT count(DISTINCT policy || occurrence) FROM finding") >= 7
    assert world.value("SELECT count(*) FROM posting") > 100
    assert EARLY < END


def test_digest_sees_a_difference(database_url: str) -> None:
    """Two copies that were told different things do not have the same digest."""
    story = SCENARIOS["kept"]
    with World(database_url, demo_pack(vocabulary(), limits=False)) as world:
        world.feed([each("s0p0") for each in story] + [each("s0p1") for each in story[:-1]])
        world.step(END)
        copies = digests_of_copies(world.connection)["s0"]
    assert copies[0] != copies[1]
