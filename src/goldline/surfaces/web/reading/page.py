"""Pages of long lists by cursor: stable under inserts, and as cheap at the thousandth page as at the first."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, LiteralString

import psycopg
from psycopg.rows import dict_row

from goldline.core.errors import GoldlineError

LIMIT_DEFAULT = 50
LIMIT_MAX = 200

Row = dict[str, Any]


class BadCursor(GoldlineError):
    """The cursor was not made by this list."""


@dataclass(frozen=True, slots=True)
class Listing:
    """A list: what is selected, and the columns that order it, newest first, with their SQL types.

    `rows` selects from one table and ends where conditions may follow; `around` may add columns to the chosen page
    (it sees it as `page`), so that nothing is looked up for rows that are not shown.
    """

    rows: LiteralString
    key: tuple[tuple[LiteralString, LiteralString], ...]
    around: LiteralString = "SELECT * FROM page"


@dataclass(frozen=True, slots=True)
class Slice:
    """One page of a list, and the cursor of the next, if there is one."""

    rows: list[Row]
    next_cursor: str | None


@dataclass(slots=True)
class Conditions:
    """Conditions gathered from filters: SQL with one `%s` each, and their values."""

    texts: list[LiteralString] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)

    def add(self, text: LiteralString, value: Any) -> None:
        """Add a condition unless its filter is empty."""
        if value not in (None, ""):
            self.texts.append(text)
            self.values.append(value)


def fetch(
    connection: psycopg.Connection[Any],
    listing: Listing,
    conditions: Conditions,
    cursor: str | None = None,
    limit: int = LIMIT_DEFAULT,
) -> Slice:
    """One page. Raises BadCursor when the cursor does not fit the list."""
    limit = max(1, min(limit, LIMIT_MAX))
    texts, values = list(conditions.texts), list(conditions.values)
    names = ", ".join(name for name, _ in listing.key)
    if cursor:
        marks = ", ".join(f"%s::{kind}" for _, kind in listing.key)
        texts.append(f"({names}) < ({marks})")
        values += _decode(cursor, len(listing.key))
    where = f" WHERE {' AND '.join(texts)}" if texts else ""
    order = ", ".join(f"{name} DESC" for name, _ in listing.key)
    # Safe: every piece is a literal of ours; what comes from outside goes in as a parameter.
    text = f"WITH page AS ({listing.rows}{where} ORDER BY {order} LIMIT {limit + 1}) {listing.around} ORDER BY {order}"
    try:
        with connection.cursor(row_factory=dict_row) as reader:
            rows = reader.execute(text, values).fetchall()
    except (psycopg.DataError, psycopg.ProgrammingError) as fault:
        raise _bad_cursor() if cursor else _bad_filter() from fault
    following = _encode(rows[limit - 1], listing) if len(rows) > limit else None
    return Slice(rows[:limit], following)


def _encode(row: Mapping[str, Any], listing: Listing) -> str:
    parts = [_plain(row[name]) for name, _ in listing.key]
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


def _decode(cursor: str, length: int) -> Sequence[Any]:
    try:
        parts = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError) as fault:
        raise _bad_cursor() from fault
    if not isinstance(parts, list) or len(parts) != length or not all(map(_may_be_key, parts)):
        raise _bad_cursor()
    return parts


def _may_be_key(part: object) -> bool:
    """A text, or a number a row may have; JSON's true is a number to Python and to nobody else."""
    return isinstance(part, str) or (type(part) is int and abs(part) < 2**63)


def _plain(value: Any) -> str | int:
    if isinstance(value, int):
        return value
    return value.isoformat() if isinstance(value, datetime | date) else str(value)


def _bad_cursor() -> BadCursor:
    return BadCursor(
        "The cursor is not one of this list.",
        code="bad_cursor",
        where="cursor",
        hint="Use next_cursor as it was given, or leave it out to begin at the newest.",
    )


def _bad_filter() -> GoldlineError:
    return GoldlineError("A filter has a value its column cannot hold.", code="bad_filter", hint="Correct the filter.")
