"""The scene of a fault test: one durable server, a database with rules, a provider with its own log, and a checker.

The clock is driven and stands after every deadline, and the events of an order come in one batch: so what is decided
does not hang on when a process happens to die, and a replay can be compared to the letter.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self
from uuid import UUID

import psutil
from psycopg import Connection

from goldline.core.database import connect
from goldline.core.inbox import Intake
from goldline.core.outbox.dispatch import Dispatcher
from goldline.core.outbox.provider import Lookup, NotFound, Paid, Payment, Payout
from goldline.core.policy.pack import Pack
from goldline.core.policy.published import publish
from goldline.market.events import catalogue
from goldline.market.vocabulary import vocabulary
from tests.checkers.checker import Report, check
from tests.checkers.replay import copy_inbox, differences
from tests.doubles.provider import FakeProvider, read_log
from tests.faults import process
from tests.faults.process import OUTAGE, Setting
from tests.laws.scenario import life, scan
from tests.laws.world import EARLY, END, World, demo_pack

LATER = timedelta(hours=1)
PATIENCE_S = 60.0


class Scene:
    """One database and everything that runs on it. A context manager; ends what it started."""

    def __init__(self, url: str, folder: Path, *, pack: Pack | None = None, ignore_keys: bool = False) -> None:
        self.url = url
        self.folder = folder
        self.log = folder / "processes.log"
        self.pack = pack or demo_pack(vocabulary(), limits=False)
        self.paid_log = folder / "payouts.ndjson"
        self.provider = FakeProvider(self.paid_log, ignore_keys=ignore_keys)
        self.sent: list[str] = []
        self.phases: list[int] = []
        self.processes: list[Any] = []
        with self.connect() as connection:
            publish(connection, self.pack, vocabulary(), EARLY)
            connection.execute("INSERT INTO driven_clock (at) VALUES (%s)", [END])

    def __enter__(self) -> Self:
        self.provider.__enter__()
        return self

    def __exit__(self, *fault: object) -> None:
        for each in self.processes:
            with suppress(ProcessLookupError, psutil.Error):
                each.kill()
            each.join(5)
        self.provider.__exit__(None, None, None)

    @contextmanager
    def connect(self) -> Iterator[Connection[Any]]:
        """A connection, committed at the end."""
        with connect(self.url) as connection:
            yield connection

    def value(self, query: str) -> Any:
        """The first value of a query."""
        with self.connect() as connection:
            row = connection.execute(query.encode()).fetchone()
        return row[0] if row else None

    def setting(self, **given: Any) -> Setting:
        """A setting of this scene."""
        return Setting(self.url, self.log, provider=self.provider.url, **given)

    def worker(self, **given: Any) -> Any:
        """Start a worker."""
        return self._started(process.start(process.work, self.setting(**given)))

    def dispatcher(self, **given: Any) -> Any:
        """Start a dispatcher."""
        return self._started(process.start(process.dispatch, self.setting(**given), END + LATER))

    def importer(self, path: Path, **given: Any) -> Any:
        """Start an import of a file."""
        return self._started(process.start(process.take_in, self.setting(**given), path, 2))

    def taker(self, ident: UUID, **given: Any) -> Any:
        """Start a mass overturning, or go on with one."""
        return self._started(process.start(process.take_back, self.setting(**given), ident, END + LATER))

    def sweeper(self, now: datetime, **given: Any) -> Any:
        """Start on the campaigns, or go on with them."""
        return self._started(process.start(process.sweep, self.setting(**given), now))

    def asker(self, order_ids: Sequence[str], **given: Any) -> Any:
        """Start a desk that is asked about these orders."""
        return self._started(process.start(process.ask, self.setting(**given), list(order_ids)))

    def _started(self, each: Any) -> Any:
        self.processes.append(each)
        return each

    def feed(self, events: Sequence[bytes], ids: Iterable[str] = ()) -> None:
        """Take events in from here, committed before it returns."""
        with self.connect() as connection:
            Intake(catalogue(), 2).accept(connection, events, "test")
        self.sent.extend(ids)

    def end_phase(self) -> None:
        """What comes after this is late: everything before it has been folded."""
        self.phases.append(int(self.value("SELECT coalesce(max(id), 0) FROM inbox")))

    def drain(self, *, pay: bool = True, webhooks: bool = False) -> None:
        """Let fresh processes finish everything that is left, and end them."""
        worker = self.worker(until_idle=False)
        dispatcher = self.dispatcher(webhooks=webhooks) if pay else None
        try:
            wait_for(self.folded, "the inbox to be folded", self.log)
            if pay:
                wait_for(lambda: self.settled(webhooks=webhooks), "everything to be sent", self.log)
        finally:
            for each in filter(None, (worker, dispatcher)):
                each.terminate()
                each.join(20)

    def folded(self) -> bool:
        """Whether nothing waits in the inbox, nor a wake that is due."""
        return not self.value("SELECT count(*) FROM inbox WHERE done_at IS NULL") and not self.value(
            "SELECT count(*) FROM wake, driven_clock WHERE wake_at <= at"
        )

    def settled(self, *, webhooks: bool = False) -> bool:
        """Whether every payout, and every webhook if they are sent, has its answer."""
        kinds = "'payout', 'webhook'" if webhooks else "'payout'"
        return not self.value(f"SELECT count(*) FROM outbox WHERE kind IN ({kinds}) AND state IN ('ready', 'unknown')")

    def report(self, fresh: str | None = None) -> Report:
        """What the checker says; with a replay into the database at `fresh`."""
        with self.connect() as connection:
            replay = None if fresh is None else lambda source: self._replayed(source, fresh)
            return check(connection, self.paid_log, self.sent or None, replay=replay)

    def paid(self) -> int:
        """How many payouts the provider's own log holds."""
        return len(read_log(self.paid_log))

    def _replayed(self, source: Connection[Any], fresh: str) -> Sequence[str]:
        with World(fresh, self.pack) as world:
            after = 0
            for until in [*self.phases, 2**62]:
                copy_inbox(source, world.connection, after, until)
                world.step(END)
                after = until
            with Dispatcher(fresh, {"*": Faithful()}, kinds=("payout",)) as dispatcher:
                dispatcher.run_until_idle(END + LATER)
            return differences(source, world.connection)


