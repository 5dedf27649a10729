"""The dispatcher: takes what the steps put into the outbox to the world, and brings back what came of it.

Any number of dispatchers may run at once, on any number of machines; rows are claimed with SKIP LOCKED. Payouts
and webhooks have lanes of their own, so receivers that hang never hold up money.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from threading import Event, Thread
from types import TracebackType
from typing import Final, Self

import psycopg

from goldline.core.errors import DatabaseError
from goldline.core.outbox.courier import Courier
from goldline.core.outbox.lane import Lane, Trade
from goldline.core.outbox.payout import Payouts
from goldline.core.outbox.provider import Provider
from goldline.core.outbox.webhook import Sender

KINDS: Final = ("payout", "webhook")
IDLE_S: Final = 0.25
OUTAGE_S: Final = 1.0
WAKE_S: Final = 0.5


class Dispatcher:
    """Sends payouts through `providers` (by kind of remedy, '*' for all others) and webhooks through `sender`.

    `lease_s` is how long a claim stands without being recorded; it must be more than twice what one send may take.
    `batch` is the most rows of a kind in flight, `threads` the most sent at the same moment.
    """

    def __init__(
        self,
        url: str,
        providers: Mapping[str, Provider],
        *,
        sender: Sender | None = None,
        kinds: Sequence[str] = KINDS,
        batch: int = 64,
        threads: int = 16,
        lease_s: float = 60.0,
    ) -> None:
        trades: dict[str, Trade] = {"payout": Payouts(providers), "webhook": Courier(sender or Sender())}
        self._lanes = [Lane(url, trades[kind], threads=threads, batch=batch, lease_s=lease_s) for kind in kinds]

    def run_once(self, now: datetime) -> int:
        """Send one batch of each kind and record it all. Answers how many rows were taken up; 0 means idle."""
        return sum(lane.run_once(now) for lane in self._lanes)

    def run_until_idle(self, now: datetime) -> int:
        """Send everything that is due at `now`. Answers how many tries that took."""
        total = 0
        while taken := self.run_once(now):
            total += taken
        return total

    def run(self, now: Callable[[], datetime], stop: Event) -> None:
        """Keep sending until `stop` is set, through outages of the database."""
        threads = [Thread(target=_keep, args=(lane, now, stop), daemon=True) for lane in self._lanes]
        for each in threads:
            each.start()
        # A signal may be delivered to any thread, but Python answers it in this one: it has to wake now and then.
        for each in threads:
            while each.is_alive():
                each.join(WAKE_S)

    def close(self) -> None:
        """Let what is being sent finish, and let go of threads and connections."""
        for lane in self._lanes:
            lane.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _keep(lane: Lane, now: Callable[[], datetime], stop: Event) -> None:
    while not stop.is_set():
        try:
            idle = lane.pump(now()) == 0
        except (psycopg.OperationalError, DatabaseError):
            stop.wait(OUTAGE_S)
            continue
        if idle:
            stop.wait(IDLE_S)
