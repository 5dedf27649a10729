"""Entry to the insurance of return freight, told in events: who sends too much that comes back stays out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from goldline.core.account.gate import CLOSED, ask, find
from goldline.core.policy.pack import load
from goldline.market.vocabulary import vocabulary
from tests.account.shop import keep_house
from tests.laws.world import World, event

PAID = datetime(2026, 9, 1, 15, 59, 59, tzinfo=UTC)  # the last second of that day in Shanghai


def sold(ident: str, merchant: str, back: float | None) -> list[bytes]:
    """An order shipped five hours after payment and, maybe, approved to go back so many hours after it."""

    def told(kind: str, hours: float, name: str, **data: object) -> bytes:
        return event(kind, PAID + timedelta(hours=hours), f"{ident}-{name}", order_id=ident, **data)

    money = {"amount_minor": 10_000, "currency": "CNY"}
    lines = [
        told("order.placed", -1, "a", merchant_id=merchant, consumer_id=f"c{ident}", zone="Asia/Shanghai"),
        told("order.paid", 0, "b", paid_minor=10_000, currency="CNY", ship_rule="hours:48"),
        told("parcel.scanned", 5, "c", parcel_id="p", carrier_id="k1", code="picked_up"),
        told("parcel.scanned", 9, "d", parcel_id="p", carrier_id="k1", code="departed"),
    ]
    if back is not None:
        lines.append(told("refund.requested", back - 1, "e", refund_id="r", **money))
        lines.append(told("refund.decided", back, "f", refund_id="r", outcome="approved"))
    return lines


def test_returns_close_the_gate_from_15_to_45_days_on(database_url: str) -> None:
    """81 of 100 close both gates, 51 that for large goods, 50 none; money back before shipment is no return."""
    with World(database_url, load("douyin", vocabulary())) as world:
        for merchant, returned in (("m81", 81), ("m80", 80), ("m51", 51), ("m50", 50)):
            backs = [50 if number < returned else 2 if number == 99 else None for number in range(100)]
            sales = (sold(f"{merchant}-{number}", merchant, back) for number, back in enumerate(backs))
            world.feed([line for sale in sales for line in sale])

        gates = world.engine.ruleset.gates

        def closed(days: int) -> list[tuple[str, str]]:
            now = PAID + timedelta(days=days, hours=6)
            keep_house(world, now)
            found = {
                (merchant, gate): ask(world.connection, find(gates, gate), f"merchant:{merchant}", now).state
                for merchant in ("m50", "m51", "m80", "m81")
                for gate in ("insurance", "large-insurance")
            }
            world.connection.commit()
            return sorted(who for who, state in found.items() if state == CLOSED)

        barred = [("m51", "large-insurance"), ("m80", "large-insurance"), ("m81", "insurance"),
                  ("m81", "large-insurance")]  # fmt: skip
        assert closed(14) == []
        assert closed(15) == barred
        assert closed(45) == barred
        assert closed(46) == []
