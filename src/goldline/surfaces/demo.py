"""`goldline demo`: a made-up marketplace, live in the browser, with time running fast.

It has a database of its own, made anew at every start, so that it never mixes with a real record. A few days are
played at once; then the clock runs at `speed` times ours, and events arrive as it passes them.
"""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from types import FrameType
from typing import Any, Final, NoReturn

from fasteners import InterProcessLock
from psycopg import Connection
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from goldline.core.clock import stored_now
from goldline.core.database import Server, connect
from goldline.core.engine import Engine
from goldline.core.errors import GoldlineError
from goldline.core.inbox import Intake
from goldline.core.outbox.dispatch import Dispatcher
from goldline.core.outbox.provider import LedgerProvider
from goldline.core.partition import claim, release
from goldline.core.policy.pack import Pack, load
from goldline.core.policy.published import load_published, publish
from goldline.core.schema import install
from goldline.core.settings import settings
from goldline.core.step import LEASE_S, prepare, step
from goldline.core.worker import run as work
from goldline.market.demo.market import Batch, Market
from goldline.market.events import catalogue
from goldline.market.vocabulary import vocabulary

PARTITIONS: Final = 4  # as many as the settings say where nobody says otherwise
PLAYED_DAYS: Final = 4
MARKET_DAYS: Final = 60
ORDERS_PER_DAY: Final = 3_000
TICK_S: Final = 0.25
SIZE: Final = 100
CHUNK: Final = 4_000
PACK: Final = "showcase"
SHOP_LEAST_ORDERS: Final = 30

console = Console(stderr=True)


def run(*, port: int, speed: float = 300.0, pack: str = PACK) -> None:
    """Play the first days by the rules of `pack`, open the pages on `port`, and go on until interrupted."""
    rules = load(pack, vocabulary())  # before anything is made anew
    # Before anything reads the settings: links and forms must name where these pages are.
    os.environ["GOLDLINE_PUBLIC_URL"] = f"http://127.0.0.1:{port}"
    signal.signal(signal.SIGTERM, _interrupted)
    home = settings().home / "demo"
    with _alone(home), Server(directory=home) as server, connect(server.url, application="goldline demo") as connection:
        market = _prepare(connection, rules)
        batches = market.timed(SIZE)
        late = _play(connection, server.url, batches, market.origin + timedelta(days=PLAYED_DAYS))
        with _beside(server.url, port):
            _welcome(connection, server.url, port, speed)
            _live(connection, batches, late, speed)


