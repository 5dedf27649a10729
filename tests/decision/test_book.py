"""Decisions in a pack: faults with their place, versions, publishing, and the law of the severest answer."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg import Connection

from goldline.core.policy.decision import OTHERWISE, Decision, Ground
from goldline.core.policy.diagnostic import PolicyError
from goldline.core.policy.pack import load
from goldline.core.policy.published import load_decision, load_published, publish
from goldline.market.vocabulary import vocabulary
from tests.decision.scene import BOOK, NOW, edited, pack


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('on        = "refund_request"', 'on        = "refund_requests"', "unknown question 'refund_requests'"),
        ('otherwise = "instant"', 'otherwise = "instan"', "'otherwise' cannot be 'instan'"),
        ('answers   = ["instant", "standard", "review"]', 'answers   = ["instant"]', "two different words"),
        ('exhausted = "review"', 'exhausted = "instant"', "'instant' is not severer than 'instant'"),
        ('exhausted = "review"\n', "", "nothing is answered once 'exposure' is reached"),
        ('spends    = "instant"\n', "", "'exposure' limits nothing"),
        ('per = "asker"', 'per = "paid_amount"', "'paid_amount' is not a text fact of refund_request"),
        ("limit = 500", 'limit = "no-such"', "there is no parameter 'no-such'"),
        ("limit = 500", 'limit = "pace"', "'pace' is of type number"),
        ('window = "1 hour"', 'window = "0 hours"', "'window' has no length"),
        ('period = "day", limit = 2000', 'period = "hour", limit = 2000', "'period' cannot be 'hour'"),
        ('when   = "labelled_at is not null"', 'when   = "labelled_at"', "this must be true or false"),
        ('when   = "buyer_restricted"', 'when   = "buyer_restrict"', "unknown fact 'buyer_restrict'"),
        ('id     = "pace"', 'id     = "waybill"', "the ground 'waybill' appears twice"),
        ('id     = "pace"', 'id     = "budget"', "the ground 'budget' is a reason of the engine's own"),
        ("unknown = true", 'unknown = "yes"', "'unknown' must be true or false"),
        ('otherwise = "instant"', 'otherwise = "review"', "'standard' is milder than 'review'"),
        ('id      = "instant-payment"', 'id      = "instant-refund"', "there is a promise 'instant-refund' already"),
        ('answer = "review"', 'answer = "revew"', "'answer' cannot be 'revew'"),
        ('spends    = "instant"', 'spend     = "instant"', "unknown key 'spend' in a decision"),
    ],
)
def test_a_fault_is_said_with_its_place_and_what_to_do(old: str, new: str, message: str) -> None:
    """The diagnostic names the line that is wrong."""
    with pytest.raises(PolicyError) as refused:
        pack(edited((old, new)))
    found = [each for each in refused.value.diagnostics if message in each.message]
    assert found, refused.value.as_text()
    assert found[0].line > BOOK[: BOOK.index("[[decision]]")].count("\n")


def test_what_waits_for_a_parameter_sleeps_and_is_listed() -> None:
    """The ground is not in force until a value is given; a limit likewise."""
    one = pack().decisions[0]
    assert [each.id for each in one.grounds] == ["waybill", "untagged", "restricted"]
    assert [(each.part, each.parameters) for each in one.asleep] == [("pace", ("pace",))]
    awake = pack(edited(('pace = { type = "number",', 'pace = { type = "number", value = 3,'))).decisions[0]
    assert ([each.id for each in awake.grounds][-1], awake.asleep) == ("pace", ())
    money = edited(('pace = { type = "number"', 'most = { type = "money" }\npace = { type = "number"'),
                   ("limit = 500", 'limit = "most"'))  # fmt: skip
    unlimited = pack(money).decisions[0]
    assert (unlimited.exposure, [each.part for each in unlimited.asleep]) == (None, ["exposure", "pace"])


def test_versions_may_not_overlap() -> None:
    """Two versions without dates are one too many."""
    start = BOOK.index("[[decision]]")
    twice = BOOK + "\n" + BOOK[start : BOOK.index("[[promise]]")]
    with pytest.raises(PolicyError, match="overlaps version 1"):
        pack(twice)


def test_what_is_published_reads_back_the_same(database: Connection[Any]) -> None:
    """Grounds, dates, limits and words survive; publishing again changes nothing; a withdrawn one is gone but known."""
    words = vocabulary()
    for name in ("douyin", "baseline"):
        own = load(name, words)
        assert publish(database, own, words, NOW) > 0
        assert publish(database, own, words, NOW) == 0
        loaded = [each for each in load_published(database, words).decisions if each.pack == name]
        assert loaded == list(own.decisions)
    publish(database, pack(), words, NOW)
    without = BOOK[: BOOK.index("[[decision]]")] + BOOK[BOOK.index("[[promise]]") :]
    assert publish(database, pack(without), words, NOW) == 1
    assert not [each for each in load_published(database, words).decisions if each.pack == "shop"]
    assert load_decision(database, "shop.instant-refund", 1, words) == pack().decisions[0]


def test_a_changed_version_replaces_the_old(database: Connection[Any]) -> None:
    """The new one is judged by, the old one is kept for what it decided."""
    words = vocabulary()
    publish(database, pack(), words, NOW)
    publish(database, pack(edited(("limit = 500", "limit = 600"))), words, NOW)
    (standing,) = load_published(database, words).decisions
    assert (standing.version, standing.exposure and standing.exposure.limit_minor) == (2, 60_000)
    first = load_decision(database, "shop.instant-refund", 1, words)
    assert first is not None
    assert first.exposure is not None
    assert first.exposure.limit_minor == 50_000


ANSWERS = ("a", "b", "c", "d")
grounds = st.lists(st.tuples(st.sampled_from(ANSWERS), st.booleans()), max_size=8)


def decision(answers: list[tuple[str, bool]], otherwise: str) -> tuple[Decision, list[str]]:
    """A decision with a ground for each pair, and the ids of those that hold."""
    when = pack().decisions[0].grounds[0].when
    made = tuple(Ground(f"g{n}", answer, when, {}) for n, (answer, _) in enumerate(answers))
    whole = Decision("p.d", 1, "p", "q", {}, {}, None, None, None, ANSWERS, otherwise, {}, made, "CNY")
    return whole, [f"g{n}" for n, (_, holds) in enumerate(answers) if holds]


@given(grounds, st.sampled_from(ANSWERS), st.sampled_from(ANSWERS))
def test_a_ground_more_never_makes_the_answer_milder(
    answers: list[tuple[str, bool]], more: str, otherwise: str
) -> None:
    """Nor does one that comes to hold; and the answer has the reasons that gave it, and no other."""
    whole, held = decision(answers, otherwise)
    wider, also = decision([*answers, (more, True)], otherwise)
    one, reasons = whole.answer(held)
    other, _ = wider.answer(also)
    assert ANSWERS.index(other) >= ANSWERS.index(one) >= ANSWERS.index(otherwise)
    by_id = {each.id: each.answer for each in whole.grounds}
    assert reasons == (OTHERWISE,) or {by_id[each] for each in reasons} == {one}
    assert set(reasons) <= {OTHERWISE, *held}


@given(grounds, st.randoms())
def test_the_order_of_the_grounds_does_not_matter(answers: list[tuple[str, bool]], chance: Any) -> None:
    """Only which hold does."""
    shuffled = chance.sample(answers, len(answers))
    one, other = (whole.answer(held)[0] for whole, held in (decision(answers, "a"), decision(shuffled, "a")))
    assert one == other


def test_dates_choose_the_version() -> None:
    """The pack of Douyin has one version until 9 July 2026, Shanghai time, and one from then on."""
    one, two = load("douyin", vocabulary()).decisions
    assert (one.effective_until, two.effective_from) == (datetime(2026, 7, 8, 16, tzinfo=UTC),) * 2
    assert (one.clause, two.grade) == ("D:aJmtW2ombFf1", "A")
