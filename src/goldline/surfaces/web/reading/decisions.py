"""Decisions: what was asked and answered at once, newest first."""

from __future__ import annotations

from dataclasses import dataclass

from goldline.surfaces.web.engine import Connection
from goldline.surfaces.web.reading.page import Conditions, Listing, Slice, fetch

_DECISIONS = Listing(
    rows="""
    SELECT id, policy, version, key, asked_as, asker, merchant_id, answer, reasons, amount_minor, spent_minor,
           currency, decided_at
    FROM decision""",
    key=(("decided_at", "timestamptz"), ("id", "uuid")),
)


@dataclass(frozen=True, slots=True)
class DecisionFilter:
    """What to show of the decisions; an empty field filters nothing."""

    policy: str = ""
    answer: str = ""
    reason: str = ""
    key: str = ""
    merchant: str = ""


def decisions(connection: Connection, chosen: DecisionFilter, cursor: str | None = None, limit: int = 50) -> Slice:
    """One page of decisions."""
    conditions = Conditions()
    conditions.add("policy = %s", chosen.policy)
    conditions.add("answer = %s", chosen.answer)
    conditions.add("%s = ANY(reasons)", chosen.reason)
    conditions.add("key = %s", chosen.key)
    conditions.add("merchant_id = %s", chosen.merchant)
    return fetch(connection, _DECISIONS, conditions, cursor, limit)
