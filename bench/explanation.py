"""The explanation of one order over HTTP, asked for at a steady rate whatever the answers take."""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections.abc import Iterator
from datetime import date
from multiprocessing.connection import Connection as Pipe

import numpy as np

from bench.crew import Duty, drive, run_until
from bench.filling import fill
from bench.place import BenchError, Place, install
from bench.row import Row
from bench.site import Site, site
from bench.step import SETTLED
from goldline.core.database import connect
from goldline.core.policy.pack import load
from goldline.market.demo.market import Market
from goldline.market.events import catalogue
from goldline.market.vocabulary import vocabulary

PARTITIONS = 2
RATE = 200
CLIENTS = 16


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
        asked = [key for (key,) in rows]
        with site(place, url) as where:
            _measure(where, asked, seconds / 10)
            place.say(f"explanation: {RATE} requests/s for {seconds:.0f} s")
            took_ms = _measure(where, asked, seconds) * 1e3
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


def _measure(where: Site, asked: list[str], seconds: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Seconds from when each request was to be sent to its whole answer, measured in a process of its own."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    client = context.Process(target=_client, args=(where, asked, seconds, theirs), daemon=True)
    client.start()
    theirs.close()
    try:
        took = ours.recv()
    except EOFError:
        raise BenchError("the client was refused") from None
    client.join()
    return np.array(took)


def _client(where: Site, asked: list[str], seconds: float, pipe: Pipe) -> None:
    took = [float("inf")] * int(RATE * seconds)
    turns = iter(range(len(took)))
    begin = time.perf_counter() + 0.2
    threads = [threading.Thread(target=_ask, args=(where, asked, turns, begin, took)) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if max(took) < float("inf"):
        pipe.send(took)
    pipe.close()


def _ask(where: Site, asked: list[str], turns: Iterator[int], begin: float, took: list[float]) -> None:
    """Take the next turn, wait until it is due, ask. A late start counts: the consumer has been waiting."""
    connection = where.connect()
    for turn in turns:  # one iterator for all threads
        due = begin + turn / RATE
        time.sleep(max(0.0, due - time.perf_counter()))
        connection.request("GET", f"/v1/orders/{asked[turn % len(asked)]}/explanation", headers=where.headers)
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            return
        took[turn] = time.perf_counter() - due
