"""Intake over HTTP: batches of 500 CloudEvents, answered after the commit."""

from __future__ import annotations

import itertools
import json
import multiprocessing
import time
from multiprocessing.sharedctypes import Synchronized
from multiprocessing.synchronize import Barrier
from typing import Final

from bench.place import BenchError, Place, install
from bench.row import Row, median_row
from bench.site import Site, site
from goldline.core.database import connect
from goldline.core.policy.pack import load
from goldline.market.demo.market import Market
from goldline.market.events import catalogue
from goldline.market.vocabulary import vocabulary

BATCH = 500
CONNECTIONS = 2
PARTITIONS = 4
DISTINCT_BODIES: Final = 80
MEDIA: Final = "application/cloudevents-batch+json"


def bodies(number: int) -> list[bytes]:
    """What one client sends, over and over: events of the demo market."""
    market = Market(seed=100 + number, orders_per_day=4_000, days=1)
    batches = (batch for batch in market.batches(BATCH) if len(batch) == BATCH)
    return [b"[" + b",".join(batch) + b"]" for batch in itertools.islice(batches, DISTINCT_BODIES)]


def send(where: Site, number: int, seconds: float, start: Barrier, total: Synchronized[int]) -> None:
    """One client: posts batches until the time is up and counts what was acknowledged."""
    own = bodies(number)
    connection = where.connect()
    headers = {**where.headers, "Content-Type": MEDIA}
    start.wait(60)
    acknowledged, sent, until = 0, 0, time.monotonic() + seconds
    while time.monotonic() < until:
        connection.request("POST", "/v1/events", own[sent % len(own)], headers)
        answer = connection.getresponse()
        body = json.loads(answer.read())
        if answer.status != 202:
            raise SystemExit(f"{answer.status}: {body}")
        acknowledged += body["accepted"]
        sent += 1
    with total.get_lock():
        total.value += acknowledged


def run(place: Place) -> list[Row]:
    """Warm up, then the median; the inbox must hold every event that was acknowledged."""
    seconds, runs = place.pick((8.0, 3), (3.0, 1), (0.5, 1))
    with place.database("bench_intake") as url:
        market = Market(days=1)
        install(url, vocabulary(), load("demo", vocabulary()), PARTITIONS, market.origin)
        with site(place, url) as where:
            taken = _once(where, seconds / 4)
            rates = []
            for _ in range(runs):
                accepted = _once(where, seconds)
                taken += accepted
                rates.append(accepted / seconds)
        held = _held(url)
    if held != taken:
        raise BenchError(f"{taken} events were acknowledged and the inbox holds {held}")
    what = f"intake over HTTP, batches of {BATCH}"
    detail = {"connections": CONNECTIONS, "acknowledged": taken, "held": held, "types": len(catalogue().types)}
    return [median_row("intake", what, "events/s", rates, reach=20_000, aim=50_000, detail=detail)]


def _once(where: Site, seconds: float) -> int:
    context = multiprocessing.get_context("spawn")
    total: Synchronized[int] = context.Value("q", 0)
    start = context.Barrier(CONNECTIONS)
    clients = [
        context.Process(target=send, args=(where, number, seconds, start, total), daemon=True)
        for number in range(CONNECTIONS)
    ]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    if any(client.exitcode for client in clients):
        raise BenchError("a client was refused")
    return total.value


def _held(url: str) -> int:
    with connect(url) as connection:
        row = connection.execute("SELECT coalesce(sum(events), 0)::bigint FROM inbox").fetchone()
    return int(row[0]) if row else 0
