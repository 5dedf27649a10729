"""Subjects within another: what they inherit, and what is charged, is the same in whatever order news comes."""

from __future__ import annotations

import math
import os
import random
from itertools import permutations

import pytest

from goldline.core.parked import free
from goldline.core.poison import isolate
from tests.checkers.digest import digests_of_copies
from tests.laws.scenario import ASKED, Told, labelled, order, paid, placed, refund, scan, wild
from tests.laws.world import END, World, hours, interleaved, pack_of

FULL = os.environ.get("GOLDLINE_FAULTS") == "full"

# Promises on all three kinds under one small cap, each reading what it inherits, so that the order of charges shows.
RULES = """
[pack]
id       = "law"
currency = "CNY"
cap      = 12
title    = { en = "Law", "zh-Hans" = "法" }

[[promise]]
id      = "ship-by"
on      = "order"
title   = { en = "Ships", "zh-Hans" = "发货" }
about   = { en = "Ships.", "zh-Hans" = "发货。" }
made_at = "paid_at"
due_at  = "paid_at + interval '48 hours'"
kept_at = "picked_up_at"
remedy  = [{ pay = "clamp(paid_amount * 0.02, 1, 5)", as = "coupon", from = "'merchant'" }]

[[promise]]
id      = "departs"
on      = "parcel"
title   = { en = "Departs", "zh-Hans" = "发出" }
about   = { en = "Departs.", "zh-Hans" = "发出。" }
made_at = "greatest(picked_up_at, paid_at)"
due_at  = "picked_up_at + interval '24 hours'"
kept_at = "departed_at"
excused = "cancelled_at <= picked_up_at or exempted_at is not null"

[[promise.remedy]]
pay  = "clamp(paid_amount * 0.03, 1, 7)"
as   = "coupon"
from = "case when merchant_id = 'm2' then 'merchant' else 'carrier' end"

[[promise]]
id      = "delivers"
on      = "parcel"
title   = { en = "Delivers", "zh-Hans" = "送达" }
about   = { en = "Delivers.", "zh-Hans" = "送达。" }
made_at = "paid_at"
due_at  = "paid_at + interval '120 hours'"
kept_at = "delivered_at"
remedy  = [{ pay = "4", as = "balance", from = "'merchant'" }]

[[promise]]
id      = "answers"
on      = "refund"
title   = { en = "Answers", "zh-Hans" = "答复" }
about   = { en = "Answers.", "zh-Hans" = "答复。" }
made_at = "requested_at"
due_at  = "requested_at + interval '24 hours'"
kept_at = "decided_at"
excused = "amount > paid_amount"
remedy  = [{ pay = "3", as = "coupon", from = "'merchant'" }]
"""

STORIES: dict[str, list[Told]] = {
    "two parcels, one stands still": [
        placed(), paid(), labelled(2, "l1", "a", "k1"), scan("picked_up", 20, "p1", "a", "k1"),
        scan("picked_up", 60, "p2", "b", "k2"), scan("departed", 61, "d2", "b", "k2"),
    ],
    "a parcel before its order": [
        scan("picked_up", 20), scan("departed", 50), labelled(2), placed(merchant_id="m2"), paid(),
    ],
    "paid twice, two currencies": [
        placed(), labelled(2), scan("picked_up", 5), paid(ident="p1"), paid(ident="p2", at=1, paid_minor=200),
        paid(ident="p3", at=0.7, currency="USD"),
    ],
    "voided and cancelled": [
        placed(), paid(), labelled(2), scan("picked_up", 20), order("cancelled", 10), order("exempted", 99, reason="x"),
    ],
    "a refund that asks too much": [
        placed(), paid(paid_minor=4_000), refund("requested", 9, **ASKED), paid(ident="more", paid_minor=9_000),
        refund("decided", 90, outcome="approved"),
    ],
    "a refund and a parcel": [
        placed(), paid(), refund("requested", 9, **ASKED), labelled(2), scan("picked_up", 30), scan("delivered", 200),
    ],
}  # fmt: skip


