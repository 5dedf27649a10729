"""Remedies: what is owed and where it stands."""

from __future__ import annotations

from dataclasses import dataclass

from goldline.surfaces.web.engine import Connection
from goldline.surfaces.web.reading.page import Conditions, Listing, Slice, fetch

_REMEDIES = Listing(
    rows="""
    SELECT id, finding_id, policy, key, kind, payee, bearer, charged_to, asked_minor, amount_minor, currency, state,
           share_to, share_minor, why, accrued_at, settled_at, provider_ref
    FROM remedy""",
    key=(("accrued_at", "timestamptz"), ("id", "uuid")),
)


@dataclass(frozen=True, slots=True)
class RemedyFilter:
    """What to show of the remedies; an empty field filters nothing."""

    state: str = ""
    policy: str = ""
    key: str = ""


def remedies(connection: Connection, chosen: RemedyFilter, cursor: str | None = None, limit: int = 50) -> Slice:
    """One page of remedies."""
    conditions = Conditions()
    # Said this way for the held ones, the index on open remedies answers.
    open_states = ("accrued", "unknown", "held")
    conditions.add(
        "state IN ('accrued', 'unknown', 'held') AND state = %s" if chosen.state in open_states else "state = %s",
        chosen.state,
    )
    conditions.add("policy = %s", chosen.policy)
    conditions.add("key = %s", chosen.key)
    return fetch(connection, _REMEDIES, conditions, cursor, limit)
