"""Workers as an installation runs them, each a new process, and what they use."""

from __future__ import annotations

import gc
import multiprocessing
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Event
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Self

import psutil
from psycopg import Connection

from bench.place import BenchError
from goldline.core import step as step_module
from goldline.core import worker as worker_module
from goldline.core.database import connect
from goldline.core.facts.event import Catalogue
from goldline.core.facts.subject import Vocabulary
from goldline.core.step import LEASE_S, MAX_EVENTS
from goldline.core.worker import Worker

POLL_S = 0.02
READY_WITHIN_S = 60.0
MIB = 2**20


@dataclass(frozen=True, slots=True)
class Duty:
    """What a crew works on. The functions are named, not called, because each process calls them for itself."""

    url: str
    vocabulary: Callable[[], Vocabulary]
    catalogue: Callable[[], Catalogue]
    share: int
    """Partitions a worker may hold."""
    max_events: int = MAX_EVENTS
    lease_s: float = LEASE_S
    """How long a killed worker's partitions stay out of reach."""


@dataclass(frozen=True, slots=True)
class Memory:
    """Of one process in MiB: the most it ever held, and its part of what it holds now, shared pages divided."""

    peak_rss_mib: float
    pss_mib: float


class _Announced(Worker):
    """A worker that says when it holds its first partitions, and never holds more than its share.

    An installation's worker takes over what nobody holds; here the one that is started again shall have it back.
    """

    def __init__(self, duty: Duty, ready: Event) -> None:
        super().__init__(duty.url, duty.vocabulary(), duty.catalogue(), share=duty.share, max_events=duty.max_events)
        self.ready = ready

    def _claim(self, connection: Connection[Any]) -> None:
        if len(self.leases) < self.share:
            super()._claim(connection)
        if self.leases:
            self.ready.set()


def _work(duty: Duty, ready: Event) -> None:
    # The lease is a constant of the engine; a run of seconds cannot wait half a minute for a dead worker's.
    for module in (step_module, worker_module):
        vars(module)["LEASE_S"] = duty.lease_s
    worker = _Announced(duty, ready)
    gc.disable()  # as the engine's own runner does

    def stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the signal module's
        worker.stopping = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    worker.run()


@dataclass(slots=True)
class Crew:
    """So many workers. As a context manager it starts them, waits until they are ready, and stops them at the end."""

    duty: Duty
    size: int = 2
    members: list[BaseProcess] = field(default_factory=list)
    signs: list[Event] = field(default_factory=list)

    def __enter__(self) -> Self:
        # Spawned, not forked: a worker's memory shall be its own.
        for _ in range(self.size):
            self.add()
        if not all(sign.wait(READY_WITHIN_S) for sign in self.signs):
            raise BenchError("a worker did not start")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        for member in self.members:
            member.terminate()
        for member in self.members:
            member.join(20)
            if member.is_alive():
                member.kill()

    def add(self) -> None:
        """Start one more, without waiting for it."""
        context = multiprocessing.get_context("spawn")
        ready = context.Event()
        member = context.Process(target=_work, args=(self.duty, ready), daemon=True)
        member.start()
        self.members.append(member)
        # Kept, because a sign nobody keeps is gone before the new process has found it.
        self.signs.append(ready)

    def kill_one(self) -> None:
        """SIGKILL the first worker and start another at once."""
        victim = self.members.pop(0)
        victim.kill()
        victim.join()
        self.add()

    def check(self) -> None:
        """Raise BenchError when a worker has ended by itself."""
        if not all(member.is_alive() for member in self.members):
            raise BenchError("a worker died")

    def memory(self) -> list[Memory]:
        """Of every worker now alive."""
        return [memory(member.pid) for member in self.members if member.pid is not None and member.is_alive()]


def memory(pid: int) -> Memory:
    """From the kernel's accounts where it keeps them; elsewhere what is resident now."""
    with suppress(OSError, IndexError, ValueError):
        peak = _kib(Path(f"/proc/{pid}/status"), "VmHWM:")
        return Memory(peak / 1024, _kib(Path(f"/proc/{pid}/smaps_rollup"), "Pss:") / 1024)
    resident = psutil.Process(pid).memory_info().rss / MIB
    return Memory(resident, resident)


def _kib(file: Path, label: str) -> int:
    return int(file.read_text().split(label)[1].split()[0])


def drive(connection: Connection[Any], at: datetime) -> None:
    """Set the driven clock."""
    connection.execute(
        "INSERT INTO driven_clock (at) VALUES (%s) ON CONFLICT (one) DO UPDATE SET at = excluded.at", (at,)
    )
    connection.commit()


def drained(connection: Connection[Any], at: datetime) -> bool:
    """Whether every partition has come to `at` with nothing left to read and nothing left to judge."""
    row = connection.execute("SELECT bool_and(coalesce(clock_at >= %s, false)) FROM partition", (at,)).fetchone()
    arrived = bool(row and row[0])
    if arrived:
        row = connection.execute(
            "SELECT NOT EXISTS (SELECT 1 FROM inbox WHERE done_at IS NULL)"
            " AND NOT EXISTS (SELECT 1 FROM wake WHERE wake_at <= %s)",
            (at,),
        ).fetchone()
        arrived = bool(row and row[0])
    connection.commit()
    return arrived


def folded(connection: Connection[Any]) -> int:
    """How many events have been folded so far."""
    row = connection.execute("SELECT coalesce(sum(events), 0)::bigint FROM partition").fetchone()
    connection.commit()
    return int(row[0]) if row else 0


def run_until(
    duty: Duty,
    size: int,
    at: datetime,
    *,
    kill_after: int | None = None,
    done: Callable[[Connection[Any]], bool] | None = None,
) -> tuple[float, list[Memory]]:
    """Let a crew work until all is drained at `at`; the seconds it took, and what the workers used.

    The inbox is kept from the workers until each is compiled and holds its partitions: the time runs from the moment
    they may read. `kill_after`: SIGKILL one worker once so many events are folded, and start another. `done` says what
    else must be so at the end.
    """
    with connect(duty.url) as gate, connect(duty.url) as connection:
        gate.execute("LOCK TABLE inbox IN ACCESS EXCLUSIVE MODE")
        with Crew(duty, size) as crew:
            begun = time.perf_counter()
            gate.commit()
            while not (drained(connection, at) and (done is None or done(connection))):
                if kill_after is not None and folded(connection) >= kill_after:
                    crew.kill_one()
                    kill_after = None
                crew.check()
                time.sleep(POLL_S)
            took_s = time.perf_counter() - begun
            if kill_after is not None:
                raise BenchError("a worker was to be killed and was not")
            return took_s, crew.memory()
