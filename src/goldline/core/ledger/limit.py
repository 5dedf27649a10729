"""Budgets and breakers: how much a policy may accrue over a period, and how fast.

Rows are locked in order of policy, so that two steps never wait for each other in a circle.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from psycopg import Connection

from goldline.core.ledger.accrual import Limit
from goldline.core.policy.promise import Promise


def period_start(period: str, now: datetime) -> date:
    """The first day, UTC, of the budget period that holds `now`: day, week (from Monday), month or year."""
    today = now.date()
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
                " why = CASE WHEN %s THEN 'accruals in the window passed the limit' ELSE why END WHERE policy = %s",
                (limit.spent_minor, limit.newly_tripped, now, limit.newly_tripped, promise.policy),
            )
