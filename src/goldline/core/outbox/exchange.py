"""One HTTP request to one pinned address, bounded in time and in size, never redirected.

The library's own clients resolve the name again, follow redirects and let a slow receiver hold the line for ever.
Here the address comes checked, one clock bounds the whole exchange, and the answer is cut at a cap. The one thing
the caller must know afterwards is told apart by type: `NotSent` (no byte of the request left) or `Interrupted`.
"""

from __future__ import annotations

import io
import socket
import ssl
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from http.client import HTTPException, HTTPResponse
from time import monotonic
from typing import Any, Final, cast

from goldline.core.outbox.address import Target

BODY_CAP: Final = 64 * 1024
AGENT: Final = "goldline/1"


class NotSent(Exception):
    """The connection was never made: nothing reached the receiver."""


class Interrupted(Exception):
    """The line broke or the time ran out after sending began: what the receiver did is not known."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `body` holds at most the cap; `whole` is false when there was more or the line broke in it."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    whole: bool = True


def exchange(
    target: Target,
    method: str,
    headers: Mapping[str, str],
    body: bytes = b"",
    *,
    timeout_s: float,
    body_cap: int = BODY_CAP,
) -> Answer:
    """Send one request and read one answer within `timeout_s` seconds in all, connecting included.

    Raises `NotSent` when the connection or the TLS handshake failed, `Interrupted` for anything after that, and
    ValueError for a header that cannot be sent.
    """
    request = _request(target, method, headers, body)
    until = monotonic() + timeout_s
    with closing(_connected(target, until)) as line:
        try:
            line.settimeout(_left(until))
            line.sendall(request)
            return _answer(line, method, until, body_cap)
        except (OSError, HTTPException, ValueError) as fault:
            raise Interrupted(_said(fault)) from fault


def _connected(target: Target, until: float) -> socket.socket:
    try:
        plain = socket.create_connection((target.ip, target.port), timeout=_left(until))
    except OSError as fault:
        raise NotSent(_said(fault)) from fault
    if target.scheme == "http":
        return plain
    try:
        plain.settimeout(_left(until))
        return _tls().wrap_socket(plain, server_hostname=target.host)
    except (OSError, ValueError) as fault:
        plain.close()
        raise NotSent(f"TLS: {_said(fault)}") from fault


@cache
def _tls() -> ssl.SSLContext:
    # The certificates trusted are the system's; SSL_CERT_FILE names others.
    return ssl.create_default_context()


def _request(target: Target, method: str, headers: Mapping[str, str], body: bytes) -> bytes:
    own = {"Host": target.authority, "User-Agent": AGENT, "Accept-Encoding": "identity", "Connection": "close"}
    if body or method in ("POST", "PUT"):
        own["Content-Length"] = str(len(body))
    lines = [f"{method} {target.path} HTTP/1.1", *(f"{name}: {value}" for name, value in {**own, **headers}.items())]
    if any("\r" in line or "\n" in line for line in lines):
        raise ValueError("a header holds a line break")
    return "\r\n".join(lines).encode("ascii") + b"\r\n\r\n" + body


def _answer(line: socket.socket, method: str, until: float, body_cap: int) -> Answer:
    response = HTTPResponse(cast("socket.socket", _Reader(line, until)), method=method)
    try:
        response.begin()
        headers = {name.lower(): value for name, value in response.getheaders()}
        body, whole = _read(response, body_cap)
        return Answer(response.status, headers, body, whole)
    finally:
        response.close()


def _read(response: HTTPResponse, body_cap: int) -> tuple[bytes, bool]:
    # The status has been said: a body that never ends does not take it back.
    try:
        body = response.read(body_cap + 1)
    except (OSError, HTTPException, ValueError):
        return b"", False
    return body[:body_cap], len(body) <= body_cap


class _Reader(io.RawIOBase):
    """A line read against one deadline, however many pieces the answer comes in."""

    def __init__(self, line: socket.socket, until: float) -> None:
        super().__init__()
        self._line = line
        self._until = until

    def makefile(self, _mode: str) -> io.BufferedReader:
        """What `HTTPResponse` asks a socket for."""
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._line.settimeout(_left(self._until))
        return self._line.recv_into(buffer)


def _left(until: float) -> float:
    left = until - monotonic()
    if left <= 0:
        raise TimeoutError("the time for the exchange is over")
    return left


def _said(fault: Exception) -> str:
    return f"{type(fault).__name__}: {fault}"[:300]
