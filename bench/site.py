"""The HTTP surfaces served as an installation serves them, and one request to them."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException

from bench.place import BenchError, Place
from goldline.core import apikey
from goldline.core.database import connect

READY_WITHIN_S = 60.0


@dataclass(frozen=True, slots=True)
class Site:
    """Where it listens, and the secret of a key that may do everything."""

    port: int
    secret: str
    process_id: int

    def connect(self) -> HTTPConnection:
        """A connection that is kept alive."""
        return HTTPConnection("127.0.0.1", self.port, timeout=60)

    @property
    def headers(self) -> dict[str, str]:
        """What every request carries."""
        return {"Authorization": f"Bearer {self.secret}"}


@contextmanager
def site(place: Place, url: str) -> Iterator[Site]:
    """Serve a database in a process of its own."""
    with connect(url) as connection:
        secret = apikey.create(connection, "bench", ["events:write", "decide", "read"])
        connection.commit()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    code = f"from goldline.surfaces.web import serve; serve.run({url!r}, port={port})"
    environment = {**os.environ, "GOLDLINE_HOME": str(place.home / "site"), "PYTHONPATH": os.pathsep.join(sys.path)}
    with (place.home / "site.log").open("ab") as log:
        process = subprocess.Popen([sys.executable, "-c", code], stdout=log, stderr=log, env=environment)
    try:
        _wait(port, process)
        yield Site(port, secret, process.pid)
    finally:
        process.terminate()
        process.wait(30)


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < until and process.poll() is None:
        try:
            with closing(HTTPConnection("127.0.0.1", port, timeout=2)) as connection:
                connection.request("GET", "/readyz")
                if connection.getresponse().status == 200:
                    return
        except (OSError, HTTPException):
            pass
        time.sleep(0.1)
    raise BenchError("the HTTP server did not become ready")
