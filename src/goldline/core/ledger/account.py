"""Accounts: what each party has given and received, and the lines behind it.

An account is a name: 'merchant:<id>', 'carrier:<id>', 'platform', 'consumer:<id>', 'clearing:payout'. Its balance
is the sum of its postings; there is no second place where it is kept. + the account received, - it gave.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row

from goldline.core.errors import GoldlineError

PAGE_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Balance:
    """What an account holds in one currency."""

    account: str
    currency: str
    amount_minor: int
    postings: int


@dataclass(frozen=True, slots=True)
class Line:
    """One posting on a statement. `balance_minor` is the balance in its currency after it."""

    id: int
    posted_at: datetime
    reason: str
    remedy_id: UUID | None
    currency: str
    amount_minor: int
    balance_minor: int


def balances(connection: Connection[Any], kind: str | None = None, *, limit: int = 100) -> list[Balance]:
    """Balances, largest first without regard to sign; `kind` is the part before the colon, such as 'merchant'."""
    _check_limit(limit)
    return _balances(connection, "(%(kind)s::text IS NULL OR split_part(account, ':', 1) = %(kind)s)",
                     {"kind": kind, "limit": limit})  # fmt: skip


def balance(connection: Connection[Any], account: str) -> dict[str, int]:
    """What one account holds, minor units by currency; empty when nothing was ever posted to it."""
    rows = _balances(connection, "account = %(account)s", {"account": account, "limit": PAGE_MAX})
    return {each.currency: each.amount_minor for each in rows}


def statement(
    connection: Connection[Any],
    account: str,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = 100,
) -> list[Line]:
    """The newest lines of an account within [since, until), newest first, each with the balance after it."""
    _check_limit(limit)
    with connection.cursor(row_factory=class_row(Line)) as cursor:
        values = {"account": account, "since": since, "until": until, "limit": limit}
        return cursor.execute(_STATEMENT, values).fetchall()


_STATEMENT = """
    WITH line AS (
        SELECT id, posted_at, reason, remedy_id, currency, amount_minor,
               sum(amount_minor) OVER (PARTITION BY currency ORDER BY posted_at, id)::bigint AS balance_minor
        FROM posting WHERE account = %(account)s
    )
    SELECT * FROM line
    WHERE (%(since)s::timestamptz IS NULL OR posted_at >= %(since)s)
      AND (%(until)s::timestamptz IS NULL OR posted_at < %(until)s)
    ORDER BY posted_at DESC, id DESC LIMIT %(limit)s"""


def _balances(connection: Connection[Any], condition: str, values: dict[str, Any]) -> list[Balance]:
    query = (
        "SELECT account, currency, sum(amount_minor)::bigint AS amount_minor, count(*) AS postings FROM posting"
        f" WHERE {condition} GROUP BY account, currency"
        " ORDER BY abs(sum(amount_minor)) DESC, account, currency LIMIT %(limit)s"
    )
    with connection.cursor(row_factory=class_row(Balance)) as cursor:
        return cursor.execute(query, values).fetchall()


def _check_limit(limit: int) -> None:
    if not 1 <= limit <= PAGE_MAX:
        raise GoldlineError(f"A page cannot have {limit} lines.", code="bad_limit", hint=f"Ask for 1 to {PAGE_MAX}.")
