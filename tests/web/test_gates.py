"""Gates over HTTP: whether an account may pass, and why not."""

from __future__ import annotations

from collections.abc import Callable

from django.test import Client

from tests.account.shop import HEAD, keep_house, orders
from tests.laws.world import World, hours, pack_of

from .test_events_endpoint import assert_problem

Key = Callable[..., dict[str, str]]
FOUND = 112  # hours: when the first bad day of the shop is found


def test_a_gate_says_whether_why_and_until_when(client: Client, key: Key, database_url: str) -> None:
    """Closed by a sanction, with the rule it follows from; open to whoever has none."""
    with World(database_url, pack_of(HEAD)) as world:
        world.connection.execute("INSERT INTO driven_clock (at) VALUES (%s)", [hours(240 + FOUND)])
        for day in (0, 10):
            world.feed(orders(day, 4))
            keep_house(world, hours(24 * day + FOUND))
    headers = key("read")
    closed = client.get("/v1/gates/presale/merchant:m1", headers=headers).json()
    assert (closed["state"], closed["gate"], closed["limit"]) == ("closed", "law.presale", None)
    assert [(each["action"], each["rule"], each["nth"]) for each in closed["grounds"]] == [
        ("presale_ban", "law.missing", 2)
    ]
    assert closed["until"].startswith("2026-03-31")
    assert client.get("/v1/gates/presale/merchant:m2", headers=headers).json()["state"] == "open"
    assert client.get("/v1/gates/law.sales/merchant:m1", headers=headers).json()["state"] == "limited"


def test_a_gate_or_account_nobody_knows_is_a_problem(client: Client, key: Key, database_url: str) -> None:
    """404 for a gate that is not in force, with the likeliest; 422 for what is no account; 401 without a key."""
    with World(database_url, pack_of(HEAD)):
        pass
    headers = key("read")
    answer = client.get("/v1/gates/presal/merchant:m1", headers=headers)
    assert_problem(answer, 404, "no_gate")
    assert "did you mean 'presale'?" in answer.json()["detail"]
    assert_problem(client.get("/v1/gates/presale/m1", headers=headers), 422, "invalid")
    assert_problem(client.get("/v1/gates/presale/merchant:m1"), 401, "unauthorised")
