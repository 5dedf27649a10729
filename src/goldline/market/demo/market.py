"""A marketplace whose days are made up: seeded, so that the same market always tells the same events."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from goldline.core.errors import GoldlineError
from goldline.market.demo import season
from goldline.market.demo.array import DAY_S, Ints
from goldline.market.demo.cohort import Cohort, Step
from goldline.market.demo.fate import Fate
from goldline.market.demo.letters import Times
from goldline.market.demo.localday import LocalDays
from goldline.market.demo.malformed import spoil
from goldline.market.demo.place import HOME_ZONE, ZONES
from goldline.market.demo.population import CARRIER_NAMES, Carriers, Merchants
from goldline.market.demo.telling import Teller

_TAIL_DAYS: Final = 120  # more than any order lives
_MOST_DAYS: Final = 3_660
_SHEET: Final = 65_536  # events written at once: enough to pay for the calls, few enough for the cache
_SHORT_IDS: Final = 36**5 * 3 // 4
_MOST_ORDERS: Final = 36**6 * 3 // 4


@dataclass(frozen=True, slots=True)
class Faults:
    """What goes wrong on the way to the intake, as shares of 1. None of it changes what is true of an order."""

    late: float = 0.02  # orders one of whose scans arrives hours later
    duplicate: float = 0.01  # events that arrive twice
    malformed: float = 0.0  # events of which a broken copy arrives as well


class Batch(NamedTuple):
    """Events in order of arrival, and when the last of them arrived."""

    until: datetime
    events: list[bytes]


class Market:
    """The orders of some days and all that becomes of them.

    `orders_per_day` is the usual number: weekends, holidays and festivals such as 18 June have theirs. The events
    go on after the last day of orders until every parcel is done. Memory is that of the orders still open: about
    170 bytes each. Raises GoldlineError('demo_invalid') for numbers a market cannot have.
    """

    def __init__(
        self,
        seed: int = 1,
        orders_per_day: int = 10_000,
        days: int = 7,
        start: date = date(2026, 6, 15),
        merchants: int = 200,
        carriers: int = 6,
        faults: Faults = Faults(),
    ) -> None:
        self.origin = datetime.combine(start, time(), ZoneInfo(HOME_ZONE)).astimezone(UTC)
        self.seed, self.days, self.faults = seed, days, faults
        _check(orders_per_day, days, merchants, carriers)
        self._factors = season.factors(start, days)
        self._counts = np.rint(orders_per_day * self._factors).astype(np.int64)
        self.orders = int(self._counts.sum())
        if self.orders > _MOST_ORDERS:
            raise _invalid(f"{self.orders} orders are more than the {_MOST_ORDERS} there are ids for.")
        random = np.random.default_rng([seed, 0])
        self._merchants = Merchants.draw(random, merchants)
        self._fate = Fate(
            merchants=self._merchants,
            carriers=Carriers.draw(random, carriers),
            days=LocalDays(ZONES, self.origin, days),
            consumers=max(1_000, orders_per_day * 20),
            late_share=faults.late,
            code_width=5 if self.orders < _SHORT_IDS else 6,
        )

    def batches(self, size: int = 5_000) -> Iterator[list[bytes]]:
        """All events in order of arrival, at most `size` at a time; each is the JSON of one CloudEvent."""
        return (batch.events for batch in self.timed(size))

    def timed(self, size: int = 5_000) -> Iterator[Batch]:
        """The same batches, each with the time it was complete, for a driven clock."""
        teller = Teller(self._merchants, Times(self.origin, self.days + _TAIL_DAYS))
        yield Batch(self.origin, teller.merchants())
        for day, orders in self._open():
            random = np.random.default_rng([self.seed, 2, day])
            yield from self._tell(teller, random, day, orders, size)

    def cohorts(self) -> Iterator[Cohort]:
        """The orders by day of placing, with all that is true of them."""
        firsts = np.cumsum(self._counts) - self._counts
        for day in range(self.days):
            random = np.random.default_rng([self.seed, 1, day])
            count = int(self._counts[day])
            yield self._fate.cohort(random, day, int(firsts[day]), count, float(self._factors[day]))

    def _open(self) -> Iterator[tuple[int, Cohort]]:
        """For each day, the orders of which something may arrive on it."""
        new = self.cohorts()
        orders = next(new)
        for day in itertools.count():
            yield day, orders
            orders = orders.where(orders.last_arrival_s() >= (day + 1) * DAY_S)
            today = next(new, None)
            if today is not None:
                orders = orders.beside(today)
            elif not len(orders):
                return

    def _tell(
        self, teller: Teller, random: np.random.Generator, day: int, orders: Cohort, size: int
    ) -> Iterator[Batch]:
        arrival, rows, steps = self._arrivals(random, day, orders)
        stride = max(size, _SHEET // size * size)
        for first in range(0, len(rows), stride):
            some = slice(first, first + stride)
            events = _written(teller, orders, rows[some], steps[some])
            for start in range(0, len(events), size):
                batch = events[start : start + size]
                until = self.origin + timedelta(seconds=int(arrival[first + start + len(batch) - 1]))
                yield Batch(until, spoil(batch, random, self.faults.malformed))

    def _arrivals(self, random: np.random.Generator, day: int, orders: Cohort) -> tuple[Ints, Ints, Ints]:
        """When, of which order and which step, for every event that arrives on a day, in that order."""
        low, high = day * DAY_S, (day + 1) * DAY_S
        times, rows, steps = [], [], []
        for step in Step:
            at_s = orders.arrival_s(step)
            chosen = np.flatnonzero((at_s >= low) & (at_s < high))
            times.append(at_s[chosen].astype(np.int64))
            rows.append(chosen)
            steps.append(np.full(len(chosen), step, np.int64))
        time_s, row, kind = np.concatenate(times), np.concatenate(rows), np.concatenate(steps)
        again = np.flatnonzero(random.random(len(row)) < self.faults.duplicate)
        repeated = np.minimum(time_s[again] + random.integers(1, 3_600, len(again)), high - 1)
        time_s = np.concatenate([time_s, repeated])
        # Stable, so that what happens to one order in the same second stays in its natural order.
        order = np.argsort(time_s, kind="stable")
        return time_s[order], np.concatenate([row, row[again]])[order], np.concatenate([kind, kind[again]])[order]


def _written(teller: Teller, orders: Cohort, rows: Ints, steps: Ints) -> list[bytes]:
    out = np.empty(len(rows), object)
    for step in Step:
        chosen = np.flatnonzero(steps == step)
        if len(chosen):
            out[chosen] = teller.tell(orders, rows[chosen], step)
    events: list[bytes] = out.tolist()
    return events


def _check(orders_per_day: int, days: int, merchants: int, carriers: int) -> None:
    if orders_per_day < 1 or merchants < 1:
        raise _invalid("A market needs at least one order a day and one merchant.")
    if not 1 <= days <= _MOST_DAYS:
        raise _invalid(f"A market has 1 to {_MOST_DAYS} days, not {days}.")
    if not 1 <= carriers <= len(CARRIER_NAMES):
        raise _invalid(f"A market has 1 to {len(CARRIER_NAMES)} carriers, not {carriers}.")


def _invalid(message: str) -> GoldlineError:
    return GoldlineError(message, code="demo_invalid", hint="Choose other numbers for the demo market.")
