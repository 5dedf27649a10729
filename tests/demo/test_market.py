"""The demo market: seeded, valid, in order of arrival, and true to what it says of itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from goldline.core.errors import GoldlineError
from goldline.market.demo.market import Faults, Market
from goldline.market.demo.truth import truth
from goldline.market.events import catalogue
from tests.calendar import oracle

NO_FAULTS = Faults(late=0, duplicate=0)


def small(**changes: Any) -> Market:
    """Four days around 18 June, a few thousand orders."""
    choices: dict[str, Any] = {"seed": 7, "orders_per_day": 400, "days": 4, "start": date(2026, 6, 16), "merchants": 60}
    return Market(**choices | changes)


def decoded(batches: Iterable[list[bytes]]) -> list[Any]:
    """Every event, checked as the intake checks it."""
    decode = catalogue().checked_decoder().decode
    return [decode(raw) for batch in batches for raw in batch]


def test_the_same_seed_tells_the_same_events() -> None:
    """Byte by byte, whatever the size of the batches; another seed tells others."""
    first = [raw for batch in small().batches(5_000) for raw in batch]
    assert first == [raw for batch in small().batches(5_000) for raw in batch]
    assert set(first) == {raw for batch in small().batches(777) for raw in batch}
    assert set(first).isdisjoint(raw for batch in small(seed=8).batches() for raw in batch if b"paid_minor" in raw)


def test_every_event_passes_the_checked_decoder_and_is_of_a_known_order() -> None:
    """All are valid, ids are given once but for the repeats, and there are ten to twelve an order."""
    market = small()
    events = decoded(market.batches())
    ids = Counter(event.id for event in events)
    assert 10 <= len(ids) / market.orders <= 12
    assert 0.005 < sum(count - 1 for count in ids.values()) / len(ids) < 0.02
    placed = {event.data.order_id for event in events if type(event).__name__ == "OrderPlaced"}
    assert len(placed) == market.orders
    assert {event.data.order_id for event in events if hasattr(event.data, "order_id")} == placed


def test_batches_come_in_order_of_arrival() -> None:
    """No batch is larger than asked, none is complete before the one ahead of it, no event precedes its own time."""
    decode = catalogue().checked_decoder().decode
    before = datetime(1990, 1, 1, tzinfo=UTC)
    for until, events in small().timed(500):
        assert before <= until
        assert len(events) <= 500 or b"merchant.registered" in events[0]
        assert all(decode(raw).time <= until for raw in events)
        before = until


def test_events_without_faults_are_in_order_of_time() -> None:
    """Late arrival is the only thing that disturbs the order."""
    punctual = [event.time for event in decoded(small(faults=NO_FAULTS).batches())]
    assert punctual == sorted(punctual)
    late = [event.time for event in decoded(small(faults=Faults(late=0.2)).batches())]
    assert late != sorted(late)


def test_broken_copies_come_beside_the_good_events() -> None:
    """The fault knob adds malformed events and takes no good one away."""
    good = {raw for batch in small().batches() for raw in batch}
    told = [raw for batch in small(faults=Faults(malformed=0.05)).batches() for raw in batch]
    broken = [raw for raw in told if raw not in good]
    assert 0.03 < len(broken) / len(good) < 0.07
    assert good <= set(told)
    decode = catalogue().checked_decoder().decode
    for raw in broken:
        with pytest.raises((ValueError, UnicodeDecodeError)):
            decode(raw)


def test_the_market_is_alive() -> None:
    """Cancellations, refunds, lost parcels and broken promises are about as frequent as in the field."""
    market = small(orders_per_day=2_000, faults=NO_FAULTS)
    seen = Counter(type(event).__name__ for event in decoded(market.batches()))
    assert 0.02 < seen["OrderCancelled"] / market.orders < 0.06
    assert 0.04 < seen["RefundRequested"] / market.orders < 0.08
    counts = truth(market).counts()
    assert 0.02 < counts["demo.ship-by"]["broken"] / counts["demo.ship-by"]["made"] < 0.15
    assert all(each["pending"] == 0 and each["broken"] > 0 and each["kept"] > 0 for each in counts.values())


def test_eighteenth_june_is_a_burst() -> None:
    """The festival has several times the orders of the days around it, and evenings have more than mornings."""
    paid = [e.time + timedelta(hours=8) for e in decoded(small().batches()) if type(e).__name__ == "OrderPlaced"]
    days = Counter(at.date() for at in paid)
    assert days[date(2026, 6, 18)] > 3 * days[date(2026, 6, 16)]
    hours = Counter(at.hour for at in paid)
    assert hours[20] > 3 * hours[7]


def test_shipping_promises_are_those_of_an_independent_count() -> None:
    """The market's own deadlines, by rule and zone, equal those counted with zoneinfo from what it told."""
    market = small(orders_per_day=1_000)
    zones: dict[str, str] = {}
    told: dict[str, datetime] = {}
    for event in decoded(market.batches()):
        name, data = type(event).__name__, event.data
        if name == "OrderPlaced":
            zones[data.order_id] = data.zone
        elif name == "OrderPaid":
            rule = data.ship_rule
            told[data.order_id] = data.ship_by or oracle.deadline(rule, event.time, zones[data.order_id])
    own = {
        f"o{bytes(code).decode()}": market.origin + timedelta(seconds=int(at_s))
        for cohort in market.cohorts()
        for code, at_s in zip(cohort.code, cohort.ship_by_s, strict=True)
    }
    assert {order: own[order] for order in told} == told
    assert len({zones[order] for order in told}) > 3


@pytest.mark.parametrize(
    "numbers",
    [{"days": 0}, {"orders_per_day": 0}, {"merchants": 0}, {"carriers": 0}, {"carriers": 99}, {"days": 10**6}],
)
def test_impossible_markets_are_refused(numbers: dict[str, int]) -> None:
    """A number a market cannot have is answered with a sentence."""
    with pytest.raises(GoldlineError) as refused:
        small(**numbers)
    assert refused.value.code == "demo_invalid"
