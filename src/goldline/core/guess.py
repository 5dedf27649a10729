"""Guesses at passwords: how many tries a name has had, counted before each, for every process and every restart."""

from __future__ import annotations

from hashlib import sha256
from typing import Any, Final

from psycopg import Connection

TRIES_MOST: Final = 5
WAIT_S: Final = 15 * 60


def allowed(connection: Connection[Any], name: str) -> bool:
    """Count a try for a name; whether it may be made. Commits where the connection does so by itself.

    Counted first, so that many tries at once are no more than one after the other. By the database's own clock, which
    no replay drives. After `WAIT_S` from the first try the count begins anew.
    """
    row = connection.execute(_COUNT, {"name": _digest(name), "wait": WAIT_S}).fetchone()
    return row is not None and int(row[0]) <= TRIES_MOST


def forget(connection: Connection[Any], name: str) -> None:
    """The password was right: begin anew."""
    connection.execute("DELETE FROM guess WHERE name_sha256 = %s", [_digest(name)])


_COUNT: Final = """
    WITH over AS (
        DELETE FROM guess WHERE since <= clock_timestamp() - make_interval(secs => %(wait)s) AND name_sha256 <> %(name)s
    )
    INSERT INTO guess AS g (name_sha256, tries, since) VALUES (%(name)s, 1, clock_timestamp())
    ON CONFLICT (name_sha256) DO UPDATE SET
        tries = CASE WHEN g.since <= clock_timestamp() - make_interval(secs => %(wait)s) THEN 1 ELSE g.tries + 1 END,
        since = CASE WHEN g.since <= clock_timestamp() - make_interval(secs => %(wait)s) THEN clock_timestamp()
                     ELSE g.since END
    RETURNING tries"""


def _digest(name: str) -> bytes:
    return sha256(name.casefold().encode()).digest()
