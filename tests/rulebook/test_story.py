"""Orders told in events, judged by the douyin pack: what was promised where, what is owed, and what is shown."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from goldline.core.judge import telling
from goldline.core.judge.explanation import explain
from goldline.core.policy.pack import load
from goldline.market.vocabulary import vocabulary
from tests.laws.world import World

PAID = datetime(2026, 8, 20, 2, tzinfo=UTC)  # ten in the morning in Shanghai
LATER = PAID + timedelta(days=60)


def at(hours: float) -> datetime:
    """So many hours after payment."""
    return PAID + timedelta(hours=hours)


def told(name: str, when: datetime, ident: str, /, **data: Any) -> bytes:
    """One CloudEvent as JSON."""
    plain = {key: value.isoformat() if isinstance(value, datetime) else value for key, value in data.items()}
    envelope = {"specversion": "1.0", "source": "story", "id": ident, "type": name, "time": when.isoformat()}
    return json.dumps({**envelope, "data": plain}).encode()


class Order:
    """One order and its events."""

    def __init__(self, ident: str = "o1") -> None:
        self.ident = ident
        self.events: list[bytes] = []
        self.tell("order.placed", -1, merchant_id="m1", consumer_id="c1", region="CN-ZJ", zone="Asia/Shanghai")

    def tell(self, name: str, hours: float, /, **data: Any) -> None:
        """Add an event of the order."""
        self.events.append(told(name, at(hours), f"{self.ident}-{len(self.events)}", order_id=self.ident, **data))

    def paid(self, yuan: int, rule: str = "hours:120") -> None:
        """It is paid."""
        self.tell("order.paid", 0, paid_minor=yuan * 100, currency="CNY", ship_rule=rule)

    def stated(self, ident: str, origin: str, hours: float, **data: Any) -> None:
        """A promise is stated."""
        self.tell("order.promise_stated", hours, promise_id=ident, origin=origin, stated_at=at(hours), **data)

    def scan(self, code: str, hours: float, parcel: str = "x1", **data: Any) -> None:
        """The carrier scans a parcel of it."""
        self.tell("parcel.scanned", hours, parcel_id=parcel, carrier_id="k1", code=code, **data)


@pytest.fixture
def world(database_url: str) -> Any:
    """A marketplace by the rules of douyin."""
    with World(database_url, load("douyin", vocabulary())) as found:
        yield found


def owed(world: World, order: Order, now: datetime = LATER) -> dict[str, int]:
    """What each policy owes for an order once its events are in, in yuan."""
    world.feed(order.events)
    world.step(now)
    query = "SELECT policy, sum(amount_minor) / 100 FROM remedy WHERE split_part(key, '|', 1) = %s GROUP BY 1"
    rows = world.rows(query, order.ident)
    return {policy.partition(".")[2]: int(amount) for policy, amount in rows}


def test_the_shortest_of_all_promises_counts_and_all_are_shown(world: World) -> None:
    """A word on air beats the setting and the detail page; origin, text and time of each stand as evidence."""
    order = Order()
    order.paid(1000, "hours:240")
    order.stated("p1", "detail_page", -2, ship_rule="hours:120", text="120 小时内发货")
    order.stated("p2", "spoken", -1, ship_by=at(60), text="后天就发")
    order.stated("p3", "live_title", -3, ship_rule="days:20")
    order.scan("picked_up", 61)
    order.scan("departed", 62)
    assert owed(world, order) == {"ship-by": 10, "transit": 50}
    found = explain(world.connection, world.words, world.engine.ruleset, "order", "o1", LATER)
    assert found is not None
    promise = next(each for each in found.promises if each.policy == "douyin.ship-by")
    shown = {each.name: each.value for each in promise.evidence}
    assert promise.due_at == at(60)
    assert (promise.clause, promise.grade) == ("D:aJoPPkWZ7VQM", "A")
    assert shown["ship_by_origin"] == "shortest"
    assert len(shown["promises_stated"]) == 3
    assert any('"spoken","p2"' in line and "后天就发" in line for line in shown["promises_stated"])


def test_an_agreed_time_overrides_and_a_notice_moves(world: World) -> None:
    """Negotiated beats shorter promises; a notice moves the clock and its reason is kept."""
    order = Order()
    order.paid(1000, "hours:48")
    order.stated("p1", "chat", 1, ship_rule="next_day")
    order.stated("p2", "negotiated", 20, ship_by=at(200))
    order.tell("order.shifted", 30, ship_by=at(230), reason="National Day")
    order.scan("picked_up", 229)
    order.scan("out_for_delivery", 230)
    assert owed(world, order) == {}
    (row,) = world.rows("SELECT ship_by, ship_by_origin, shifted_reason FROM fact_order WHERE key = 'o1'")
    assert row == (at(230), "shifted", "National Day")


def test_late_then_out_of_stock_is_charged_twice(world: World) -> None:
    """Never sent: one per cent for being late, three on top two days later."""
    order = Order()
    order.paid(1000)
    assert owed(world, order, at(122.5)) == {"ship-by": 10}
    assert owed(world, order) == {"ship-by": 10, "in-stock": 30}


def test_a_waybill_without_a_parcel(world: World) -> None:
    """Overdue after a day, an anomaly after two, out of stock after five; the money asked back is given."""
    order = Order()
    order.paid(300, "hours:240")
    order.tell("parcel.created", 5, parcel_id="x1", carrier_id="k1")
    order.tell("order.shipped", 5, parcel_id="x1")
    order.tell("refund.requested", 100, refund_id="r1", amount_minor=30_000, currency="CNY")
    assert owed(world, order, at(126)) == {"pickup": 15, "trace-begins": 75, "unscanned-refund": 300}
    assert owed(world, order)["in-stock"] == 9


def test_each_parcel_of_an_order_is_judged_by_itself(world: World) -> None:
    """Of two parcels one stalls and moves on: it alone is charged; its duplicates change nothing."""
    order = Order()
    order.paid(1000, "hours:48")
    for parcel in ("x1", "x2"):
        order.tell("parcel.created", 1, parcel_id=parcel, carrier_id="k1", from_region="浙江省")
        for code, hours in (("picked_up", 5), ("departed", 20)):
            order.scan(code, hours, parcel)
    for hours in (50, 90):
        order.scan("in_transit", hours, "x1")
    order.scan("in_transit", 90, "x2")
    for parcel in ("x1", "x2"):
        order.scan("out_for_delivery", 100, parcel)
        order.scan("delivered", 104, parcel, province="浙江")
    order.events += order.events[4:9]
    assert owed(world, order, at(69.9)) == {}
    assert owed(world, order) == {"transit": 10}
    rows = world.rows("SELECT key, due_at FROM finding WHERE policy = 'douyin.transit'")
    assert rows == [("o1|x2", at(68))]


def test_an_explanation_tells_the_parcels_too(world: World) -> None:
    """The explanation of an order holds that of each parcel: promises, evidence, findings, remedies and postings."""
    order = Order()
    order.paid(1000, "hours:48")
    for parcel in ("x1", "x2", "x3"):
        order.tell("parcel.created", 1, parcel_id=parcel, carrier_id=f"k-{parcel}", from_region="CN-ZJ")
    for parcel, hours in (("x1", 5), ("x2", 26)):
        order.scan("picked_up", hours, parcel)
    other = Order("o10")
    other.paid(10, "hours:48")
    other.tell("parcel.created", 1, parcel_id="x9", carrier_id="k9")
    world.feed(other.events)
    assert owed(world, order, at(27.5)) == {"pickup": 20}
    found = explain(world.connection, world.words, world.engine.ruleset, "order", "o1", at(27.5))
    assert found is not None
    assert [each.key for each in found.within] == ["o1|x1", "o1|x2", "o1|x3"]
    states = [{p.policy.partition(".")[2]: p.state for p in each.promises} for each in found.within]
    assert [each["pickup"] for each in states] == ["kept", "broken", "broken"]
    late = next(each for each in found.within[1].promises if each.policy == "douyin.pickup")
    assert late.recorded == "broken"
    assert [(r.amount_minor, r.charged_to, len(r.postings)) for r in late.remedies] == [(1000, "merchant:m1", 2)]
    assert {each.name: each.value for each in late.evidence}["paid_amount"] == 100_000
    assert not any(each.policy == "douyin.pickup" for each in found.promises)
    for text, parcel in ((telling.told(found, "en"), "parcel o1|x2"), (telling.told(found, "zh-Hans"), "包裹 o1|x2")):
        assert parcel in text
        assert "o10" not in text
    assert json.loads(found.as_json())["within"][1]["promises"][0]["evidence"]
    alone = explain(world.connection, world.words, world.engine.ruleset, "parcel", "o1|x2", at(27.5))
    assert alone is not None
    assert alone == found.within[1]


def test_a_parcel_still_silent_is_found_on_time(world: World) -> None:
    """The clock that every scan starts anew runs out without news: the finding bears that instant."""
    order = Order()
    order.paid(1000, "hours:48")
    order.scan("picked_up", 5)
    order.scan("departed", 20)
    order.scan("in_transit", 80)
    world.feed(order.events)
    world.step(at(81))
    assert owed(world, Order("o2"), at(153.9)) == {}
    world.step(at(154))
    assert world.rows("SELECT due_at, found_at FROM finding WHERE key = 'o1|x1'") == [(at(152), at(154))]


def test_late_news_of_a_scan_exonerates_no_real_stall(world: World) -> None:
    """News that comes late and tells of a scan in time exonerates; a scan after the stall does not."""
    order = Order()
    order.paid(1000, "hours:48")
    order.scan("picked_up", 5)
    order.scan("departed", 20)
    world.feed(order.events)
    world.step(at(95))
    assert world.rows("SELECT status, due_at FROM finding WHERE key = 'o1|x1'") == [("standing", at(92))]
    order.events.clear()
    order.scan("in_transit", 93)
    world.feed(order.events)
    world.step(at(96))
    assert world.rows("SELECT status FROM finding WHERE key = 'o1|x1'") == [("standing",)]
    order.events.clear()
    order.scan("in_transit", 60)
    world.feed(order.events)
    world.step(at(97))
    assert world.rows("SELECT status FROM finding WHERE key = 'o1|x1'") == [("exonerated",)]


def test_conduct_found_is_paid_and_cleared_is_taken_back(world: World) -> None:
    """A finding of fraud pays at once; an appeal that succeeds moves the charge, and the consumer keeps the money."""
    order = Order()
    order.paid(100, "hours:48")
    order.scan("picked_up", 10)
    order.scan("departed", 20)
    order.scan("delivered", 40)
    order.tell("order.misconduct_found", 60, kind="fraudulent_shipment", text="empty parcel")
    assert owed(world, order) == {"genuine": 30}
    order.tell("order.misconduct_cleared", 90, kind="fraudulent_shipment")
    assert owed(world, order) == {"genuine": 30}
    assert world.rows("SELECT charged_to FROM remedy WHERE key = 'o1'") == [("platform",)]


@pytest.mark.parametrize(
    "data",
    [
        {"ship_by": at(5), "ship_rule": "hours:5"},
        {},
        {"origin": "negotiated", "ship_rule": "hours:5"},
        {"origin": "rumour", "ship_rule": "hours:5"},
    ],
)
def test_a_promise_that_says_nothing_is_quarantined(world: World, data: dict[str, Any]) -> None:
    """Both a date and a rule, neither, or a negotiation without its date: not taken in."""
    given = {"origin": "chat", "promise_id": "p1", "stated_at": at(1), **data}
    statement = told("order.promise_stated", at(1), "e1", order_id="o1", **given)
    receipt = world.intake.accept(world.connection, [statement], "test")
    assert (receipt.accepted, len(receipt.quarantined)) == (0, 1)


def test_what_is_refunded_before_shipment_need_not_be_shipped(world: World) -> None:
    """Agreed in time it is nobody's breach, whatever order the news comes in; of a part, or too late, it is."""
    expected: dict[str, dict[str, int]] = {
        "whole": {}, "part": {"ship-by": 10, "in-stock": 30}, "later": {"ship-by": 10}, "paid": {},
    }  # fmt: skip
    for name, owes in expected.items():
        order = Order(name)
        order.paid(1000, "hours:72")
        asked = 30_000 if name == "part" else 100_000
        order.tell("refund.requested", 5, refund_id="r", amount_minor=asked, currency="CNY")
        if name == "paid":
            order.tell("refund.paid", 72, refund_id="r", amount_minor=asked, currency="CNY")
        else:
            order.tell("refund.decided", 73 if name == "later" else 72, refund_id="r", outcome="approved")
        order.events = order.events[::-1] + order.events[:2]
        assert owed(world, order) == owes, name
