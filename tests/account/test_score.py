"""Scores: worked out in one statement as in memory, point by point; small samples; what would move them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import Connection
from psycopg.rows import class_row
from psycopg.types.json import Jsonb, set_json_loads

from goldline.core.account import score_sql
from goldline.core.account.outlook import moves, reckon
from goldline.core.account.scorecase import rows_sql
from goldline.core.account.standing import Standing, exact
from goldline.core.facts.merge import FactType
from goldline.core.policy.diagnostic import PolicyError
from goldline.core.policy.pack import Pack
from goldline.core.policy.score import Score, facts_of
from goldline.market.merchantday import MerchantDay
from tests.account.score import FLOOR, SHRINK, score_of
from tests.laws.world import pack_of

HEAD = """
[pack]
id       = "law"
currency = "CNY"
title    = { en = "Law", "zh-Hans" = "法" }
PARAMETERS
[[rule]]
id     = "missing"
on     = "merchant_day"
title  = { en = "Out of stock", "zh-Hans" = "缺货" }
about  = { en = "Too many.", "zh-Hans" = "过多。" }
at     = "ends_at"
when   = "orders_missing >= 3"
"""
Database = Connection[Any]
Facts = dict[str, Any]


def pack_with(small: str = "", parameters: str = "", change: tuple[str, str] = ("", "")) -> Pack:
    """A pack with the score, something in it changed."""
    return pack_of(HEAD.replace("PARAMETERS", parameters) + score_of(small).replace(*change))


def scored(database: Database, score: Score, days: list[Facts]) -> list[Standing]:
    """What these days score."""
    types = facts_of(MerchantDay)
    nothing = {name: 0 for name, kind in types.items() if kind in (FactType.NUMBER, FactType.MONEY)}
    place = {"day": "2026-05-01", "ends_at": "2026-05-02T00:00:00Z"}
    rows = [{**nothing, **place, "owner": f"m{n}", **each} for n, each in enumerate(days)]
    statement = f"SELECT x.*, 'law.experience' AS policy, 1 AS version FROM ({score_sql.select(score, 'merchant', rows_sql(types))}) x ORDER BY 1"  # noqa: E501
    with database.cursor(row_factory=class_row(Standing)) as cursor:
        set_json_loads(exact, cursor)
        return cursor.execute(statement.encode(), [Jsonb(rows)]).fetchall()


count = st.integers(0, 600)


@st.composite
def days(draw: st.DrawFn) -> Facts:
    """A day's facts that fit together."""
    signed, reviews, due, picked = (draw(count) for _ in range(4))
    bad = draw(st.integers(0, reviews))
    return {
        "valid_30d": draw(st.integers(25, 600)), "fraudulent_30d": draw(st.integers(0, 1)),
        "industry": draw(st.sampled_from(["books", "toys", None])),
        "signed_30d": signed, "quality_30d": draw(st.integers(0, signed)),
        "reviews_30d": reviews, "reviews_bad_30d": bad, "rating_sum_30d": 5 * (reviews - bad) + 2 * bad,
        "deliveries_due_30d": due, "deliveries_on_time_30d": draw(st.integers(0, due)),
        "picked_30d": picked, "pickup_s_30d": picked * draw(st.integers(0, 100_000)),
    }  # fmt: skip


@pytest.mark.parametrize("small", ["", FLOOR, SHRINK])
@given(own=st.lists(days(), min_size=1, max_size=8))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_one_statement_scores_as_memory_does(database: Database, small: str, own: list[Facts]) -> None:
    """Whatever the facts, the statement and the plain computation give the same score."""
    (score,) = pack_with(small).scores
    found = scored(database, score, own)
    assert len(found) == len(own)
    for each in found:
        again = reckon(score, each, {})
        assert each.score == again if each.stage == "formal" else each.score in (60, 70)


@pytest.mark.parametrize("small", ["", SHRINK])
@given(own=st.lists(days(), min_size=1, max_size=5))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_move_gains_what_it_says(database: Database, small: str, own: list[Facts]) -> None:
    """With so many bad events less the statement gives the score foretold; with one of those back, the old one."""
    (score,) = pack_with(small).scores
    alone = replace(score, small_sample="none") if not small else score
    for number, each in enumerate(scored(database, alone, own)):
        told = moves(alone, each)
        assert [move.most_gain for move in told] == sorted((move.most_gain for move in told), reverse=True)
        for move in told:
            if move.events is not None and not small:
                again = scored(database, alone, [without(own[number], move.indicator, move.events)])[0]
                assert again.score - each.score == move.gain > 0
                nearly = scored(database, alone, [without(own[number], move.indicator, move.events - 1)])[0]
                assert nearly.score == each.score


def without(facts: Facts, indicator: str, events: int) -> Facts:
    """The day if so many bad events of an indicator had not been."""
    changed = dict(facts)
    if indicator == "quality":
        changed["quality_30d"] -= events
    elif indicator == "rating":
        changed["rating_sum_30d"] += 3 * events
        changed["reviews_bad_30d"] -= events
    else:
        changed["deliveries_on_time_30d"] += events
    return changed


