"""Standing over HTTP and on the command line: every point with the facts behind it."""

from __future__ import annotations

import json
from collections.abc import Callable

from django.test import Client

from tests.account.score import score_of
from tests.account.shop import HEAD, keep_house, orders
from tests.account.test_standing import sold, told
from tests.laws.world import World, hours, pack_of

from .test_events_endpoint import assert_problem

Key = Callable[..., dict[str, str]]


def test_a_standing_shows_every_point(client: Client, key: Key, database_url: str) -> None:
    """Indicator, facts, value, points, weight; what would move it; what would have avoided a violation."""
    with World(database_url, pack_of(HEAD + score_of())) as world:
        world.connection.execute("INSERT INTO driven_clock (at) VALUES (%s)", [hours(112)])
        world.feed(sold(40, late=20))
        world.feed([told("m1-0", "refund.requested", 12, refund_id="r1", amount_minor=1, currency="CNY",
                         ground="quality")])  # fmt: skip
        world.feed(orders(0, 30, shipped=0))
        keep_house(world, hours(112))
    answer = client.get("/v1/accounts/merchant:m1/standing", headers=key("read")).json()
    (score,) = answer["scores"]
    assert (score["score"], score["stage"], score["day"]) == ("law.experience", "formal", "2026-03-06")
    (quality, _) = score["dimensions"][0]["indicators"]
    assert quality["facts"] == {"quality_30d": 1, "signed_30d": 40}
    assert (quality["value"], quality["points"], quality["weight"]) == (0.025, 80, 3)
    moves = {each["indicator"]: each for each in score["moves"]}
    assert [each["indicator"] for each in score["moves"]] == ["quality", "on-time"]
    assert (moves["on-time"]["events"], moves["on-time"]["of_events"], moves["on-time"]["gain"]) == (16, 20, 6)
    assert score["points"] == round(0.6 * 80 + 0.4 * (70 + 100) / 2, 2)
    (violation,) = answer["violations"]
    assert violation["avoided_by"] == {"orders_missing": -9}
    assert json.dumps(answer)


def test_an_account_nobody_knows_has_no_score(client: Client, key: Key, database_url: str) -> None:
    """An empty list for who never sold; 422 for what is no account."""
    with World(database_url, pack_of(HEAD + score_of())):
        pass
    headers = key("read")
    assert client.get("/v1/accounts/merchant:m9/standing", headers=headers).json()["scores"] == []
    assert_problem(client.get("/v1/accounts/m9/standing", headers=headers), 422, "invalid")
