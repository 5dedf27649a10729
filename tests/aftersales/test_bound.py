"""What is given back of an order never exceeds what was paid for it, over all its cases and however they are told."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from goldline.core.ledger.accrual import Candidate, Standing, decide
from goldline.core.policy.pack import load
from goldline.market.vocabulary import vocabulary
from tests.aftersales.tale import LATER, Tale, at
from tests.checkers.digest import digests_of_copies
from tests.laws.scenario import Told, labelled, paid, placed, refund, scan
from tests.laws.world import END, World, interleaved

T0 = datetime(2026, 8, 20, tzinfo=UTC)
PRICE = 100
CASES = ("o1", "o1|a", "o1|b", "o1|c")


def asked(number: int, key: str, amount: int, minute: int, told: list[tuple[str, int]]) -> Candidate:
    """A refund asked for one case of the order, with what was told of payments outside by then."""
    lines = [json.dumps([case, paid_minor, None]) for case, paid_minor in told]
    return Candidate(
        UUID(int=number), f"p{number}", key, 0, "refund", "consumer:c", "merchant:m", amount, "CNY", "CNY", False, None,
        T0 + timedelta(minutes=minute), "o1", PRICE, lines or None,
    )  # fmt: skip


_told = st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 60)), max_size=3, unique_by=lambda each: each[0])
_asks = st.lists(st.tuples(st.sampled_from(CASES), st.integers(1, 150), st.integers(0, 3)), min_size=1, max_size=8)


@settings(max_examples=300, deadline=None)
@given(asks=_asks, told=_told, seed=st.integers(0, 99))
def test_no_more_is_given_back_than_was_paid(asks: list[Any], told: list[tuple[str, int]], seed: int) -> None:
    """Over the cases, and of one case no more than the most it asks for; what was told counts; order is no matter."""
    wanted = [asked(n, key, amount, minute, told) for n, (key, amount, minute) in enumerate(asks)]
    decided = decide(wanted, Standing())
    gone = {f"o1|{case}": paid_minor for case, paid_minor in told}
    ours: dict[str, int] = {}
    for each in decided:
        ours[each.candidate.key] = ours.get(each.candidate.key, 0) + each.amount_minor
    total = sum(max(ours.get(key, 0), gone.get(key, 0)) for key in {*ours, *gone})
    assert total <= max(PRICE, sum(gone.values()))
    for key, amount in ours.items():
        assert amount <= max(asked for k, asked, _ in asks if k == key)
    assert decide(random.Random(seed).sample(wanted, len(wanted)), Standing()) == decided


@settings(max_examples=100, deadline=None)
@given(asks=_asks, cut=st.integers(0, 8))
def test_the_bound_remembers(asks: list[Any], cut: int) -> None:
    """Decided in two steps, what was given in the first counts in the second."""
    standing = Standing()
    wanted = [asked(n, key, amount, 0, []) for n, (key, amount, _) in enumerate(asks)]
    decided = [*decide(wanted[:cut], standing), *decide(wanted[cut:], standing)]
    assert sum(each.amount_minor for each in decided) <= PRICE


def test_something_is_given_while_something_is_left() -> None:
    """The bound cuts the last refund short and voids those after it, and says why."""
    wanted = [asked(n, key, 60, n, []) for n, key in enumerate(("o1|a", "o1|b", "o1|c"))]
    assert [(each.amount_minor, each.state, each.why) for each in decide(wanted, Standing())] == [
        (60, "accrued", None),
        (40, "accrued", None),
        (0, "void", "price"),
    ]


def test_three_cases_ask_for_more_than_was_paid(database_url: str) -> None:
    """Through the engine, step by step: the clocks of three cases give back the price, and no fen more."""
    with World(database_url, load("baseline", vocabulary())) as world:
        tale = Tale(yuan=100)
        tale.delivered()
        for number, case in enumerate(("r1", "r2", "r3")):
            tale.asks(50 + number, 60, case)
        for hour in range(60, 400, 20):
            tale.play(world, at(hour))
        rows = world.rows("SELECT key, amount_minor, state, why FROM remedy WHERE kind = 'refund' ORDER BY key")
    assert rows == [
        ("o1|r1", 6_000, "accrued", None),
        ("o1|r2", 4_000, "accrued", None),
        ("o1|r3", 0, "void", "price"),
    ]


def test_what_the_merchant_paid_counts(database_url: str) -> None:
    """A case the merchant paid itself leaves less for the clock of the other."""
    with World(database_url, load("baseline", vocabulary())) as world:
        tale = Tale(yuan=100)
        tale.delivered()
        tale.asks(50, 80, "r1")
        tale.case("decided", 60, "r1", outcome="approved")
        tale.case("paid", 61, "r1", amount_minor=5_000, currency="CNY", payment_id="p1")
        tale.case("paid", 62, "r1", amount_minor=3_000, currency="CNY", payment_id="p2")
        tale.asks(63, 60, "r2")
        tale.play(world, LATER)
        rows = world.rows("SELECT key, asked_minor, amount_minor FROM remedy WHERE kind = 'refund'")
    assert rows == [("o1|r2", 6_000, 2_000)]


def test_two_grounds_of_one_case_are_the_same_money(database_url: str) -> None:
    """Unscanned and overlong both approve one case: it is paid once."""
    with World(database_url, load("baseline", vocabulary())) as world:
        tale = Tale(yuan=100)
        tale.tell("parcel.created", 2, parcel_id="x1", carrier_id="k1")
        tale.tell("parcel.scanned", 90, parcel_id="x1", carrier_id="k1", code="picked_up")
        tale.asks(10, 40)
        tale.play(world, LATER)
        total = world.value("SELECT sum(amount_minor) FROM remedy WHERE kind = 'refund'")
    assert total == 4_000


STORIES: dict[str, list[Told]] = {
    "not answered": [placed(), paid(), refund("requested", 9, amount_minor=5_000, currency="CNY")],
    "approved by the clock, sent back": [
        placed(), paid(), refund("requested", 9, amount_minor=5_000, currency="CNY", asks="return_refund"),
        refund("return_sent", 80, return_parcel_id="b"), refund("return_received", 200),
    ],
    "lapses": [
        placed(), paid(), refund("requested", 9, amount_minor=5_000, currency="CNY", asks="exchange"),
        refund("decided", 20, outcome="approved"), refund("escalated", 30),
    ],
    "delivered elsewhere, paid twice": [
        placed(), paid(), scan("delivered", 30), labelled(2),
        refund("requested", 40, amount_minor=90_000, currency="CNY", ground="delivery"),
        refund("paid", 60, amount_minor=19_900, currency="CNY"),
    ],
}  # fmt: skip


def test_every_order_of_arrival_gives_the_same(database_url: str) -> None:
    """Facts, findings, money and what the clocks decided, in every order and cut into steps."""
    rounds: list[list[bytes]] = [[] for _ in range(6)]
    for number, story in enumerate(STORIES.values()):
        for copy, told in enumerate(permutations(story)):
            place = 0
            for position, each in enumerate(told):
                place += bool(position and (copy * 7 + number) >> (position - 1) & 1)
                rounds[place].append(each(f"s{number}p{copy}"))
    with World(database_url, load("baseline", vocabulary())) as world:
        interleaved(rounds, world)
        world.step(END)
        alike = {
            scenario: len(set(copies.values())) for scenario, copies in digests_of_copies(world.connection).items()
        }
        events = world.value("SELECT sum(events) FROM inbox WHERE via = 'engine'")
        again = world.step(END)
    assert alike == {f"s{number}": 1 for number in range(len(STORIES))}
    assert events > 0
    assert again == 0
