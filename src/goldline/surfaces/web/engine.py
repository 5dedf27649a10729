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
    deciding: Connection | None = None
    deciding_url: str = ""


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
    _close(standing)
    _local.connection = database.connect(url, autocommit=True, application="goldline-web")
    _local.url = url
    return _local.connection


def decision_engine() -> Connection:
    """This thread's connection for decisions: its statements are planned once, whatever they are asked about.

    They name one order and one buyer, so one plan serves all, and planning would take longer than answering.
    """
    url = engine_url()
    standing = _local.deciding
    if standing is not None and not standing.closed and not standing.broken and _local.deciding_url == url:
        return standing
    _close(standing)
    _local.deciding = database.connect(url, autocommit=True, application="goldline-decisions")
    _local.deciding.execute("SET plan_cache_mode = force_generic_plan")
    _local.deciding.execute("SET enable_seqscan = off")
    _local.deciding_url = url
    return _local.deciding


def forget() -> None:
    """Close this thread's connections, if it has any; the next `engine()` opens another."""
    _close(_local.connection)
    _close(_local.deciding)
    _local.connection = _local.deciding = None


def _close(connection: Connection | None) -> None:
    if connection is not None:
        with suppress(psycopg.Error):
            connection.close()


def engine_now(connection: Connection) -> datetime:
    """The engine's present: the driven clock in a replay or a demo, else the database's."""
    row = connection.execute("SELECT coalesce((SELECT at FROM driven_clock), clock_timestamp())").fetchone()
    at: datetime = row[0]  # type: ignore[index]  # a SELECT without FROM gives a row
    return at.astimezone(UTC)
