"""Interception and recall: evidence becomes counts, counts become alarms, alarms become events that rules read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, timedelta
from typing import Any

import pytest

from goldline.core.errors import GoldlineError
from goldline.market.interception import CHARTED_DAYS, Interception, chart, intercept
from goldline.market.recall import Recall, affected, call_back
from tests.account.shop import keep_house
from tests.laws.world import EARLY, World, event, hours

DAY = date(2026, 3, 4)
ALARM = Interception("m1", "l1", DAY, "statistics", "faulty", 9, 60, None, 9.1, 8.85)


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    """A world without rules: what is known and counted is kept all the same."""
    with World(database_url) as made:
        yield made


def sold(number: int, listing: str = "l1", lot: str | None = None) -> list[bytes]:
    """An order of a listing, delivered a day later."""
    own = {"order_id": f"o{number}"}
    placed = {"merchant_id": "m1", "consumer_id": f"c{number}", "product_id": listing, "zone": "UTC"}
    told: list[tuple[str, float, dict[str, Any]]] = [
        ("order.placed", 0, placed),
        ("order.paid", 0, {"paid_minor": 9_900, "currency": "CNY"}),
        ("parcel.scanned", 24, {"parcel_id": "p", "carrier_id": "x", "code": "delivered"}),
    ]
    if lot:
        told.append(("order.lot_assigned", 1, {"lot_id": lot}))
    return [event(kind, hours(at), f"{kind}-{number}", **own, **data) for kind, at, data in told]


def review(number: int, text: str, at: float = 48, rating: int = 1) -> bytes:
    """What the buyer of an order writes."""
    return event("order.reviewed", hours(at), f"r{number}", order_id=f"o{number}", review_id=f"r{number}",
                 merchant_id="m1", rating=rating, text=text)  # fmt: skip


def test_words_become_facts_and_facts_are_counted(world: World) -> None:
    """A review, a refund request and a conversation that name a defect count once each, on the day they were told."""
    asked = {"order_id": "o2", "refund_id": "f", "amount_minor": 9_900, "currency": "CNY"}
    world.feed([
        *sold(1, lot="A7"), *sold(2, lot="A7"), *sold(3), review(1, "收到就坏了"),
        review(3, "没有异味，很好", rating=5),
        event("refund.requested", hours(50), "f", **asked, reason="有霉味"),
        review(2, "臭味", at=60),
        event("conversation.closed", hours(49), "t", merchant_id="m1", conversation_id="t", turns=1, reply_s=9,
              product_id="l1", zone="UTC", text="打不开怎么办"),
    ])  # fmt: skip
    world.step(EARLY)
    keep_house(world, hours(200))
    assert world.rows("SELECT key, defect, defect_at FROM fact_order ORDER BY key") == [
        ("o1", "faulty", hours(48)), ("o2", "smell", hours(50)), ("o3", None, None),
    ]  # fmt: skip
    counts = "sum(orders_delivered)::int, sum(defects)::int"
    assert world.rows(f"SELECT {counts}, sum(chats_defect)::int FROM fact_product_day WHERE owner = 'l1'") == [
        (3, 2, 1)
    ]
    assert world.rows(f"SELECT {counts}, max(product_id) FROM fact_lot_day WHERE owner = 'A7'") == [(2, 2, "l1")]


def test_one_voice_of_danger_intercepts_at_once(world: World) -> None:
    """No count is waited for: the alarm names who told, is taken in as an event, and told twice is one."""
    world.feed([*sold(1, lot="A7"), *sold(2), review(1, "插上电就冒烟了", at=30), review(2, "还行", at=30)])
    world.step(EARLY)
    with pytest.raises(GoldlineError, match="still being judged or counted"):
        intercept(world.connection, hours(30).date())
    keep_house(world, hours(200))
    (found,) = intercept(world.connection, hours(30).date())
    assert (found.ground, found.listing_id, found.lot_id, found.alarm_id) == ("safety", "l1", "A7", "lot:A7:order:o1")
    world.feed([found.event(), found.event()])
    world.step(EARLY)
    assert world.rows("SELECT danger_at IS NOT NULL, aspect, cardinality(alarms) FROM fact_listing") == [
        (True, "safety", 1)
    ]


def test_the_chart_alarms_for_the_lot_that_went_bad(world: World) -> None:
    """From the days as they were counted: the bad lot, its listing, and no other, on the day the limit is passed."""
    last = DAY + timedelta(days=1)
    for number in range(12):
        for back in range(CHARTED_DAYS):
            bad = 6 if number == 3 and back < 4 else 0
            values = (f"l{number}", last - timedelta(days=back), "m1", "cups", 40, (back + number) % 4 // 3 + bad)
            world.connection.execute(
                "INSERT INTO fact_product_day (partition, key, owner, day, merchant_id, category, orders_delivered,"
                " defects) VALUES (0, %s::text || '|' || %s, %s, %s, %s, %s, %s, %s)",
                (values[0], values[1].isoformat(), *values),
            )
    days = [intercept(world.connection, last - timedelta(days=back)) for back in (4, 3, 2, 1, 0)]
    first = next(own for own in days if own)
    assert {each.listing_id for own in days for each in own} == {"l3"}
    assert first[0].statistic is not None
    assert first[0].limit is not None
    assert first[0].statistic > first[0].limit
    (drawn,) = chart(world.connection, last)
    assert drawn.days[-1] == last
    assert drawn.statistic.shape == (12, CHARTED_DAYS)


def test_an_alarm_is_an_event_in_thousandths() -> None:
    """Figures travel as whole thousandths; the id is the same whenever the same day is charted."""
    told = json.loads(ALARM.event())
    assert (told["data"]["statistic"], told["data"]["limit"]) == (9_100, 8_850)
    assert told["id"] == "intercepted:listing:m1:l1:2026-03-04"
    assert told["time"] == "2026-03-05T00:00:00+00:00"


def test_a_recall_reaches_every_order_once(world: World) -> None:
    """The orders of the lot hear of it and whoever listens is told; cancelled ones and other lots do not."""
    world.feed([*sold(1, lot="A7"), *sold(2, lot="A7"), *sold(3, lot="B1"), *sold(4, lot="A7")])
    world.feed([event("order.cancelled", hours(2), "x", order_id="o4", by="consumer")])
    world.step(EARLY)
    world.connection.execute(
        "INSERT INTO endpoint (url, topics, secrets, created_at)"
        " VALUES ('https://shop.example/h', '{order.*}', '{x}', now())"
    )
    wanted = Recall("m1", "l1", "safety", "lot:A7:1", "A7")
    now = hours(40).astimezone(UTC)
    assert [each.order_id for each in affected(world.connection, wanted, now)] == ["o1", "o2"]
    with world.connection.transaction():
        told = call_back(world.connection, world.intake, wanted, now)
    assert [(each.order_id, each.consumer_id, each.is_open) for each in told] == [
        ("o1", "c1", False),
        ("o2", "c2", False),
    ]
    world.step(EARLY)
    assert not affected(world.connection, wanted, now)
    assert world.rows("SELECT count(recalled_at) FROM fact_order") == [(2,)]
    assert world.rows("SELECT topic, payload ->> 'order_id' FROM outbox ORDER BY 2") == [
        ("order.recalled", "o1"), ("order.recalled", "o2"),
    ]  # fmt: skip
    with pytest.raises(GoldlineError, match="no aspect"):
        call_back(world.connection, world.intake, Recall("m1", "l1", "ugly", "x"), now)
