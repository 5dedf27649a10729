"""What is owed: caps, budgets and breakers bound it, whatever is asked for, and nothing is created or lost."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from random import Random
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from goldline.core.ledger.accrual import Accrual, Candidate, Limit, Standing, decide
from goldline.core.money import portion_minor
from tests.laws.world import T0

CAPS = {"a": 50, "b": 120, "c": None}

_candidates = st.lists(
    st.builds(
        lambda n, policy, key, asked, minute, currency, payee: Candidate(
            UUID(int=n),
            policy,
            key,
            n,
            "coupon",
            payee,
            "merchant:m",
            asked,
            "CNY",
            currency,
            False,
            CAPS[policy],
            T0 + timedelta(minutes=minute),
            key.partition("|")[0],
        ),
        n=st.integers(0, 2**64),
        policy=st.sampled_from(sorted(CAPS)),
        key=st.sampled_from(["o1", "o1|a", "o1|b", "o2"]),
        asked=st.integers(1, 90),
        minute=st.integers(0, 3),
        currency=st.sampled_from(["CNY"] * 9 + ["USD"]),
        payee=st.sampled_from(["consumer:c"] * 9 + [None]),
    ),
    max_size=25,
    unique_by=lambda each: each.finding_id,
)
_limits = st.dictionaries(
    st.sampled_from(sorted(CAPS)),
    st.tuples(st.none() | st.integers(0, 200), st.none() | st.integers(0, 200), st.booleans()),
)
Given = dict[str, tuple[int | None, int | None, bool]]


@settings(max_examples=300, deadline=None)
@given(candidates=_candidates, limits=_limits, seed=st.integers(0, 999))
def test_limits_bound_what_is_owed(candidates: list[Candidate], limits: Given, seed: int) -> None:
    """Nothing passes a cap, a budget or a breaker; a tripped breaker lets nothing by; order does not matter."""
    standing = _standing(limits)
    decided = decide(candidates, standing)
    assert sorted(each.candidate.finding_id for each in decided) == sorted(each.finding_id for each in candidates)
    _assert_caps(decided)
    _assert_limits(decided, limits, standing)
    shuffled = Random(seed).sample(candidates, len(candidates))
    assert decide(shuffled, _standing(limits)) == decided


@given(amount=st.integers(0, 10**15), hundredths=st.integers(1, 99))
def test_a_share_is_exact(amount: int, hundredths: int) -> None:
    """Two parts of an amount are whole minor units, sum to it, and neither is a unit away from its stated part."""
    part = Decimal(hundredths) / 100
    share = portion_minor(amount, part)
    assert 0 <= share <= amount
    assert 0 <= amount * part - share < 1


def _standing(limits: Given) -> Standing:
    return Standing({}, {p: Limit(budget, breaker, tripped) for p, (budget, breaker, tripped) in limits.items()})


def _assert_caps(decided: Sequence[Accrual]) -> None:
    charged: dict[str, int] = {}
    for each in decided:
        before = charged.get(each.candidate.root, 0)
        cap = each.candidate.cap_minor
        room = each.candidate.asked_minor if cap is None else max(0, cap - before)
        assert each.amount_minor == min(each.candidate.asked_minor, room)
        assert (each.state == "void") == (each.amount_minor == 0)
        assert each.state != "accrued" or each.why is None
        charged[each.candidate.root] = before + each.amount_minor


def _assert_limits(decided: Sequence[Accrual], limits: Given, standing: Standing) -> None:
    for policy, (budget, breaker, tripped) in limits.items():
        accrued = sum(
            each.amount_minor for each in decided if each.candidate.policy == policy and each.state == "accrued"
        )
        assert accrued == standing.limits[policy].spent_minor
        assert budget is None or accrued <= budget
        assert breaker is None or accrued <= breaker
        assert not tripped or accrued == 0
    for each in decided:
        if each.candidate.payee is None or each.candidate.order_currency != "CNY":
            assert each.state in ("held", "void")
