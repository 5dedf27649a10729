"""Campaigns on the pages: how far one has come, holding it, what a merchant sees of its own, the published result."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from goldline.core.account.campaign import standing
from tests.campaign.drive import OVER, SWEPT, TOLD, campaign_of, looked_at, offered, run, text
from tests.laws.world import World, hours, pack_of

from .test_hall import text_of
from .test_workbench import merchant

PAGE = "/console/campaigns/law.plain-words"


@pytest.fixture
def world(database_url: str) -> Any:
    """A campaign whose self-check runs: of two shops each has something that would be found."""
    with World(database_url, pack_of(text())) as made:
        told = [
            each for shop in ("m-17", "m-18") for each in (offered(shop, f"{shop}-i"), looked_at(shop, f"{shop}-i", 4))
        ]
        made.feed(told)
        made.step(hours(2))
        run(made, TOLD)
        made.connection.execute("INSERT INTO driven_clock (at) VALUES (%s)", [TOLD])
        made.connection.commit()
        yield made


def clock(world: World, at: Any) -> None:
    """Let the campaign do what is due and set the clock of the pages."""
    run(world, at)
    world.connection.execute("UPDATE driven_clock SET at = %s", [at])
    world.connection.commit()


@pytest.mark.parametrize(("language", "said"), [("en", "time to mend"), ("zh-Hans", "自查整改期")])
def test_the_console_shows_how_far_it_has_come(world: World, operator_client: Client, language: str, said: str) -> None:
    """The list and the page say the state, the rules as written, and what came of it so far."""
    assert said in text_of(operator_client.get("/console/campaigns", {"lang": language}))
    page = text_of(operator_client.get(PAGE, {"lang": language}))
    assert said in page
    assert "severity &gt;= 3" in page or "severity >= 3" in page
    assert operator_client.get("/console/campaigns/law.none").status_code == 404


def test_a_campaign_is_held_and_let_go(world: World, operator_client: Client, onlooker_client: Client) -> None:
    """Who may steer holds it and lets it go on, on the record; who may only look is refused."""
    assert onlooker_client.post(f"{PAGE}/steer", {"hold": "1"}).status_code == 403
    assert operator_client.post(f"{PAGE}/steer", {"hold": "1"}).status_code == 302
    assert standing(world.connection, campaign_of(world), TOLD).state == "paused"
    assert run(world, SWEPT) == 0
    assert operator_client.post(f"{PAGE}/steer", {"hold": "0"}).status_code == 302
    assert run(world, SWEPT) > 0
    trail = world.rows("SELECT action FROM audit WHERE subject = 'law.plain-words' ORDER BY seq")
    assert trail == [("campaign.pause",), ("campaign.resume",)]


def test_a_merchant_sees_its_own_alone(world: World) -> None:
    """Told, the workbench names what of one's own would be found; of the other shop nothing."""
    client = merchant("m-17")
    page = text_of(client.get("/workbench/", {"lang": "en"}))
    assert "m-17-i" in page
    assert "m-18-i" not in page
    assert "1 of yours would be found" in page
    world.feed([looked_at("m-17", "m-17-i", 0, at=24 * 5)])
    world.step(TOLD)
    assert "none of yours would be found" in text_of(client.get("/workbench/", {"lang": "en"}))


def test_the_result_is_published_at_the_end(world: World, client: Client) -> None:
    """Not before the end; then for everybody, in figures, without a shop's name."""
    assert client.get("/campaigns/law.plain-words").status_code == 404
    clock(world, SWEPT)
    clock(world, OVER)
    page = client.get("/campaigns/law.plain-words", {"lang": "en"})
    assert page.status_code == 200
    assert "Found by sweeps" in text_of(page)
    assert "m-17" not in page.content.decode()
