"""A lane of the dispatcher: claims rows of one kind, sends them from its own threads, records what came of them.

Nothing is sent inside a transaction. What is finished is recorded as it comes, so one receiver that hangs delays
its own rows and no others. When the database goes away, finished results are kept until it is back.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime
from time import monotonic, sleep
from typing import Any, Final, Protocol
from uuid import uuid4

import psycopg
from psycopg import Connection
from psycopg.errors import DeadlockDetected, LockNotAvailable, SerializationFailure

from goldline.core.crashpoint import crashpoint
from goldline.core.database import connect
from goldline.core.errors import DatabaseError
from goldline.core.outbox.claim import Claim, claim

PAUSE_S: Final = 0.05
RECORD_TRIES: Final = 5
RECONNECT_S: Final = 0.2

log = logging.getLogger("goldline.dispatch")


@dataclass(frozen=True, slots=True)
class Result:
    """What one try came to, and how long it took."""

    claim: Claim
    outcome: Any
    took_ms: int


@dataclass(frozen=True, slots=True)
class Timer:
    """How old a claim is. Nothing is sent under a lease that is more than half over."""

    started: float
    lease_s: float

    def age_s(self) -> float:
        """Seconds since the claim, by the monotonic clock, which goes on while a process is stopped."""
        return monotonic() - self.started

    def late(self) -> bool:
        """Whether it is too late to begin sending."""
        return self.age_s() > self.lease_s / 2


class Trade(Protocol):
    """What differs between payouts and webhooks."""

    @property
    def kind(self) -> str:
        """The outbox rows' kind."""
        ...

    def send(self, claim: Claim, timer: Timer) -> Any:
        """Try once. Runs in a thread, outside any transaction."""
        ...

    def record(self, connection: Connection[Any], results: Sequence[Result], now: datetime) -> None:
        """Write the results down, in the caller's transaction."""
        ...

    def passed_over(self, now: datetime, /) -> Sequence[int]:
        """Endpoints to leave alone for the moment."""
        ...


class Lane:
    """One kind of rows, one connection, some threads. Used by one thread; many lanes may run at once."""

    def __init__(self, url: str, trade: Trade, *, threads: int, batch: int, lease_s: float) -> None:
        self._url = url
        self._trade = trade
        self._batch = batch
        self._lease_s = lease_s
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=f"goldline-{trade.kind}")
        self._pending: set[Future[Result]] = set()
        self._finished: list[Result] = []
        self._connection: Connection[Any] | None = None

    def run_once(self, now: datetime) -> int:
        """Claim one batch, send all of it, record all of it. Answers how many rows were claimed."""
        count = self.claim(now)
        while self._pending or self._finished:
            self.collect(now)
        return count

    def pump(self, now: datetime) -> int:
        """Claim what there is room for and record what is finished, without waiting for the slow ones."""
        count = self.claim(now)
        if self._pending or self._finished:
            self.collect(now)
        return count

    def claim(self, now: datetime) -> int:
        """Claim and begin to send. Answers how many rows."""
        room = self._batch - len(self._pending)
        if room <= 0:
            return 0
        timer = Timer(monotonic(), self._lease_s)
        claims = self._claim(now, room)
        if claims:
            crashpoint("dispatch.claimed")
        self._pending |= {self._pool.submit(self._send, each, timer) for each in claims}
        return len(claims)

    def _claim(self, now: datetime, room: int) -> list[Claim]:
        resting = self._trade.passed_over(now)
        try:
            return claim(
                self._open(), self._trade.kind, uuid4(), now, limit=room, lease_s=self._lease_s, resting=resting
            )
        except psycopg.OperationalError:
            self._drop()
            raise

    def collect(self, now: datetime) -> None:
        """Wait a moment for results and record them."""
        done, self._pending = wait(self._pending, timeout=PAUSE_S)
        self._finished += [each.result() for each in done]
        if self._finished:
            crashpoint("dispatch.before_record")
            self._record(now)
            crashpoint("dispatch.after_record")

    def close(self) -> None:
        """Wait for what is being sent and let go. What was not recorded counts as unknown."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._drop()

    def _send(self, each: Claim, timer: Timer) -> Result:
        started = monotonic()
        outcome = self._trade.send(each, timer)
        return Result(each, outcome, int((monotonic() - started) * 1000))

    def _record(self, now: datetime) -> None:
        if not self._attempt(lambda: self._write(self._finished, now)):
            # One row that cannot be written must not hold up the others.
            for each in self._finished:
                self._attempt(lambda each=each: self._write([each], now))  # type: ignore[misc]
        self._finished = []

    def _write(self, results: Sequence[Result], now: datetime) -> None:
        connection = self._open()
        with connection.transaction():
            self._trade.record(connection, results, now)

    def _attempt(self, write: Callable[[], None]) -> bool:
        """Write, again when the rows were contended or the database went away; false when it refuses."""
        until = monotonic() + self._lease_s
        for _ in range(RECORD_TRIES):
            try:
                write()
                return True
            except (DeadlockDetected, SerializationFailure, LockNotAvailable):
                continue
            except psycopg.OperationalError:
                self._drop()
                self._wait_for_database(until)
            except psycopg.DatabaseError:
                # The row keeps its claim, and is asked about when that runs out; but nobody should have to guess why.
                log.exception("an outcome could not be recorded")
                return False
        return False

    def _wait_for_database(self, until: float) -> None:
        while True:
            try:
                self._open()
                return
            except (psycopg.OperationalError, DatabaseError):
                if monotonic() > until:
                    raise
                sleep(RECONNECT_S)

    def _open(self) -> Connection[Any]:
        if self._connection is None or self._connection.closed:
            self._connection = connect(self._url, autocommit=True)
        return self._connection

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None
