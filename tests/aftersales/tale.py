"""Orders told in events, with their after-sales cases and deliveries, and what the engine made of them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from goldline.core.judge.explanation import explain
from goldline.core.judge.told import Explanation
from tests.laws.world import World

PAID = datetime(2026, 8, 20, 2, tzinfo=UTC)  # ten in the morning in Shanghai
LATER = PAID + timedelta(days=90)


def at(hours: float) -> datetime:
    """So many hours after payment."""
    return PAID + timedelta(hours=hours)


class Tale:
    """One order and its events."""

    def __init__(self, ident: str = "o1", yuan: int = 300, **placed: Any) -> None:
        self.ident = ident
        self.events: list[bytes] = []
        self.tell("order.placed", -1, **{"merchant_id": "m1", "consumer_id": "c1", "zone": "Asia/Shanghai"} | placed)
        self.tell("order.paid", 0, paid_minor=yuan * 100, currency="CNY", ship_rule="hours:240")

    def tell(self, name: str, hours: float, /, **data: Any) -> None:
        """Add an event of the order."""
        plain = {key: value.isoformat() if isinstance(value, datetime) else value for key, value in data.items()}
        envelope = {
            "specversion": "1.0", "source": "tale", "id": f"{self.ident}-{len(self.events)}", "type": name,
            "time": at(hours).isoformat(),
        }  # fmt: skip
        self.events.append(json.dumps({**envelope, "data": {"order_id": self.ident, **plain}}).encode())

    def delivered(self, hours: float = 40, parcel: str = "x1", **data: Any) -> None:
        """A parcel is sent, carried and handed over."""
        self.tell("parcel.created", 2, parcel_id=parcel, carrier_id="k1")
        for code, when in (("picked_up", 10), ("departed", 20), ("arrived", 30), ("out_for_delivery", 36)):
            self.tell("parcel.scanned", when, parcel_id=parcel, carrier_id="k1", code=code)
        self.tell("parcel.scanned", hours, parcel_id=parcel, carrier_id="k1", code="delivered", **data)

    def asks(self, hours: float, yuan: int, case: str = "r1", **data: Any) -> None:
        """A case begins."""
        self.tell("refund.requested", hours, refund_id=case, amount_minor=yuan * 100, currency="CNY", **data)

    def case(self, name: str, hours: float, case: str = "r1", **data: Any) -> None:
        """Something happens in a case."""
        self.tell(f"refund.{name}", hours, refund_id=case, **data)

    def play(self, world: World, now: datetime = LATER) -> None:
        """Feed what was told and not fed yet, and step until nothing is left to do at `now`."""
        world.feed(self.events)
        self.events.clear()
        world.step(now)


def owed(world: World, kind: str | None = None) -> dict[str, float]:
    """What each policy owes, in yuan, over all orders; only of one kind of remedy if named."""
    rows = world.rows(
        "SELECT policy, sum(amount_minor) / 100.0 FROM remedy WHERE amount_minor > 0 AND kind = coalesce(%s, kind)"
        " GROUP BY 1",
        kind,
    )
    return {policy.partition(".")[2]: float(amount) for policy, amount in rows}


def facts(world: World, kind: str, key: str, *names: str) -> tuple[Any, ...]:
    """Some facts of one subject."""
    (row,) = world.rows(f"SELECT {', '.join(names)} FROM fact_{kind} WHERE key = %s", key)
    return row


def explained(world: World, kind: str, key: str, now: datetime = LATER) -> Explanation:
    """One subject explained."""
    found = explain(world.connection, world.words, world.engine.ruleset, kind, key, now)
    assert found is not None
    return found
