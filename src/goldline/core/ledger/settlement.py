"""What a provider's answer does to the books: a remedy is paid, refused or not known, and its clearing closes.

Each function runs in the caller's transaction, the one that also ends the outbox row. A remedy that is already
settled is left alone, and its entry's name makes a second posting impossible.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, LiteralString
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row

from goldline.core.ledger.entry import CLEARING


@dataclass(frozen=True, slots=True)
class Answer:
    """What the provider said of one remedy: its reference, its reason, or what is known of the fault."""

    partition: int
    remedy_id: UUID
    says: str


@dataclass(frozen=True, slots=True)
class Settled:
    """A remedy as it stands after an answer."""

    partition: int
    id: UUID
    finding_id: UUID
    policy: str
    key: str
    kind: str
    payee: str
    charged_to: str
    share_to: str | None
    share_minor: int
    amount_minor: int
    currency: str
    state: str
    why: str | None
    provider_ref: str | None


_COLUMNS: Final = (
    "partition, id, finding_id, policy, key, kind, payee, charged_to, share_to, share_minor, amount_minor, currency,"
    " state, why, provider_ref"
)
_TOLD: Final = """
    told AS (
        SELECT * FROM unnest(%(partitions)s::smallint[], %(ids)s::uuid[], %(says)s::text[]) AS t (partition, id, says)
    )"""
_POST: Final = """
    posted AS (
        INSERT INTO posting (partition, entry, line, account, currency, amount_minor, reason, remedy_id, posted_at)
        SELECT s.partition, md5(s.id::text || '|' || %(reason)s || '|0')::uuid, line.number, line.account, s.currency,
               line.amount_minor, %(reason)s, s.id, %(now)s
        FROM settled s
        CROSS JOIN LATERAL (VALUES (0, %(clearing)s, -s.amount_minor), {receivers})
            AS line (number, account, amount_minor)
        WHERE line.account IS NOT NULL
    )"""
_GIVEN_BACK: Final = "(1, s.charged_to, s.amount_minor - s.share_minor), (2, s.share_to, s.share_minor)"
_PAY: Final = f"""
    WITH {_TOLD}, settled AS (
        UPDATE remedy r SET state = 'paid', provider_ref = told.says, why = NULL, settled_at = %(now)s
        FROM told
        WHERE r.partition = told.partition AND r.id = told.id AND r.state IN ('accrued', 'unknown')
        RETURNING r.*
    ), {_POST.format(receivers="(1, s.payee, s.amount_minor)")}
    SELECT {_COLUMNS} FROM settled"""
_REFUSE: Final = f"""
    WITH {_TOLD}, settled AS (
        UPDATE remedy r SET state = 'refused', why = told.says, settled_at = %(now)s
        FROM told
        WHERE r.partition = told.partition AND r.id = told.id AND r.state IN ('accrued', 'unknown')
        RETURNING r.*
    ), {_POST.format(receivers=_GIVEN_BACK)}, given_back AS (
        UPDATE budget b SET spent_minor = b.spent_minor - s.amount_minor
        FROM (SELECT policy, budget_period, sum(amount_minor)::bigint AS amount_minor FROM settled GROUP BY 1, 2) s
        WHERE b.policy = s.policy AND b.period = s.budget_period
    )
    SELECT {_COLUMNS} FROM settled"""
_BUDGETS: Final = f"""
    WITH {_TOLD}, named AS (
        SELECT DISTINCT r.policy, r.budget_period
        FROM remedy r JOIN told ON r.partition = told.partition AND r.id = told.id
        WHERE r.budget_period IS NOT NULL
    )
    SELECT b.policy FROM budget b JOIN named n ON b.policy = n.policy AND b.period = n.budget_period
    ORDER BY b.policy COLLATE "C", b.period FOR UPDATE OF b"""
_DOUBT: Final = f"""
    WITH {_TOLD}, settled AS (
        UPDATE remedy r SET state = 'unknown', why = told.says
        FROM told
        WHERE r.partition = told.partition AND r.id = told.id AND r.state IN ('accrued', 'unknown')
        RETURNING r.*
    )
    SELECT {_COLUMNS} FROM settled"""
_STATES: Final = f"""
    WITH {_TOLD}
    SELECT r.id, r.state FROM remedy r JOIN told ON r.partition = told.partition AND r.id = told.id"""


def pay(connection: Connection[Any], answers: Sequence[Answer], now: datetime) -> list[Settled]:
    """Paid: clearing gives, the consumer receives. Answers the remedies that were open until now."""
    return _run(connection, _PAY, answers, now, "settle")


def refuse(connection: Connection[Any], answers: Sequence[Answer], now: datetime) -> list[Settled]:
    """Refused for good: clearing gives the money back to whoever bears the remedy now, and the budget has it again.

    In a transaction that also pays, it goes first: a step locks budgets before remedies, and so must this.
    """
    if answers:
        connection.execute(_BUDGETS, _values(answers))
    return _run(connection, _REFUSE, answers, now, "refuse")


def doubt(connection: Connection[Any], answers: Sequence[Answer], now: datetime) -> list[Settled]:
    """Not known: nothing is posted, the money stays in clearing, the remedy shows as unknown."""
    return _run(connection, _DOUBT, answers, now, "")


def states(connection: Connection[Any], answers: Sequence[Answer]) -> dict[UUID, str]:
    """How the named remedies stand, by id."""
    return dict(connection.execute(_STATES, _values(answers)).fetchall())


def _run(
    connection: Connection[Any], statement: LiteralString, answers: Sequence[Answer], now: datetime, reason: str
) -> list[Settled]:
    if not answers:
        return []
    values = {**_values(answers), "now": now, "reason": reason, "clearing": CLEARING}
    with connection.cursor(row_factory=class_row(Settled)) as cursor:
        return cursor.execute(statement, values).fetchall()


def _values(answers: Sequence[Answer]) -> dict[str, Any]:
    # In one order for everybody, so that two transactions do not wait for each other's rows.
    ordered = sorted(answers, key=lambda each: (each.partition, each.remedy_id))
    return {
        "partitions": [each.partition for each in ordered],
        "ids": [each.remedy_id for each in ordered],
        "says": [each.says for each in ordered],
    }
