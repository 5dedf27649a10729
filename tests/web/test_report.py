"""What a rule reports on the reviewer's page: why it was found, upheld or dismissed with reasons, and what followed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from goldline.core.account import review
from tests.account.shop import HEAD, keep_house, orders
from tests.account.test_docket import FOUND
from tests.laws.world import World, hours, pack_of
from tests.web.test_hall import text_of
from tests.web.test_review import move, person


@pytest.fixture
def court(database_url: str) -> Iterator[World]:
    """A violation that a rule in `report` found, and the clock at that time."""
    reporting = HEAD.replace('grace  = "50 hours"', 'grace  = "50 hours"\nrollout = "report"')
    with World(database_url, pack_of(reporting)) as world:
        world.connection.execute("INSERT INTO driven_clock (at) VALUES (%s)", [hours(FOUND)])
        world.feed(orders(0, 4))
        keep_house(world, hours(FOUND))
        review.add_reviewer(world.connection, "ada")
        world.connection.commit()
        yield world


def state(court: World) -> tuple[Any, ...]:
    """The case, the finding, and the sanctions that stand."""
    return court.rows(
        "SELECT c.state, c.answer, f.status, f.rollout, (SELECT count(*) FROM sanction WHERE revoked_at IS NULL)"
        " FROM review_case c JOIN finding f ON f.id::text = c.subject"
    )[0]


def test_a_person_upholds_what_a_rule_reported(court: World) -> None:
    """The page shows the facts; without an outcome nothing is done; upheld, the shop answers for it."""
    ada = person("ada")
    path = ada.post("/console/cases/next").headers["Location"]
    told = text_of(ada.get(path))
    for words in (
        "report of a rule",
        "Too many orders out of stock.",
        "orders_missing",
        "is upheld, and has its effects",
    ):
        assert words in told
    refused = move(court, ada, "settle", words="They had none left.")
    assert refused.status_code == 422
    assert "A report is upheld or dismissed." in text_of(refused)
    assert move(court, ada, "settle", outcome="upheld", words="They had none left.").status_code == 302
    assert state(court) == ("settled", "upheld", "standing", "act", 2)
    assert "规则报告" in text_of(ada.get(path, {"lang": "zh-Hans"}))


def test_a_person_dismisses_it(court: World) -> None:
    """Dismissed, it is taken back, and the policy page says that the rule only reports."""
    ada = person("ada")
    ada.post("/console/cases/next")
    assert move(court, ada, "settle", outcome="dismissed", words="A campaign day.").status_code == 302
    assert state(court) == ("settled", "dismissed", "overturned", "report", 0)
    assert "rollout" in text_of(person("olga", "viewer").get("/console/policies"))
