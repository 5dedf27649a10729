"""Templates and the score of mass production: what is counted is what is told."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goldline.market.likeness.alignment import _subsequence
from goldline.market.likeness.caption import Caption
from goldline.market.likeness.production import Scale, content_cluster, score
from goldline.market.likeness.template import template

NOW = datetime(2026, 8, 10, tzinfo=UTC)


def told(count: int, accounts: int, gap_s: float = 60, jitter: tuple[float, ...] = (0,)) -> list[Caption]:
    """Items of one caption, so many seconds apart."""
    return [
        Caption(f"v{n}", f"creator:{n % accounts}", NOW + timedelta(seconds=n * gap_s + jitter[n % len(jitter)]), "x")
        for n in range(count)
    ]


def test_prices_numbers_and_words_are_told_apart() -> None:
    """The skeleton stays, each slot is named by what was in it, with its values."""
    texts = [f"买{brand}保温杯只要{price}元已售{sold}件" for brand, price, sold in
             [("暖阳", 19, 100), ("冬雪", 29, 200), ("山泉", 39.9, 300), ("青竹", 49, 400)]]  # fmt: skip
    found = template(texts)
    assert str(found) == "买[words]保温杯只要[price]元已售[number]件"
    slots = {part.slot: part.values for part in found.parts if part.slot}
    assert slots["price"] == ("19", "29", "39.9", "49")
    assert slots["words"] == ("冬雪", "山泉", "暖阳", "青竹")
    assert 0.5 < found.share < 0.8


def test_equal_texts_are_all_template() -> None:
    """One text many times has no slot, and all of it stays; no text has no template."""
    found = template(["同一句话"] * 9)
    assert (str(found), found.share) == ("同一句话", 1.0)
    assert (template([]).parts, template([""]).share) == ((), 0.0)


def test_slots_at_either_end() -> None:
    """What differs before the first word that stays, and after the last, is a slot too."""
    found = template(
        [f"{who}推荐这条裙子真的很好看{what}" for who, what in [("甲", "一"), ("乙丙", "二三"), ("丁", "四")]]
    )
    assert str(found) == "[words]推荐这条裙子真的很好看[words]"


def test_the_order_of_texts_does_not_matter() -> None:
    """The model is chosen by frequency and letters."""
    texts = [f"第{n}号福利今天下单立减{n * 3}元" for n in range(1, 9)]
    assert template(texts) == template(texts[::-1])


def test_long_texts_and_slogans_are_aligned_in_a_moment() -> None:
    """What repeats a thousand times is no trap: what stays is found, and counted in the part that is looked at."""
    slogan = list("今天特价大促销快来买" * 300)
    texts = ["".join([*slogan[:place], "改", *slogan[place + 1 :]]) for place in range(20, 480, 60)]
    began = time.process_time()
    found = template(texts)
    assert time.process_time() - began < 2
    assert found.share > 0.95


@given(st.text("甲乙丙1", max_size=30), st.text("甲乙丙1", max_size=30))
@settings(max_examples=60)
def test_an_alignment_is_a_longest_common_subsequence(model: str, other: str) -> None:
    """In order, of equal pieces, and as many as the textbook's table counts."""
    found = _subsequence(model, other)
    places = sorted(found)
    assert [found[place] for place in places] == sorted({found[place] for place in places})
    assert all(model[place] == other[found[place]] for place in places)
    counts = [[0] * (len(other) + 1) for _ in range(len(model) + 1)]
    for row, one in enumerate(model, 1):
        for column, two in enumerate(other, 1):
            grown = counts[row - 1][column - 1] + 1 if one == two else 0
            counts[row][column] = max(grown, counts[row - 1][column], counts[row][column - 1])
    assert len(found) == counts[-1][-1]


def test_more_items_accounts_and_haste_never_lower_the_score() -> None:
    """Each factor is told with its figure, and moves the score one way only."""
    scale = Scale()
    calm, many = score(told(10, 5), 0.5, scale), score(told(100, 50), 0.5, scale)
    slow = score(told(10, 5, gap_s=90_000), 0.5, scale)
    assert slow.points < calm.points < many.points
    assert many.points > 90
    assert {factor.name: factor.figure for factor in calm.factors} == pytest.approx(
        {"size": 10, "accounts": 5, "pace": 10, "regularity": 0, "template": 0.5}
    )


def test_one_account_alone_scores_nothing() -> None:
    """Whoever repeats only oneself is no mass production, however often."""
    assert score(told(500, 1), 1.0, Scale()).points == 0


def test_a_rhythm_is_told_from_chance() -> None:
    """Posts by the clock score more than the same number at uneven times."""
    clock, uneven = score(told(40, 20), 1.0, Scale()), score(told(40, 20, jitter=(0, 55, 3, 30, 58)), 1.0, Scale())
    assert clock.points > uneven.points


def test_a_cluster_is_the_same_from_any_order_of_members() -> None:
    """Members are put in the order of time."""
    members = told(9, 3)
    assert content_cluster("c", members, ["甲"] * 9) == content_cluster("c", members[::-1], ["甲"] * 9)
