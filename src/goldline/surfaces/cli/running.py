"""`goldline run`, `dispatch`, `serve` and `demo`: the parts that go on working."""

from __future__ import annotations

import signal
import socket
from datetime import UTC, datetime
from importlib import import_module
from threading import Event

import click

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
from goldline.surfaces.cli.record import Instant, present, record_url, require_installed

WORKERS_MAX = 64


@click.command()
@click.option("--workers", type=click.IntRange(1, WORKERS_MAX), default=1, show_default=True, help="Processes.")
@click.option("--until-idle", is_flag=True, help="End when nothing is left to do, instead of waiting for more.")
@click.option("--as-of", type=Instant(), help="Judge as if it were this instant, instead of now.")
def run(*, workers: int, until_idle: bool, as_of: datetime | None) -> None:
    """Judge: fold what was taken in, find what is broken, award what is owed."""
    from goldline.core.worker import run as work

    with record_url() as url:
        with connect(url, application="goldline cli") as connection:
            require_installed(connection)
        work(url, vocabulary(), catalogue, workers=workers, until_idle=until_idle, as_of=as_of)


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
                dispatcher.run(lambda: datetime.now(UTC), _stopped_by_signal())


def _dispatcher(url: str) -> Dispatcher:
    """Payouts go out only where a provider is named; without one they wait."""
    chosen = settings()
    providers: dict[str, Provider] = {}
    if chosen.payout_url:
        providers["*"] = HttpProvider(chosen.payout_url, timeout_s=chosen.payout_timeout_s)
    else:
        click.echo("GOLDLINE_PAYOUT_URL names no provider: payouts wait, webhooks go out.", err=True)
    rules = AddressRules.private() if chosen.webhook_allow_private else AddressRules()
    sender = Sender(rules, timeout_s=chosen.webhook_timeout_s)
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
    with record_url() as url:
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
        hint = "Choose another with --port or --host."
        raise GoldlineError(f"{host}:{port} cannot be served: {why}.", code="port_taken", hint=hint) from fault


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True)
@click.option("--speed", type=click.FloatRange(1, 10_000), default=300.0, show_default=True, help="Times our own time.")
def demo(*, port: int, speed: float) -> None:
    """A made-up marketplace, live in the browser, in a database of its own."""
    require_free("127.0.0.1", port)
    import_module("goldline.surfaces.demo").run(port=port, speed=speed)
