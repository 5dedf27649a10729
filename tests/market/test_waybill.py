"""One waybill on two orders: seen by the engine itself, whatever comes first; merged parcels are let be."""

from __future__ import annotations

import random
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest

from goldline.core.inbox import Intake
from goldline.core.policy.pack import load
from goldline.core.watch import look
from goldline.core.worker import Worker
from goldline.market.events import catalogue
from goldline.market.vocabulary import vocabulary
from tests.laws.world import END, T0, World, event, hours

NUMBER = "SF1234567890123"


def told(order: str, *, at: float = 0, consumer: str = "c1", merchant: str = "m1", **parcel: Any) -> list[bytes]:
    """An order, paid, with a waybill of the number made an hour later."""
    data = {"parcel_id": NUMBER, "carrier_id": "sf", **parcel}
    return [
        event("order.placed", hours(at), f"{order}-a", order_id=order, merchant_id=merchant, consumer_id=consumer),
        event("order.paid", hours(at), f"{order}-b", order_id=order, paid_minor=20_000, currency="CNY"),
        event("parcel.created", hours(at + 1), f"{order}-c", order_id=order, **data),
    ]


def found(world: World) -> list[str]:
    """The orders whose parcels were found out, after the watch has looked and the steps have run."""
    look(world.connection, world.words, Intake(catalogue(), 2))
    world.step(END)
    rows = world.rows("SELECT key, anomaly_kind FROM fact_parcel WHERE anomaly_found_at IS NOT NULL ORDER BY key")
    assert {kind for _, kind in rows} <= {"repeated_waybill"}
    return [key.partition("|")[0] for key, _ in rows]


@pytest.fixture
def world(database_url: str) -> Any:
    """A marketplace by rules that are about parcels."""
    with World(database_url, load("douyin", vocabulary())) as made:
        yield made


def test_the_later_order_is_found_out(world: World) -> None:
    """The order that had the number first keeps it; the other's trace is untrue from when it took the number."""
    world.feed(told("o2", at=5, consumer="c2") + told("o1"))
    world.step(hours(7))
    assert found(world) == ["o2"]
    rows = world.rows("SELECT key, due_at, facts ->> 'untrue_at' FROM finding WHERE policy = 'douyin.trace-true'")
    assert [(key, due) for key, due, _ in rows] == [(f"o2|{NUMBER}", hours(6))]
    assert "o1 first" in world.value("SELECT anomaly_text FROM fact_parcel WHERE key LIKE 'o2|%%'")
    assert found(world) == ["o2"]


@pytest.mark.parametrize(
    "other",
    [
        {},  # one buyer, one shop: merged
        {"consumer": "c2", "carrier_id": "yto"},
        {"consumer": "c2", "parcel_id": "1"},
        {"consumer": "c2", "at": 24 * 91},
    ],
)
def test_what_is_no_repetition(world: World, other: dict[str, Any]) -> None:
    """Merged parcels, another carrier's number, a shop's own short number, and a number used again months later."""
    world.feed(told("o1", parcel_id=other.get("parcel_id", NUMBER)) + told("o2", **{"at": 5, **other}))
    world.step(hours(24 * 92))
    assert found(world) == []


@pytest.mark.parametrize("other", [{"consumer": "c2"}, {"merchant": "m2"}, {"consumer": "c2", "at": 24 * 89}])
def test_another_buyer_or_another_shop_is_one(world: World, other: dict[str, Any]) -> None:
    """Whoever differs, and as long as the number cannot have been used again."""
    world.feed(told("o1") + told("o2", **{"at": 5, **other}))
    world.step(hours(24 * 92))
    assert found(world) == ["o2"]


def test_in_every_order_of_arrival_it_is_the_same(world: World) -> None:
    """Three orders, one of them merged with the first, told in any order with the watch looking in between."""
    draw = random.Random(3)
    for copy, order in enumerate(permutations(range(3))):
        number = f"SF00000000{copy:05}"
        stories = [
            told(f"a{copy}", parcel_id=number), told(f"b{copy}", at=3, parcel_id=number),
            told(f"c{copy}", at=6, consumer="c2", parcel_id=number),
        ]  # fmt: skip
        for story in order:
            events = stories[story]
            draw.shuffle(events)
            world.feed(events[:1])
            world.step(hours(20))
            look(world.connection, world.words, Intake(catalogue(), 2))
            world.feed(events[1:])
            world.step(hours(20))
            look(world.connection, world.words, Intake(catalogue(), 2))
    assert found(world) == [f"c{copy}" for copy in range(6)]
    assert world.value("SELECT count(*) FROM noted_parcel") == 0


def test_a_worker_looks_by_itself(database_url: str) -> None:
    """A worker that runs until nothing is left tells of the number and judges what it told."""
    with World(database_url, load("douyin", vocabulary())) as world:
        world.feed(told("o1") + told("o2", at=5, consumer="c2"))
        world.connection.execute("UPDATE partition SET leased_until = NULL, holder = NULL")
        world.connection.commit()
        Worker(database_url, vocabulary(), catalogue(), as_of=T0 + timedelta(days=30), until_idle=True).run()
        assert world.rows("SELECT key FROM finding WHERE policy = 'douyin.trace-true'") == [(f"o2|{NUMBER}",)]
