"""Clearing: what was charged and has not arrived yet. Its age says whether the world still answers us.

Every remedy opens a clearing balance when it is accrued and closes it when it is paid or refused. What stays open
is named here, with its age, and what is held back can be let go.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row

from goldline.core.errors import GoldlineError
from goldline.core.ledger.entry import CLEARING, NOBODY, OPENING
from goldline.core.ledger.limit import periods_now

OPEN_STATES: Final = ("held", "unknown", "refused")


@dataclass(frozen=True, slots=True)
class Uncleared:
    """What lies in clearing in one currency. `oldest_at` is when the oldest open remedy was charged."""

    currency: str
    amount_minor: int
    remedies: int
    oldest_at: datetime

    def age(self, now: datetime) -> timedelta:
        """How long the oldest has waited."""
        return now - self.oldest_at


@dataclass(frozen=True, slots=True)
class Troubled:
    """A remedy that somebody should look at."""

    id: UUID
    policy: str
    key: str
    kind: str
    payee: str
    charged_to: str
    amount_minor: int
    currency: str
    state: str
    why: str | None
    accrued_at: datetime
    waits_for_person: bool


def uncleared(connection: Connection[Any]) -> list[Uncleared]:
    """What is in clearing, by currency. Reads open remedies only, so it is quick however long the history."""
    with connection.cursor(row_factory=class_row(Uncleared)) as cursor:
        return cursor.execute(
            """
            SELECT currency, sum(amount_minor)::bigint AS amount_minor, count(*) AS remedies,
                   min(accrued_at) AS oldest_at
            FROM remedy WHERE state IN ('accrued', 'unknown')
            GROUP BY currency ORDER BY currency
            """
        ).fetchall()


def clearing_balance(connection: Connection[Any]) -> dict[str, int]:
    """The same amount by the postings themselves: what `uncleared` must add up to. Reads the whole account."""
    rows = connection.execute(
        "SELECT currency, sum(amount_minor)::bigint FROM posting WHERE account = %s GROUP BY currency"
        " HAVING sum(amount_minor) <> 0",
        [CLEARING],
    )
    return dict(rows.fetchall())


def troubled(connection: Connection[Any], states: Sequence[str] = OPEN_STATES, *, limit: int = 100) -> list[Troubled]:
    """Held, unknown and refused remedies, oldest first."""
    with connection.cursor(row_factory=class_row(Troubled)) as cursor:
        return cursor.execute(
            """
            SELECT r.id, r.policy, r.key, r.kind, r.payee, r.charged_to, r.amount_minor, r.currency, r.state, r.why,
                   r.accrued_at,
                   r.state = 'held' OR coalesce(o.state = 'unknown' AND o.next_try_at > '9000-01-01', false)
                       AS waits_for_person
            FROM remedy r LEFT JOIN outbox o ON o.kind = 'payout' AND o.key = r.id::text
            WHERE r.state = ANY(%s) ORDER BY r.accrued_at, r.id LIMIT %s
            """,
            [list(states), limit],
        ).fetchall()


def release_held(connection: Connection[Any], remedy_ids: Sequence[UUID], by: str, now: datetime) -> int:
    """Let held remedies go: charge the bearer, open clearing and queue the payout, as the step would have.

    In the caller's transaction. What is not held any more, or has nobody to be paid to, is passed over;
    answers how many were let go. A person's word goes beyond a limit: the budget of today's period is charged even if
    nothing is left of it, and a breaker does not count it.
    Raises GoldlineError('no_name') when nobody takes responsibility.
    """
    if not by.strip():
        raise GoldlineError("A release needs the name of who decides it.", code="no_name", hint="Give --by NAME.")
    periods = periods_now(connection, _policies_of(connection, remedy_ids), now)
    values = {"ids": sorted(remedy_ids), "by": by, "now": now, "clearing": CLEARING, "nobody": NOBODY,
              "policies": list(periods), "periods": list(periods.values())}  # fmt: skip
    row = connection.execute(_RELEASE, values).fetchone()
    return int(row[0]) if row else 0


def held_by_breaker(connection: Connection[Any], policy: str) -> list[UUID]:
    """The remedies that a policy's breaker holds or has held, oldest first."""
    rows = connection.execute(
        "SELECT id FROM remedy WHERE state IN ('accrued', 'unknown', 'held') AND state = 'held' AND why = 'breaker'"
        " AND policy = %s ORDER BY accrued_at, id",
        [policy],
    )
    return [row[0] for row in rows]


def _policies_of(connection: Connection[Any], remedy_ids: Sequence[UUID]) -> list[str]:
    rows = connection.execute(
        "SELECT DISTINCT policy FROM remedy WHERE id = ANY(%s) AND state = 'held' ORDER BY policy", [list(remedy_ids)]
    )
    return [row[0] for row in rows]


_RELEASE: Final = f"""
    WITH opened AS (
        UPDATE remedy SET state = 'accrued', why = NULL, accrued_at = %(now)s,
               budget_period = (SELECT b.period
                                FROM unnest(%(policies)s::text[], %(periods)s::date[]) b (policy, period)
                                WHERE b.policy = remedy.policy)
        WHERE id = ANY(%(ids)s::uuid[]) AND state = 'held' AND payee <> %(nobody)s
        RETURNING *
    ), {OPENING}, charged AS (
        UPDATE budget b SET spent_minor = b.spent_minor + r.amount_minor
        FROM (SELECT policy, budget_period, sum(amount_minor)::bigint AS amount_minor FROM opened GROUP BY 1, 2) r
        WHERE b.policy = r.policy AND b.period = r.budget_period
    )
    SELECT count(*) FROM opened"""