def test_every_order_of_arrival_gives_the_same(database_url: str) -> None:
    """Facts, findings and money of an order, its parcels and its refunds, in every order and cut into steps."""
    rounds: list[list[bytes]] = [[] for _ in range(6)]
    for number, story in enumerate(STORIES.values()):
        for copy, told in enumerate(permutations(story)):
            at = 0
            for place, each in enumerate(told):
                at += bool(place and (copy * 7 + number) >> (place - 1) & 1)
                rounds[at].append(each(f"s{number}p{copy}"))
    with World(database_url, pack_of(RULES)) as world:
        interleaved(rounds, world)
        world.step(END)
        _assert_alike(world, [math.factorial(len(story)) for story in STORIES.values()])
        assert world.value("SELECT count(DISTINCT policy) FROM finding") == 4
        _assert_inherited(world)


@pytest.mark.parametrize("seed", range(4 if FULL else 1))
def test_forty_events_in_any_order(database_url: str, seed: int) -> None:
    """Forty events with repeats, shuffled and cut into steps at random."""
    draw = random.Random(seed)
    stories, copies = (60, 12) if FULL else (20, 6)
    rounds: list[list[bytes]] = [[] for _ in range(5)]
    for number in range(stories):
        story = wild(seed * 1_000 + number)
        for copy in range(copies):
            told = [each for each in story for _ in range(1 if draw.random() < 0.8 else 2)]
            draw.shuffle(told)
            for each in told:
                rounds[draw.randrange(5)].append(each(f"s{number}p{copy}"))
    with World(database_url, pack_of(RULES)) as world:
        interleaved(rounds, world)
        world.step(END)
        _assert_alike(world, [copies] * stories)
        _assert_inherited(world)


def test_the_cap_holds_over_the_order_and_its_parcels(database_url: str) -> None:
    """Charges on an order, its parcels and its refunds together stay within the cap, earliest breach first."""
    told = [
        placed(), paid(), scan("picked_up", 10, "p1", "a"), scan("picked_up", 80, "p2", "b"),
        refund("requested", 1, **ASKED),
    ]  # fmt: skip
    with World(database_url, pack_of(RULES)) as world:
        world.feed([each("s0p0") for each in told])
        world.step(END)
        owed = world.rows("SELECT policy, key, amount_minor FROM remedy ORDER BY policy, key")
    # Of 12.00: the refund's 3.00 at hour 25, parcel a's 5.97 at hour 34, 3.03 of 5.97 at hour 104; then nothing.
    assert owed == [
        ("law.answers", "os0p0|fs0p0", 300),
        ("law.delivers", "os0p0|xs0p0a", 0),
        ("law.delivers", "os0p0|xs0p0b", 0),
        ("law.departs", "os0p0|xs0p0a", 597),
        ("law.departs", "os0p0|xs0p0b", 303),
    ]


def test_the_cap_counts_what_was_charged_before(database_url: str) -> None:
    """Step by step in time the charges are those of one step: the cap remembers the order, not the parcel."""
    told = [placed(), paid(), scan("picked_up", 10, "p1", "a"), scan("picked_up", 80, "p2", "b")]
    with World(database_url, pack_of(RULES)) as world:
        world.feed([each("s0p0") for each in told])
        for at in range(30, 140, 5):
            world.step(hours(at))
        owed = dict(world.rows("SELECT policy || right(key, 1), amount_minor FROM remedy"))
    assert owed == {"law.departsa": 597, "law.departsb": 597, "law.deliversa": 6, "law.deliversb": 0}


def test_an_order_moves_only_its_own_parcels(database_url: str) -> None:
    """News of an order reaches its parcels in the same step, and those of an order of a longer name not at all."""
    with World(database_url, pack_of(RULES), partitions=2) as world:
        world.feed([scan("picked_up", 10)("s0p0"), scan("picked_up", 10)("s0p00")])
        world.step(hours(11))
        world.feed([placed()("s0p0"), paid()("s0p0")])
        world.step(hours(11))
        rows = dict(world.rows("SELECT key, (paid_amount, merchant_id)::text FROM fact_parcel"))
    assert rows == {"os0p0|xs0p0a": "(19900,m1)", "os0p00|xs0p00a": "(,)"}


