"""The explanation of one order over HTTP, asked for at a steady rate whatever the answers take."""

from __future__ import annotations

from datetime import date
from itertools import cycle, islice

import numpy as np

from bench.crew import Duty, drive, run_until
from bench.filling import fill
from bench.place import Place, install
from bench.rate import Request, answered_at
from bench.row import Row
from bench.site import site
from bench.step import SETTLED
from goldline.core.database import connect
from goldline.core.policy.pack import load
from goldline.market.demo.market import Market
from goldline.market.events import catalogue
from goldline.market.vocabulary import vocabulary

PARTITIONS = 2
RATE = 200


def run(place: Place) -> list[Row]:
    """Judge a market, serve it, and ask for orders at random."""
    orders, days, seconds = place.pick((52_000, 4, 30.0), (10_000, 2, 5.0), (100, 1, 0.5))
    market = Market(seed=9, orders_per_day=orders, days=days, start=date(2026, 6, 8), merchants=500)
    with place.database("bench_explanation") as url:
        place.say(f"explanation: judging {market.orders:,} orders")
        _judge(url, market)
        place.checkpoint()
        with connect(url) as connection:
            row = connection.execute("SELECT count(*) FROM fact_order").fetchone()
            rows = connection.execute("SELECT key FROM fact_order ORDER BY md5(key) LIMIT 20000").fetchall()
        asked = [Request(f"/v1/orders/{key}/explanation") for (key,) in rows]
        with site(place, url) as where:
            answered_at(where, [*islice(cycle(asked), int(RATE * seconds / 10))], RATE)
            place.say(f"explanation: {RATE} requests/s for {seconds:.0f} s")
            took_ms = answered_at(where, [*islice(cycle(asked), int(RATE * seconds))], RATE) * 1e3
    p50, p99 = np.percentile(took_ms, [50, 99])
    detail = {"p50_ms": float(p50), "most_ms": float(took_ms.max()), "requests": len(took_ms),
              "orders_standing": row[0] if row else 0}  # fmt: skip
    what = f"explanation of one order over HTTP, p99 at {RATE} requests/s"
    return [Row("explanation", what, float(p99), "ms", 15, 5, "less", detail=detail)]


def _judge(url: str, market: Market) -> None:
    install(url, vocabulary(), load("demo", vocabulary()), PARTITIONS, market.origin)
    with connect(url) as connection:
        fill(connection, market.timed(2_000), PARTITIONS)
        drive(connection, market.origin + SETTLED)
    run_until(Duty(url, vocabulary, catalogue, 1), PARTITIONS, market.origin + SETTLED)
    with connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
