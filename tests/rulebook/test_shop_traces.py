"""Anomalies of a shop's parcels, told in events: counted on the day they arise, twenty and a tenth of the parcels."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from goldline.core.facts.daybook import merge, rebuild
from goldline.core.policy.pack import load
from goldline.market.merchantday import MerchantDay
from goldline.market.vocabulary import vocabulary
from tests.account.shop import keep_house
from tests.laws.world import World, event

NOON = datetime(2026, 9, 1, 4, tzinfo=UTC)  # in Shanghai
LATER = NOON + timedelta(days=9)
DAY = "2026-09-03"  # when what was sent at noon of the first has been silent for 48 hours


def at(hours: float) -> datetime:
    """So many hours after that noon."""
    return NOON + timedelta(hours=hours)


def parcel(ident: str, *, created: float = 0, picked: float | None = None, merchant: str = "m1") -> list[bytes]:
    """An order paid just before its waybill is made; scanned by a hub an hour after its pickup."""
    ids = {"order_id": ident}
    box = {**ids, "parcel_id": f"p{ident}", "carrier_id": "k1"}
    placed = {"merchant_id": merchant, "consumer_id": f"c{ident}", "zone": "Asia/Shanghai"}
    paid = {"paid_minor": 10_000, "currency": "CNY", "ship_rule": "hours:240"}
    told = [
        event("order.placed", at(created - 2), f"{ident}-a", **ids, **placed),
        event("order.paid", at(created - 1), f"{ident}-b", **ids, **paid),
        event("parcel.created", at(created), f"{ident}-c", **box),
    ]
    if picked is not None:
        told.append(event("parcel.scanned", at(picked), f"{ident}-d", **box, code="picked_up"))
        told.append(event("parcel.scanned", at(picked + 1), f"{ident}-e", **box, code="departed"))
    return told


def untrue(ident: str, hours: float) -> bytes:
    """A review finds that the parcel's trace is another's."""
    box = {"order_id": ident, "parcel_id": f"p{ident}", "kind": "repeated_trace"}
    return event("parcel.anomaly_found", at(hours), f"{ident}-f", **box)


def silent(count: int) -> list[bytes]:
    """So many parcels made at noon that nobody ever scans."""
    return [line for number in range(count) for line in parcel(f"s{number}")]


def moving(count: int) -> list[bytes]:
    """So many parcels made two days later, on the day the silent ones become anomalies, and scanned at once."""
    return [line for number in range(count) for line in parcel(f"g{number}", created=48, picked=49)]


def count(world: World, day: str = DAY) -> tuple[int, ...]:
    """Parcels sent on a day, and anomalies of both kinds that arose on it."""
    found = world.rows("SELECT parcels, traces_late, traces_untrue FROM fact_merchant_day WHERE key = %s", f"m1|{day}")
    return tuple(int(each) for each in found[0]) if found else (0, 0, 0)


def violations(world: World) -> list[tuple[str, str]]:
    """What stands against the shops."""
    rows = world.rows("SELECT policy, key FROM finding WHERE subject = 'merchant_day' AND status = 'standing'")
    return sorted((policy.partition(".")[2], key) for policy, key in rows if policy.endswith("-traces"))


@pytest.fixture
def world(database_url: str) -> Any:
    """A marketplace by the rules of douyin."""
    with World(database_url, load("douyin", vocabulary())) as found:
        yield found


def test_twenty_of_fewer_than_two_hundred_are_a_violation(world: World) -> None:
    """Twenty silent parcels on a day of 199 others: the first step of the milder ladder, with the money at stake."""
    told = silent(20) + moving(199)
    random.Random(1).shuffle(told)
    world.feed(told + told[:300])
    keep_house(world, LATER)
    assert count(world) == (199, 20, 0)
    assert violations(world) == [("late-traces", f"m1|{DAY}")]
    rows = world.rows("SELECT action, amount_minor, ends_at - starts_at FROM sanction WHERE revoked_at IS NULL")
    assert sorted((action, amount, span.days) for action, amount, span in rows) == [
        ("affiliate_ban", None, 3), ("freeze_funds", 400_000, 30), ("listing_ban", None, 3), ("presale_ban", None, 7),
    ]  # fmt: skip


def test_a_tenth_is_not_more_than_a_tenth_and_one_more_turns_it(world: World) -> None:
    """Twenty of two hundred violate nothing; an untrue one beside them does, by what most of them are."""
    world.feed(silent(20) + moving(200))
    keep_house(world, LATER)
    assert violations(world) == []
    world.feed([untrue("g1", 50)])
    keep_house(world, LATER)
    assert count(world) == (200, 20, 1)
    assert violations(world) == [("late-traces", f"m1|{DAY}")]


def test_an_untrue_trace_counts_once_on_the_day_it_became_untrue(world: World) -> None:
    """Late first and untrue as well: it leaves the day of its silence and makes the other the harsher kind."""
    world.feed([*silent(20), *moving(30), *(untrue(f"s{number}", 60) for number in range(20))])
    keep_house(world, LATER)
    assert count(world) == (30, 0, 0)
    assert count(world, "2026-09-04") == (0, 0, 20)
    assert violations(world) == [("untrue-traces", "m1|2026-09-04")]


def test_a_scan_in_the_last_second_takes_one_away_and_late_news_gives_the_day_back(world: World) -> None:
    """Scanned within 48 hours it is no anomaly, a second later it is; news that comes late takes the sanctions back."""
    world.feed([*silent(19), *parcel("edge", picked=48 + 1 / 3600)])
    keep_house(world, LATER)
    assert (count(world), violations(world)) == ((0, 20, 0), [("late-traces", f"m1|{DAY}")])
    box = {"order_id": "s0", "parcel_id": "ps0", "carrier_id": "k1"}
    world.feed([
        event("parcel.scanned", at(48), "news", **box, code="picked_up"),
        event("parcel.scanned", at(50), "more", **box, code="departed"),
    ])  # fmt: skip
    keep_house(world, LATER)
    assert (count(world), violations(world)) == ((0, 19, 0), [])
    assert world.value("SELECT count(*) FROM sanction WHERE revoked_at IS NULL") == 0


def test_differences_are_what_counting_again_gives(world: World) -> None:
    """Exempted, cancelled, silent after the pickup, without a tracking carrier: added up or counted again, the same."""
    told = silent(8) + moving(5)
    told += [
        event("order.exempted", at(3), "x1", order_id="s1", reason="flood"),
        event("order.cancelled", at(48), "x2", order_id="s2"),
        event("order.cancelled", at(49), "x3", order_id="s3"),
        event("parcel.scanned", at(40), "x4", order_id="s4", parcel_id="ps4", carrier_id="k1", code="picked_up"),
        untrue("s5", 70),
        untrue("s1", 70),
    ]
    draw = random.Random(3)
    draw.shuffle(told)
    while told:
        world.feed([told.pop() for _ in range(min(len(told), draw.randint(1, 20)))])
        world.step(at(0))
        while merge(world.connection, MerchantDay, judged=True):
            pass
    days = (DAY, "2026-09-04", "2026-09-05")
    added = [count(world, day) for day in days]
    assert added == [(5, 4, 0), (0, 0, 1), (0, 1, 0)]
    with world.connection.transaction():
        rebuild(world.connection, world.words, MerchantDay, judged=False)
    assert [count(world, day) for day in days] == added
