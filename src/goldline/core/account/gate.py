"""Gates: what an account may do now, asked in one indexed look-up and told when it changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row

from goldline.core.errors import GoldlineError
from goldline.core.ledger.accrual import derived_id
from goldline.core.outbox.message import Message, queue
from goldline.core.policy.diagnostic import nearest
from goldline.core.policy.ladder import Gate

OPEN, LIMITED, CLOSED = "open", "limited", "closed"
# In force at %(now)s: begun, not over, neither released nor revoked, nor at rest while an appeal is pending.
IN_FORCE: Final = (
    "s.revoked_at IS NULL AND s.suspended_by IS NULL AND s.starts_at <= %(now)s"
    " AND (s.ends_at IS NULL OR s.ends_at > %(now)s)"
    " AND (s.released_at IS NULL OR s.released_at > %(now)s)"
)


@dataclass(frozen=True, slots=True)
class Ground:
    """A sanction that closes or limits a gate: which, and what ends it."""

    sanction_id: UUID
    action: str
    ladder: str
    rule: str
    nth: int
    value: Decimal | None
    starts_at: datetime
    ends_at: datetime | None
    until: str | None


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether an account may pass. `limit` is the figure that holds for what was asked; None where there is none.

    `until` is when the last sanction that closes it ends by time; None when it is not closed or not by time alone.
    """

    gate: str
    account: str
    state: str
    limit: Decimal | None
    until: datetime | None
    grounds: tuple[Ground, ...]


def find(gates: Sequence[Gate], name: str) -> Gate:
    """The gate of that name or id. Raises GoldlineError('no_gate')."""
    found = next((each for each in gates if name in (each.policy, each.id)), None)
    if found is None:
        known = sorted(each.id for each in gates)
        hint = nearest(name, known) or f"Gates in force: {', '.join(known) or 'none'}."
        raise GoldlineError(f"There is no gate '{name[:64]}'.", code="no_gate", hint=hint)
    return found


def ask(connection: Connection[Any], gate: Gate, account: str, now: datetime, category: str | None = None) -> Answer:
    """Whether the account may pass the gate at `now`. Reads only."""
    with connection.cursor(row_factory=class_row(Ground)) as cursor:
        grounds = cursor.execute(
            "SELECT s.id AS sanction_id, s.action, s.ladder, s.rule, s.nth, s.value, s.starts_at, s.ends_at, s.until"
            f" FROM sanction s WHERE s.account = %(account)s AND s.action = ANY(%(actions)s) AND {IN_FORCE}"
            " ORDER BY s.starts_at, s.id",
            {"account": account, "actions": [*gate.closed_by, *gate.limited_by], "now": now},
            prepare=True,
        ).fetchall()
    closing = [each for each in grounds if each.action in gate.closed_by]
    state = CLOSED if closing else LIMITED if grounds else OPEN
    least = min((each.value for each in grounds if each.value is not None), default=None)
    ends = [each.ends_at for each in closing]
    until = max((end for end in ends if end), default=None) if None not in ends else None
    limit = None if closing else _limit(connection, gate, category, least)
    return Answer(gate.policy, account, state, limit, until, tuple(grounds))


def _limit(connection: Connection[Any], gate: Gate, category: str | None, least: Decimal | None) -> Decimal | None:
    if gate.limit is None:
        return least
    limit = gate.limit.sql("postgres", "f").replace("%", "%%")
    asked = "(SELECT %s::text AS category, %s::numeric AS value) f"
    row = connection.execute(f"SELECT {limit} FROM {asked}".encode(), (category, least)).fetchone()
    return row[0] if row else None


def move(connection: Connection[Any], gates: Sequence[Gate], accounts: Sequence[str], now: datetime) -> int:
    """Bring the written state of these accounts' gates up to date and tell of every change; returns the changes."""
    told: list[Message] = []
    for gate in gates:
        values = {"gate": gate.policy, "closed": list(gate.closed_by), "limited": list(gate.limited_by), "now": now,
                  "accounts": sorted(set(accounts))}  # fmt: skip
        before = dict(
            connection.execute(
                "SELECT account, state FROM gate WHERE gate = %(gate)s AND account = ANY(%(accounts)s)"
                " ORDER BY account FOR UPDATE",
                values,
            ).fetchall()
        )
        for account, state, until, revision in connection.execute(_MOVE.encode(), values):
            if state != before.get(account, OPEN):
                data = {"gate": gate.policy, "account": account, "state": state, "before": before.get(account, OPEN),
                        "until": until.isoformat() if until else None, "at": now.isoformat()}  # fmt: skip
                told.append(Message(0, derived_id(gate.policy, account, revision), "gate.changed", data))
    queue(connection, told, now)
    return len(told)


_MOVE: Final = f"""
    INSERT INTO gate AS t (account, gate, state, value, since, until, sanctions)
    SELECT a.account, %(gate)s,
           CASE WHEN bool_or(s.action = ANY(%(closed)s)) THEN 'closed' WHEN count(s.id) > 0 THEN 'limited'
                ELSE 'open' END,
           min(s.value), %(now)s, min(s.ends_at),
           coalesce(array_agg(s.id ORDER BY s.id) FILTER (WHERE s.id IS NOT NULL), ARRAY[]::uuid[])
    FROM unnest(%(accounts)s::text[]) AS a (account)
    LEFT JOIN sanction s ON s.account = a.account AND s.action = ANY(%(closed)s::text[] || %(limited)s::text[])
        AND {IN_FORCE}
    GROUP BY a.account
    HAVING count(s.id) > 0 OR EXISTS (SELECT FROM gate g WHERE g.account = a.account AND g.gate = %(gate)s)
    ORDER BY a.account
    ON CONFLICT (account, gate) DO UPDATE SET state = excluded.state, value = excluded.value, until = excluded.until,
        sanctions = excluded.sanctions,
        since = CASE WHEN t.state = excluded.state THEN t.since ELSE excluded.since END,
        revision = t.revision + (t.state <> excluded.state)::integer
    RETURNING account, state, until, revision"""
