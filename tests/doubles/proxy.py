"""A TCP proxy that cuts lines: the world between us and a provider, on a bad day.

    python -m tests.doubles.proxy --port 0 --to 127.0.0.1:9000 --every 3 --where after --count cuts.txt

It prints the port it listens on as its first line. Of the connections whose request begins with `POST` it cuts
every k-th, or those a script names (0 is the first):

- before: the request never reaches the other side,
- after:  the other side has done its work and answered; the answer is dropped and the line reset,
- middle: half of the answer comes through.
"""

from __future__ import annotations

import argparse
import asyncio
import socket
import struct
from collections.abc import Collection
from concurrent.futures import Future
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import Literal, Self

Where = Literal["before", "after", "middle"]
CHUNK = 65_536


class CuttingProxy:
    """The proxy, in a thread of this process; a context manager. `cuts` counts lines cut so far."""

    def __init__(
        self,
        to: tuple[str, int],
        *,
        every: int = 0,
        script: Collection[int] = (),
        where: Where = "after",
        port: int = 0,
        count: Path | None = None,
    ) -> None:
        self.cuts = 0
        self.seen = 0
        self.port = port
        self._to = to
        self._every = every
        self._script = frozenset(script)
        self._where = where
        self._count = count
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._run, daemon=True)
        self._ready: Future[None] = Future()

    @property
    def url(self) -> str:
        """The base address for a client."""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.result(timeout=10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(timeout=10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._pass, "127.0.0.1", self.port, backlog=256)
        self.port = self._server.sockets[0].getsockname()[1]

    def _run(self) -> None:
        self._loop.run_until_complete(self.start())
        self._ready.set_result(None)
        self._loop.run_forever()

    async def _end(self) -> None:
        self._server.close()
        mine = [each for each in asyncio.all_tasks() if each is not asyncio.current_task()]
        for each in mine:
            each.cancel()
        await asyncio.gather(*mine, return_exceptions=True)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = await _read_request(reader)
            cut = self._is_cut(request)
            if cut and self._where == "before":
                self._cut(writer)
                return
            answer = await self._asked(request)
            if cut:
                writer.write(answer[: len(answer) // 2] if self._where == "middle" else b"")
                await writer.drain()
                self._cut(writer)
                return
            writer.write(answer)
            await writer.drain()
            writer.close()
        except OSError:
            writer.transport.abort()

    def _is_cut(self, request: bytes) -> bool:
        if not request.startswith(b"POST"):
            return False
        number = self.seen
        self.seen += 1
        return number in self._script or bool(self._every and (number + 1) % self._every == 0)

    async def _asked(self, request: bytes) -> bytes:
        """Everything the other side answers, until it closes: it has done its work by then."""
        reader, writer = await asyncio.open_connection(*self._to)
        writer.write(request)
        await writer.drain()
        try:
            return await reader.read(-1)
        finally:
            writer.close()

    def _cut(self, writer: asyncio.StreamWriter) -> None:
        self.cuts += 1
        if self._count is not None:
            with self._count.open("a", encoding="ascii") as file:
                file.write(f"{self._where}\n")
        if self._where != "middle":
            # Linger of zero: the client sees a reset, not an orderly end.
            line: socket.socket = writer.get_extra_info("socket")
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.close()


async def _read_request(reader: asyncio.StreamReader) -> bytes:
    """One HTTP request with its body."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = 0
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            length = int(line.partition(b":")[2])
    return head + await reader.readexactly(length)


def main() -> None:
    """Run until killed."""
    parser = argparse.ArgumentParser(description="A TCP proxy that cuts lines.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--to", required=True, help="host:port")
    parser.add_argument("--every", type=int, default=0)
    parser.add_argument("--where", choices=("before", "after", "middle"), default="after")
    parser.add_argument("--count", type=Path, help="a file that gets a line for each cut")
    given = parser.parse_args()
    host, _, port = given.to.rpartition(":")
    proxy = CuttingProxy((host, int(port)), every=given.every, where=given.where, port=given.port, count=given.count)
    asyncio.run(_serve(proxy))


async def _serve(proxy: CuttingProxy) -> None:
    await proxy.start()
    print(proxy.port, flush=True)  # noqa: T201 - the parent reads it
    await asyncio.Event().wait()


if __name__ == "__main__":
    main()