def test_payee_and_bearer_are_the_orders(database_url: str) -> None:
    """A parcel's remedy is paid to the order's consumer and charged to its merchant or the parcel's own carrier."""
    with World(database_url, pack_of(RULES)) as world:
        world.feed([each("s0p0") for each in (placed(), paid(), labelled(2, carrier="k9"), scan("picked_up", 10))])
        world.step(END)
        rows = world.rows("SELECT policy, payee, bearer FROM remedy WHERE policy <> 'law.ship-by' ORDER BY 1")
        found = world.value("SELECT merchant_id FROM finding WHERE policy = 'law.departs'")
    assert rows == [
        ("law.delivers", "consumer:c1", "merchant:m1"),
        ("law.departs", "consumer:c1", "carrier:k9"),
    ]
    assert found == "m1"


def test_a_parcel_that_makes_the_step_fail_parks_its_order(database_url: str) -> None:
    """The order is set aside with all that is within it; its neighbours are judged, and so is it, once mended."""
    with World(database_url, pack_of(RULES), partitions=1) as world:
        for copy in ("s0p0", "s0p1"):
            paid_minor = 7_700 if copy == "s0p0" else 20_000
            world.feed([each(copy) for each in (placed(), paid(paid_minor=paid_minor), scan("picked_up", 10))])
        world.step(hours(11))
        world.connection.execute("ALTER TABLE remedy ADD CONSTRAINT overlooked CHECK (asked_minor <> 231)")
        world.connection.commit()
        parked = [root for lease in world.leases for root in isolate(world.connection, world.engine, lease, as_of=END)]
        assert parked == ["os0p0"]
        world.step(END)
        departs = "SELECT key FROM finding WHERE policy = 'law.departs' ORDER BY key"
        assert world.rows(departs) == [("os0p1|xs0p1a",)]
        world.connection.execute("ALTER TABLE remedy DROP CONSTRAINT overlooked")
        assert free(world.connection) == 1
        world.connection.commit()
        world.step(END)
        assert world.rows(departs) == [("os0p0|xs0p0a",), ("os0p1|xs0p1a",)]


def test_without_promises_nothing_is_inherited(database_url: str) -> None:
    """While no promise is made about parcels, orders do not touch them; publishing one fills what they inherit."""
    from goldline.core.policy.published import publish
    from tests.laws.world import EARLY

    bare = RULES[: RULES.index('[[promise]]\nid      = "departs"')]
    with World(database_url, pack_of(bare)) as world:
        world.feed([each("s0p0") for each in (placed(), paid(), scan("picked_up", 10))])
        world.step(hours(11))
        assert world.value("SELECT paid_amount FROM fact_parcel") is None
        publish(world.connection, pack_of(RULES), world.words, EARLY)
        world.connection.commit()
        world.reload()
        world.step(hours(11))
        assert world.value("SELECT paid_amount FROM fact_parcel") == 19_900


def _assert_alike(world: World, expected: list[int]) -> None:
    found = digests_of_copies(world.connection)
    assert [len(found[f"s{number}"]) for number in range(len(expected))] == expected
    assert [number for number in found if len(set(found[number].values())) > 1] == []


def _assert_inherited(world: World) -> None:
    """What a parcel or refund holds is what its order holds."""
    for kind in ("parcel", "refund"):
        pairs = [(n, f.expression) for n, f in world.words[kind].facts.items() if f.rule == "inherited"]
        differs = " OR ".join(f"f.{name} IS DISTINCT FROM o.{source}" for name, source in pairs)
        joined = f"fact_{kind} f JOIN fact_order o ON o.key = split_part(f.key, '|', 1)"
        assert world.value(f"SELECT count(*) FROM {joined}") > 100
        assert world.value(f"SELECT count(*) FROM {joined} WHERE {differs}") == 0
