"""The audit trail: what a record adds to the change that makes it, and how fast a chain is verified."""

from __future__ import annotations

import statistics
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from psycopg import Connection

from bench.place import BenchError, Place, install
from bench.row import Row
from goldline.core import audit
from goldline.core.database import connect
from goldline.core.ledger.clearing import release_held
from goldline.core.policy.pack import load
from goldline.market.vocabulary import vocabulary

NOW = datetime(2026, 8, 1, tzinfo=UTC)
OLGA = audit.Actor("operator", "olga")
ROUND = 1_000  # records appended in one transaction to fill a chain


def run(place: Place) -> list[Row]:
    """Release held remedies one at a time, recorded and not, in turns; then fill a chain and verify it."""
    releases, records = place.pick((1_000, 200_000), (300, 50_000), (8, 100))
    with place.database("bench_audit") as url:
        install(url, vocabulary(), load("demo", vocabulary()), 2, NOW)
        with connect(url) as connection:
            bare_s, recorded_s = _release(connection, releases)
            place.say(f"audit: a chain of {records:,} records")
            _fill(connection, records)
            began = time.perf_counter()
            seen = audit.verify(connection)
            took_s = time.perf_counter() - began
    if seen.fault is not None:
        raise BenchError(f"record {seen.fault.seq}: {seen.fault.what}")
    added_ms = max(recorded_s - bare_s, 1e-6) * 1e3
    detail = {"bare_ms": bare_s * 1e3, "recorded_ms": recorded_s * 1e3, "releases": releases}
    what = "audit trail verified, one process"
    return [
        Row("audit-append", "added to a release by its record", added_ms, "ms", 1, 0.5, "less", detail=detail),
        Row("audit-verify", what, seen.records / took_s, "records/s", 50_000, 80_000, "more",
            detail={"records": seen.records}),
    ]  # fmt: skip


def _release(connection: Connection[Any], count: int) -> tuple[float, float]:
    """Medians of a release without its record and with it, in seconds, each committed."""
    held = [uuid4() for _ in range(2 * count)]
    connection.cursor().executemany(
        "INSERT INTO remedy (partition, id, finding_id, policy, key, kind, payee, bearer, charged_to, asked_minor,"
        " amount_minor, currency, state, accrued_at) VALUES (0, %s, %s, 'demo.ship-by', 'o-1', 'coupon', 'consumer:c',"
        " 'merchant:m', 'merchant:m', 200, 200, 'CNY', 'held', %s)",
        [(each, each, NOW) for each in held],
    )
    connection.commit()
    took: dict[bool, list[float]] = {False: [], True: []}
    for number, each in enumerate(held):
        recorded = (number + number // 2) % 2 == 1  # in turns, and neither always first
        began = time.perf_counter()
        release_held(connection, [each], "olga", NOW)
        if recorded:
            detail = {"amounts": ["CNY 200"], "remedies": [str(each)], "let_go": 1}
            audit.record(connection, OLGA, "remedy.release", f"remedy:{each}", detail, NOW)
        connection.commit()
        took[recorded].append(time.perf_counter() - began)
    return statistics.median(took[False]), statistics.median(took[True])


def _fill(connection: Connection[Any], count: int) -> None:
    for number in range(count):
        at = NOW + timedelta(seconds=number)
        audit.record(connection, OLGA, "remedy.release", f"remedy:{number}", {"why": "checked", "n": number}, at)
        if number % ROUND == ROUND - 1:
            connection.commit()
    connection.commit()
