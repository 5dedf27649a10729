"""Serves the pages and the API with granian: one worker process, a pool of threads, each with its own connection."""

from __future__ import annotations

import os

from granian.constants import Interfaces
from granian.server import Server

from goldline.surfaces.web import engine, operator

# Requests wait for the database, not for the processor; more threads than this only take turns at the interpreter.
THREADS = 4
BACKLOG = 1024


def run(url: str, *, host: str = "127.0.0.1", port: int = 8000, threads: int = THREADS) -> None:
    """Bring the sign-in tables to the present and serve until stopped by a signal."""
    engine.use(url)
    operator.prepare()
    # The worker is a new process: it finds the record by its environment.
    os.environ["DATABASE_URL"] = url
    server = Server(
        "goldline.surfaces.web.wsgi:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=threads,
        backlog=BACKLOG,
        websockets=False,
        log_access=False,
        respawn_failed_workers=True,
    )
    server.serve()
