"""Creators and merchants answer for words and goods by the published rules: sanctions, reasons, appeals, shares."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from goldline.core.account import review
from goldline.core.account.actor import Actor
from goldline.core.account.appeal import Answer, Filing, decide, file
from goldline.core.account.gate import ask, find
from goldline.core.account.statement import find as find_statement
from goldline.core.errors import GoldlineError
from goldline.core.policy.pack import load
from goldline.market.sanction import ACTIONS
from goldline.market.vocabulary import vocabulary
from tests.account.shop import keep_house
from tests.laws.world import EARLY, World, event, hours

DAYS = 24
ADA, KAI = Actor("person", "ada"), Actor("machine", "kai")
Told = tuple[str, float, dict[str, Any]]


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    """A world by the published rules."""
    with World(database_url, load("douyin", vocabulary())) as made:
        yield made


def tell(world: World, *told: Told) -> None:
    """Feed events."""
    world.feed([event(kind, hours(at), f"{kind}-{at}-{n}", **data) for n, (kind, at, data) in enumerate(told)])


def spoken(session: str, at: float, times: int = 1) -> list[Told]:
    """A session in which something false was found so many times, an hour after it began."""
    live = {"creator_id": "k1", "stream_id": session}
    found = {**live, "kind": "effects", "start_s": 10, "end_s": 20}
    violations = [("stream.violation_found", at + 1, {**found, "violation_id": f"{session}-{n}"}) for n in range(times)]
    return [("stream.started", at, {**live, "title": "夜场"}), *violations]


def acting(world: World) -> list[str]:
    """The actions in force or passed that stand against the creator."""
    rows = world.rows("SELECT action FROM sanction WHERE account = 'creator:k1' AND revoked_at IS NULL ORDER BY 1")
    return [action for (action,) in rows]


def sold(world: World) -> None:
    """Two orders that the creator brought, for ¥1,000 in all, ¥200 of it its commission."""
    for number in range(2):
        own = {"order_id": f"o{number}", "merchant_id": "m1", "consumer_id": "c", "creator_id": "k1"}
        paid = {"order_id": f"o{number}", "paid_minor": 50_000, "currency": "CNY", "commission_minor": 10_000}
        tell(world, ("order.placed", number, own), ("order.paid", number, paid))


def test_a_creator_answers_is_told_why_and_may_appeal_once(world: World) -> None:
    """Three in a session freeze 15 % of its sales and close sharing; a granted appeal opens it; a second is refused."""
    sold(world)
    tell(world, *spoken("s1", 0, times=3))
    keep_house(world, hours(2 * DAYS))
    assert acting(world) == ["freeze_funds", "sharing_ban"]
    ((frozen, ident),) = world.rows("SELECT amount_minor, finding_id FROM sanction WHERE action = 'freeze_funds'")
    assert frozen == 15_000
    gate = find(world.engine.ruleset.gates, "sharing")
    assert ask(world.connection, gate, "creator:k1", hours(2 * DAYS)).state == "closed"
    told = find_statement(world.connection, world.value("SELECT id FROM sanction WHERE action = 'sharing_ban'"),
                          "account", "zh-Hans", actions=ACTIONS, window_s=14 * 86_400)  # fmt: skip
    assert "D:aJoHtKQ6kLcq" in told.text()
    assert "关闭商品分享" in told.text()
    appealed(world, ident)
    assert acting(world) == []
    assert ask(world.connection, gate, "creator:k1", hours(2 * DAYS)).state == "open"
    with pytest.raises(GoldlineError) as refused:
        file(world.connection, world.engine.ruleset, filing(ident), KAI, hours(3 * DAYS))
    assert refused.value.code in ("appeal_answered", "not_standing")


def filing(finding_id: UUID) -> Filing:
    """The creator's objection."""
    return Filing("creator:k1", "wrong-facts", "The words were about another item.", finding_id=finding_id)


