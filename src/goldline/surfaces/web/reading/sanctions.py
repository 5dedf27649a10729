"""Sanctions: what follows for an account from what stands against it, newest first."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from goldline.surfaces.web.engine import Connection
from goldline.surfaces.web.reading.page import Conditions, Listing, Slice, fetch

_SANCTIONS = Listing(
    rows="""
    SELECT id, account, ladder, version, rule, finding_id, nth, step, action, value, amount_minor, currency, until,
           starts_at, ends_at, released_at, revoked_at
    FROM sanction""",
    key=(("starts_at", "timestamptz"), ("id", "uuid")),
)


STATES = ("in_force", "over", "released", "revoked")
_STATE: Final = (
    "CASE WHEN revoked_at IS NOT NULL THEN 'revoked'"
    " WHEN released_at <= coalesce((SELECT at FROM driven_clock), clock_timestamp()) THEN 'released'"
    " WHEN ends_at <= coalesce((SELECT at FROM driven_clock), clock_timestamp()) THEN 'over' ELSE 'in_force' END"
)


_WITH_STATE: Final = f"SELECT page.*, {_STATE} AS state FROM page"  # noqa: S608 - ours


@dataclass(frozen=True, slots=True)
class SanctionFilter:
    """What to show of the sanctions; an empty field filters nothing. `state` is one of `STATES`."""

    account: str = ""
    ladder: str = ""
    action: str = ""
    state: str = ""


def chosen_sanctions(connection: Connection, chosen: SanctionFilter, cursor: str | None = None) -> Slice:
    """One page of the sanctions that fit a filter, each with its state now. Raises BadCursor."""
    conditions = Conditions()
    conditions.add("account = %s", chosen.account)
    conditions.add("ladder = %s", chosen.ladder)
    conditions.add("action = %s", chosen.action)
    conditions.add(f"{_STATE} = %s", chosen.state)
    return fetch(connection, replace(_SANCTIONS, around=_WITH_STATE), conditions, cursor)


def sanctions(connection: Connection, account: str = "", cursor: str | None = None, limit: int = 50) -> Slice:
    """One page of the sanctions on an account, or on all. Raises BadCursor."""
    conditions = Conditions()
    conditions.add("account = %s", account)
    return fetch(connection, _SANCTIONS, conditions, cursor, limit)
