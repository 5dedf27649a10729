"""Bookmarks: filters of lists that a person has named, kept with the record so that they are there on every machine.

A bookmark holds the query of a list's address and nothing else; opening it is opening that address, so a link to it may
be shared, and shows nobody more than they may see.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from psycopg import Connection
from psycopg.rows import class_row

from goldline.core.errors import GoldlineError

MOST: Final = 50  # of one person on one page
NAME_MAX: Final = 60
QUERY_MAX: Final = 1_000


@dataclass(frozen=True, slots=True)
class Bookmark:
    """A named filter of one page. `query` is what stands behind the '?' of its address."""

    id: int
    page: str
    name: str
    query: str


def bookmarks(connection: Connection[Any], member: str, page: str) -> list[Bookmark]:
    """A person's bookmarks of a page, by name."""
    with connection.cursor(row_factory=class_row(Bookmark)) as cursor:
        return cursor.execute(
            "SELECT id, page, name, query FROM bookmark WHERE member = %s AND page = %s ORDER BY name, id",
            (member, page),
        ).fetchall()


def keep(connection: Connection[Any], member: str, page: str, name: str, query: str, now: datetime) -> int:
    """Keep a filter under a name; the same name again replaces it. Its id. In the caller's transaction.

    Raises GoldlineError('invalid') without a name or a filter, ('too_many') beyond `MOST` on a page.
    """
    named = " ".join(name.split())
    if not named or len(named) > NAME_MAX:
        raise GoldlineError(f"A filter's name has 1 to {NAME_MAX} characters.", code="invalid", where="name")
    if not query or len(query) > QUERY_MAX:
        raise GoldlineError("There is no filter to keep.", code="invalid", where="query", hint="Choose one first.")
    # Two windows of one person take turns, so that the number kept is exact.
    connection.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"bookmark {member}"])
    row = connection.execute(
        "SELECT count(*) FROM bookmark WHERE member = %s AND page = %s AND name <> %s", (member, page, named)
    ).fetchone()
    if row is not None and row[0] >= MOST:
        raise GoldlineError(f"{MOST} filters are kept for this page.", code="too_many", hint="Delete one first.")
    made = connection.execute(
        "INSERT INTO bookmark (member, page, name, query, kept_at) VALUES (%s, %s, %s, %s, %s)"
        " ON CONFLICT (member, page, name) DO UPDATE SET query = excluded.query, kept_at = excluded.kept_at"
        " RETURNING id",
        (member, page, named, query, now),
    ).fetchone()
    assert made is not None, "an insert that returns gives its row"
    return int(made[0])


def drop(connection: Connection[Any], member: str, ident: int) -> Bookmark:
    """Delete one of one's own. Raises GoldlineError('not_found') for another's as for one that is not there."""
    with connection.cursor(row_factory=class_row(Bookmark)) as cursor:
        gone = cursor.execute(
            "DELETE FROM bookmark WHERE id = %s AND member = %s RETURNING id, page, name, query", (ident, member)
        ).fetchone()
    if gone is None:
        raise GoldlineError("There is no such filter of yours.", code="not_found")
    return gone
