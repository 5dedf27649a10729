"""The engine against a reference model: the same verdicts, amounts and bearers, for random orders at random times."""

from __future__ import annotations

import os
import random

import pytest

from goldline.market.vocabulary import vocabulary
from tests.checkers.model import FLOWS, Order
from tests.laws.scenario import life
from tests.laws.world import World, demo_pack, hours

FULL = os.environ.get("GOLDLINE_FAULTS") == "full"
COLUMNS = {**{(name, 0): f"v_demo__{name.replace('-', '_')}_0" for name in FLOWS}, ("ship-by", 1): "v_demo__ship_by_1"}


@pytest.mark.parametrize("seed", range(6 if FULL else 2))
def test_engine_agrees_with_the_model(database_url: str, seed: int) -> None:
    """Verdicts, findings, amounts asked and owed, and bearers agree with plain Python at a time of chance."""
    now = hours(random.Random(seed).uniform(80, 180))
    orders = {
        f"os{n}p0": [each(f"s{n}p0") for _, each in life(seed * 10_000 + n)] for n in range(2_000 if FULL else 500)
    }
    told = [each for events in orders.values() for each in events]
    random.Random(seed).shuffle(told)
    with World(database_url, demo_pack(vocabulary(), limits=False)) as world:
        world.feed(told)
        world.step(now)
        states = world.rows(f"SELECT key, {', '.join(f'{each}::text' for each in COLUMNS.values())} FROM fact_order")
        remedies = world.rows(
            "SELECT r.key, r.policy, f.occurrence, r.asked_minor, r.amount_minor, r.bearer FROM remedy r"
            " JOIN finding f ON f.id = r.finding_id"
        )
        findings = world.value("SELECT count(*) FROM finding")
    models = {key: Order(events) for key, events in orders.items()}
    wanted = {key: dict(zip(COLUMNS, model.verdicts(now).values(), strict=True)) for key, model in models.items()}
    assert {row[0]: dict(zip(COLUMNS, row[1:], strict=True)) for row in states} == wanted
    owed = [(k, o.policy, o.occurrence, o.asked, o.amount, o.bearer) for k, m in models.items() for o in m.owed(now)]
    assert sorted(remedies) == sorted(owed)
    assert findings == len(owed) > 100
    assert {state for states in wanted.values() for state in states.values()} == {None, "p", "k", "b", "e"}
