"""What the processes of a fault test run: a worker, a dispatcher, an intake. Each is the real thing, started by itself.

They are forked from a server process that has everything imported already, so starting one costs milliseconds.
"""

from __future__ import annotations

import logging
import os
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from threading import Event
from typing import Any
from uuid import UUID

import psycopg

from goldline.connectors import files
from goldline.core import poison, worker
from goldline.core import step as stepping
from goldline.core.account import campaign, massoverturn
from goldline.core.crashpoint import crashpoint
from goldline.core.database import connect
from goldline.core.decision.desk import Desk
from goldline.core.errors import DatabaseError
from goldline.core.inbox import Intake
from goldline.core.outbox.address import AddressRules
from goldline.core.outbox.dispatch import Dispatcher
from goldline.core.outbox.httpprovider import HttpProvider
from goldline.core.outbox.webhook import Sender
from goldline.core.policy.published import load_published
from goldline.core.worker import Worker
from goldline.market.events import catalogue
from goldline.market.refundrequest import RefundAsked
from goldline.market.vocabulary import vocabulary

LEASE_S = 1.0
HOURS_A_SECOND = 6  # how fast the dispatcher's time goes, so that what is unknown is asked about soon

context = get_context("forkserver")
context.set_forkserver_preload([__name__])


@dataclass(frozen=True, slots=True)
class Setting:
    """How a process is to fare. `stop_at` names the point at which it stops itself, once, as a frozen process would."""

    url: str
    log: Path
    until_idle: bool = False
    crash_at: str | None = None
    stop_at: str | None = None
    lease_s: float = LEASE_S
    provider: str | None = None
    webhooks: bool = False


def start(target: Any, setting: Setting, *more: Any) -> Any:
    """Start a process that runs `target(setting, *more)`."""
    process = context.Process(target=_run, args=(target, setting, *more), daemon=True)
    process.start()
    return process


def _run(target: Any, setting: Setting, *more: Any) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.basicConfig(filename=setting.log, format="%(process)d %(name)s %(message)s", force=True)
    # Whatever a library prints belongs with the log.
    with setting.log.open("a") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    # A point counts its visits only while one is named.
    os.environ["GOLDLINE_CRASH_AT"] = setting.crash_at or "nowhere"
    os.environ["GOLDLINE_CRASH_LOG"] = f"{setting.log}.points"
    target(setting, *more)


def work(setting: Setting) -> None:
    """A worker, with a short lease, until told to stop or until idle."""
    for module in (worker, stepping, poison):
        vars(module)["LEASE_S"] = setting.lease_s
    vars(worker)["RETRY_S"] = 0.1
    vars(worker)["CLAIM_EVERY_S"] = 0.2
    vars(worker)["prepare"] = _impatient(setting.lease_s)
    vars(worker)["connect"] = _named_connect
    if setting.stop_at:
        vars(stepping)["crashpoint"] = _stopping(setting.stop_at)
    mine = Worker(setting.url, vocabulary(), catalogue(), until_idle=setting.until_idle)

    def stop(*_: object) -> None:
        mine.stopping = True

    signal.signal(signal.SIGTERM, stop)
    mine.run()


def dispatch(setting: Setting, began: datetime) -> None:
    """A dispatcher whose time starts at `began` and goes fast."""
    if setting.stop_at:
        from goldline.core.outbox import lane, payout

        for module in (lane, payout):
            vars(module)["crashpoint"] = _stopping(setting.stop_at)
    stop = Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    providers = {"*": HttpProvider(setting.provider, timeout_s=5)} if setting.provider else {}
    kinds = ("payout", "webhook") if setting.webhooks else ("payout",)
    rules = AddressRules(hosts=frozenset(["127.0.0.1"]), ports=frozenset(range(1, 65_536)))
    at = time.monotonic()
    with Dispatcher(
        setting.url, providers, sender=Sender(rules, timeout_s=5), kinds=kinds, batch=16, threads=4,
        lease_s=setting.lease_s,
    ) as dispatcher:  # fmt: skip
        dispatcher.run(lambda: began + timedelta(hours=(time.monotonic() - at) * HOURS_A_SECOND), stop)


def take_in(setting: Setting, path: Path, partitions: int) -> None:
    """An import of one file, in small batches."""
    vars(files)["BATCH_EVENTS"] = 100
    with connect(setting.url) as connection:
        files.import_file(connection, Intake(catalogue(), partitions), path)


def take_back(setting: Setting, ident: UUID, now: datetime) -> None:
    """A mass overturning, in bites of a few accounts."""
    vars(massoverturn)["BITE_ACCOUNTS"] = 3
    with connect(setting.url) as connection:
        for _ in massoverturn.run(connection, vocabulary(), ident, now):
            pass


def sweep(setting: Setting, now: datetime) -> None:
    """Every campaign, in bites of a few subjects, as far as it is due."""
    words = vocabulary()
    with connect(setting.url) as connection:
        for each in load_published(connection, words).campaigns:
            while campaign.advance(connection, words, each, Intake(catalogue(), 2), now, size=3) is not None:
                pass


def ask(setting: Setting, order_ids: Sequence[str]) -> None:
    """A desk that is asked for an instant refund of each order, 100 yuan under one id."""
    words = vocabulary()
    with connect(setting.url, autocommit=True) as connection:
        desk = Desk(words, load_published(connection, words), 2)
        for order_id in order_ids:
            body = RefundAsked(refund_id=f"{order_id}-r", amount_minor=10_000, currency="CNY")
            desk.ask(connection, Intake(catalogue(), 2), "instant-refund", order_id, body, "test")


def _named_connect(url: str, **given: Any) -> Any:
    """A connection that says which process it belongs to."""
    return connect(url, **{**given, "application": f"goldline worker {os.getpid()}"})


def _impatient(lease_s: float) -> Any:
    """Prepare as ever, but let the database give up on a frozen process as soon as its lease is over."""

    def prepare(connection: Any, engine: Any) -> None:
        stepping.prepare(connection, engine)
        connection.execute(f"SET idle_in_transaction_session_timeout = '{int(lease_s * 1_000)}ms'")
        connection.commit()

    return prepare


def _stopping(name: str) -> Any:
    """A crashpoint that freezes the process at its first visit to `name`."""
    left = [name]

    def visit(here: str) -> None:
        crashpoint(here)
        if left == [here]:
            left.clear()
            os.kill(os.getpid(), signal.SIGSTOP)

    return visit


OUTAGE = (psycopg.OperationalError, psycopg.InterfaceError, DatabaseError)
