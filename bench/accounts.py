"""Accounts: the rules, ladders, gates and scores of every merchant worked out anew, with a month of orders behind them.

The days are loaded as counting would have left them, so that the figure is of working out and not of loading; what it
costs to count them from order rows is measured beside it, on a sample.
"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable
from datetime import date, timedelta
from multiprocessing.synchronize import Barrier
from typing import Any

from psycopg import Connection

from bench import shops, standing
from bench.place import BenchError, Place, install
from bench.row import Row
from goldline.core.account.docket import MOST_ACCOUNTS, release, settle
from goldline.core.account.standing import keep
from goldline.core.database import connect
from goldline.core.engine import Engine
from goldline.core.facts.daybook import rebuild
from goldline.core.partition import claim
from goldline.core.policy.pack import load
from goldline.core.policy.published import load_published
from goldline.core.step import prepare, step
from goldline.market.events import catalogue
from goldline.market.merchantday import MerchantDay
from goldline.market.vocabulary import vocabulary

PARTITIONS = 2
READY_WITHIN_S = 60.0
LAST = date(2026, 5, 31)
AT = shops.end_of(LAST, timedelta(hours=20))  # every rule without a longer grace is judged then
LATER = shops.end_of(LAST, timedelta(hours=52))  # and then those that wait for late shipment


def run(place: Place) -> list[Row]:
    """All sizes in one run, the largest first row; then how cost grows, and what counting from rows costs."""
    sizes, orders = place.pick(
        ((25_000, 50_000, 100_000), 2_000_000), ((5_000, 10_000, 20_000), 200_000), ((100, 200), 500)
    )
    took = {merchants: _measure(place, merchants) for merchants in sizes}
    least, most = sizes[0], sizes[-1]
    totals = {merchants: sum(phases.values()) for merchants, phases in took.items()}
    ratio = (totals[most] / most) / (totals[least] / least)
    behind = most * shops.ORDERS_A_DAY * 30
    what = f"accounts: {most:,} merchants worked out anew, over {behind:,} orders"
    detail = {
        f"at {merchants:,}": {name: round(s, 2) for name, s in phases.items()} for merchants, phases in took.items()
    }
    grown = {f"at {merchants:,}": f"{total / merchants * 1e6:.0f} us a merchant" for merchants, total in totals.items()}
    return [
        Row("accounts", what, totals[most], "s", 60.0, 30.0, "less", detail=detail),
        Row("accounts-growth", f"accounts: cost of a merchant at {most:,} against {least:,}", ratio, "times", 1.3, 1.1,
            "less", detail=grown),
        _recount(place, orders),
    ]  # fmt: skip


def _measure(place: Place, merchants: int) -> dict[str, float]:
    with place.database("bench_accounts") as url:
        install(url, vocabulary(), load("baseline", vocabulary()), PARTITIONS, AT)
        place.say(f"accounts: loading {merchants:,} merchants")
        shops.load(url, merchants, LAST, PARTITIONS)
        shops.look_again(url, LAST)
        place.checkpoint()
        phases = {"rules": _together(_judge, url), "ladders and gates": _together(_settle, url),
                  "scores": _together(_score, url)}  # fmt: skip
        _check(url, merchants)
        place.say(f"accounts: {merchants:,} merchants: " + ", ".join(f"{k} {v:.1f} s" for k, v in phases.items()))
    return phases


Work = Callable[[str, int, Barrier], None]


def _together(work: Work, url: str) -> float:
    """A process a partition; the seconds from when all are ready to when all have done."""
    context = multiprocessing.get_context("spawn")
    ready = context.Barrier(PARTITIONS + 1)
    members = [context.Process(target=work, args=(url, number, ready)) for number in range(PARTITIONS)]
    for member in members:
        member.start()
    ready.wait(READY_WITHIN_S)
    begun = time.perf_counter()
    for member in members:
        member.join()
    if any(member.exitcode for member in members):
        raise BenchError("a process failed")
    return time.perf_counter() - begun


def _engine(connection: Connection[Any]) -> Engine:
    words = vocabulary()
    engine = Engine(words, catalogue(), load_published(connection, words))
    connection.commit()
    prepare(connection, engine)
    return engine


def _judge(url: str, partition: int, ready: Barrier) -> None:
    with connect(url) as connection:
        engine = _engine(connection)
        engine.programs(partition)
        (lease,) = claim(connection, f"bench-{partition}", 600, 1, (partition,))
        ready.wait()
        while not step(connection, engine, lease, as_of=LATER).drained:
            pass


def _settle(url: str, partition: int, ready: Barrier) -> None:
    with connect(url) as connection:
        engine = _engine(connection)
        ready.wait()
        while settle(connection, engine.vocabulary, engine.ruleset, LATER) >= MOST_ACCOUNTS:
            pass
        if partition == 0:
            release(connection, engine.vocabulary, engine.ruleset, LATER)


def _score(url: str, _partition: int, ready: Barrier) -> None:
    with connect(url) as connection:
        engine = _engine(connection)
        ready.wait()
        keep(connection, engine.vocabulary, engine.ruleset, AT, again=False)


def _check(url: str, merchants: int) -> None:
    """Everybody scored, those out of stock found and sanctioned, nobody else."""
    bad = -(-merchants // shops.BAD_ONE_IN)
    with connect(url) as connection:
        (scored, levels), *_ = connection.execute("SELECT count(*), count(DISTINCT score) FROM standing").fetchall()
        (found, acted), *_ = connection.execute(
            "SELECT (SELECT count(*) FROM finding WHERE policy = 'baseline.out-of-stock-day'),"
            " (SELECT count(DISTINCT account) FROM sanction)"
        ).fetchall()
        (waiting,), *_ = connection.execute("SELECT count(*) FROM account_due").fetchall()
    if (scored, found, acted, waiting) != (merchants, bad, bad, 0) or levels < min(merchants // 10, 50):
        raise BenchError(f"{scored} scored ({levels} levels), {found} found, {acted} sanctioned, {waiting} waiting")


def _recount(place: Place, orders: int) -> Row:
    """Counting every day again from order rows, as after a change of what is counted."""
    with place.database("bench_recount") as url:
        install(url, vocabulary(), load("demo", vocabulary()), PARTITIONS, AT)
        place.say(f"accounts: loading {orders:,} orders to count")
        standing.load(url, orders, standing.shipped(AT), PARTITIONS)
        place.checkpoint()
        words = vocabulary()
        with connect(url) as connection, connection.transaction():
            connection.execute("SET LOCAL work_mem = '256MB'")
            begun = time.perf_counter()
            days = rebuild(connection, words, MerchantDay, judged=False)
            took_s = time.perf_counter() - begun
    what = f"accounts: {orders:,} orders counted again into {days:,} days of merchants"
    return Row("accounts-recount", what, orders / took_s, "orders/s", detail={"seconds": round(took_s, 1)})
