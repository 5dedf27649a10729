"""Fees: what a sanction takes from an account, as double entries that are given back when it is revoked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from psycopg import Connection

FEE: Final = "fee"
# The entry is named by the sanction, the reason and how often it was revoked: a second writing is refused by its key.
_MOVE: Final = """
    INSERT INTO posting (partition, entry, line, account, currency, amount_minor, reason, posted_at)
    SELECT 0, md5(s.id::text || '|' || %(reason)s || '|' || s.revision)::uuid, line.number, line.account, s.currency,
           line.sign * s.amount_minor, %(reason)s, %(now)s
    FROM sanction s
    CROSS JOIN LATERAL (VALUES (0, s.account, %(sign)s::bigint), (1, 'platform', -(%(sign)s::bigint)))
        AS line (number, account, sign)
    WHERE s.id = ANY(%(ids)s) AND s.action = %(fee)s AND s.amount_minor > 0 AND s.waived_at IS NULL"""


def book_fees(connection: Connection[Any], ids: Sequence[UUID], now: datetime) -> None:
    """Take the fees among these sanctions: the account gives, the platform receives."""
    _move(connection, ids, "fee", -1, now)


def return_fees(connection: Connection[Any], ids: Sequence[UUID], now: datetime) -> None:
    """Give the fees among these sanctions back."""
    _move(connection, ids, "fee_return", 1, now)


def waive_fees(connection: Connection[Any], ids: Sequence[UUID], now: datetime) -> None:
    """Give the fees among these sanctions back because they are waived; to be called before they are marked so."""
    _move(connection, ids, "fee_waive", 1, now)


def _move(connection: Connection[Any], ids: Sequence[UUID], reason: str, sign: int, now: datetime) -> None:
    if ids:
        values = {"ids": list(ids), "reason": reason, "sign": sign, "now": now, "fee": FEE}
        connection.execute(_MOVE, values)
