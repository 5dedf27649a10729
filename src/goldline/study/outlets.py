"""The report on outlets: the delivery failures upheld against each carrier's outlet, day by day.

Read from the outlet-days, which the worker counts; a failure of the last seconds may still be missing.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from psycopg import Connection
from psycopg.rows import class_row

from goldline.core.errors import GoldlineError

MOST_ROWS = 1_000


@dataclass(frozen=True, slots=True)
class OutletDayReport:
    """One outlet on one day: its points, one for each upheld failure that no appeal cleared, and of what kind."""

    outlet: str
    day: date
    points: int
    unasked_drops: int
    false_signatures: int
    no_visits: int
    undelivered: int
    late_signatures: int
    overlong: int

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {**asdict(self), "day": self.day.isoformat()}


def outlets(
    connection: Connection[Any], since: date | None = None, outlet: str | None = None, limit: int = 100
) -> list[OutletDayReport]:
    """Outlet-days with points, most first, then the latest day; from `since` on, of one outlet if named.

    Raises GoldlineError('bad_limit') for more rows than MOST_ROWS.
    """
    if not 1 <= limit <= MOST_ROWS:
        raise GoldlineError(f"A report cannot have {limit} rows.", code="bad_limit", hint=f"Ask for 1 to {MOST_ROWS}.")
    with connection.cursor(row_factory=class_row(OutletDayReport)) as cursor:
        return cursor.execute(_OUTLETS, {"since": since, "outlet": outlet, "limit": limit}).fetchall()


_OUTLETS = """
    SELECT owner AS outlet, day, points::int, unasked_drops::int, false_signatures::int, no_visits::int,
           undelivered::int, late_signatures::int, overlong::int
    FROM fact_outlet_day
    WHERE points > 0 AND (%(since)s::date IS NULL OR day >= %(since)s) AND owner = coalesce(%(outlet)s, owner)
    ORDER BY points DESC, day DESC, owner LIMIT %(limit)s"""
