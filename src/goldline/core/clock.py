"""Where `now` comes from: the database's clock in production, a driven one in a replay, a demo or a test."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from psycopg import Connection

from goldline.core.errors import GoldlineError


class Clock(Protocol):
    """Says what time it is. Every answer is aware and in UTC."""

    def now(self, connection: Connection[Any]) -> datetime:
        """The time to judge by. The connection is there so that one clock, the database's, serves all workers."""
        ...


class DatabaseClock:
    """The database server's clock: one for all workers, whatever their hosts' clocks say."""

    def now(self, connection: Connection[Any]) -> datetime:
        """`clock_timestamp()`, which moves inside a transaction."""
        row = connection.execute("SELECT clock_timestamp()").fetchone()
        if row is None:  # pragma: no cover - a SELECT without FROM always gives a row
            raise GoldlineError("The database did not say what time it is.", code="clock_silent")
        at: datetime = row[0]
        return at.astimezone(UTC)


class DrivenClock:
    """A clock that stands still until it is moved, and is never moved back."""

    def __init__(self, at: datetime) -> None:
        self._at = aware(at)

    def now(self, connection: Connection[Any] | None = None) -> datetime:  # noqa: ARG002 - the protocol's
        """Where the clock was last moved to."""
        return self._at

    def advance(self, by: timedelta) -> datetime:
        """Move on by a duration; the new time."""
        return self.move_to(self._at + by)

    def move_to(self, at: datetime) -> datetime:
        """Move on to an instant; the new time. Raises GoldlineError('clock_backwards') for an earlier one."""
        at = aware(at)
        if at < self._at:
            raise GoldlineError(
                f"The clock stands at {self._at.isoformat()} and cannot go back to {at.isoformat()}.",
                code="clock_backwards",
                hint="Verdicts already given cannot be ungiven by an earlier time; choose a later one.",
            )
        self._at = at
        return at


def aware(at: datetime) -> datetime:
    """The same instant in UTC. Raises GoldlineError('naive_time') when it has no offset."""
    if at.tzinfo is None:
        raise GoldlineError(
            f"The time {at.isoformat()} has no offset.", code="naive_time", hint="Write it as 2026-08-10T09:00:00Z."
        )
    return at.astimezone(UTC)


def stored_now(connection: Connection[Any]) -> datetime:
    """The time every worker and page reads: the driven clock where one is set, else the database's."""
    row = connection.execute("SELECT coalesce((SELECT at FROM driven_clock), clock_timestamp())").fetchone()
    connection.commit()
    if row is None:  # pragma: no cover - a SELECT without FROM always gives a row
        raise GoldlineError("The database did not say what time it is.", code="clock_silent")
    at: datetime = row[0]
    return at.astimezone(UTC)
