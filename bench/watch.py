"""The bare watch: eight milestones an order, one promise, one worker killed, every remedy accounted for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

import msgspec
import numpy as np
from psycopg import Connection

from bench import milestones
from bench.crew import Duty, drive, run_until
from bench.filling import fill
from bench.place import BenchError, Place, install
from bench.row import Row, median_row
from goldline.core.database import connect
from goldline.market.demo.watch import SHIP_WITHIN_S, Watch

PARTITIONS = 2
WORKERS = 2
MAX_EVENTS = 100_000
LEASE_S = 1.0
TEMPLATE = "bench_watch_filled"


class _Data(msgspec.Struct, gc=False):
    order_id: str
    code: str = ""


class _Told(msgspec.Struct, gc=False):
    time: datetime
    data: _Data


@dataclass(slots=True)
class Count:
    """Which orders break the promise, counted from the events themselves and apart from the engine."""

    ids: list[str] = field(default_factory=list)
    paid_s: list[float] = field(default_factory=list)
    picked_up_s: dict[str, float] = field(default_factory=dict)

    def watched(self, batches: Iterator[tuple[datetime, list[bytes]]]) -> Iterator[tuple[datetime, list[bytes]]]:
        """The same batches, looked at in passing."""
        decode = msgspec.json.Decoder(list[_Told]).decode
        for until, events in batches:
            told = [each for each in events if b'"order.paid"' in each or b'"picked_up"' in each]
            for each in decode(b"[" + b",".join(told) + b"]"):
                if each.data.code:
                    self.picked_up_s[each.data.order_id] = each.time.timestamp()
                else:
                    self.ids.append(each.data.order_id)
                    self.paid_s.append(each.time.timestamp())
            yield until, events

    def late(self) -> set[str]:
        """The orders whose parcel was not picked up in time."""
        picked_up = np.array([self.picked_up_s.get(each, np.inf) for each in self.ids])
        late = picked_up - np.array(self.paid_s) > SHIP_WITHIN_S
        return {self.ids[at] for at in np.flatnonzero(late)}


def run(place: Place) -> list[Row]:
    """Warm up once without a kill, then the median of runs with one each."""
    watch = Watch(place.pick(300_000, 75_000, 2_000))
    settled = watch.origin + timedelta(days=60)
    # Toy steps are short, so that there is a middle to be killed in.
    row_events, max_events = place.pick((5_000, MAX_EVENTS), (5_000, MAX_EVENTS // 2), (100, 100))
    with place.database(TEMPLATE) as url:
        place.say("watch: filling the inbox")
        install(url, milestones.vocabulary(), milestones.pack(), PARTITIONS, watch.origin)
        count = Count()
        with connect(url) as connection:
            events = fill(connection, count.watched(watch.timed(row_events * PARTITIONS)), PARTITIONS)
            drive(connection, settled)
            connection.autocommit = True
            connection.execute("VACUUM ANALYZE inbox")
        late = count.late()
        if len(late) != watch.late():
            raise BenchError("the watch's events and its own count of late orders differ")
        whole, _ = _once(place, settled, events, late, max_events)
        runs: list[float] = []
        memory: dict[str, Any] = {}
        for number in range(place.pick(3, 1, 1)):
            rate, memory = _once(place, settled, events, late, max_events, events // 2)
            place.say(f"watch: run {number}, one worker killed: {rate:,.0f} events/s")
            runs.append(rate)
    detail = {"events": events, "remedies": len(late), "lost": 0, "wrong": 0, "doubled": 0, "max_events": max_events,
              "lease_s": LEASE_S, "warm_up_without_kill": round(whole), **memory}  # fmt: skip
    what = "bare watch, two workers, one killed and started again"
    return [median_row("watch", what, "events/s", runs, reach=250_000, aim=440_000, detail=detail)]


def _once(
    place: Place, settled: datetime, events: int, late: set[str], max_events: int, kill_after: int | None = None
) -> tuple[float, dict[str, Any]]:
    with place.database("bench_watch", TEMPLATE) as url:
        duty = Duty(url, milestones.vocabulary, milestones.catalogue, PARTITIONS // WORKERS, max_events, LEASE_S)
        took_s, memory = run_until(duty, WORKERS, settled, kill_after=kill_after)
        with connect(url) as connection:
            check(connection, late)
    return events / took_s, {"memory": [asdict(each) for each in memory]}


def check(connection: Connection[Any], late: set[str]) -> None:
    """Exactly the late orders are paid, each once. Raises BenchError."""
    paid = [key for (key,) in connection.execute("SELECT key FROM remedy WHERE state = 'accrued'").fetchall()]
    lost, wrong, doubled = len(late - set(paid)), len(set(paid) - late), len(paid) - len(set(paid))
    if lost or wrong or doubled:
        raise BenchError(f"of {len(late)} remedies {lost} are lost, {wrong} wrong and {doubled} doubled")
