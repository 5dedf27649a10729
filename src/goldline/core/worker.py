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
from datetime import datetime, timedelta
from types import FrameType
from typing import Any

import psycopg
from psycopg import Connection

from goldline.core.account.admission import admit
from goldline.core.account.appeal import escalate_overdue
from goldline.core.account.campaign import advance
from goldline.core.account.docket import MOST_ACCOUNTS, settle
from goldline.core.account.docket import release as release_sanctions
from goldline.core.account.massoverturn import go_on as take_back
from goldline.core.account.rectification import follow as follow_plans
from goldline.core.account.standing import keep as keep_standing
from goldline.core.clock import stored_now
from goldline.core.database import connect
from goldline.core.engine import Engine
from goldline.core.errors import DatabaseError, GoldlineError
from goldline.core.facts.daybook import MOST_DELTAS, merge, open_days
from goldline.core.facts.event import Catalogue
from goldline.core.facts.notice import carry, enforce
from goldline.core.facts.subject import Aggregate, Vocabulary
from goldline.core.inbox import Intake
from goldline.core.ledger.payee import find_payees
from goldline.core.partition import (
    Lease,
    LeaseLostError,
    RulesChangedError,
    claim,
    count_partitions,
    ready,
    release,
    require_known,
)
from goldline.core.poison import PARKABLE, isolate
from goldline.core.policy.published import load_published, ruleset_epoch
from goldline.core.step import LEASE_S, MAX_EVENTS, Step, prepare, step
from goldline.core.watch import look

IDLE_S = 0.05
RETRY_S = 1.0
CLAIM_EVERY_S = 2.0
COUNT_EVERY_S = 5.0
COUNT_SOON_S = 0.5
ANNOUNCE_EVERY_S = 5.0
BEAT_S = LEASE_S / 3
COLLECT_EVERY_S = 30.0
OPEN_EVERY = timedelta(hours=1)

PASSING = (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure, psycopg.errors.LockNotAvailable)
# A server that goes away in mid-sentence shows itself in any of these.
LOST = (psycopg.OperationalError, psycopg.InterfaceError, psycopg.InternalError)

log = logging.getLogger("goldline.worker")


