"""After-sales cases told from request to money, judged by the packs: both sides' clocks, and what they decide."""

from __future__ import annotations

import pytest

from tests.aftersales.tale import Tale, at, explained, facts, owed
from tests.laws.world import World


def test_a_merchant_that_does_not_answer_approves(world: World) -> None:
    """The money is given, and the approval is a fact: by the clock, just after the deadline, told as such."""
    tale = Tale()
    tale.delivered()
    tale.asks(50, 300, ground="quality")
    tale.play(world)
    assert owed(world, "refund") == {"refund-answer": 300}
    outcome, by, approved_at = facts(world, "refund", "o1|r1", "outcome", "approved_by", "approved_at")
    assert (outcome, by) == ("approved", "automatic")
    assert at(98) < approved_at < at(98.001)
    told = {each.policy: each for each in explained(world, "refund", "o1|r1").promises}
    assert told["baseline.refund-answer"].state == "broken"
    evidence = {each.name: each.value for each in told["baseline.refund-answer"].evidence}
    assert evidence["decided_by"] == "automatic"
    assert "baseline.refund-payment" not in told


def test_approved_by_the_clock_the_goods_still_go_back_first(world: World) -> None:
    """A return nobody answered is approved without money; the money comes when the goods are back and unpaid for."""
    tale = Tale()
    tale.delivered()
    tale.asks(50, 300, ground="no_reason", asks="return_refund")
    tale.play(world, at(99))
    assert owed(world, "refund") == {}
    assert facts(world, "refund", "o1|r1", "approved_by") == ("automatic",)
    tale.case("return_sent", 120, return_parcel_id="b1")
    tale.case("return_scanned", 121, return_parcel_id="b1", code="picked_up")
    tale.case("return_scanned", 170, return_parcel_id="b1", code="delivered")
    tale.case("return_inspected", 180, intact="yes", deducted_minor=1_500)
    tale.play(world)
    assert owed(world, "refund") == {"return-settled": 285}
    states = {each.policy: each.state for each in explained(world, "refund", "o1|r1").promises}
    assert (states["baseline.return-sent"], states["baseline.seven-days"]) == ("kept", "kept")


def test_goods_that_are_not_sent_back_close_the_case(world: World) -> None:
    """The consumer's clock runs out: the case lapses, nobody pays, and the merchant has broken nothing."""
    tale = Tale()
    tale.delivered()
    tale.asks(50, 300, ground="no_reason", asks="return_refund")
    tale.case("decided", 60, outcome="approved")
    tale.play(world)
    assert owed(world) == {}
    assert facts(world, "refund", "o1|r1", "closed_reason") == ("lapsed",)
    rows = world.rows("SELECT policy, merchant_id FROM finding WHERE subject = 'refund'")
    assert rows == [("baseline.return-sent", None)]


def test_late_evidence_loses(world: World) -> None:
    """The merchant's silence approves the case and pays; the consumer's closes it."""
    tale = Tale()
    tale.delivered()
    tale.asks(50, 200, ground="quality")
    tale.case("decided", 60, outcome="refused")
    tale.case("escalated", 61)
    tale.case("evidence_asked", 62, side="merchant")
    tale.play(world)
    other = Tale("o2")
    other.delivered(parcel="x2")
    other.asks(50, 200, ground="quality")
    other.case("decided", 60, outcome="refused")
    other.case("evidence_asked", 62, side="consumer", due_by=at(70))
    other.play(world)
    assert owed(world, "refund") == {"merchant-evidence": 200}
    assert facts(world, "refund", "o1|r1", "outcome", "approved_by") == ("approved", "automatic")
    assert facts(world, "refund", "o2|r1", "outcome", "closed_reason") == ("refused", "no_evidence")


def test_two_cases_of_an_order_are_judged_each_by_its_own_facts(world: World) -> None:
    """The answer to one case is none to the other."""
    tale = Tale()
    tale.delivered()
    tale.asks(50, 100, "r1")
    tale.asks(52, 40, "r2")
    tale.case("decided", 60, "r1", outcome="refused")
    tale.play(world)
    assert owed(world, "refund") == {"refund-answer": 40}
    found = world.rows("SELECT policy, key FROM finding WHERE subject = 'refund'")
    assert found == [("baseline.refund-answer", "o1|r2")]


def test_an_answer_that_comes_late_but_was_in_time_exonerates(world: World) -> None:
    """The merchant had refused in time: what was paid stays paid, the platform bears it, both words stand as facts."""
    tale = Tale()
    tale.delivered()
    tale.asks(50, 300)
    tale.play(world)
    tale.case("decided", 70, outcome="refused")
    tale.play(world)
    assert world.rows("SELECT status FROM finding WHERE subject = 'refund'") == [("exonerated",)]
    assert world.rows("SELECT charged_to, amount_minor FROM remedy") == [("platform", 30_000)]
    assert facts(world, "refund", "o1|r1", "decided_by", "outcome") == ("merchant", "approved")


