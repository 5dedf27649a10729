"""Breach lag: how long after its hour a broken promise is found, with a million open and events pouring in."""

from __future__ import annotations

import multiprocessing
import random
import time
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from multiprocessing.sharedctypes import Synchronized
from typing import Any

import numpy as np
from psycopg import Connection

from bench import standing
from bench.crew import Crew, Duty
from bench.growth import CODES, begin, scan
from bench.place import BenchError, Place, install
from bench.row import Row
from goldline.core.database import connect
from goldline.core.inbox import Intake
from goldline.core.policy.pack import load
from goldline.market.events import catalogue
from goldline.market.vocabulary import vocabulary

PARTITIONS = 2
WORKERS = 2
RATE = 10_000
BATCH = 500


def run(place: Place) -> list[Row]:
    """Load, start the workers, offer events while promises come due, and ask the findings when they came."""
    orders, seconds, ahead_s, due_per_s = place.pick(
        (1_000_000, 40.0, 60, 200.0), (100_000, 8.0, 20, 100.0), (1_000, 1.5, 2, 20.0)
    )
    settle_s = seconds / 10  # after the start this is not measured, and after the end it is waited
    with place.database("bench_lag") as url:
        first_due = datetime.now(UTC) + timedelta(seconds=ahead_s)
        install(url, vocabulary(), load("demo", vocabulary()), PARTITIONS, first_due)
        place.say(f"lag: loading {orders:,} orders with open promises")
        standing.load(url, orders, standing.unshipped(first_due, due_per_s), PARTITIONS)
        place.checkpoint()
        with Crew(Duty(url, vocabulary, catalogue, PARTITIONS // WORKERS), WORKERS) as crew:
            _wait_until(first_due)
            place.say(f"lag: offering {RATE:,} events/s for {seconds:.0f} s")
            offered_per_s, begun_at = _offer(url, orders, place.pick(RATE, RATE, 1_000), seconds)
            with connect(url) as connection:
                waiting = _waiting(connection)
                _wait_until(datetime.now(UTC) + timedelta(seconds=settle_s))
                window = (max(begun_at, first_due) + timedelta(seconds=settle_s), begun_at + timedelta(seconds=seconds))
                lags_s = _lags_s(connection, window)
            memory = crew.memory()
    if not len(lags_s):
        raise BenchError("no promise came due while events were offered")
    p50, p99 = np.percentile(lags_s, [50, 99])
    detail = {"p50_s": float(p50), "most_s": float(lags_s.max()), "findings": len(lags_s), "open_orders": orders,
              "offered_per_s": round(offered_per_s), "events_waiting_at_the_end": waiting}  # fmt: skip
    what = f"breach lag p99, {orders:,} orders with open promises, {RATE:,} events/s"
    peak = max(each.peak_rss_mib for each in memory)
    workers = {"workers": [asdict(each) for each in memory]}
    return [
        Row("lag", what, float(p99), "s", 2, 0.5, "less", detail=detail),
        Row("lag-memory", "memory of a worker in it (peak RSS)", peak, "MiB", 400, 200, "less", detail=workers),
    ]


def _wait_until(at: datetime) -> None:
    time.sleep(max(0.0, (at - datetime.now(UTC)).total_seconds()))


def _offer(url: str, orders: int, rate: int, seconds: float) -> tuple[float, datetime]:
    """Offer events in a process of its own; how many a second were taken, and when the first was."""
    context = multiprocessing.get_context("spawn")
    taken: Synchronized[int] = context.Value("q", 0)
    begun: Synchronized[float] = context.Value("d", 0.0)
    ended: Synchronized[float] = context.Value("d", 0.0)
    sender = context.Process(target=_send, args=(url, orders, rate, seconds, taken, begun, ended), daemon=True)
    sender.start()
    sender.join()
    if sender.exitcode:
        raise BenchError("the events could not be offered")
    return taken.value / (ended.value - begun.value), datetime.fromtimestamp(begun.value, UTC)


def _send(
    url: str,
    orders: int,
    rate: int,
    seconds: float,
    taken: Synchronized[int],
    begun: Synchronized[float],
    ended: Synchronized[float],
) -> None:
    batches = _batches(orders, rate, seconds)
    intake = Intake(catalogue(), PARTITIONS)
    with connect(url) as connection:
        begun.value = time.time()
        for number, batch in enumerate(batches):
            time.sleep(max(0.0, begun.value + number * BATCH / rate - time.time()))
            taken.value += intake.accept(connection, batch, "bench").accepted
            connection.commit()
        # The last batch had its share of a second too.
        ended.value = max(time.time(), begun.value + seconds)


def _batches(orders: int, rate: int, seconds: float) -> list[list[bytes]]:
    """Two events in five begin new orders, the others are scans of any standing one that do not prove its pickup."""
    chance = random.Random(3)
    at = datetime.now(UTC)
    batches = []
    for first in range(0, int(rate * seconds), BATCH):
        batch: list[bytes] = []
        for number in range(first, first + BATCH, 10):
            batch += begin(f"n{number:x}", at)
            batch += [scan(chance.randrange(orders), f"{number + n}", at, CODES[n % 4]) for n in range(6)]
        batches.append(batch)
    return batches


def _waiting(connection: Connection[Any]) -> int:
    row = connection.execute("SELECT coalesce(sum(events), 0)::bigint FROM inbox WHERE done_at IS NULL").fetchone()
    connection.commit()
    return int(row[0]) if row else 0


def _lags_s(connection: Connection[Any], window: tuple[datetime, datetime]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Seconds from the hour of judgement to the record, of every standing order's breach whose hour is in the window.

    A promise whose hour came and that was not found by now would hide a long lag: it counts as found now.
    """
    rows = connection.execute(
        "SELECT extract(epoch FROM coalesce(u.recorded_at, clock_timestamp()) - f.ship_by - %(grace)s)::float8"
        " FROM fact_order f LEFT JOIN finding u ON u.key = f.key AND u.policy = 'demo.ship-by' AND u.occurrence = 0"
        " WHERE f.ship_by + %(grace)s BETWEEN %(first)s AND %(last)s AND f.picked_up_at IS NULL",
        {"grace": standing.GRACE, "first": window[0], "last": window[1]},
    ).fetchall()
    connection.commit()
    return np.array([each for (each,) in rows])
