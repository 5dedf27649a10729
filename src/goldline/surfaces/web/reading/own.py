"""What a merchant or creator may read: their own, through these doors and no others.

Each takes the account that asks and gives that account's objects alone. Another's object is not there: the answer is
the same as for one that does not exist, so that nobody learns what others have.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from goldline.surfaces.web.engine import Connection
from goldline.surfaces.web.reading import findings as finding_list
from goldline.surfaces.web.reading import gates, sanctions
from goldline.surfaces.web.reading.explanation import explanation_of
from goldline.surfaces.web.reading.findings import FindingFilter
from goldline.surfaces.web.reading.page import Slice

NOTHING = Slice([], None)


def own_order(connection: Connection, account: str, order_id: str) -> bytes | None:
    """The explanation, in JSON, of an order that was placed with this merchant; None for any other."""
    return explanation_of(connection, order_id) if has_order(connection, account, order_id) else None


def has_order(connection: Connection, account: str, order_id: str) -> bool:
    """Whether an order was placed with this merchant."""
    merchant = _merchant(account)
    if merchant is None or "\x00" in order_id:
        return False
    row = connection.execute("SELECT merchant_id FROM fact_order WHERE key = %s", [order_id]).fetchone()
    return row is not None and row[0] == merchant


def own_findings(
    connection: Connection, account: str, chosen: FindingFilter, cursor: str | None = None, limit: int = 50
) -> Slice:
    """A page of the findings against this merchant. Raises BadCursor."""
    merchant = _merchant(account)
    if merchant is None or chosen.merchant not in ("", merchant):
        return NOTHING
    return finding_list.findings(connection, replace(chosen, merchant=merchant), cursor, limit)


def own_sanctions(
    connection: Connection, account: str, asked: str, cursor: str | None = None, limit: int = 50
) -> Slice:
    """A page of the sanctions on this account. Raises BadCursor."""
    if asked not in ("", account):
        return NOTHING
    return sanctions.sanctions(connection, account, cursor, limit)


def own_gate(
    connection: Connection, account: str, gate: str, asked: str, category: str | None
) -> dict[str, Any] | None:
    """Whether this account may pass a gate; None when another's was asked for. Raises GoldlineError('no_gate')."""
    return gates.answer_of(connection, gate, account, category) if asked == account else None


def _merchant(account: str) -> str | None:
    """The merchant's id; None for a party that has no orders."""
    party, _, identifier = account.partition(":")
    return identifier if party == "merchant" and identifier else None
