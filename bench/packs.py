"""What a whole rule book costs the step: the full `douyin` pack against its first eight policies, in one run.

Both judge the same inbox, in turn, so that what else the machine does weighs on both alike; what the first eight decide
must be the same in both. The clock goes with the events and stops a day after the last. What the calendar alone costs
afterwards, with rules that look at the quiet days of a shop too, hangs on shops and days, not on events: it is measured
apart.
"""

from __future__ import annotations

import statistics
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any, Final

from psycopg import Connection

from bench.crew import Duty, drive, run_until
from bench.filling import fill
from bench.place import BenchError, Place, install_tables
from bench.row import Row, median_row
from bench.step import ROW_EVENTS, counts, vacuum
from goldline.core.database import connect
from goldline.core.policy.pack import Pack, load
from goldline.core.policy.published import publish
from goldline.market.demo.market import Market
from goldline.market.events import catalogue
from goldline.market.vocabulary import vocabulary

NAME: Final = "douyin"
FIRST: Final = 8
PARTITIONS: Final = 2
WORKERS: Final = 2
TEMPLATE: Final = "bench_packs_filled"
AFTER: Final = timedelta(days=1)
QUIET: Final = timedelta(days=14)
Tally = list[tuple[Any, ...]]


def run(place: Place) -> list[Row]:
    """The two rates, and what part of the one is left by the other."""
    orders, days, runs = place.pick((15_000, 4, 3), (10_000, 2, 2), (200, 1, 1))
    # After 10 August 2026, when the figures that were published last are in force.
    market = Market(seed=7, orders_per_day=orders, days=days, start=date(2026, 8, 17), merchants=500)
    full = load(NAME, vocabulary())
    packs = {"first": first(full, FIRST), "full": full}
    rates: dict[str, list[float]] = {name: [] for name in packs}
    tallies: dict[str, Tally] = {}
    written: dict[str, dict[str, int]] = {}
    quiet: list[float] = []
    with place.database(TEMPLATE) as url:
        place.say("packs: filling the inbox")
        events, until = _prepare(url, market)
        for number in range(runs + place.pick(1, 1, 0)):
            for name, pack in packs.items():
                with place.database("bench_packs", TEMPLATE) as copy:
                    rate, tallies[name], written[name] = _once(copy, market, pack, events, until)
                    place.say(f"packs: run {number}, {name}: {rate:,.0f} events/s")
                    rates[name].append(rate)
                    if name == "full":
                        quiet.append(_quiet(copy, until))
    _check(tallies)
    kept = {name: measured[place.pick(1, 1, 0) :] for name, measured in rates.items()}
    detail = {"events": events, "orders": market.orders}
    sizes = {name: f"{len({p.policy for p in pack.promises})} policies" for name, pack in packs.items()}
    share = statistics.median(kept["full"]) / statistics.median(kept["first"])
    return [
        median_row(f"packs-{name}", f"step, {NAME} pack, {sizes[name]}, two workers", "events/s", kept[name],
                   detail=detail | {"policies": sizes[name], **written[name]})
        for name in packs
    ] + [
        Row("packs", f"of its speed with {FIRST} policies, the step keeps with all", round(100 * share, 1), "%", 50, 75,
            runs=tuple(100 * one / other for one, other in zip(kept["full"], kept["first"], strict=True))),
        median_row("packs-quiet", f"quiet days of shops and carriers opened and judged, {NAME} pack", "days/s",
                   quiet[place.pick(1, 1, 0) :]),
    ]  # fmt: skip


def first(pack: Pack, count: int) -> Pack:
    """The pack with its first policies alone, in the order they are written."""
    ids = list(dict.fromkeys(promise.policy for promise in pack.promises))[:count]
    chosen = [(p, b) for p, b in zip(pack.promises, pack.bodies, strict=True) if p.policy in ids]
    return replace(pack, promises=tuple(p for p, _ in chosen), bodies=tuple(b for _, b in chosen))


def _prepare(url: str, market: Market) -> tuple[int, datetime]:
    """Fill the template; how many events there are, and until when to judge them."""
    install_tables(url, vocabulary(), PARTITIONS)
    with connect(url) as connection:
        events = fill(connection, market.timed(ROW_EVENTS * PARTITIONS), PARTITIONS)
        ((last,),) = connection.execute("SELECT max(received_at) FROM inbox").fetchall()
        drive(connection, last + AFTER)
        vacuum(connection)
    return events, last + AFTER


def _once(url: str, market: Market, pack: Pack, events: int, until: datetime) -> tuple[float, Tally, dict[str, int]]:
    with connect(url) as connection:
        publish(connection, pack, vocabulary(), market.origin - timedelta(days=1))
        connection.commit()
    took_s, _ = run_until(_duty(url), WORKERS, until, done=_counted)
    with connect(url) as connection:
        return events / took_s, _tally(connection), counts(connection)


def _duty(url: str) -> Duty:
    return Duty(url, vocabulary, catalogue, PARTITIONS // WORKERS)


def _quiet(url: str, until: datetime) -> float:
    """Days a second while the clock goes over two weeks without events."""
    with connect(url) as connection:
        before = _days(connection)
        drive(connection, until + QUIET)
    took_s, _ = run_until(_duty(url), WORKERS, until + QUIET, done=lambda each: _opened(each, until + QUIET))
    with connect(url) as connection:
        return (_days(connection) - before) / took_s


def _counted(connection: Connection[Any]) -> bool:
    """Whether no difference waits to be added to its day."""
    waiting = " OR ".join(f"EXISTS (SELECT FROM delta_{each.kind})" for each in vocabulary().aggregates)
    ((more,),) = connection.execute(f"SELECT {waiting}".encode()).fetchall()
    connection.commit()
    return not more


def _opened(connection: Connection[Any], at: datetime) -> bool:
    """Whether every shop and carrier has its day of `at`, wherever it is, and all is counted."""
    last = " UNION ALL ".join(
        f"SELECT max(day) AS day FROM fact_{kind} GROUP BY owner" for kind in ("merchant_day", "carrier_day")
    )
    today = "(%s::timestamptz AT TIME ZONE 'UTC' - interval '12 hours')::date"
    ((behind,),) = connection.execute(
        f"SELECT EXISTS (SELECT FROM ({last}) d WHERE d.day < {today})".encode(), (at,)
    ).fetchall()
    connection.commit()
    return not behind and _counted(connection)


def _days(connection: Connection[Any]) -> int:
    ((days,),) = connection.execute(
        "SELECT (SELECT count(*) FROM fact_merchant_day) + (SELECT count(*) FROM fact_carrier_day)"
    ).fetchall()
    return int(days)


def _tally(connection: Connection[Any]) -> Tally:
    return connection.execute(
        "SELECT policy, state::text, sum(subjects)::bigint FROM tally GROUP BY 1, 2 HAVING sum(subjects) > 0"
        " ORDER BY 1, 2"
    ).fetchall()


def _check(tallies: dict[str, Tally]) -> None:
    """What the first policies decide does not hang on the others. Raises BenchError."""
    known = {policy for policy, _, _ in tallies["first"]}
    wrong = set(tallies["first"]) ^ {row for row in tallies["full"] if row[0] in known}
    if wrong or not known:
        raise BenchError(f"the full pack judged otherwise than its first policies: {sorted(wrong)[:6]}")
