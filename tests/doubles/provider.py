"""A payout provider for tests: a real HTTP server with a durable log of what it has paid.

    python -m tests.doubles.provider --port 0 --log payouts.ndjson [--ignore-keys] [--refuse-every N]

It prints the port it listens on as its first line. Each payout it applies is one line of the log, fsynced before the
answer, so the log says what the world has really paid whoever dies when. Refusals go to '<log>.refused'. Started
again on the same log it remembers both. With `--ignore-keys` a second request pays a second time, as a careless
provider would: a blind retry then shows as two lines of one key.

`POST /script` with a JSON list scripts the next answers to payouts, one each: "pay", "refuse", "500" (without paying),
"pay_500" (pays, then answers 500), "hang" (never answers, without paying), "pay_hang", "garbage", "not_found", "login".
"""

from __future__ import annotations

import argparse
import json
import os
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Any, Self

HANG_MOST_S = 30.0


class Book:
    """What the provider knows: paid and refused payouts, both on disk."""

    def __init__(self, log: Path, *, ignore_keys: bool = False, refuse_every: int = 0) -> None:
        self.log = log
        self.script: deque[str] = deque()
        self.requests = 0
        self.lookups = 0
        self._ignore_keys = ignore_keys
        self._refuse_every = refuse_every
        self._lock = Lock()
        self._paid = {each["key"]: each for each in read_log(log)}
        self._refused = {each["key"] for each in read_log(_refusals(log))}

    def next_answer(self) -> str:
        """What the script says about the next payout."""
        with self._lock:
            self.requests += 1
            if self.script:
                return self.script.popleft()
            return "refuse" if self._refuse_every and self.requests % self._refuse_every == 0 else "pay"

    def pay(self, payout: dict[str, Any]) -> dict[str, Any]:
        """Apply a payout, once a key, and write it down first."""
        with self._lock:
            key = payout["key"]
            if key in self._refused:
                return {"status": "refused", "reason": "account closed"}
            if key in self._paid and not self._ignore_keys:
                return _paid_answer(self._paid[key])
            line = {**payout, "ref": f"ref-{key}"}
            _append(self.log, line)
            self._paid[key] = line
            return _paid_answer(line)

    def refuse(self, key: str) -> dict[str, Any]:
        """Refuse a key for ever, unless it has been paid."""
        with self._lock:
            if key in self._paid:
                return _paid_answer(self._paid[key])
            if key not in self._refused:
                _append(_refusals(self.log), {"key": key})
                self._refused.add(key)
            return {"status": "refused", "reason": "account closed"}

    def find(self, key: str) -> dict[str, Any]:
        """What became of a key."""
        with self._lock:
            self.lookups += 1
            if key in self._paid:
                return _paid_answer(self._paid[key])
            return (
                {"status": "refused", "reason": "account closed"} if key in self._refused else {"status": "not_found"}
            )


class FakeProvider:
    """The server, in threads of this process; a context manager."""

    def __init__(self, log: Path, *, port: int = 0, ignore_keys: bool = False, refuse_every: int = 0) -> None:
        self.book = Book(log, ignore_keys=ignore_keys, refuse_every=refuse_every)
        self.released = Event()
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.book, self._server.released = self.book, self.released
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """The base address for a client."""
        return f"http://127.0.0.1:{self.port}"

    def serve(self) -> None:
        """Serve in this thread until killed."""
        self._server.serve_forever()

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
    book: Book
    released: Event
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is what these tests are about: nothing to report."""


def read_log(path: Path) -> list[dict[str, Any]]:
    """The lines of a log; a last line cut by a crash was never answered for and is left out."""
    if not path.exists():
        return []
    text = path.read_text(encoding="utf-8")
    whole = text[: text.rfind("\n") + 1]
    return [json.loads(line) for line in whole.splitlines()]


def _refusals(log: Path) -> Path:
    return log.with_name(log.name + ".refused")


def _append(path: Path, line: dict[str, Any]) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
        file.flush()
        os.fsync(file.fileno())


def _paid_answer(line: dict[str, Any]) -> dict[str, Any]:
    return {"status": "paid", "ref": line["ref"], "amount_minor": line["amount_minor"], "currency": line["currency"]}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_POST(self) -> None:
        """A payout, or a script."""
        given = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/script":
            self.server.book.script.extend(given)
            self._say(200, {})
            return
        assert self.headers["Idempotency-Key"] == given["key"]
        self._answer(self.server.book.next_answer(), given)

    def do_GET(self) -> None:
        """A look-up."""
        found = self.server.book.find(self.path.rpartition("/")[2])
        self._say(404 if found["status"] == "not_found" else 200, found)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Silent."""

    def _answer(self, scripted: str, given: dict[str, Any]) -> None:
        paid = self.server.book.pay(given) if scripted.startswith("pay") else {}
        if scripted == "refuse":
            self._say(422, self.server.book.refuse(given["key"]))
        elif scripted.endswith("hang"):
            self.server.released.wait(HANG_MOST_S)
        elif scripted.endswith("500"):
            self._say(500, {"error": "internal"})
        elif scripted == "pay":
            self._say(422 if paid["status"] == "refused" else 200, paid)
        else:
            self._send(*_NONSENSE[scripted])

    def _say(self, code: int, body: dict[str, Any]) -> None:
        self._send(code, json.dumps(body).encode())

    def _send(self, code: int, body: bytes) -> None:
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


_NONSENSE = {"garbage": (200, b"\xff{"), "not_found": (404, b""), "login": (200, b"<html>log in</html>")}


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser(description="A payout provider for tests.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--ignore-keys", action="store_true")
    parser.add_argument("--refuse-every", type=int, default=0)
    given = parser.parse_args()
    provider = FakeProvider(given.log, port=given.port, ignore_keys=given.ignore_keys, refuse_every=given.refuse_every)
    print(provider.port, flush=True)  # noqa: T201 - the parent reads it
    provider.serve()


if __name__ == "__main__":
    main()