@dataclass(slots=True)
class Worker:
    """One process's loop. Where `only` names partitions, it claims no others."""

    url: str
    vocabulary: Vocabulary
    catalogue: Catalogue
    as_of: datetime | None = None
    until_idle: bool = False
    share: int = 256
    max_events: int = MAX_EVENTS
    only: tuple[int, ...] = ()
    stopping: bool = False
    leases: list[Lease] = field(default_factory=list)
    holder: str = field(default_factory=lambda: f"{socket.gethostname()}:{os.getpid()}")
    partitions: int = 1
    _claimed: float = 0.0
    _counted: float = 0.0
    _announced: float = 0.0
    _carrying: bool = True
    _beat: float = 0.0
    _collected: float = 0.0
    _opened: datetime | None = None

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
            steps = [self._step(connection, engine, lease) for lease in self._ready(connection)]
            events += sum(each.events for each in steps if each)
            announced = self._announce(connection, held=any(each and each.held for each in steps))
            idle = self.until_idle and not announced and self._idle(connection, steps)
            more = self._keep_house(connection, engine, 0 if idle else COUNT_EVERY_S)
            if idle and not more:
                self._score(connection, engine, again=True)
                break
            if not announced and not any(each and (each.events or each.wakes) for each in steps):
                self._rest()
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
        taken = claim(connection, self.holder, LEASE_S, most, self.only)
        if {lease.partition for lease in taken} - {lease.partition for lease in self.leases}:
            self._opened = None  # whoever held them may not have come to open their days
        self.leases += taken

    def _ready(self, connection: Connection[Any]) -> list[Lease]:
        """The partitions worth a step. Now and then all of them, which extends their leases."""
        if self.until_idle or self.as_of is not None or time.monotonic() - self._beat >= BEAT_S:
            self._beat = time.monotonic()
            return list(self.leases)
        busy = ready(connection, [lease.partition for lease in self.leases])
        return [lease for lease in self.leases if lease.partition in busy]

    def _rest(self) -> None:
        if time.monotonic() - self._collected >= COLLECT_EVERY_S:
            self._collected = time.monotonic()
            gc.collect()
        time.sleep(IDLE_S)

    def _announce(self, connection: Connection[Any], *, held: bool) -> bool:
        """Put notices in force and carry them to what stands; whether there was anything to do.

        At once where a clock waits for one; else now and then, for what came by another way.
        """
        if not held and not self._carrying and time.monotonic() - self._announced < ANNOUNCE_EVERY_S:
            return False
        try:
            done = enforce(connection, self.vocabulary) + carry(connection, self.vocabulary)
        except (*PASSING, *PARKABLE):
            log.exception("putting a notice in force failed; it is tried again")
            time.sleep(RETRY_S)
            done = 0
        connection.commit()
        self._announced, self._carrying = time.monotonic(), done > 0
        return self._carrying

    def _keep_house(self, connection: Connection[Any], engine: Engine, every_s: float) -> bool:
        """Count, pay whom we know by now, and look at what was noted, now and then.

        Whether there is more for the steps to see.
        """
        if time.monotonic() - self._counted < every_s:
            return False
        counted = told = 0
        try:
            now = self.as_of or stored_now(connection)
            for aggregate in self.vocabulary.aggregates:
                counted += self._count(connection, engine, aggregate, now)
            if not self.until_idle and (self._opened is None or now - self._opened >= OPEN_EVERY):
                self._score(connection, engine, again=False)
            self._opened = now.replace(minute=0, second=0, microsecond=0)
            find_payees(connection, self.vocabulary, now)
            self._answer(connection, engine, now)
            door = Intake(self.catalogue, self.partitions)
            told = look(connection, self.vocabulary, door) + self._campaign(connection, engine, door, now)
        except (*PASSING, *PARKABLE):
            # Counting is no promise to anybody: say so, and let the steps go on.
            log.exception("counting failed; it is tried again later")
        # A full bite means that there is more: come back soon, but let the steps have their turn first.
        self._counted = time.monotonic() - (COUNT_EVERY_S - COUNT_SOON_S if counted >= MOST_DELTAS else 0)
        return counted + told > 0

    def _campaign(self, connection: Connection[Any], engine: Engine, door: Intake, now: datetime) -> int:
        """A bite of each campaign; of a replay, all that is due. How many bites were done."""
        bites = 0
        for campaign in engine.ruleset.campaigns:
            while advance(connection, self.vocabulary, campaign, door, now) is not None:
                bites += 1
                if not self.until_idle:
                    break
        return bites

    def _answer(self, connection: Connection[Any], engine: Engine, now: datetime) -> None:
        """Bring those who answer for violations to what follows, and lift what is over."""
        if engine.ruleset.ladders:
            while settle(connection, self.vocabulary, engine.ruleset, now) >= MOST_ACCOUNTS:
                pass
            release_sanctions(connection, self.vocabulary, engine.ruleset, now)
        take_back(connection, self.vocabulary, now)
        with connection.transaction():
            escalate_overdue(connection, now)
            follow_plans(connection, self.vocabulary, engine.ruleset, now)
            admit(connection, now)

    def _score(self, connection: Connection[Any], engine: Engine, *, again: bool) -> None:
        """Score the day that has ended: once an hour, what is not scored yet; of a replay, at its end."""
        try:
            now = self.as_of or stored_now(connection)
            keep_standing(connection, self.vocabulary, engine.ruleset, now, again=again)
        except (*PASSING, *PARKABLE):
            log.exception("scoring failed; it is tried again in an hour")

    def _count(self, connection: Connection[Any], engine: Engine, aggregate: type[Aggregate], now: datetime) -> int:
        """Add up the differences, and once an hour open the days on which nothing happened."""
        judged = bool(engine.slots[aggregate.kind])
        watched = judged or any(score.subject == aggregate.kind for score in engine.ruleset.scores)
        counted = merge(connection, aggregate, judged=judged)
        while self.until_idle and (more := merge(connection, aggregate, judged=judged)):
            counted += more
        if watched and (self._opened is None or now - self._opened >= OPEN_EVERY):
            # Its own partitions' days: another's stand still while they are opened.
            own = [lease.partition for lease in self.leases]
            counted += open_days(connection, aggregate, now, judged=judged, only=own)
        return counted

    def _step(self, connection: Connection[Any], engine: Engine, lease: Lease) -> Step | None:
        try:
            return step(connection, engine, lease, as_of=self.as_of, max_events=self.max_events)
        except LeaseLostError as lost:
            log.warning("%s", lost)
            self.leases.remove(lease)
        except RulesChangedError as changed:
            log.info("%s", changed)
        except PASSING as fault:
            log.warning("a step of partition %s was undone (%s); trying again", lease.partition, fault)
        except PARKABLE:
            log.exception("a step of partition %s failed; looking for the event", lease.partition)
            if not isolate(connection, engine, lease, as_of=self.as_of):
                # It fails only in company, or no longer: give it time rather than the whole processor.
                time.sleep(RETRY_S)
        return None

    def _idle(self, connection: Connection[Any], steps: list[Step | None]) -> bool:
        """Every partition this worker holds is drained, and nothing waits in another that it may step.

        A clock that waits for a notice goes on once it is in force.
        """
        if not all(each is not None and each.drained and not each.held for each in steps):
            return False
        waiting = connection.execute(
            "SELECT EXISTS (SELECT 1 FROM inbox WHERE done_at IS NULL AND partition <> ALL(%(mine)s::smallint[])"
            " AND (%(only)s::smallint[] = '{}' OR partition = ANY(%(only)s::smallint[])))"
            " OR EXISTS (SELECT 1 FROM wake WHERE forced AND partition <> ALL(%(mine)s::smallint[])"
            " AND (%(only)s::smallint[] = '{}' OR partition = ANY(%(only)s::smallint[])))",
            {"mine": [lease.partition for lease in self.leases], "only": list(self.only)},
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
    only: tuple[int, ...] = (),
) -> None:
    """Run `workers` processes over the partitions, or `only` those named; returns when all have stopped.

    Raises GoldlineError('no_partition', 'as_of_future'), and SystemExit(1) when a process failed.
    """
    with connect(url) as connection:
        require_known(connection, only)
        _check_as_of(connection, as_of)
        share = -(-(len(set(only)) or count_partitions(connection)) // workers)
    arguments = (url, vocabulary, catalogue, as_of, until_idle, share, max_events, only)
    if workers == 1:
        _work(*arguments)
        return
    context = multiprocessing.get_context("fork")
    children = [context.Process(target=_work, args=arguments) for _ in range(workers)]
    for child in children:
        child.start()
    _await(children)


def _check_as_of(connection: Connection[Any], as_of: datetime | None) -> None:
    """Refuse a clock ahead of ours: partitions never go back, so every later promise would be judged too soon."""
    if as_of is None:
        return
    now = stored_now(connection)
    if as_of > now:
        raise GoldlineError(
            f"--as-of {as_of.isoformat()} lies in the future; it is {now.isoformat()}.",
            code="as_of_future",
            hint="Name a time that has passed, or leave it out to judge as of now.",
        )
    row = connection.execute("SELECT max(clock_at) FROM partition").fetchone()
    if row is not None and row[0] is not None and as_of < row[0]:
        log.warning("this record was judged as of %s already; as of an earlier time nothing new falls due", row[0])


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
    only: tuple[int, ...],
) -> None:
    worker = Worker(url, vocabulary, catalogue(), as_of, until_idle, share, max_events, only)
    # A batch is a great many small objects without cycles: collecting them by reference alone is a fifth faster.
    gc.disable()

    def stop(_number: int, _frame: FrameType | None) -> None:
        worker.stopping = True

    if multiprocessing.current_process().name != "MainProcess":
        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    worker.run()
