"""The bare watch: eight milestones an order, one promise, a known number of breaches."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta

from goldline.market.demo.watch import MILESTONES, Watch, watch_orders
from goldline.market.events import catalogue

WATCH = Watch(orders=3_000, seed=3, orders_per_day=2_000)


def test_every_order_has_its_eight_milestones_in_order_of_time() -> None:
    """All are valid, none is missing, and time never goes back."""
    decode = catalogue().checked_decoder().decode
    events = [decode(raw) for batch in WATCH.batches(700) for raw in batch]
    times = [event.time for event in events]
    seen: dict[str, set[str]] = defaultdict(set)
    for event in events:
        seen[event.data.order_id].add(getattr(event.data, "code", ""))
    assert times == sorted(times)
    assert len(events) == len({event.id for event in events}) == WATCH.events
    assert len(seen) == WATCH.orders
    assert all(codes == {code.decode() for code in MILESTONES} for codes in seen.values())


def test_late_orders_are_counted_as_told() -> None:
    """The breaches it promises are those a reader of its events counts, about three in ten."""
    decode = catalogue().checked_decoder().decode
    due: dict[str, datetime] = {}
    late = 0
    for event in (decode(raw) for batch in WATCH.batches() for raw in batch):
        if type(event).__name__ == "OrderPaid":
            assert event.data.ship_by == event.time + timedelta(hours=24)
            due[event.data.order_id] = event.data.ship_by
        elif event.data.code == "picked_up":
            late += event.time > due[event.data.order_id]
    assert late == WATCH.late()
    assert 0.27 < late / WATCH.orders < 0.34


def test_the_short_form_is_the_same_watch() -> None:
    """`watch_orders` tells what `Watch` tells, from the seed alone."""
    assert list(watch_orders(200, 5)) == list(Watch(200, 5).batches())
    assert list(watch_orders(200, 5)) != list(watch_orders(200, 6))