def appealed(world: World, finding_id: UUID) -> None:
    """The creator objects; a person grants it."""
    filed = file(world.connection, world.engine.ruleset, filing(finding_id), KAI, hours(2 * DAYS))
    review.add_reviewer(world.connection, "ada")
    claim = review.take(world.connection, "ada", hours(2 * DAYS), case_id=filed.case_id)
    assert claim is not None
    answer = Answer("overturned", "It was another item.")
    decide(world.connection, world.words, filed.case_id, claim.epoch, answer, ADA, hours(2 * DAYS))
    world.connection.commit()


def test_what_is_cleared_steps_down(world: World) -> None:
    """Two sessions freeze 5 %; when one of them is cleared what is left is a first time, and the funds are free."""
    sold(world)
    tell(world, *spoken("s1", 0), *spoken("s2", 1))
    keep_house(world, hours(2 * DAYS))
    assert acting(world) == ["freeze_funds"]
    tell(world, ("stream.violation_cleared", 50, {"creator_id": "k1", "stream_id": "s2", "violation_id": "s2-0"}))
    keep_house(world, hours(3 * DAYS))
    assert acting(world) == ["item_removal", "self_only", "stream_cut", "warning"]


def test_a_licence_is_asked_for_when_goods_are_offered_and_not_later(world: World) -> None:
    """Food without a licence is a violation; a licence told afterwards, good since before, clears it."""
    listing = {"merchant_id": "m1", "listing_id": "l1", "title": "坚果 500g", "category": "food"}
    tell(world, ("listing.published", 1, listing))
    keep_house(world, hours(2))
    query = "SELECT policy, status, key FROM finding"
    assert world.rows(query) == [("douyin.unlicensed-listing", "standing", "m1|l1")]
    assert world.rows("SELECT account, action FROM sanction") == [("merchant:m1", "item_removal")]
    tell(world, ("merchant.licensed", 0.5, {"merchant_id": "m1", "licence": "food", "valid_until": hours(9_000)}))
    keep_house(world, hours(3))
    assert world.rows("SELECT status FROM finding") == [("exonerated",)]


def test_a_trial_stops_at_two_hundred_orders_and_a_deposit_starts_it_again(world: World) -> None:
    """Sales stop within the day, the deposit asked for follows what was sold, and both end when the trial does."""
    for number in range(200):
        own = {"order_id": f"t{number}", "merchant_id": "m1", "consumer_id": "c", "trial": "yes"}
        paid = {"order_id": f"t{number}", "paid_minor": 4_000, "currency": "CNY"}
        tell(world, ("order.placed", 1, own), ("order.paid", 1, paid))
    keep_house(world, hours(2))
    assert world.rows("SELECT action FROM sanction") == [("sales_stop",)]
    keep_house(world, hours(1 * DAYS))
    assert world.rows("SELECT amount_minor FROM sanction WHERE action = 'deposit'") == [(50_000,)]
    tell(world, ("merchant.trial_ended", 30, {"merchant_id": "m1"}))
    keep_house(world, hours(4 * DAYS))
    assert world.value("SELECT count(*) FROM sanction WHERE released_at IS NULL") == 0


def test_merchant_and_creator_share_what_both_caused(database_url: str) -> None:
    """One payout; the creator, whose words were false, and the merchant, who sent another thing, bear half each."""
    with World(database_url, load("baseline", vocabulary())) as world:
        own = {"order_id": "o1"}
        placed = {**own, "merchant_id": "m1", "consumer_id": "c", "creator_id": "k1"}
        tell(
            world,
            ("order.placed", 0, placed),
            ("order.paid", 0, {**own, "paid_minor": 10_000, "currency": "CNY"}),
            ("order.misconduct_found", 5, {**own, "kind": "fraudulent_shipment"}),
            ("order.misconduct_found", 6, {**own, "kind": "false_claim"}),
        )
        world.step(EARLY)
        world.step(hours(10))
        shared = "SELECT amount_minor, charged_to, share_to, share_minor FROM remedy WHERE policy = 'baseline.as-said'"
        assert world.rows(shared) == [(1_000, "merchant:m1", "creator:k1", 500)]
        tell(world, ("order.misconduct_cleared", 11, {**own, "kind": "false_claim"}))
        world.step(hours(12))
        assert world.rows(shared)[0][2:] == ("platform", 500)
