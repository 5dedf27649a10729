"""The step: committed inbox rows to committed findings, postings and outbox, with two workers."""

from __future__ import annotations

import gc
import time
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any

from psycopg import Connection

from bench.crew import Duty, drive, run_until
from bench.filling import fill
from bench.machine import wal_bytes
from bench.place import BenchError, Place, install
from bench.row import Row, median_row
from goldline.core.database import connect
from goldline.core.engine import Engine
from goldline.core.policy.pack import load
from goldline.core.policy.published import load_published
from goldline.market.demo.market import Market
from goldline.market.demo.truth import truth
from goldline.market.events import catalogue
from goldline.market.vocabulary import vocabulary

PARTITIONS = 2
WORKERS = 2
ROW_EVENTS = 1_000
SETTLED = timedelta(days=150)  # after the origin, when every promise of the market has been decided
TEMPLATE = "bench_step_filled"


def run(place: Place) -> list[Row]:
    """Warm up once, then take the median; each run starts from a copy of the same filled database."""
    orders, days, runs = place.pick((30_000, 4, 3), (10_000, 2, 1), (200, 1, 1))
    market = Market(seed=7, orders_per_day=orders, days=days, start=date(2026, 6, 8), merchants=500)
    with place.database(TEMPLATE) as url:
        place.say("step: filling the inbox")
        events, detail = _prepare(url, market)
        rates: list[float] = []
        last: dict[str, Any] = {}
        warm = place.pick(1, 1, 0)
        for number in range(runs + warm):
            last = _once(place, market, events)
            place.say(f"step: run {number}: {last['rate']:,.0f} events/s")
            rates.append(last["rate"])
    peak = max(each.peak_rss_mib for each in last["memory"])
    detail |= {"events": events, "orders": market.orders, **last["written"]}
    return [
        median_row(
            "step", "step, demo pack (9 promises), two workers", "events/s", rates[warm:],
            reach=75_000, aim=150_000, detail=detail,
        ),
        Row(
            "step-memory", "memory of a worker in it (peak RSS)", peak, "MiB", 400, 200, "less",
            detail={"workers": [asdict(each) for each in last["memory"]]},
        ),
    ]  # fmt: skip


def _prepare(url: str, market: Market) -> tuple[int, dict[str, Any]]:
    """Fill the template; what decoding and staging alone cost."""
    install(url, vocabulary(), load("demo", vocabulary()), PARTITIONS, market.origin)
    with connect(url) as connection:
        events = fill(connection, market.timed(ROW_EVENTS * PARTITIONS), PARTITIONS)
        drive(connection, market.origin + SETTLED)
        detail = _alone(connection)
        vacuum(connection)
    return events, detail


def vacuum(connection: Connection[Any]) -> None:
    """As an inbox that has stood a while: otherwise the first reader pays for marking what is committed."""
    connection.commit()
    connection.autocommit = True
    connection.execute("VACUUM ANALYZE inbox")


def _alone(connection: Connection[Any]) -> dict[str, Any]:
    """Microseconds an event of decoding JSON and of staging what was decoded, in this process."""
    engine = Engine(vocabulary(), catalogue(), load_published(connection, vocabulary()))
    rows = connection.execute("SELECT id, body FROM inbox ORDER BY id LIMIT 100").fetchall()
    engine.hear(event for _, body in rows for event in engine.decoder.decode(body))
    gc.disable()
    try:
        begun = time.perf_counter()
        decoded = [(number, engine.decoder.decode(body)) for number, body in rows]
        staging = time.perf_counter()
        stages = engine.stager.stages()
        for number, events in decoded:
            engine.stager.stage(events, number, stages)
        ended = time.perf_counter()
    finally:
        gc.enable()
    count = sum(len(events) for _, events in decoded)
    decode_us, stage_us = (staging - begun) / count * 1e6, (ended - staging) / count * 1e6
    return {"decode_us_per_event": round(decode_us, 2), "stage_us_per_event": round(stage_us, 2)}


def _once(place: Place, market: Market, events: int) -> dict[str, Any]:
    with place.database("bench_step", TEMPLATE) as url:
        with connect(url) as connection:
            log = wal_bytes(connection)
        duty = Duty(url, vocabulary, catalogue, PARTITIONS // WORKERS)
        took_s, memory = run_until(duty, WORKERS, market.origin + SETTLED)
        with connect(url) as connection:
            written = counts(connection)
            written["log_bytes_per_event"] = (wal_bytes(connection) - log) // events
            check(connection, market)
    return {"rate": events / took_s, "memory": memory, "written": written}


def counts(connection: Connection[Any]) -> dict[str, int]:
    """Rows of each table that a step writes, and writes of fact rows."""
    tables = ("finding", "remedy", "posting", "outbox")
    found = {table: connection.execute(f"SELECT count(*) FROM {table}").fetchone() for table in tables}
    connection.execute("SELECT pg_stat_clear_snapshot()")
    writes = connection.execute(
        "SELECT coalesce(sum(n_tup_ins + n_tup_upd), 0)::bigint FROM pg_stat_user_tables WHERE relname LIKE 'fact_%'"
    ).fetchone()
    return {
        **{f"{table} rows": row[0] for table, row in found.items() if row},
        "fact row writes": writes[0] if writes else 0,
    }


def check(connection: Connection[Any], market: Market) -> None:
    """The verdicts must be those the market knows to be true. Raises BenchError."""
    rows = connection.execute("SELECT policy, state::text, sum(subjects)::bigint FROM tally GROUP BY 1, 2").fetchall()
    judged = {(policy.replace("+1", "+48h"), state): subjects for policy, state, subjects in rows if subjects}
    letters = {"kept": "k", "broken": "b", "excused": "e", "pending": "p"}
    known = {
        (policy, letters[word]): count
        for policy, verdicts in truth(market).counts().items()
        for word, count in verdicts.items()
        if word in letters and count
    }
    wrong = sorted(set(judged.items()) ^ set(known.items()))
    if wrong:
        raise BenchError(f"the step judged otherwise than the market knows: {wrong[:6]}")
