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


class _Local(threading.local):
    connection: Connection | None = None
    url: str = ""


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
    url = engine_url()
    standing = _local.connection
    if standing is not None and not standing.closed and not standing.broken and _local.url == url:
        return standing
    forget()
    _local.connection = database.connect(url, autocommit=True, application="goldline-web")
    _local.url = url
    return _local.connection


def forget() -> None:
    """Close this thread's connection, if it has one; the next `engine()` opens another."""
    standing, _local.connection = _local.connection, None
    if standing is not None:
        with suppress(psycopg.Error):
            standing.close()


def engine_now(connection: Connection) -> datetime:
    """The engine's present: the driven clock in a replay or a demo, else the database's."""
    row = connection.execute("SELECT coalesce((SELECT at FROM driven_clock), clock_timestamp())").fetchone()
    at: datetime = row[0]  # type: ignore[index]  # a SELECT without FROM gives a row
    return at.astimezone(UTC)
