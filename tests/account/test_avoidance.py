"""What would have avoided a violation: the least change, and the rule does not hold at it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldline.core.account.avoidance import avoidance, violations_avoidable
from goldline.core.facts.merge import FactType
from goldline.core.policy.expression import Expression, parse
from tests.account.shop import HEAD, keep_house, orders
from tests.laws.world import World, hours, pack_of

TYPES = dict.fromkeys(("late", "due", "missing", "late_before"), FactType.NUMBER) | {"paid": FactType.MONEY}


def condition(text: str) -> Expression:
    """A rule's condition."""
    return parse(text, types=TYPES, want=FactType.BOOLEAN, currency="CNY")


@pytest.mark.parametrize(
    ("text", "facts", "changes"),
    [
        ("missing >= 30 and missing / due > 0.3", {"missing": 38, "due": 87}, {"missing": -9}),
        ("missing >= 30 and missing / due > 0.3", {"missing": 31, "due": 87}, {"missing": -2}),
        ("missing / due > 0.3", {"missing": 38, "due": 87}, {"missing": -12}),
        ("late >= 5 or missing >= 3", {"late": 6, "missing": 3}, {"late": -2, "missing": -1}),
        ("late >= 5 or missing >= 3", {"late": 4, "missing": 3}, {"missing": -1}),
        ("(late >= 5) and (late / due >= 0.5 or due >= 9)", {"late": 5, "due": 9}, {"late": -1}),
        ("due < 100", {"due": 98}, {"due": 2}),
        ("late >= 5", {"late": 4}, {}),
        ("paid >= 5", {"paid": 500}, None),
        ("not late < 5", {"late": 5}, None),
    ],
)  # fmt: skip
def test_the_least_change(text: str, facts: dict[str, int], changes: dict[str, int] | None) -> None:
    """Fewer before more, one count before two, all sides of an `or`; of money and `not` nothing is said."""
    assert avoidance(condition(text), TYPES, facts) == changes


number = st.integers(0, 300)


@given(late=number, due=number, missing=number, share=st.integers(1, 9), least=st.integers(1, 60))
def test_the_rule_does_not_hold_at_what_is_said(late: int, due: int, missing: int, share: int, least: int) -> None:
    """Whatever was counted, the advice is true, and with one less it would not be enough."""
    rule = condition(f"late >= {least} and late / due >= 0.{share} or missing >= {least} and missing / due > 0.{share}")
    facts = {"late": late, "due": due, "missing": missing}
    changes = avoidance(rule, TYPES, facts)
    assert changes is not None
    after = {name: Decimal(value) + changes.get(name, 0) for name, value in facts.items()}
    assert not holds(after, least, share)
    assert bool(changes) == holds({name: Decimal(value) for name, value in facts.items()}, least, share)
    for name, by in changes.items():
        assert holds({**after, name: after[name] + (1 if by < 0 else -1)}, least, share)


def holds(facts: dict[str, Decimal], least: int, share: int) -> bool:
    """The rule, said again."""
    part, due = Decimal(share) / 10, facts["due"]
    reached = due > 0 and facts["late"] >= least and round(facts["late"] / due, 8) >= part
    return reached or (due > 0 and facts["missing"] >= least and round(facts["missing"] / due, 8) > part)


def test_a_finding_says_what_would_have_avoided_it(database_url: str) -> None:
    """From the facts the finding keeps, in both languages."""
    with World(database_url, pack_of(HEAD)) as world:
        world.feed(orders(0, 10, shipped=5))
        keep_house(world, hours(112))
        (told,) = violations_avoidable(
            world.connection, world.words, world.engine.ruleset, "merchant:m1", hours(112), 5
        )
    assert told.changes == {"orders_missing": -2}
    assert told.sentence["en"] == "With 2 fewer (orders_missing 3 instead of 5) it would not have been found."
    assert set(told.sentence) == {"en", "zh-Hans"}
