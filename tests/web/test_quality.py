"""Good content on the pages: the code-book, the draft checker, a creator's own content, the operators' day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.test import Client

from goldline.market.quality.incentive import shipped
from goldline.market.quality.share import share
from tests.laws.world import World, hours
from tests.quality.test_share import DAY, GOOD, PLAIN, published

from .test_hall import text_of
from .test_screening import creator


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    """Content of twelve creators, shared for one day."""
    with World(database_url) as made:
        made.feed([published(f"v{n}", GOOD) for n in range(10)] + [published("mine", GOOD, creator="cora")])
        made.feed([published("dull", PLAIN, creator="cora")])
        made.step(hours(4))
        made.feed(share(made.connection, shipped(), 10_000, DAY).events())
        made.connection.execute("INSERT INTO driven_clock (at) VALUES (%s)", [hours(72)])
        made.connection.commit()
        made.step(hours(72))
        yield made


@pytest.mark.parametrize(("language", "said"), [("en", "Credible"), ("zh-Hans", "可信")])
def test_the_codebook_is_public(client: Client, language: str, said: str) -> None:
    """Values, levels, signs and guides are there for anybody, in both languages."""
    page = text_of(client.get("/drafts/quality", {"lang": language}))
    assert said in page
    assert ("Clothing and shoes" if language == "en" else "服饰鞋包") in page


def test_a_draft_is_graded(database_url: str) -> None:
    """What is pasted shows its grades, the signs behind them and what would raise them."""
    page = text_of(creator().post("/drafts/", {"text": GOOD, "kind": "transcript", "lang": "en"}))
    assert "Professional" in page
    assert "says why" in page
    assert "Would raise it" in page


def test_a_creator_sees_its_own_alone(world: World) -> None:
    """Own pieces with grades and share; nobody else's; who is no creator is refused."""
    page = text_of(creator("cora").get("/drafts/content", {"lang": "en"}))
    assert "mine" in page
    assert "dull" in page
    assert "v0" not in page
    assert "Extra showings" in page
    world.connection.execute("UPDATE driven_clock SET at = %s", [hours(72) + timedelta(days=60)])
    world.connection.commit()
    assert "Nothing published of late" in text_of(creator("cleo").get("/drafts/content", {"lang": "en"}))


def test_operators_see_the_day(world: World, operator_client: Client) -> None:
    """The pools with their sums, each piece with its share; before any day, how to begin."""
    page = text_of(operator_client.get("/console/quality", {"lang": "en"}))
    assert str(DAY) in page
    assert "kept for new creators" in page
    assert "It cannot be told yet" in page
    assert world.value("SELECT count(*) FROM fact_content WHERE boosts IS NOT NULL") > 0


def test_before_any_day(operator_client: Client) -> None:
    """The empty page says what to run."""
    assert "goldline incentive" in text_of(operator_client.get("/console/quality", {"lang": "en"}))
    assert operator_client.get("/drafts/content").status_code == 403