class Faithful:
    """A provider that pays everything under the references the fake one gives."""

    def pay(self, payout: Payout) -> Payment:
        """Paid."""
        return Paid(f"ref-{payout.key}")

    def lookup(self, key: str) -> Lookup:
        """Never seen."""
        return NotFound()


def orders(first: int, count: int) -> tuple[list[bytes], list[str]]:
    """The whole lives of some orders as events with ids of their own, and the ids."""
    events, ids = [], []
    for number in range(first, first + count):
        for index, (_, told) in enumerate(life(number)):
            ident = f"e{number}-{index}"
            events.append(renamed(told(f"s{number}p0"), ident))
            ids.append(ident)
    return events, ids


def late_news(first: int, count: int) -> tuple[list[bytes], list[str]]:
    """Proof, long after, that some orders had been picked up in good time."""
    ids = [f"late{number}" for number in range(first, first + count)]
    return [renamed(scan("picked_up", 5)(f"s{n}p0"), i) for n, i in enumerate(ids, first)], ids


def renamed(event: bytes, ident: str) -> bytes:
    """The same event under another id."""
    head, _, rest = event.partition(b'"id": "')
    return head + b'"id": "' + ident.encode() + b'"' + rest.partition(b'"')[2]


class Feeder(threading.Thread):
    """The outside world: sends batches of orders, again until they are acknowledged, and notes which were."""

    def __init__(self, scene: Scene, *, batch: int = 20, pause_s: float = 0.01) -> None:
        super().__init__(daemon=True)
        self.scene = scene
        self.batch = batch
        self.pause_s = pause_s
        self.number = 0
        self.unknown = 0
        self.ending = threading.Event()

    def run(self) -> None:
        """Send until told to end."""
        connection: Connection[Any] | None = None
        intake = Intake(catalogue(), 2)
        while not self.ending.is_set():
            events, ids = orders(self.number, self.batch)
            while True:
                try:
                    connection = connection or connect(self.scene.url)
                    intake.accept(connection, events, "load")
                    connection.commit()
                    break
                except OUTAGE:
                    self.unknown += 1
                    connection = None
                    time.sleep(0.05)
            self.scene.sent.extend(ids)
            self.number += self.batch
            time.sleep(self.pause_s)
        if connection is not None:
            connection.close()

    def end(self) -> None:
        """Finish the batch in hand."""
        self.ending.set()
        self.join(PATIENCE_S)


def wait_for(ready: Callable[[], bool], what: str, log: Path | None = None, most_s: float = PATIENCE_S) -> float:
    """Wait until something holds; the seconds it took. Fails with the end of the log when it takes too long."""
    began = time.monotonic()
    while True:
        with suppress(*OUTAGE):
            if ready():
                return time.monotonic() - began
        if time.monotonic() - began > most_s:
            tail = log.read_text(errors="replace")[-3_000:] if log and log.exists() else ""
            raise AssertionError(f"waited {most_s} s for {what}\n{tail}")
        time.sleep(0.03)


def in_work(scene: Scene, connection: Connection[Any], victim: Any, kind: str) -> bool:
    """Whether a process that has just been stopped is inside a transaction, or holds payouts it has not recorded."""
    if kind == "worker":
        query = (
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s AND xact_start IS NOT NULL"
            " AND datname = current_database()"
        )
        row = connection.execute(query, [f"goldline worker {victim.pid}"]).fetchone()
    else:
        query = "SELECT count(*) FROM outbox WHERE claimed_by IS NOT NULL AND state IN ('ready', 'unknown')"
        row = connection.execute(query).fetchone()
    connection.commit()
    return bool(row and row[0])


def seeded(seed: int) -> random.Random:
    """Chance that can be had again."""
    return random.Random(seed)
