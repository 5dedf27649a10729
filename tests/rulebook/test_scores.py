"""The scores of the packs: those of douyin with figures of a deployer's, those of baseline as they come."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

from goldline.core.account.scorecase import run_score_cases
from goldline.core.policy.pack import Pack, load
from goldline.market.vocabulary import vocabulary

Database = Connection[Any]
HEAD = """
[pack]
id      = "ours"
extends = "douyin"
title   = { en = "Ours", "zh-Hans" = "我们的" }

[pack.parameters]
"""
STEPS = {100: "0.01", 90: "0.02", 80: "0.03", 70: "0.04", 60: "0.05"}
RISING = {100: "0.99", 90: "0.98", 80: "0.97", 70: "0.96", 60: "0.95"}
OLD, NEW = "2026-09-08T00:00:00+08:00", "2026-09-09T00:00:00+08:00"
DELIVERED = "valid_30d = 500, deliveries_due_30d = 1000, deliveries_on_time_30d"


def figures() -> dict[str, str]:
    """A value for every parameter that the scores of douyin wait for: shares, and equal weights."""
    waiting = {n for each in load("douyin", vocabulary()).dormant if each.policy in SCORES for n in each.parameters}
    return {name: figure(name) for name in sorted(waiting)}


SCORES = {"douyin.experience", "douyin.reputation", "douyin.affiliate", "douyin.promotion"}


def figure(name: str) -> str:
    """A made-up figure."""
    rising = name.startswith(("on-time", "mean-rating", "creator-mean-rating"))
    last = name.rpartition("-")[2]
    if last.isdigit():
        return (RISING if rising else STEPS)[int(last)]
    given = {"best": "1" if rising else "0", "worst": "0" if rising else "1", "ceiling": "0.01", "formal": "30"}
    return given.get(last, "1")


def ours(tmp_path: Path, cases: str = "") -> Pack:
    """A pack that extends douyin and gives the figures."""
    told = "\n".join(f"{name} = {value}" for name, value in figures().items())
    (tmp_path / "policies.toml").write_text(HEAD + told, encoding="utf-8")
    (tmp_path / "cases.toml").write_text(cases, encoding="utf-8")
    return load(tmp_path, vocabulary())


def case(at: str, facts: str, expect: str) -> str:
    """One case."""
    return f'[[case]]\nname = "c"\nscore = "experience"\nat = {at}\nfacts = {{ {facts} }}\nexpect = {{ {expect} }}\n'


def test_the_scores_of_douyin_wake_with_their_figures(tmp_path: Path) -> None:
    """Two versions that meet at the eighth of September, and the gates that ask for them."""
    pack = ours(tmp_path)
    bounds = [(each.effective_from, each.effective_until) for each in pack.scores if each.id == "experience"]
    turn = datetime(2026, 9, 7, 16, tzinfo=UTC)
    assert bounds == [(None, turn), (turn, None)]
    assert {"affiliate", "promotion"} <= {each.id for each in pack.gates}
    assert not SCORES & {each.policy.replace("ours", "douyin") for each in pack.dormant}


@pytest.mark.parametrize(
    ("at", "facts", "expect"),
    [
        (OLD, f"{DELIVERED} = 990", "score = 100, stars = 5.0"),
        (OLD, f"{DELIVERED} = 989", "score = 90, stars = 4.8, on-time-delivery = 90"),
        (OLD, f"{DELIVERED} = 949", "score = 50, stars = 3.0"),
        (OLD, f"{DELIVERED} = 950", "score = 60, stars = 4.0"),
        (NEW, f"{DELIVERED} = 989", "score = 98.9, stars = 5.0"),
        (NEW, f"{DELIVERED} = 970", "score = 97, stars = 5.0"),
        (NEW, f"{DELIVERED} = 969", "score = 96.9, stars = 4.9"),
        (NEW, f"{DELIVERED} = 610", "score = 61, stars = 4.1"),
        (NEW, f"{DELIVERED} = 609", "score = 60.9, stars = 4.0"),
        (NEW, f"{DELIVERED} = 500", "score = 50, stars = 3.0"),
        (NEW, f"{DELIVERED} = 100", "score = 10, stars = 3.0"),
        (NEW, f"{DELIVERED} = 800, picked_30d = 100, pickup_s_30d = 20, next_day_30d = 20", "score = 85"),
        (NEW, f"{DELIVERED} = 800, picked_30d = 100, pickup_s_30d = 20, next_day_30d = 19", "score = 80"),
        (NEW, f"{DELIVERED} = 800, fraudulent_30d = 1", "score = 70"),
        (OLD, "valid_30d = 499, signed_30d = 50, quality_30d = 3", "quality-returns = 80"),
        (OLD, "valid_30d = 500, signed_30d = 50, quality_30d = 3", "quality-returns = 50"),
        (OLD, "valid_30d = 499, signed_30d = 50, quality_30d = 4", "quality-returns = 50"),
        (OLD, "valid_30d = 29, signed_30d = 50", 'score = 70, stage = "growth"'),
        (NEW, "valid_30d = 29, signed_30d = 50, fraudulent_30d = 1", 'score = 60, stage = "growth"'),
        (NEW, "valid_30d = 30, signed_30d = 50", 'score = 100, stage = "formal"'),
    ],
)
def test_what_is_published_decides(database: Database, tmp_path: Path, at: str, facts: str, expect: str) -> None:
    """Steps, stars, floors, the growth stage, bonus and deduction, each from both sides of its bound."""
    (result,) = run_score_cases(database, ours(tmp_path, case(at, facts, expect)))
    assert result.passed, result.as_text()


def test_the_cases_of_baseline_come_true(database: Database) -> None:
    """Beside the pack, with both scores in force."""
    results = run_score_cases(database, load("baseline", vocabulary()))
    assert [each.as_text() for each in results if not each.passed] == []
    assert {each.case.score.id for each in results} == {"experience", "reputation"}
