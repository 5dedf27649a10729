"""Budgets and breakers: how much a policy may accrue over a period, and how fast.

A budget counts what is charged: what a person lets go is charged to the period it is let go in, whatever is left of
it, and what a provider refuses is given back to the period it was charged to. A breaker counts what the steps accrue
and nothing else, so that letting held remedies go never trips it.

Budget rows are locked in order of policy and before the remedies they pay, so that nobody waits in a circle.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any, Final

from psycopg import Connection
from psycopg.rows import class_row

from goldline.core.errors import GoldlineError
from goldline.core.ledger.accrual import Limit
from goldline.core.policy.promise import Promise

TRIPPED_WHY: Final = "accruals in the window passed the limit"


def period_start(period: str, now: datetime, zone: tzinfo = UTC) -> date:
    """The first day of the budget period that holds `now`, in a zone: day, week (from Monday), month or year."""
    today = now.astimezone(zone).date()
    if period == "day":
        return today
    if period == "week":
        return today - timedelta(days=today.weekday())
    return today.replace(day=1) if period == "month" else today.replace(month=1, day=1)


def lock_limits(connection: Connection[Any], promises: Sequence[Promise], now: datetime) -> dict[str, Limit]:
    """Lock the budget and breaker rows of the promises and read what is left of each."""
    limits: dict[str, Limit] = {}
    for promise in sorted(promises, key=lambda each: each.policy):
        limit = limits.setdefault(promise.policy, Limit())
        if promise.budget is not None:
            limit.budget_left_minor = _budget_left(connection, promise, now)
        if promise.breaker is not None:
            _read_breaker(connection, promise, limit, now)
    return limits


def _budget_left(connection: Connection[Any], promise: Promise, now: datetime) -> int:
    assert promise.budget is not None
    start = period_start(promise.budget.period, now)
    connection.execute(
        "INSERT INTO budget (policy, period, currency, limit_minor) VALUES (%s, %s, %s, %s)"
        " ON CONFLICT (policy, period) DO UPDATE SET limit_minor = excluded.limit_minor",
        (promise.policy, start, promise.currency, promise.budget.limit_minor),
    )
    row = connection.execute(
        "SELECT limit_minor - spent_minor FROM budget WHERE policy = %s AND period = %s FOR UPDATE",
        (promise.policy, start),
    ).fetchone()
    assert row is not None
    return int(row[0])


def _read_breaker(connection: Connection[Any], promise: Promise, limit: Limit, now: datetime) -> None:
    """A breaker's window tumbles: it starts at the first accrual after the last one ended."""
    assert promise.breaker is not None
    connection.execute("INSERT INTO breaker (policy) VALUES (%s) ON CONFLICT DO NOTHING", (promise.policy,))
    row = connection.execute(
        "SELECT tripped_at, window_start, window_minor FROM breaker WHERE policy = %s FOR UPDATE", (promise.policy,)
    ).fetchone()
    assert row is not None
    tripped_at, start, used_minor = row
    limit.tripped = tripped_at is not None
    fresh = start is None or now - start >= timedelta(seconds=promise.breaker.window_s)
    if fresh:
        connection.execute(
            "UPDATE breaker SET window_start = %s, window_minor = 0 WHERE policy = %s", (now, promise.policy)
        )
    limit.breaker_left_minor = promise.breaker.limit_minor - (0 if fresh else used_minor)


def save_limits(
    connection: Connection[Any], promises: Sequence[Promise], limits: dict[str, Limit], now: datetime
) -> None:
    """Write back what the step has spent, and trip what it has tripped."""
    for promise in promises:
        limit = limits[promise.policy]
        if promise.budget is not None and limit.spent_minor:
            connection.execute(
                "UPDATE budget SET spent_minor = spent_minor + %s WHERE policy = %s AND period = %s",
                (limit.spent_minor, promise.policy, period_start(promise.budget.period, now)),
            )
        if promise.breaker is not None:
            connection.execute(
                "UPDATE breaker SET window_minor = window_minor + %s,"
                " tripped_at = CASE WHEN %s THEN %s ELSE tripped_at END,"
                " why = CASE WHEN %s THEN %s ELSE why END WHERE policy = %s",
                (limit.spent_minor, limit.newly_tripped, now, limit.newly_tripped, TRIPPED_WHY, promise.policy),
            )


