"""The web's own way to the engine's record: one connection a thread, kept open, mended when it breaks.

Reads run outside any transaction (autocommit), so that no page leaves one idle. Writes take
`engine().transaction()`; they are committed when that block ends.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import psycopg

from goldline.core import database

Connection = psycopg.Connection[tuple[Any, ...]]


@dataclass(slots=True)
class _Way:
    """One connection of a thread, and the database it leads to."""

    application: str
    settings: tuple[str, ...] = ()
    connection: Connection | None = None
    url: str = ""

    def open(self) -> Connection:
        """The connection that stands; another when it broke or leads elsewhere."""
        url, standing = engine_url(), self.connection
        if standing is not None and not standing.closed and not standing.broken and self.url == url:
            return standing
        self.close()
        self.connection = database.connect(url, autocommit=True, application=self.application)
        for each in self.settings:
            self.connection.execute(each.encode())
        self.url = url
        return self.connection

    def close(self) -> None:
        """Close it, if it is open."""
        if self.connection is not None:
            with suppress(psycopg.Error):
                self.connection.close()
        self.connection = None


class _Local(threading.local):
    def __init__(self) -> None:
        self.reading = _Way("goldline-web")
        # Decisions name one order and one buyer, so one plan serves all, and planning would take longer than answering.
        self.deciding = _Way(
            "goldline-decisions", ("SET plan_cache_mode = force_generic_plan", "SET enable_seqscan = off")
        )


UNKNOWN = "postgresql:///goldline"


@dataclass(slots=True)
class _Chosen:
    url: str = ""


_local = _Local()
_chosen = _Chosen()


def use(url: str) -> None:
    """Name the database, before Django is set up: by whoever has already started the server."""
    _chosen.url = url


def known_url() -> str:
    """The database if it has been named; a placeholder before. Starts nothing, so that tools may import settings."""
    return _chosen.url or UNKNOWN


def engine_url() -> str:
    """Where the record is; the sign-in tables are in the same database. Starts the embedded server if need be."""
    if not _chosen.url:
        _chosen.url = database.database_url()
    return _chosen.url


def engine() -> Connection:
    """This thread's connection to the engine's record.

    Raises `DatabaseError` or `psycopg.OperationalError` when the database cannot be reached; the surfaces answer
    503 to that.
    """
    return _local.reading.open()


def decision_engine() -> Connection:
    """This thread's connection for decisions: its statements are planned once, whatever they are asked about."""
    return _local.deciding.open()


def forget() -> None:
    """Close this thread's connections, if it has any; the next `engine()` opens another."""
    _local.reading.close()
    _local.deciding.close()


def engine_now(connection: Connection) -> datetime:
    """The engine's present: the driven clock in a replay or a demo, else the database's."""
    row = connection.execute("SELECT coalesce((SELECT at FROM driven_clock), clock_timestamp())").fetchone()
    at: datetime = row[0]  # type: ignore[index]  # a SELECT without FROM gives a row
    return at.astimezone(UTC)
