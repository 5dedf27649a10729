"""Growth: what an event costs when millions of orders stand, against what it costs when few do."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zlib import crc32

import numpy as np

from bench import standing
from bench.crew import Duty, drive, run_until
from bench.filling import fill
from bench.machine import wal_bytes
from bench.place import Place, install
from bench.row import Row
from goldline.core.database import connect
from goldline.core.policy.pack import load
from goldline.market.events import catalogue
from goldline.market.vocabulary import vocabulary

PARTITIONS = 2
AT = datetime(2026, 6, 1, tzinfo=UTC)
BATCH = 2_000
CODES = ("in_transit", "arrived", "out_for_delivery", "delivered")


def run(place: Place) -> list[Row]:
    """The same stream at both sizes, each after a stream that warms up; medians of the streams."""
    few, many, events, streams = place.pick(
        (200_000, 5_000_000, 500_000, 3), (50_000, 500_000, 100_000, 2), (500, 2_000, 2_000, 1)
    )
    costs = {orders: _cost_us(place, orders, events, streams) for orders in (few, many)}
    ratio = statistics.median(costs[many]["us"]) / statistics.median(costs[few]["us"])
    detail = {f"at {orders:,} orders": cost for orders, cost in costs.items()}
    what = f"growth: cost of an event at {many:,} orders against {few:,}"
    return [Row("growth", what, ratio, "times", 1.3, 1.1, "less", detail=detail)]


def _cost_us(place: Place, orders: int, events: int, streams: int) -> dict[str, Any]:
    costs, logged = [], []
    with place.database("bench_growth") as url:
        install(url, vocabulary(), load("demo", vocabulary()), PARTITIONS, AT)
        place.say(f"growth: loading {orders:,} standing orders")
        standing.load(url, orders, standing.shipped(AT), PARTITIONS)
        place.checkpoint()
        for number in range(streams + 1):
            # The clock moves on a little, so that it can be seen to have come to the end.
            until = AT + timedelta(minutes=1 + number)
            with connect(url) as connection:
                fill(connection, _stream(number, orders, events), PARTITIONS)
                drive(connection, until)
                log = wal_bytes(connection)
            took_s, _ = run_until(Duty(url, vocabulary, catalogue, 1), PARTITIONS, until)
            with connect(url) as connection:
                logged.append((wal_bytes(connection) - log) // events)
            place.say(f"growth: {orders:,} orders, stream {number}: {took_s / events * 1e6:.2f} us an event")
            costs.append(took_s / events * 1e6)
    return {"us": costs[1:], "warm_up_us": costs[0], "log_bytes_per_event": logged}


def _stream(seed: int, orders: int, events: int) -> Iterator[tuple[datetime, list[bytes]]]:
    """Two events in five begin new orders, the others are scans of standing ones.

    Every standing order is scanned before one is scanned again, so that a batch meets as many different rows among
    few orders as among many.
    """
    chance = np.random.default_rng(seed)
    scanned = itertools.cycle(chance.permutation(orders)[: events * 3 // 5].tolist())
    at = AT + timedelta(seconds=30 + seed * 60)
    for first in range(0, events, BATCH):
        batch: list[bytes] = []
        for number in range(first, first + BATCH, 10):
            batch += begin(f"n{seed}x{number:x}", at)
            batch += [scan(next(scanned), f"{seed}.{number + n}", at, CODES[n % 4]) for n in range(6)]
        yield at, batch


def begin(order: str, at: datetime) -> list[bytes]:
    """A new order's first four events."""
    by = f"{at + timedelta(days=7):%Y-%m-%dT%H:%M:%SZ}"
    merchant = f"m{crc32(order.encode()) % standing.MERCHANTS:04}"
    told = [
        ("order.placed", f'"merchant_id":"{merchant}","consumer_id":"c{order}","region":"GD","zone":"Asia/Shanghai"'),
        ("order.paid", f'"paid_minor":9900,"currency":"CNY","ship_rule":"hours:48","deliver_by":"{by}"'),
        ("order.accepted", ""),
        ("parcel.created", f'"parcel_id":"p{order}","carrier_id":"swift"'),
    ]
    return [event(kind, f"{order}.{kind}", at, order, data) for kind, data in told]


def scan(number: int, event_id: str, at: datetime, code: str) -> bytes:
    """A scan of a standing order's parcel."""
    data = f'"parcel_id":"{standing.parcel_id(number)}","carrier_id":"swift","code":"{code}","place":"GD"'
    return event("parcel.scanned", event_id, at, standing.order_id(number), data)


def event(kind: str, event_id: str, at: datetime, order: str, data: str) -> bytes:
    """One CloudEvent about an order."""
    stamp = f"{at:%Y-%m-%dT%H:%M:%SZ}"
    rest = f",{data}" if data else ""
    return (
        f'{{"specversion":"1.0","source":"bench","type":"{kind}","id":"{event_id}","time":"{stamp}",'
        f'"data":{{"order_id":"{order}"{rest}}}}}'
    ).encode()