FORMAL = {"valid_30d": 30, "signed_30d": 100, "deliveries_due_30d": 100, "deliveries_on_time_30d": 100}


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"quality_30d": 1}, ("100.00", "formal")),
        ({"quality_30d": 2}, ("88.00", "formal")),
        ({"quality_30d": 5}, ("88.00", "formal")),
        ({"quality_30d": 6}, ("70.00", "formal")),
        ({"quality_30d": 2, "industry": "books"}, ("86.67", "formal")),
        ({"quality_30d": 6, "deliveries_on_time_30d": 49}, ("50.00", "formal")),
        ({"quality_30d": 6, "fraudulent_30d": 1}, ("60.00", "formal")),
        ({"quality_30d": 100, "deliveries_on_time_30d": 0, "fraudulent_30d": 1}, ("50.00", "formal")),
        ({"valid_30d": 29}, ("70.00", "growth")),
        ({"valid_30d": 29, "fraudulent_30d": 1}, ("60.00", "growth")),
        ({"signed_30d": 0, "deliveries_due_30d": 0, "deliveries_on_time_30d": 0}, ("70.00", "growth")),
    ],
)  # fmt: skip
def test_each_boundary_from_both_sides(database: Database, facts: Facts, expected: tuple[str, str]) -> None:
    """Steps, weights by industry, the least score, the deduction, the growth stage, nothing known."""
    (score,) = pack_with().scores
    (found,) = scored(database, score, [{**FORMAL, **facts}])
    assert (str(found.score), found.stage) == expected
    assert found.stars == (5 if found.score >= 90 else 4)


@pytest.mark.parametrize(("valid", "bad", "points"), [(299, 3, 80), (300, 3, 50), (299, 4, 50)])
def test_the_floor_of_small_samples(database: Database, valid: int, bad: int, points: int) -> None:
    """Few orders and no more than three bad events: the indicator is held at 80, and says so."""
    (score,) = pack_with(FLOOR).scores
    (found,) = scored(database, score, [{**FORMAL, "valid_30d": valid, "signed_30d": 10, "quality_30d": bad}])
    held = found.dimensions["product"]["indicators"]["quality"]
    assert (held["points"], held["held"]) == (points, points == 80)
    assert held["facts"] == {"quality_30d": bad, "signed_30d": 10}


def test_few_cases_are_drawn_to_the_mean_of_their_peers(database: Database) -> None:
    """One bad case of two weighs little beside peers that differ; one of ten thousand keeps its own rate."""
    (score,) = pack_with(SHRINK).scores
    peers = [{**FORMAL, "industry": "toys", "signed_30d": 1_000, "quality_30d": bad} for bad in (5, 10, 20, 40, 80)]
    few = {**FORMAL, "industry": "toys", "signed_30d": 2, "quality_30d": 1}
    many = {**FORMAL, "industry": "toys", "signed_30d": 100_000, "quality_30d": 9_000}
    found = scored(database, score, [few, many, *peers])
    small, large = (each.dimensions["product"]["indicators"]["quality"] for each in found[:2])
    assert small["mean"] < small["value"] < Decimal("0.2")
    assert abs(large["value"] - Decimal("0.09")) < Decimal("0.0001")
    drawn = (1 + small["strength"] * small["mean"]) / (2 + small["strength"])
    assert abs(drawn - small["value"]) < Decimal("1e-7")


def test_peers_that_differ_by_chance_alone_all_get_the_mean(database: Database) -> None:
    """Where the spread is no more than chance would give, nobody is better or worse."""
    (score,) = pack_with(SHRINK).scores
    own = [{**FORMAL, "industry": "toys", "signed_30d": 100, "quality_30d": bad} for bad in (4, 5, 5, 6)]
    values = {each.dimensions["product"]["indicators"]["quality"]["value"] for each in scored(database, score, own)}
    assert values == {Decimal("0.05")}


def test_a_score_without_a_figure_sleeps_and_its_gate_with_it() -> None:
    """A weight nobody has given a value: neither is in force, and both are listed with what they wait for."""
    parameters = '[pack.parameters]\nlogistics = { type = "number", about = { en = "w", "zh-Hans" = "w" } }\n'
    pack = pack_with(parameters=parameters, change=('weight = "40"', "weight = \"param('logistics')\""))
    assert (pack.scores, pack.gates) == ((), ())
    asleep = [(each.policy, each.parameters) for each in pack.dormant]
    assert asleep == [("law.experience", ("logistics",)), ("law.affiliate", ("logistics",))]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("upto = 0.05", "upto = 0.005"), "does not go on from the step before"),
        (('id     = "quality"', 'id     = "product"'), "'product' names two parts"),
        (('of     = "signed_30d"', 'of     = "signed"'), "unknown fact 'signed'"),
        (("SMALL", 'small_sample = "floor"'), "go together"),
        (('requires  = "score', 'requires  = "scores'), "unknown fact 'scores'"),
        (('score     = "experience"\n', ""), "'score' and 'requires' go together"),
        (("best = 5, worst = 4", "best = 4, worst = 4"), "the same figure"),
    ],
)
def test_faults_are_told_where_they_are(change: tuple[str, str], said: str) -> None:
    """A score with a slip is refused with what is wrong."""
    text = HEAD.replace("PARAMETERS", "") + score_of("SMALL").replace(*change).replace("SMALL", "")
    with pytest.raises(PolicyError) as refused:
        pack_of(text)
    assert said in refused.value.as_text()


def test_two_versions_may_not_hold_at_a_time() -> None:
    """Dates that overlap are refused; dates that meet are two versions."""
    early = 'effective = { until = 2026-09-08 }\nvalid  = "valid_30d"'
    late = 'effective = { from = 2026-09-08 }\nvalid  = "valid_30d"'
    text, marker = score_of().partition("[[gate]]")[0], 'valid  = "valid_30d"'
    pack = pack_of(HEAD.replace("PARAMETERS", "") + text.replace(marker, early) + text.replace(marker, late))
    assert [(each.version, each.effective_from) for each in pack.scores] == [
        (1, None), (2, datetime(2026, 9, 8, tzinfo=UTC))]  # fmt: skip
    with pytest.raises(PolicyError, match="in force twice"):
        pack_of(HEAD.replace("PARAMETERS", "") + text + text.replace(marker, late))
