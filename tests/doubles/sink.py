"""A webhook receiver for tests: verifies signatures with the reference library, answers as scripted.

Scripted answers, one a request, then 204: an HTTP status ("500", "410"), "429:<seconds>" (with Retry-After),
"redirect:<address>", "hang" (never answers), "drip" (a body byte by byte without end), "huge" (a body of 50 MB),
"reset" (the line is cut).
"""

from __future__ import annotations

import json
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from types import TracebackType
from typing import Any, Self

from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError


@dataclass(frozen=True, slots=True)
class Received:
    """One request. `verified` says whether the secret of the sink verified it."""

    path: str
    id: str
    headers: dict[str, str]
    raw: bytes
    verified: bool

    @property
    def event(self) -> dict[str, Any]:
        """The CloudEvent."""
        event: dict[str, Any] = json.loads(self.raw)
        return event


class Sink:
    """The receiver, in threads of this process; a context manager."""

    def __init__(self, secret: str = "") -> None:
        self.secret = secret
        self.script: deque[str] = deque()
        self.received: list[Received] = []
        self.released = Event()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.sink = self
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """An address for an endpoint."""
        return f"http://127.0.0.1:{self.port}/hook"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.released.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    sink: Sink
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A sender that hangs up on a bad answer is right to."""


def _verified(secret: str, raw: bytes, headers: dict[str, str]) -> bool:
    if not secret:
        return False
    try:
        Webhook(secret).verify(raw, headers)
    except WebhookVerificationError:
        return False
    return True


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        """Note the request, then answer as scripted."""
        sink = self.server.sink
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        verified = _verified(sink.secret, raw, headers)
        sink.received.append(Received(self.path, headers.get("webhook-id", ""), headers, raw, verified))
        with suppress(OSError):
            self._answer(sink.script.popleft() if sink.script else "204")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Silent."""

    def _answer(self, scripted: str) -> None:
        what, _, more = scripted.partition(":")
        match what:
            case "hang":
                self.server.sink.released.wait(30)
            case "reset":
                self.connection.close()
            case "drip":
                self._say(200, {})
                while not self.server.sink.released.wait(0.02):
                    self.wfile.write(b".")
            case "huge":
                self._say(200, {})
                for _ in range(800):
                    self.wfile.write(b"x" * 65_536)
            case "redirect":
                self._say(307, {"Location": more})
            case _:
                self._say(int(what), {"Retry-After": more} if more else {})

    def _say(self, code: int, headers: dict[str, str]) -> None:
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
