"""`goldline run`, `dispatch`, `serve` and `demo`: the parts that go on working."""

from __future__ import annotations

import logging
import signal
import socket
from datetime import UTC, datetime
from importlib import import_module
from threading import Event, Thread
from typing import Any

import click
import psycopg
from psycopg import Connection

from goldline.core import audit
from goldline.core.database import connect
from goldline.core.errors import GoldlineError
from goldline.core.outbox.address import AddressRules
from goldline.core.outbox.dispatch import KINDS, Dispatcher
from goldline.core.outbox.httpprovider import HttpProvider
from goldline.core.outbox.provider import Provider
from goldline.core.outbox.webhook import Sender
from goldline.core.settings import settings
from goldline.market.events import catalogue
from goldline.market.vocabulary import vocabulary
from goldline.surfaces.cli.audit import append as append_anchor
from goldline.surfaces.cli.program import counted
from goldline.surfaces.cli.record import Instant, present, record_url, require_installed

WORKERS_MAX = 64
ANCHOR_EVERY_S = 300  # an end of the trail that is cut off within so long of being written is not seen


@click.command()
@click.option("--workers", type=click.IntRange(1, WORKERS_MAX), default=1, show_default=True, help="Processes.")
@click.option("--until-idle", is_flag=True, help="End when nothing is left to do, instead of waiting for more.")
@click.option("--as-of", type=Instant(), help="Judge as if it were this instant, instead of now.")
@click.option("--partition", "only", type=click.IntRange(0), multiple=True, help="Step only this one; repeatable.")
def run(*, workers: int, until_idle: bool, as_of: datetime | None, only: tuple[int, ...]) -> None:
    """Judge: fold what was taken in, find what is broken, award what is owed."""
    from goldline.core.worker import run as work

    with record_url() as url:
        with connect(url, application="goldline cli") as connection:
            require_installed(connection)
            before = _progress(connection)
        work(url, vocabulary(), catalogue, workers=workers, until_idle=until_idle, as_of=as_of, only=only)
        with connect(url, application="goldline cli") as connection:
            click.echo(_summary(connection, before, only), err=True)


def _progress(connection: Connection[Any]) -> tuple[int, int]:
    """Events folded and findings made so far."""
    row = connection.execute(
        "SELECT (SELECT coalesce(sum(events), 0) FROM inbox WHERE done_at IS NOT NULL), (SELECT count(*) FROM finding)"
    ).fetchone()
    connection.rollback()
    return (int(row[0]), int(row[1])) if row else (0, 0)


def _summary(connection: Connection[Any], before: tuple[int, int], only: tuple[int, ...]) -> str:
    """What was done since `before`, and what somebody else still holds."""
    events, findings = (max(0, now - then) for now, then in zip(_progress(connection), before, strict=True))
    rows = connection.execute(
        "SELECT id, CASE WHEN leased_until > clock_timestamp() THEN holder END FROM partition"
        " WHERE %s::smallint[] = '{}' OR id = ANY(%s::smallint[]) ORDER BY id",
        [list(only), list(only)],
    ).fetchall()
    held = [f"{number} ({holder})" for number, holder in rows if holder]
    done = f"{counted(events, 'event')} folded, {counted(findings, 'finding')} made, {counted(len(rows), 'partition')}"
    return f"{done}. Other workers hold {', '.join(held)}." if held else f"{done}."


@click.command()
@click.option("--until-idle", is_flag=True, help="End when nothing is left to send at this moment.")
def dispatch(*, until_idle: bool) -> None:
    """Send what the outbox holds: payouts to the provider of GOLDLINE_PAYOUT_URL, webhooks to their endpoints."""
    with record_url() as url, connect(url, application="goldline cli") as connection:
        require_installed(connection)
        with _dispatcher(url) as dispatcher:
            if until_idle:
                sent = dispatcher.run_until_idle(present(connection))
                click.echo(f"{sent:,} tries made.", err=True)
            else:
                stop = _stopped_by_signal()
                Thread(target=_keep_anchors, args=(url, stop), daemon=True).start()
                dispatcher.run(lambda: datetime.now(UTC), stop)


def _keep_anchors(url: str, stop: Event) -> None:
    """Anchor the audit trail every few minutes, whatever the outages, when something was added to it."""
    last = 0
    while True:
        try:
            last = _anchor(url, last)
        except (psycopg.Error, GoldlineError, OSError):
            logging.getLogger(__name__).exception("the audit trail was not anchored")
        if stop.wait(ANCHOR_EVERY_S):
            return


def _anchor(url: str, last: int) -> int:
    """Append the head to the file, unless it is still record `last`; its number."""
    with connect(url, application="goldline anchor") as connection:
        made = audit.anchored(connection, audit.key_of(settings().secret_key), present(connection))
    if made.seq != last:
        append_anchor(settings().anchor_file, made)
    return made.seq


def _dispatcher(url: str) -> Dispatcher:
    """Payouts go out only where a provider is named; without one they wait."""
    chosen = settings()
    providers: dict[str, Provider] = {}
    if chosen.payout_url:
        providers["*"] = HttpProvider(chosen.payout_url, timeout_s=chosen.payout_timeout_s)
    else:
        click.echo("GOLDLINE_PAYOUT_URL names no provider: payouts wait, webhooks go out.", err=True)
    sender = Sender(AddressRules.chosen(chosen), timeout_s=chosen.webhook_timeout_s)
    return Dispatcher(url, providers, sender=sender, kinds=KINDS if providers else ("webhook",))


def _stopped_by_signal() -> Event:
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True)
def serve(host: str, port: int) -> None:
    """Serve the pages and the API."""
    require_free(host, port)
    with record_url(create=True) as url:
        import_module("goldline.surfaces.web.serve").run(url, host=host, port=port)


def require_free(host: str, port: int) -> None:
    """Raise GoldlineError('port_taken') when something listens there: the server would share the port in silence."""
    try:
        kind, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(kind, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as fault:
        why = fault.strerror or str(fault)
        hint = "End what listens there, or choose another with --port."
        raise GoldlineError(f"{host}:{port} cannot be served: {why}.", code="port_taken", hint=hint) from fault


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True)
@click.option("--speed", type=click.FloatRange(1, 10_000), default=300.0, show_default=True, help="Times our own time.")
@click.option("--pack", default="showcase", show_default=True, help="Its rules: a pack's name, file or folder.")
def demo(*, port: int, speed: float, pack: str) -> None:
    """A made-up marketplace, live in the browser, in a database of its own."""
    require_free("127.0.0.1", port)
    import_module("goldline.surfaces.demo").run(port=port, speed=speed, pack=pack)
