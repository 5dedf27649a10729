"""Decisions asked for over HTTP at a steady rate, whatever the answers take, while millions of orders stand.

Every request is another order's: most buyers have a history, one in ten buys by linked accounts, and all draw on one
budget and one breaker, so that any row they would fight over shows in the tail.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import numpy as np

from bench.place import BenchError, Place, install
from bench.rate import Request, answered_at
from bench.row import Row
from bench.site import site
from bench.standing import fresh, load, order_id, stamp_of
from goldline.core.database import connect
from goldline.core.policy.pack import load as pack
from goldline.market.consumer import Consumer
from goldline.market.vocabulary import vocabulary

PARTITIONS = 2
RATE = 500
LINKED_ONE_IN = 10


def run(place: Place) -> list[Row]:
    """Load the orders, serve, and ask for refunds at random."""
    orders, seconds = place.pick((5_000_000, 30.0), (300_000, 8.0), (2_000, 0.5))
    with place.database("bench_decision") as url:
        place.say(f"decision: loading {orders:,} orders")
        _load(url, orders)
        place.checkpoint()
        with site(place, url) as where:
            asked = [_request(order) for order in _asked(orders, seconds * 1.2)]
            warm = answered_at(where, asked[: int(RATE * seconds / 6)], RATE / 5)
            place.say(f"decision: {RATE} requests/s for {seconds:.0f} s, after {len(warm):,} to warm up")
            took_ms = answered_at(where, asked[len(warm) :][: int(RATE * seconds)], RATE) * 1e3
        with connect(url) as connection:
            _check(connection, len(took_ms) + len(warm))
            answers = dict(connection.execute("SELECT answer, count(*) FROM decision GROUP BY 1").fetchall())
    p50, p99 = np.percentile(took_ms, [50, 99])
    detail = {"p50_ms": float(p50), "most_ms": float(took_ms.max()), "requests": len(took_ms),
              "orders_standing": orders, "answers": answers}  # fmt: skip
    what = f"one decision over HTTP, p99 at {RATE} requests/s"
    return [Row("decision", what, float(p99), "ms", 20, 10, "less", detail=detail)]


def _load(url: str, orders: int) -> None:
    at = datetime.now(UTC)
    install(url, vocabulary(), pack("baseline", vocabulary()), PARTITIONS, at)
    load(url, orders, fresh(at), PARTITIONS)
    with connect(url) as connection:
        group = stamp_of(Consumer, "group_id")
        connection.execute(
            f"INSERT INTO fact_consumer (partition, key, linked_at, group_id, {group})"
            f" SELECT mod(crc32(convert_to('c' || n, 'UTF8')), {PARTITIONS}), 'c' || n, %s, 'g' || n / 3,"
            " md5('g' || n)::uuid FROM generate_series(0::bigint, %s) n WHERE n / 3 %% %s = 0",
            (at - timedelta(days=30), orders // 3, LINKED_ONE_IN),
        )
        connection.execute(
            "INSERT INTO fact_merchant_day (partition, key, owner, day, orders_paid, orders_refund_asked)"
            f" SELECT mod(crc32(convert_to(m.owner, 'UTF8')), {PARTITIONS}), m.owner || '|' || m.day, m.owner, m.day,"
            " m.paid, m.asked FROM (SELECT merchant_id AS owner, (paid_at AT TIME ZONE zone)::date AS day,"
            " count(*) AS paid, count(refund_asked_at) AS asked FROM fact_order GROUP BY 1, 2) m"
        )
        # Limits that all draw on and nobody reaches.
        connection.execute(
            "UPDATE policy_version SET body = jsonb_set(jsonb_set(body, '{parameters,instant-budget,value}',"
            " '1000000000'), '{parameters,instant-breaker,value}', '1000000000') WHERE kind = 'decision'"
        )
        connection.commit()
    with connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


def _asked(orders: int, seconds: float) -> list[str]:
    """Orders to ask about, no two alike: bought yesterday, not sent yet."""
    random = np.random.default_rng(17)
    unsent = np.arange(0, orders, 5)
    chosen = random.permutation(unsent)[: int(RATE * seconds) + 1]
    if len(chosen) < min(int(RATE * seconds), orders // 5):
        raise BenchError("there are too few orders to ask about")
    return [order_id(int(number)) for number in chosen]


def _request(order: str) -> Request:
    body = json.dumps({"refund_id": f"r-{order}", "amount_minor": 1000, "currency": "CNY"})
    return Request(f"/v1/orders/{order}/decisions/instant-refund", body)


def _check(connection: object, asked: int) -> None:
    """Every request is written down once, and what was granted is what was drawn."""
    from psycopg import Connection

    assert isinstance(connection, Connection)
    row = connection.execute(
        "SELECT count(*), count(*) FILTER (WHERE spent_minor > 0), coalesce(sum(spent_minor), 0),"
        " (SELECT coalesce(sum(spent_minor), 0) FROM exposure),"
        " (SELECT coalesce(max(limit_minor) - sum(left_minor), 0) FROM allowance WHERE kind = 'budget'),"
        " (SELECT count(*) FROM inbox WHERE via LIKE 'decision:%') FROM decision"
    ).fetchone()
    assert row is not None
    count, granted, spent, exposed, drawn, told = row
    if not count == told == asked or not spent == exposed == drawn or granted < count / 2:
        raise BenchError(f"{asked} asked, {count} decided, {told} told, {granted} granted; {spent}, {exposed}, {drawn}")