def _interrupted(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """Make the demo's directory anew; refuse while another demo lives in it."""
    home.parent.mkdir(parents=True, exist_ok=True)
    lock = InterProcessLock(home.with_suffix(".lock"))
    if not lock.acquire(blocking=False):
        raise GoldlineError(
            f"A demo is running already in {home}.",
            code="demo_running",
            hint="End it with Ctrl-C, or set GOLDLINE_HOME to another directory.",
        )
    try:
        shutil.rmtree(home, ignore_errors=True)
        yield
    finally:
        lock.release()


def _prepare(connection: Connection[Any], rules: Pack) -> Market:
    install(connection, vocabulary(), PARTITIONS)
    start = datetime.now(UTC).date() - timedelta(days=PLAYED_DAYS)
    market = Market(seed=8, orders_per_day=ORDERS_PER_DAY, days=MARKET_DAYS, start=start)
    _set_clock(connection, market.origin)
    publish(connection, rules, vocabulary(), market.origin, by="demo")
    connection.commit()
    return market


def _set_clock(connection: Connection[Any], at: datetime) -> None:
    connection.execute(
        "INSERT INTO driven_clock (at) VALUES (%s) ON CONFLICT (one) DO UPDATE SET at = excluded.at", (at,)
    )
    connection.commit()


@contextmanager
def _beside(url: str, port: int) -> Iterator[None]:
    """The worker, the dispatcher and the pages, each a process, for as long as the demo runs."""
    context = multiprocessing.get_context("spawn")
    parts = [
        context.Process(target=_judge, args=(url,), name="worker"),
        context.Process(target=_dispatch, args=(url,), name="dispatcher"),
        context.Process(target=_serve, args=(url, port), name="pages"),
    ]
    for part in parts:
        part.start()
    try:
        yield
    finally:
        _stop(parts)


def _stop(parts: list[Any]) -> None:
    for part in parts:
        part.terminate()
    for part in parts:
        part.join(10)


def _judge(url: str) -> None:
    work(url, vocabulary(), catalogue)


def _dispatch(url: str) -> None:
    """Payouts are paid as store credit in Goldline's own books: the demo has no provider."""
    stop = Event()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    with connect(url, autocommit=True) as clock, Dispatcher(url, {"*": LedgerProvider()}) as dispatcher:
        dispatcher.run(lambda: stored_now(clock), stop)


def _serve(url: str, port: int) -> None:
    from goldline.surfaces.web.serve import run as serve

    serve(url, port=port)


def _play(connection: Connection[Any], url: str, batches: Iterator[Batch], until: datetime) -> Batch:
    """Take in and judge the first days, a little at a time, so that each breach is found at its hour.

    Returns the batch that lies beyond them.
    """
    columns = (TextColumn("playing the first days"), BarColumn(), TextColumn("{task.fields[at]:%Y-%m-%d %H:%M}"))
    with Progress(*columns, TimeElapsedColumn(), console=console) as progress, _judging(url) as judge:
        intake = Intake(catalogue(), PARTITIONS)
        begin = stored_now(connection)
        task = progress.add_task("", total=(until - begin).total_seconds(), at=begin)
        waiting: list[bytes] = []
        for batch in batches:
            at = min(batch.until, until)
            if len(waiting) >= CHUNK or batch.until > until:
                _take(connection, intake, waiting, at)
                judge(at)
                waiting = []
                progress.update(task, completed=(at - begin).total_seconds(), at=at)
            if batch.until > until:
                return batch
            waiting += batch.events
    raise GoldlineError("The made-up market ended before its first days did.", code="demo_short")


@contextmanager
def _judging(url: str) -> Iterator[Callable[[datetime], None]]:
    """Steps every partition and sends what is due, at a given time."""
    with (
        connect(url, application="goldline demo") as connection,
        Dispatcher(url, {"*": LedgerProvider()}) as dispatcher,
    ):
        engine = Engine(vocabulary(), catalogue(), load_published(connection, vocabulary()))
        prepare(connection, engine)
        leases = claim(connection, "demo", LEASE_S, PARTITIONS)

        def judge(at: datetime) -> None:
            for lease in leases:
                while not step(connection, engine, lease, as_of=at).drained:
                    pass
            dispatcher.run_until_idle(at)

        yield judge
        for lease in leases:
            release(connection, lease)


def _take(connection: Connection[Any], intake: Intake, events: list[bytes], at: datetime) -> None:
    """Accept events and commit, and only then let the clock pass them."""
    if events:
        intake.accept(connection, events, "demo")
        connection.commit()
    _set_clock(connection, at)


def _live(connection: Connection[Any], batches: Iterator[Batch], upcoming: Batch, speed: float) -> None:
    intake = Intake(catalogue(), PARTITIONS)
    origin, started = stored_now(connection), time.monotonic()
    while True:
        time.sleep(TICK_S)
        now = origin + timedelta(seconds=(time.monotonic() - started) * speed)
        events: list[bytes] = []
        while upcoming.until <= now:
            events += upcoming.events
            following = next(batches, None)
            if following is None:
                return
            upcoming = following
        _take(connection, intake, events, now)


def _welcome(connection: Connection[Any], url: str, port: int, speed: float) -> None:
    from goldline.surfaces.hall.link import link_for
    from goldline.surfaces.web import engine
    from goldline.surfaces.web.operator import create_operator

    engine.use(url)
    operator = create_operator("demo")
    order = _paid_order(connection)
    page = f"http://127.0.0.1:{port}"
    console.print(f"\n[bold]Goldline is keeping promises[/bold] (time runs {speed:g} times as fast as ours)\n")
    console.print(f"  operator's console   {page}/console/   name demo   password {operator.password}", soft_wrap=True)
    if order is not None:
        console.print(f"  a consumer's page    {link_for(order)}", soft_wrap=True)
    shop = _busy_shop(connection)
    if shop is not None:
        owner = create_operator("shop", role="merchant", account=f"merchant:{shop}")
        signing = f"name shop   password {owner.password}"
        console.print(f"  a merchant's page    {page}/workbench/   {signing}", soft_wrap=True)
    console.print(f"  other terminals      export DATABASE_URL='{url}'", soft_wrap=True)
    if order is not None:
        console.print(f"                       goldline explain {order}", soft_wrap=True)
    console.print("\n  Ctrl-C ends it.\n")


def _busy_shop(connection: Connection[Any]) -> str | None:
    """Of the merchants with some orders, the one that breaks most promises an order."""
    row = connection.execute(
        "SELECT o.merchant_id FROM fact_order o LEFT JOIN finding f ON f.key = o.key AND f.status = 'standing'"
        " WHERE o.merchant_id IS NOT NULL GROUP BY o.merchant_id HAVING count(DISTINCT o.key) >= %s"
        " ORDER BY count(f.id)::numeric / count(DISTINCT o.key) DESC, o.merchant_id LIMIT 1",
        [SHOP_LEAST_ORDERS],
    ).fetchone()
    connection.commit()
    return str(row[0]) if row else None


def _paid_order(connection: Connection[Any]) -> str | None:
    """An order on its way whose promise was broken and made good."""
    row = connection.execute(
        "SELECT r.key FROM remedy r JOIN fact_order f ON f.key = r.key WHERE r.state = 'paid'"
        " ORDER BY f.delivered_at IS NOT NULL, r.amount_minor DESC, r.key LIMIT 1"
    ).fetchone()
    connection.commit()
    return str(row[0]) if row else None
