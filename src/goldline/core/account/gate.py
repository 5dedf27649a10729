"""Gates: what an account may do now, asked in one indexed look-up and told when it changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from psycopg import Connection

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
    Of a gate that asks for standing, `met` says whether the last one kept, of the day `scored_on`, meets `requires`; an
    account without one does not.
    """

    gate: str
    account: str
    state: str
    limit: Decimal | None
    until: datetime | None
    grounds: tuple[Ground, ...]
    requires: str | None = None
    met: bool | None = None
    score: Decimal | None = None
    scored_on: date | None = None


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
    values = {"account": account, "actions": [*gate.closed_by, *gate.limited_by], "now": now, "score": gate.score}
    rows = connection.execute(_asked(gate).encode(), values, prepare=True).fetchall()
    grounds = [Ground(*row[3:]) for row in rows if row[3] is not None]
    met, score, scored_on = rows[0][:3]
    closing = [each for each in grounds if each.action in gate.closed_by]
    unmet = gate.requires is not None and not met
    state = CLOSED if closing or unmet else LIMITED if grounds else OPEN
    least = min((each.value for each in grounds if each.value is not None), default=None)
    ends = [each.ends_at for each in closing]
    until = max((end for end in ends if end), default=None) if None not in ends and not unmet else None
    limit = None if state == CLOSED else _limit(connection, gate, category, least)
    answer = Answer(gate.policy, account, state, limit, until, tuple(grounds))
    if gate.requires is None:
        return answer
    return replace(answer, requires=gate.requires.text, met=not unmet, score=score, scored_on=scored_on)


def _asked(gate: Gate) -> str:
    """One look-up: a row for each sanction that matters, at least one, and before each the standing it asks for."""
    standing = "(SELECT NULL::boolean AS met, NULL::numeric AS score, NULL::date AS day)"
    if gate.requires is not None:
        condition = gate.requires.sql("postgres", "q").replace("%", "%%")
        standing = f"(SELECT ({condition}) AS met, q.score, q.day FROM ({_standing(gate)}) q)"
    grounds = (
        "SELECT s.id, s.action, s.ladder, s.rule, s.nth, s.value, s.starts_at, s.ends_at, s.until FROM sanction s"
        f" WHERE s.account = %(account)s AND s.action = ANY(%(actions)s) AND {IN_FORCE}"
    )
    return (
        f"SELECT k.met, k.score, k.day, g.* FROM (SELECT 1) one LEFT JOIN LATERAL {standing} k ON true"
        f" LEFT JOIN LATERAL ({grounds}) g ON true ORDER BY g.starts_at, g.id"
    )


def _standing(gate: Gate, account: str = "%(account)s") -> str:
    """The account's last standing by the gate's score, of days that have ended, as the gate's condition reads it."""
    assert gate.requires is not None, "only a gate that asks for standing reads one"
    parts = sorted(gate.requires.names - {"score", "stars", "stage", "score_7d"})
    # A dimension is read by its points, an indicator by its value; whichever of the two the name is of.
    read = [f"{_part(name)} AS {name}" for name in parts]
    week = (
        "(SELECT avg(w.score) FROM standing w WHERE w.account = t.account AND w.policy = t.policy"
        " AND w.day > t.day - 7 AND w.day <= t.day) AS score_7d"
    )
    return (
        f"SELECT {', '.join(['t.score', 't.stars', 't.stage', 't.day', week, *read])} FROM standing t"
        f" WHERE t.account = {account} AND t.policy = %(score)s AND t.ends_at <= %(now)s ORDER BY t.day DESC LIMIT 1"
    )


def _part(name: str) -> str:
    own_id = name.replace("_", "-")
    path = f'$.*.indicators."{own_id}".value'
    value = f"jsonb_path_query_first(t.dimensions, '{path}')"
    return f"coalesce((t.dimensions -> '{own_id}' ->> 'points')::numeric, ({value})::text::numeric)"


def _limit(connection: Connection[Any], gate: Gate, category: str | None, least: Decimal | None) -> Decimal | None:
    if gate.limit is None:
        return least
    limit = gate.limit.sql("postgres", "f").replace("%", "%%")
    asked = "(SELECT %s::text AS category, %s::numeric AS value) f"
    row = connection.execute(f"SELECT {limit} FROM {asked}".encode(), (category, least)).fetchone()
    return row[0] if row else None


