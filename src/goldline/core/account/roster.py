"""The roster: who reviews, what each knows, what each holds; and taking one off it, with what was held given back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection
from psycopg.rows import class_row

from goldline.core.audit import Actor, record
from goldline.core.errors import GoldlineError


@dataclass(frozen=True, slots=True)
class Reviewer:
    """One reviewer. An empty list of kinds, languages or categories is every one. `holding` cases now, `taken` ever."""

    name: str
    kinds: list[str]
    languages: list[str]
    categories: list[str]
    most: int
    active: bool
    holding: int
    taken: int


def roster(connection: Connection[Any], now: datetime) -> list[Reviewer]:
    """Every reviewer there ever was, those at work first."""
    with connection.cursor(row_factory=class_row(Reviewer)) as cursor:
        return cursor.execute(
            "SELECT r.name, r.kinds, r.languages, r.categories, r.most, r.active, r.taken,"
            " (SELECT count(*) FROM review_case c WHERE c.holder = r.name AND c.state = 'open'"
            " AND c.claimed_until > %s) AS holding FROM reviewer r ORDER BY NOT r.active, r.name",
            (now,),
        ).fetchall()


def remove_reviewer(connection: Connection[Any], name: str, actor: Actor, now: datetime) -> int:
    """Take a reviewer off the roster, in the caller's transaction; how many cases go back to those that wait.

    Claims end at once: an answer that is on its way finds another number. What was answered stays, under that name.
    Raises GoldlineError('no_reviewer').
    """
    row = connection.execute("UPDATE reviewer SET active = false WHERE name = %s AND active RETURNING name", (name,))
    if row.fetchone() is None:
        raise GoldlineError(
            f"There is no reviewer {name[:64]!r} at work.", code="no_reviewer", hint="See them: goldline review list."
        )
    given_back = connection.execute(
        "UPDATE review_case SET epoch = epoch + 1, holder = NULL, claimed_until = NULL"
        " WHERE holder = %s AND state = 'open'",
        (name,),
    ).rowcount
    record(connection, actor, "reviewer.removed", f"reviewer:{name}", {"cases": given_back}, now)
    return given_back
