"""Measures the intake over HTTP: granian on this machine, two keep-alive connections, batches of 500 CloudEvents.

    python bench/intake.py [--seconds 10] [--connections 2] [--batch 500]

Prints events a second, acknowledged after the commit on a durable server, and a line of JSON.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path

MEDIA = "application/cloudevents-batch+json"
DISTINCT_BODIES = 40


def bodies(batch: int) -> list[bytes]:
    """Batches of scans and placed orders, as a carrier's and a shop's systems would send them."""
    made = []
    for number in range(DISTINCT_BODIES):
        events = [_event(number * batch + index) for index in range(batch)]
        made.append(json.dumps(events, separators=(",", ":")).encode())
    return made


def _event(number: int) -> dict[str, object]:
    at = f"2026-08-{number % 28 + 1:02}T{number % 24:02}:{number % 60:02}:00Z"
    order = f"o-{number // 4}"
    data: dict[str, object] = {
        "order_id": order,
        "parcel_id": f"p-{number // 4}",
        "carrier_id": "c-1",
        "code": "picked_up",
    }
    kind = "parcel.scanned"
    if number % 4 == 0:
        kind, data = "order.placed", {"order_id": order, "merchant_id": "m-1", "consumer_id": f"c-{number}"}
    return {"specversion": "1.0", "id": f"e-{number}", "source": "bench", "type": kind, "time": at, "data": data}


@contextmanager
def served(home: Path) -> Iterator[tuple[int, str]]:
    """A server on an embedded database of its own; gives its port and the secret of a key."""
    os.environ.update(GOLDLINE_HOME=str(home))
    os.environ.pop("DATABASE_URL", None)
    from goldline.core import apikey, schema
    from goldline.core.database import Server, connect
    from goldline.core.settings import settings
    from goldline.market.vocabulary import vocabulary

    with Server(settings()) as server:
        with connect(server.url) as connection:
            schema.install(connection, vocabulary(), 4)
            secret = apikey.create(connection, "bench", ["events:write"])
            connection.commit()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        code = f"from goldline.surfaces.web import serve; serve.run({server.url!r}, port={port})"
        process = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        try:
            _wait(port)
            yield port, secret
        finally:
            process.terminate()
            process.wait(20)


def _wait(port: int) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            connection = HTTPConnection("127.0.0.1", port, timeout=2)
            connection.request("GET", "/readyz")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.2)
    raise SystemExit("The server did not become ready within 60 s.")


def send(port: int, secret: str, batch: int, seconds: float, total: Synchronized[int]) -> None:
    """One client: posts batches until the time is up and counts what was acknowledged."""
    own = bodies(batch)
    connection = HTTPConnection("127.0.0.1", port)
    headers = {"Authorization": f"Bearer {secret}", "Content-Type": MEDIA}
    accepted, number, until = 0, 0, time.monotonic() + seconds
    while time.monotonic() < until:
        connection.request("POST", "/v1/events", own[number % len(own)], headers)
        answer = connection.getresponse()
        body = json.loads(answer.read())
        if answer.status != 202:
            raise SystemExit(f"{answer.status}: {body}")
        accepted += body["accepted"]
        number += 1
    with total.get_lock():
        total.value += accepted


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--connections", type=int, default=2)
    parser.add_argument("--batch", type=int, default=500)
    chosen = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    total: Synchronized[int] = context.Value("q", 0)
    with tempfile.TemporaryDirectory(prefix="gl-") as home, served(Path(home)) as (port, secret):
        arguments = (port, secret, chosen.batch, chosen.seconds, total)
        clients = [context.Process(target=send, args=arguments) for _ in range(chosen.connections)]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
    rate = total.value / chosen.seconds
    print(f"intake over HTTP, batches of {chosen.batch}, {chosen.connections} connections: {rate:,.0f} events/s")
    print(json.dumps({"measure": "intake_http", "events_per_s": round(rate), **vars(chosen)}))


if __name__ == "__main__":
    main()
