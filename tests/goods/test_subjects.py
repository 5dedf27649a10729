"""Goods and what sells them are subjects: facts from events, labels that end, feedback counted where it was sold."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import permutations
from typing import Any

import pytest

from tests.account.shop import keep_house
from tests.laws.world import EARLY, World, event, hours

SHOP = {"merchant_id": "m1", "listing_id": "l1"}
CLIP = {"creator_id": "k1", "content_id": "v1"}
LIVE = {"creator_id": "k1", "stream_id": "s1"}
HIT = {"term": "best", "category": "absolute", "severity": 3, "start": 0, "end": 2}


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    """A world without rules: what is known is kept all the same."""
    with World(database_url) as made:
        yield made


def tell(world: World, *told: tuple[str, float, dict[str, Any]]) -> None:
    """Feed events, each a type, an hour and its data, and step."""
    world.feed([event(kind, hours(at), f"{kind}-{at}-{n}", **data) for n, (kind, at, data) in enumerate(told)])
    world.step(EARLY)


def fact(world: World, kind: str, names: str, key: str) -> tuple[Any, ...]:
    """Facts of one subject."""
    return world.rows(f"SELECT {names} FROM fact_{kind} WHERE key = %s", key)[0]


def test_a_change_leaves_what_it_does_not_name(world: World) -> None:
    """A listing keeps its title when only its price changes, in whatever order the two are told."""
    published = {**SHOP, "title": "棉T恤 200g", "category": "clothing", "price_minor": 9900, "currency": "CNY"}
    tell(world, ("listing.changed", 5, {**SHOP, "price_minor": 7900}), ("listing.published", 1, published))
    assert fact(world, "listing", "title, price, category", "m1|l1") == ("棉T恤 200g", 7900, "clothing")


def test_a_look_is_evidence_and_the_last_counts(world: World) -> None:
    """Hits that stand are counted, excused ones are not, and a later look replaces the figures, not the record."""
    looks = [[HIT, {**HIT, "severity": 5, "status": "excused"}], [{**HIT, "severity": 2}, HIT, HIT]]
    for at, evidence in enumerate(looks, 1):
        tell(world, ("content.screened", at, {**CLIP, "evidence": evidence, "lexicon": f"x{at}"}))
    hits, severity, lexicon, screened = fact(world, "content", "hits, severity, lexicon, screened", "k1|v1")
    assert (int(hits), int(severity), lexicon) == (3, 3, "x2")
    assert [json.loads(each)[0] for each in sorted(screened)] == ["x1", "x2"]


def test_a_session_keeps_the_seconds_of_every_segment(world: World) -> None:
    """A live stream's segments stand beside each other with what was heard in them; the worst of them is its figure."""
    for number, severity in enumerate((2, 4, 1)):
        segment = {"segment_id": f"g{number}", "start_s": 60 * number, "end_s": 60 * number + 59, "lexicon": "x1"}
        tell(world, ("stream.segment_screened", number + 1,
                     {**LIVE, **segment, "evidence": [{**HIT, "severity": severity}]}))  # fmt: skip
    tell(world, ("stream.started", 0, {**LIVE, "title": "夜场"}), ("stream.ended", 9, {**LIVE, "cut": "by_platform"}))
    severity, segments, cut = fact(world, "stream", "severity, segments, cut", "k1|s1")
    assert (int(severity), cut) == (4, "by_platform")
    assert [json.loads(each)[1:3] for each in sorted(segments)] == [[0, 59], [60, 119], [120, 179]]


def test_a_label_ends_by_itself_or_is_lifted_in_any_order(world: World) -> None:
    """A label ends at its time or when lifted; set again it is renewed; the order of news is nothing to it."""
    label = {"merchant_id": "m1", "label": "unsafe", "reason": "起火", "by": "desk"}
    told = [
        ("listing.labelled", 1, {**label, "until": hours(100)}),
        ("listing.label_lifted", 5, label),
        ("listing.labelled", 9, {**label, "until": hours(50)}),
    ]
    for number, order in enumerate(permutations(told)):
        for turn in order:
            tell(world, (turn[0], turn[1], {**turn[2], "listing_id": f"l{number}"}))
        assert fact(world, "listing", "unsafe_from, unsafe_until", f"m1|l{number}") == (hours(9), hours(50))
    tell(world, ("listing.label_lifted", 20, {**label, "listing_id": "l0"}))
    assert fact(world, "listing", "unsafe_until, cardinality(labels)", "m1|l0") == (hours(20), 2)


def order_of(number: int) -> list[tuple[str, float, dict[str, Any]]]:
    """An order that content sold, signed for, sent back for its quality and reviewed with one star."""
    own = {"order_id": f"o{number}"}
    sold = {"merchant_id": "m1", "consumer_id": "c1", "creator_id": "k1", "content_id": "v1", "product_id": "l1",
            "zone": "Asia/Shanghai"}  # fmt: skip
    return [
        ("order.placed", 1, {**own, **sold}),
        ("order.paid", 1, {**own, "paid_minor": 10_000, "currency": "CNY", "commission_minor": 2_000}),
        ("parcel.scanned", 2, {**own, "parcel_id": "p", "carrier_id": "x", "code": "delivered"}),
        ("refund.requested", 3, {**own, "refund_id": "r", "amount_minor": 10_000, "currency": "CNY",
                                 "ground": "quality"}),
        ("refund.decided", 4, {**own, "refund_id": "r", "outcome": "approved"}),
        ("order.reviewed", 5, {**own, "review_id": "w", "rating": 1, **sold}),
    ]  # fmt: skip


def test_feedback_flows_back_to_what_sold_the_goods(world: World) -> None:
    """Refunds, quality returns and reviews of linked orders count for the content and for the creator, by the day."""
    tell(world, *order_of(1), *order_of(2))
    keep_house(world, hours(10))
    day = "orders_paid, orders_refunded, orders_quality, reviews_bad"
    assert [int(each) for each in fact(world, "content_day", day, "v1|2026-03-02")] == [2, 2, 2, 2]
    creator = fact(world, "creator_day", "orders_quality, paid_minor, commission_minor", "k1|2026-03-02")
    assert [int(each) for each in creator] == [2, 20_000, 4_000]


def test_what_was_found_of_content_counts_for_its_creator_until_it_is_cleared(world: World) -> None:
    """Videos and sessions count on the day something false was first found in them, sessions by how often too."""
    spoken = {**LIVE, "kind": "effects", "start_s": 1, "end_s": 9}
    tell(
        world,
        ("content.violation_found", 1, {**CLIP, "violation_id": "a", "kind": "basic_facts"}),
        *(("stream.violation_found", n, {**spoken, "violation_id": f"b{n}"}) for n in (1, 2, 3)),
        ("content.violation_found", 1, {**CLIP, "content_id": "v2", "violation_id": "c", "kind": "low_quality"}),
    )
    keep_house(world, hours(4))
    names = "videos_false, streams_false, streams_false_twice, streams_false_thrice"
    assert [int(each) for each in fact(world, "creator_day", names, "k1|2026-03-02")] == [1, 1, 1, 1]
    tell(world, ("content.violation_cleared", 5, {**CLIP, "violation_id": "a"}),
         ("stream.violation_cleared", 5, {**LIVE, "violation_id": "b2"}))  # fmt: skip
    keep_house(world, hours(6))
    assert [int(each) for each in fact(world, "creator_day", names, "k1|2026-03-02")] == [0, 1, 1, 0]