def test_withdrawn_in_time_nothing_happens(world: World) -> None:
    """A request taken back stops the clocks of both sides."""
    tale = Tale()
    tale.delivered()
    tale.asks(50, 300, asks="return_refund")
    tale.case("withdrawn", 60)
    tale.play(world)
    assert world.rows("SELECT 1 FROM finding WHERE subject = 'refund'") == []
    assert facts(world, "refund", "o1|r1", "approved_at", "closed_at") == (None, None)


def test_nothing_moves_and_the_money_is_asked_back(douyin: World) -> None:
    """By the rules of douyin: a waybill unscanned for 48 hours approves the request and pays it once."""
    tale = Tale()
    tale.tell("parcel.created", 5, parcel_id="x1", carrier_id="k1")
    tale.asks(100, 300)
    tale.play(douyin)
    assert owed(douyin, "refund") == {"unscanned-refund": 300}
    assert facts(douyin, "refund", "o1|r1", "approved_by") == ("automatic",)


@pytest.mark.parametrize(
    ("waiver", "state"), [(None, "broken"), ("unreturnable", "kept"), ("worthless", "kept"), ("costs_more", "kept")]
)
def test_money_without_the_goods_needs_its_ground(douyin: World, waiver: str | None, state: str) -> None:
    """Decided by the platform for goods the consumer has; the ground is shown beside the decision."""
    tale = Tale()
    tale.delivered()
    tale.asks(50, 300, asks="refund_only", received="yes", ground="quality")
    tale.case("decided", 60, outcome="approved", by="platform", waiver=waiver)
    tale.play(douyin)
    promises = {each.policy: each for each in explained(douyin, "refund", "o1|r1").promises}
    told = promises["douyin.refund-only-grounded"]
    assert told.state == state
    assert {each.name: each.value for each in told.evidence}["waiver"] == waiver


def test_the_platforms_own_compensation_is_paid_within_its_bound(douyin: World) -> None:
    """30 % of what was paid and 200 at most, from whom the platform says."""
    tale = Tale(yuan=1000)
    tale.delivered()
    tale.asks(50, 100)
    tale.case("awarded", 60, amount_minor=50_000, currency="CNY", bearer="merchant")
    tale.play(douyin)
    assert owed(douyin) == {"award": 200}
    assert douyin.rows("SELECT bearer FROM remedy") == [("merchant:m1",)]


def test_the_freight_is_paid_by_the_insurer_once_an_order(douyin: World) -> None:
    """Two cases claim: the first is paid from the insurer's account, the second is refused by the rule."""
    tale = Tale()
    tale.tell("order.freight_covered", 0, cover="upgraded", insurer_id="i1")
    tale.delivered()
    for case, when in (("r1", 60), ("r2", 61)):
        tale.asks(50, 100, case, asks="return_refund")
        tale.case("decided", 55, case, outcome="approved")
        tale.case("return_scanned", 58, case, return_parcel_id=f"b{case}", code="picked_up")
        tale.case("freight_claimed", when, case, amount_minor=6_000, currency="CNY")
        tale.case("paid", 80, case, amount_minor=10_000, currency="CNY")
    tale.play(douyin)
    assert owed(douyin) == {"return-freight": 50}
    given = douyin.rows("SELECT account, amount_minor FROM posting WHERE amount_minor < 0 AND reason = 'accrue'")
    assert given == [("insurer:i1", -5_000)]
    states = {
        case: [p.state for p in explained(douyin, "refund", f"o1|{case}").promises if p.policy.endswith("freight")]
        for case in ("r1", "r2")
    }
    assert states == {"r1": ["broken"], "r2": ["excused"]}


def test_old_events_are_read_as_they_were(world: World) -> None:
    """A request and an answer without any of the new fields: money asked, answered by the merchant."""
    tale = Tale()
    tale.asks(50, 300)
    tale.case("decided", 60, outcome="approved")
    tale.case("paid", 61, amount_minor=30_000, currency="CNY")
    tale.play(world, at(99))
    assert facts(world, "refund", "o1|r1", "asks", "approved_by", "goods_return") == ("refund", "merchant", "no")
    states = {each.policy: each.state for each in explained(world, "refund", "o1|r1").promises}
    assert states["baseline.refund-answer"] == states["baseline.refund-payment"] == "kept"
