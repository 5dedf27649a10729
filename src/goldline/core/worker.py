"""Workers: processes that claim partitions and step them, live for ever or until nothing is left to do."""

from __future__ import annotations

import gc
import logging
import multiprocessing
import os
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from types import FrameType
from typing import Any

import psycopg
from psycopg import Connection

from goldline.core.database import connect
from goldline.core.engine import Engine
from goldline.core.errors import DatabaseError
from goldline.core.facts.aggregate import recount
from goldline.core.facts.event import Catalogue
from goldline.core.facts.subject import Vocabulary
from goldline.core.partition import Lease, LeaseLostError, claim, count_partitions, release
from goldline.core.poison import PARKABLE, isolate
from goldline.core.policy.published import load_published, ruleset_epoch
from goldline.core.step import LEASE_S, MAX_EVENTS, Step, prepare, step

IDLE_S = 0.05
RETRY_S = 1.0
CLAIM_EVERY_S = 2.0
COUNT_EVERY_S = 5.0

PASSING = (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure, psycopg.errors.LockNotAvailable)
# A server that goes away in mid-sentence shows itself in any of these.
LOST = (psycopg.OperationalError, psycopg.InterfaceError, psycopg.InternalError)

log = logging.getLogger("goldline.worker")


@dataclass(slots=True)
class Worker:
    """One process's loop. `done` says that every partition it holds was drained at its last step."""

    url: str
    vocabulary: Vocabulary
    catalogue: Catalogue
    as_of: datetime | None = None
    until_idle: bool = False
    share: int = 256
    max_events: int = MAX_EVENTS
    stopping: bool = False
    leases: list[Lease] = field(default_factory=list)
    holder: str = field(default_factory=lambda: f"{socket.gethostname()}:{os.getpid()}")
    partitions: int = 1
    _claimed: float = 0.0
    _counted: float = 0.0

    def run(self) -> int:
        """Step until told to stop, or until idle; returns the events folded. A lost database is waited for."""
        events = 0
        while not self.stopping:
            try:
                with connect(self.url, application="goldline worker") as connection:
                    events += self._serve(connection)
                    return events
            except (*LOST, DatabaseError) as fault:
                if self.until_idle or _is_final(fault):
                    raise
                log.warning("the database is out of reach (%s); trying again in %s s", fault, RETRY_S)
                self.leases.clear()
                time.sleep(RETRY_S)
        return events

    def _serve(self, connection: Connection[Any]) -> int:
        engine = self._compile(connection)
        prepare(connection, engine)
        self._claimed = 0.0
        self.partitions = count_partitions(connection)
        events = 0
        while not self.stopping:
            if ruleset_epoch(connection) != engine.ruleset.epoch:
                engine = self._compile(connection)
            connection.commit()
            self._claim(connection)
            steps = [self._step(connection, engine, lease) for lease in list(self.leases)]
            events += sum(each.events for each in steps if each)
            idle = self.until_idle and self._idle(connection, steps)
            self._recount(connection, COUNT_EVERY_S if not idle else 0)
            if idle:
                break
            if not any(each and (each.events or each.wakes) for each in steps):
                gc.collect()
                time.sleep(IDLE_S)
        for lease in self.leases:
            release(connection, lease)
        return events

    def _compile(self, connection: Connection[Any]) -> Engine:
        engine = Engine(self.vocabulary, self.catalogue, load_published(connection, self.vocabulary))
        connection.commit()
        return engine

    def _claim(self, connection: Connection[Any]) -> None:
        """Take a fair share of the partitions at first; later whatever nobody holds, a dead worker's too."""
        if time.monotonic() - self._claimed < CLAIM_EVERY_S:
            return
        most = self.share if self._claimed == 0 else self.partitions
        self._claimed = time.monotonic()
        self.leases += claim(connection, self.holder, LEASE_S, most)

    def _recount(self, connection: Connection[Any], every_s: float) -> None:
        """Bring the counted subjects up to date now and then."""
        if time.monotonic() - self._counted < every_s:
            return
        self._counted = time.monotonic()
        for aggregate in self.vocabulary.aggregates:
            while recount(connection, aggregate, self.partitions):
                pass

    def _step(self, connection: Connection[Any], engine: Engine, lease: Lease) -> Step | None:
        try:
            return step(connection, engine, lease, as_of=self.as_of, max_events=self.max_events)
        except LeaseLostError as lost:
            log.warning("%s", lost)
            self.leases.remove(lease)
        except PASSING as fault:
            log.warning("a step of partition %s was undone (%s); trying again", lease.partition, fault)
        except PARKABLE:
            log.exception("a step of partition %s failed; looking for the event", lease.partition)
            if not isolate(connection, engine, lease, as_of=self.as_of):
                # It fails only in company, or no longer: give it time rather than the whole processor.
                time.sleep(RETRY_S)
        return None

    def _idle(self, connection: Connection[Any], steps: list[Step | None]) -> bool:
        """Every partition this worker holds is drained, and nothing waits in another's."""
        if not all(each is not None and each.drained for each in steps):
            return False
        waiting = connection.execute(
            "SELECT EXISTS (SELECT 1 FROM inbox WHERE done_at IS NULL AND partition <> ALL(%s::smallint[]))",
            ([lease.partition for lease in self.leases],),
        ).fetchone()
        connection.commit()
        return waiting is not None and not waiting[0]


def _is_final(fault: Exception) -> bool:
    """Whether waiting cannot mend it: a server of the wrong version, an address that cannot be read."""
    return isinstance(fault, DatabaseError) and fault.code != "database_unreachable"


def run(
    url: str,
    vocabulary: Vocabulary,
    catalogue: Callable[[], Catalogue],
    *,
    workers: int = 1,
    until_idle: bool = False,
    as_of: datetime | None = None,
    max_events: int = MAX_EVENTS,
) -> None:
    """Run `workers` processes over the partitions; returns when all have stopped.

    Raises SystemExit(1) when one of them failed.
    """
    with connect(url) as connection:
        share = -(-count_partitions(connection) // workers)
    arguments = (url, vocabulary, catalogue, as_of, until_idle, share, max_events)
    if workers == 1:
        _work(*arguments)
        return
    context = multiprocessing.get_context("fork")
    children = [context.Process(target=_work, args=arguments) for _ in range(workers)]
    for child in children:
        child.start()
    _await(children)


def _await(children: list[Any]) -> None:
    def stop(_number: int, _frame: FrameType | None) -> None:
        for child in children:
            child.terminate()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    for child in children:
        child.join()
    if any(child.exitcode not in (0, -signal.SIGTERM) for child in children):
        raise SystemExit(1)


def _work(
    url: str,
    vocabulary: Vocabulary,
    catalogue: Callable[[], Catalogue],
    as_of: datetime | None,
    until_idle: bool,  # noqa: FBT001 - a process takes its arguments by position
    share: int,
    max_events: int,
) -> None:
    worker = Worker(url, vocabulary, catalogue(), as_of, until_idle, share, max_events)
    # A batch is a great many small objects without cycles: collecting them by reference alone is a fifth faster.
    gc.disable()

    def stop(_number: int, _frame: FrameType | None) -> None:
        worker.stopping = True

    if multiprocessing.current_process().name != "MainProcess":
        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    worker.run()
