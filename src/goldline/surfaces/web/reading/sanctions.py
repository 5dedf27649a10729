"""Sanctions: what follows for an account from what stands against it, newest first."""

from __future__ import annotations

from goldline.surfaces.web.engine import Connection
from goldline.surfaces.web.reading.page import Conditions, Listing, Slice, fetch

_SANCTIONS = Listing(
    rows="""
    SELECT id, account, ladder, version, rule, finding_id, nth, step, action, value, amount_minor, currency, until,
           starts_at, ends_at, released_at, revoked_at
    FROM sanction""",
    key=(("starts_at", "timestamptz"), ("id", "uuid")),
)


def sanctions(connection: Connection, account: str = "", cursor: str | None = None, limit: int = 50) -> Slice:
    """One page of the sanctions on an account, or on all. Raises BadCursor."""
    conditions = Conditions()
    conditions.add("account = %s", account)
    return fetch(connection, _SANCTIONS, conditions, cursor, limit)
