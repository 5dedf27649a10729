"""Aspects of defects: found in the words of buyers, not where they are denied or part of something else."""

from __future__ import annotations

import pytest

from goldline.market.aspect import ASPECTS, TERMS, aspects, defect


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("收到就破损了，还有一股异味", {"damaged", "smell"}),
        ("充电的时候冒烟", {"safety"}),
        ("穿了一天全身过敏，颜色和图片不一样", {"safety", "not_as_described"}),
        ("没有异味，没有任何破损，很满意", set()),
        ("不会掉色，也不起球", set()),
        ("没有异味但是破损了", {"damaged"}),
        ("带漏电保护的插座，防触电设计", set()),
        ("快递服务差到爆炸", set()),
        ("不知道是不是正品", set()),
        ("不是正品", {"counterfeit"}),
        ("It arrived broken and smells bad", {"faulty", "smell"}),
        ("No strong smell at all, and it is not damaged", set()),
        ("I got a rash, but it is not broken", {"safety"}),
        ("trash bags, hypoallergenic", set()),
        ("", set()),
    ],
)
def test_what_is_named_and_not_what_is_denied(text: str, wanted: set[str]) -> None:
    """A term counts in its own clause, unless it is negated there or inside a longer, innocent word."""
    assert aspects(text) == wanted


def test_the_gravest_is_kept() -> None:
    """Of several aspects the one that endangers people is what a fact keeps; of none, nothing."""
    assert defect("尺码不对，穿了过敏") == "safety"
    assert defect("很好") is None


def test_every_aspect_has_terms_and_no_term_is_of_two() -> None:
    """The lexicon covers the vocabulary of aspects, and says of each term one thing."""
    assert set(TERMS) == set(ASPECTS)
    every = [term for terms in TERMS.values() for term in terms]
    assert len(every) == len(set(every))
