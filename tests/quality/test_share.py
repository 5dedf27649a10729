"""A day's share over a real record: who is in it, what vetoes, what is taken in, and what it is measured to change."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from goldline.market.quality.incentive import shipped
from goldline.market.quality.share import last_shares, share
from goldline.study.incentive import differences, effect
from tests.laws.world import T0, World, event, hours

DAY = date(2026, 3, 4)
GOOD = (
    "怎么挑羽绒服：首先看含绒量，其次看蓬松度，因为绒朵大才暖。"
    "399 元，实测洗 3 次，有点重，不适合小个子。上周我妈说：“借我穿穿。”"
)
PLAIN = "新品上市，欢迎选购。"


def published(content: str, caption: str, at: float = 1, creator: str | None = None) -> bytes:
    """A creator publishes a video."""
    said = {"creator_id": creator or f"c-{content}", "content_id": content, "caption": caption}
    return event("content.published", hours(at), f"{content}-{at}", **said)


def test_good_content_gets_a_share(database_url: str) -> None:
    """Good captions share the day's showings; plain ones, those with a hit and those of another day get none."""
    with World(database_url) as world:
        hit = {"term": "t", "category": "medical", "severity": 4, "start": 0, "end": 2}
        world.feed(
            [published(f"v{n}", GOOD) for n in range(8)]
            + [published("plain", PLAIN), published("hit", GOOD), published("gone", GOOD), published("late", GOOD, 80)]
            + [
                event(
                    "content.screened",
                    hours(2),
                    "hit-s",
                    creator_id="c-hit",
                    content_id="hit",
                    evidence=[hit],
                    lexicon="1",
                ),
                event("content.withdrawn", hours(3), "gone-w", creator_id="c-gone", content_id="gone"),
            ]
        )
        world.step(hours(4))
        found = share(world.connection, shipped(), 10_000, DAY)
        pools = {each.content_id: award.pool for each, award in found.awards}
        assert pools["plain"] == "below"
        assert pools["hit"] == "vetoed"
        assert {"gone", "late"}.isdisjoint(pools)
        got = {each.content_id: award.showings for each, award in found.awards if award.showings}
        assert set(got) <= {f"v{n}" for n in range(8)}
        assert len(got) >= 4
        assert max(got.values()) <= 500  # the cap of one creator
        before = len(world.rows("SELECT 1 FROM inbox"))
        world.feed(found.events())
        world.feed(found.events())
        world.step(hours(72))
        assert len(world.rows("SELECT 1 FROM inbox")) > before
        rows = world.rows("SELECT split_part(key, '|', 2), boosts, honest FROM fact_content WHERE boosts IS NOT NULL")
        kept = {content: last_shares(boosts) for content, boosts, _ in rows}
        assert {each: shares[0]["showings"] for each, shares in kept.items() if shares[0]["showings"]} == got
        assert all(len(shares) == 1 for shares in kept.values())  # told twice, it happened once
        assert kept["hit"][0]["why"] == "screening"
        assert all(100 <= honest <= 500 for *_, honest in rows)
        assert effect(world.connection) is None
        world.feed([published("w", GOOD, 5)])
        world.step(hours(72))
        more = share(world.connection, shipped(), 10_000, DAY)
        assert [each.content_id for each, award in more.awards if award.pool != "below"] == ["w"]
        assert sum(got.values()) + sum(award.showings for _, award in more.awards) <= 10_000


def test_copies_and_labels_veto(database_url: str) -> None:
    """What is labelled misleading gets nothing while the label stands."""
    with World(database_url) as world:
        said = {"creator_id": "c-v0", "content_id": "v0", "label": "misleading", "reason": "r", "by": "ann"}
        world.feed([published("v0", GOOD), published("v1", GOOD)])
        world.feed([event("content.labelled", hours(2), "l", **said, until=T0 + timedelta(days=30))])
        world.step(hours(4))
        pools = {
            each.content_id: award.piece.veto for each, award in share(world.connection, shipped(), 100, DAY).awards
        }
        assert pools == {"v0": "misleading", "v1": None}


def test_a_known_effect_is_found_and_none_is_not() -> None:
    """Twice the orders at the same share of refunds: the first is told with its bounds, the second is within chance."""
    draw = np.random.default_rng(3)
    orders = [draw.poisson(rate, size).astype(float) for rate, size in ((20, 400), (10, 60))]
    shared, held = (
        np.column_stack((each, draw.binomial(each.astype(int), 0.1), np.zeros((len(each), 3)))).astype(float)
        for each in orders
    )
    by_name = {each.measure: each for each in differences(shared, held, 1)}
    assert 8 < by_name["orders"].low < by_name["orders"].change < by_name["orders"].high < 12
    assert by_name["refunded"].low < 0 < by_name["refunded"].high