@dataclass(frozen=True, slots=True)
class BreakerState:
    """A breaker as it stands. `tripped_at` is None while payouts flow; the release is the last one."""

    policy: str
    window_start: datetime | None
    window_minor: int
    tripped_at: datetime | None
    why: str | None
    released_at: datetime | None
    released_by: str | None
    released_why: str | None
    held: int


def breakers(connection: Connection[Any]) -> list[BreakerState]:
    """Every breaker that was ever asked, the tripped ones first; `held` counts the remedies that wait behind each."""
    with connection.cursor(row_factory=class_row(BreakerState)) as cursor:
        return cursor.execute(
            """
            SELECT b.policy, b.window_start, b.window_minor, b.tripped_at, b.why, b.released_at, b.released_by,
                   b.released_why, coalesce(waiting.held, 0) AS held
            FROM breaker b LEFT JOIN (
                SELECT policy, count(*) AS held FROM remedy
                WHERE state IN ('accrued', 'unknown', 'held') AND state = 'held' AND why = 'breaker' GROUP BY policy
            ) waiting USING (policy)
            ORDER BY b.tripped_at IS NULL, b.policy
            """
        ).fetchall()


def release_breaker(
    connection: Connection[Any], policy: str, by: str, now: datetime, *, why: str | None = None
) -> None:
    """Let the payouts of a policy flow again, with a fresh window, in the caller's transaction.

    What was held meanwhile stays held until `clearing.release_held` lets it go.
    Raises GoldlineError: 'no_name' when nobody takes responsibility, 'not_tripped'.
    """
    if not by.strip():
        raise GoldlineError("A release needs the name of who decides it.", code="no_name", hint="Give --by NAME.")
    periods_now(connection, [policy], now)  # locked first, as a step does
    released = connection.execute(
        "UPDATE breaker SET tripped_at = NULL, why = NULL, window_start = %(now)s, window_minor = 0,"
        " released_at = %(now)s, released_by = %(by)s, released_why = %(why)s"
        " WHERE policy = %(policy)s AND tripped_at IS NOT NULL",
        {"now": now, "by": by.strip(), "why": why, "policy": policy},
    ).rowcount
    if not released:
        raise GoldlineError(
            f"The breaker of {policy!r} has not tripped.",
            code="not_tripped",
            hint="See which have with `goldline breaker list`.",
        )


def periods_now(connection: Connection[Any], policies: Iterable[str], now: datetime) -> dict[str, date]:
    """The budget period that holds `now` of each policy that has a budget, its row made if need be and locked."""
    rows = connection.execute(
        "SELECT DISTINCT ON (policy) policy, body #>> '{budget,period}' FROM policy_version"
        " WHERE policy = ANY(%s) AND kind = 'promise' ORDER BY policy, version DESC",
        [list(policies)],
    ).fetchall()
    found: dict[str, date] = {}
    for policy, period in sorted(row for row in rows if row[1] is not None):
        start = period_start(period, now)
        # A step of the new period sets its own limit; until then the last one known stands.
        made = connection.execute(
            "INSERT INTO budget (policy, period, currency, limit_minor)"
            " SELECT policy, %s, currency, limit_minor FROM budget WHERE policy = %s ORDER BY period DESC LIMIT 1"
            " ON CONFLICT (policy, period) DO UPDATE SET limit_minor = budget.limit_minor",
            [start, policy],
        )
        if made.rowcount:
            found[policy] = start
    return found
