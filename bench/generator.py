"""How fast the demo market tells its events."""

from __future__ import annotations

import time

from bench.place import Place
from bench.row import Row, median_row
from goldline.market.demo.market import Market


def run(place: Place) -> list[Row]:
    """Whole days of the demo market, told and thrown away."""
    orders, days = place.pick((20_000, 5), (10_000, 2), (300, 1))
    rates, events = [], 0
    for number in range(4):
        market = Market(seed=number, orders_per_day=orders, days=days)
        begun = time.perf_counter()
        events = sum(map(len, market.batches()))
        rates.append(events / (time.perf_counter() - begun))
    what = "generator of the demo market"
    return [median_row("generator", what, "events/s", rates[1:], reach=300_000, detail={"events": events})]