def move(connection: Connection[Any], gates: Sequence[Gate], accounts: Sequence[str], now: datetime) -> int:
    """Bring the written state of these accounts' gates up to date and tell of every change; returns the changes.

    Where nothing was written yet a gate is open; one that asks for standing is closed, as it is to whoever has none.
    """
    told: list[Message] = []
    for gate in gates:
        at_first = OPEN if gate.requires is None else CLOSED
        values = {"gate": gate.policy, "closed": list(gate.closed_by), "limited": list(gate.limited_by), "now": now,
                  "accounts": sorted(set(accounts)), "score": gate.score}  # fmt: skip
        before = dict(
            connection.execute(
                "SELECT account, state FROM gate WHERE gate = %(gate)s AND account = ANY(%(accounts)s)"
                " ORDER BY account FOR UPDATE",
                values,
            ).fetchall()
        )
        for account, state, until, revision in connection.execute(_move(gate).encode(), values):
            was = before.get(account, at_first)
            if state != was:
                data = {"gate": gate.policy, "account": account, "state": state, "before": was,
                        "until": until.isoformat() if until else None, "at": now.isoformat()}  # fmt: skip
                told.append(Message(0, derived_id(gate.policy, account, revision), "gate.changed", data))
    queue(connection, told, now)
    return len(told)


MOST_MOVED: Final = 5_000  # accounts a statement


def follow(connection: Connection[Any], gates: Sequence[Gate], now: datetime) -> int:
    """Move the gates that ask for standing, of the accounts in the temporary table `scored` (account, policy).

    In the transaction that has written their standing, so that a gate moves with it or not at all; returns the changes.
    """
    moved = 0
    for gate in gates:
        if gate.requires is None:
            continue
        values = {"score": gate.score, "gate": gate.policy, "now": now}
        found = [account for (account,) in connection.execute(_unlike(gate).encode(), values)]
        for first in range(0, len(found), MOST_MOVED):
            moved += move(connection, [gate], found[first : first + MOST_MOVED], now)
    return moved


def _unlike(gate: Gate) -> str:
    """The accounts just scored whose gate is not as their standing asks. A sanction may keep it so all the same."""
    return (
        f"SELECT a.account FROM scored a CROSS JOIN LATERAL ({_met(gate)}) k"
        " LEFT JOIN gate g ON g.account = a.account AND g.gate = %(gate)s"
        " WHERE a.policy = %(score)s AND k.met <> (coalesce(g.state, 'closed') <> 'closed') ORDER BY a.account"
    )


def _met(gate: Gate) -> str:
    """Whether the account `a` meets what the gate asks for; one without a standing does not."""
    if gate.requires is None:
        return "SELECT true AS met"
    condition = gate.requires.sql("postgres", "q").replace("%", "%%")
    return f"SELECT coalesce((SELECT ({condition}) FROM ({_standing(gate, 'a.account')}) q), false) AS met"


def _move(gate: Gate) -> str:
    """Write the state of the gate for some accounts, where it is or ever was another than at first."""
    closed = "coalesce(bool_or(s.action = ANY(%(closed)s)), false)"
    moved = "count(s.id) > 0" if gate.requires is None else f"(k.met AND NOT {closed})"
    return f"""
    INSERT INTO gate AS t (account, gate, state, value, since, until, sanctions)
    SELECT a.account, %(gate)s,
           CASE WHEN {closed} OR NOT k.met THEN 'closed' WHEN count(s.id) > 0 THEN 'limited' ELSE 'open' END,
           min(s.value), %(now)s, min(s.ends_at),
           coalesce(array_agg(s.id ORDER BY s.id) FILTER (WHERE s.id IS NOT NULL), ARRAY[]::uuid[])
    FROM unnest(%(accounts)s::text[]) AS a (account)
    CROSS JOIN LATERAL ({_met(gate)}) k
    LEFT JOIN sanction s ON s.account = a.account AND s.action = ANY(%(closed)s::text[] || %(limited)s::text[])
        AND {IN_FORCE}
    GROUP BY a.account, k.met
    HAVING {moved} OR EXISTS (SELECT FROM gate g WHERE g.account = a.account AND g.gate = %(gate)s)
    ORDER BY a.account
    ON CONFLICT (account, gate) DO UPDATE SET state = excluded.state, value = excluded.value, until = excluded.until,
        sanctions = excluded.sanctions,
        since = CASE WHEN t.state = excluded.state THEN t.since ELSE excluded.since END,
        revision = t.revision + (t.state <> excluded.state)::integer
    RETURNING account, state, until, revision"""
