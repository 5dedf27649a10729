"""Requests sent at a steady rate, whatever the answers take, by a process of its own."""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection as Pipe

import numpy as np
import numpy.typing as npt

from bench.place import BenchError
from bench.site import Site

CLIENTS = 16


@dataclass(frozen=True, slots=True)
class Request:
    """One request: a GET, or a POST of JSON where there is a body."""

    path: str
    body: str | None = None


def answered_at(where: Site, requests: Sequence[Request], rate: float) -> npt.NDArray[np.float64]:
    """Seconds from when each request was to be sent to its whole answer. Raises BenchError when one is refused."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    client = context.Process(target=_client, args=(where, requests, rate, theirs), daemon=True)
    client.start()
    theirs.close()
    try:
        took = ours.recv()
    except EOFError:
        raise BenchError("the client was refused") from None
    client.join()
    return np.array(took)


def _client(where: Site, requests: Sequence[Request], rate: float, pipe: Pipe) -> None:
    took = [float("inf")] * len(requests)
    turns = iter(range(len(took)))
    begin = time.perf_counter() + 0.2
    threads = [threading.Thread(target=_ask, args=(where, requests, rate, turns, begin, took)) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if max(took) < float("inf"):
        pipe.send(took)
    pipe.close()


def _ask(
    where: Site, requests: Sequence[Request], rate: float, turns: Iterator[int], begin: float, took: list[float]
) -> None:
    """Take the next turn, wait until it is due, ask. A late start counts: the consumer has been waiting."""
    connection = where.connect()
    for turn in turns:  # one iterator for all threads
        request, due = requests[turn], begin + turn / rate
        time.sleep(max(0.0, due - time.perf_counter()))
        method = "GET" if request.body is None else "POST"
        kind = {} if request.body is None else {"Content-Type": "application/json"}
        connection.request(method, request.path, body=request.body, headers={**where.headers, **kind})
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            return
        took[turn] = time.perf_counter() - due
