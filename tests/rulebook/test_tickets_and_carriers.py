"""Tickets of the platform and the traces of carriers, told in events."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from goldline.core.policy.pack import load
from goldline.market.vocabulary import vocabulary
from tests.account.shop import keep_house
from tests.laws.world import World, event

NOON = datetime(2026, 9, 1, 4, tzinfo=UTC)  # in Shanghai


def at(hours: float) -> datetime:
    """So many hours after that noon."""
    return NOON + timedelta(hours=hours)


def tickets(merchant: str, late: int, good: int) -> list[bytes]:
    """Tickets due a day later: some answered in their last second, the others a second after it."""
    told = []
    for number in range(late + good):
        ids = {"merchant_id": merchant, "ticket_id": f"t{number}"}
        told.append(event("ticket.opened", at(0), f"{merchant}-{number}-o", **ids, answer_by=at(24)))
        second = 1 / 3600 if number < late else 0
        told.append(event("ticket.answered", at(24 + second), f"{merchant}-{number}-a", **ids))
    return told


def sale(merchant: str, yuan: int) -> list[bytes]:
    """One order of so many yuan, paid at noon."""
    ids = {"order_id": f"o-{merchant}"}
    placed = {"merchant_id": merchant, "consumer_id": "c1", "zone": "Asia/Shanghai"}
    return [
        event("order.placed", at(-1), f"{merchant}-p", **ids, **placed),
        event("order.paid", at(0), f"{merchant}-q", **ids, paid_minor=yuan * 100, currency="CNY"),
    ]


def carried(carrier: str, whole: int, short: int) -> list[bytes]:
    """Parcels handed over on the second day; the short ones never passed a hub."""
    told = []
    for number in range(whole + short):
        ident = f"{carrier}-{number}"
        ids = {"order_id": ident, "parcel_id": "p", "carrier_id": carrier}
        placed = {"merchant_id": "m9", "consumer_id": ident, "zone": "Asia/Shanghai"}
        told += [
            event("order.placed", at(-1), f"{ident}-a", order_id=ident, **placed),
            event("order.paid", at(0), f"{ident}-b", order_id=ident, paid_minor=5_000, currency="CNY"),
            event("parcel.created", at(1), f"{ident}-c", **ids),
        ]
        codes = ("picked_up", "out_for_delivery", "delivered", *(("departed",) if number < whole else ()))
        times = {"picked_up": 2, "departed": 8, "out_for_delivery": 20, "delivered": 24}
        told += [event("parcel.scanned", at(times[code]), f"{ident}-{code}", **ids, code=code) for code in codes]
    return told


def standing(world: World, ending: str) -> list[tuple[Any, ...]]:
    """What stands of the kind, with whose day it is."""
    query = "SELECT split_part(policy, '.', 2), min(key) FROM finding WHERE subject = %s AND status = 'standing'"
    return sorted(world.rows(f"{query} GROUP BY policy, split_part(key, '|', 1)", ending))


def test_tickets_and_traces_are_held_to_their_shares(database_url: str) -> None:
    """Three of ten overdue warn, six cost 0.15 % of the week's sales, once a week; under 95 and 90 % carriers fail."""
    with World(database_url, load("douyin", vocabulary())) as world:
        told = [*tickets("m1", 2, 8), *tickets("m2", 3, 7), *tickets("m3", 6, 4), *tickets("m4", 4, 0)]
        told += [*tickets("m5", 5, 0), *sale("m3", 100_000), *sale("m5", 1_000_000)]
        told += [*carried("k95", 19, 1), *carried("k90", 18, 2), *carried("k85", 17, 3)]
        world.feed(told + told[::7])
        keep_house(world, at(24 * 10))
        assert standing(world, "merchant_day") == [
            ("tickets-neglected", "m3|2026-09-02"), ("tickets-neglected", "m5|2026-09-02"),
            ("tickets-overdue", "m2|2026-09-02"),
        ]  # fmt: skip
        assert sorted(world.rows("SELECT account, action, amount_minor FROM sanction")) == [
            ("merchant:m2", "warning", None), ("merchant:m3", "fee", 15_000), ("merchant:m5", "fee", 20_000),
        ]  # fmt: skip
        assert standing(world, "carrier_day") == [
            ("carrier-removal", "k85|2026-09-02"), ("carrier-traces", "k85|2026-09-02"),
            ("carrier-traces", "k90|2026-09-02"),
        ]  # fmt: skip
