"""Findings: the promises that were broken, newest first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from goldline.surfaces.web.engine import Connection
from goldline.surfaces.web.reading.page import Conditions, Listing, Slice, fetch

STATES = ("standing", "exonerated", "overturned")

_FINDINGS = Listing(
    rows="""
    SELECT id, policy, version, subject, key, occurrence, made_at, due_at, kept_at, found_at, merchant_id,
           status, status_at, revision
    FROM finding""",
    key=(("found_at", "timestamptz"), ("id", "uuid")),
    around="""
    SELECT page.*, coalesce(owed.remedies, '[]') AS remedies
    FROM page LEFT JOIN LATERAL (
        SELECT jsonb_agg(jsonb_build_object(
            'id', remedy.id, 'kind', remedy.kind, 'amount_minor', remedy.amount_minor, 'currency', remedy.currency,
            'state', remedy.state, 'charged_to', remedy.charged_to, 'share_to', remedy.share_to,
            'share_minor', remedy.share_minor) ORDER BY remedy.accrued_at, remedy.id) AS remedies
        FROM remedy WHERE remedy.finding_id = page.id) owed ON true""",
)


@dataclass(frozen=True, slots=True)
class FindingFilter:
    """What to show of the findings; an empty field filters nothing."""

    policy: str = ""
    merchant: str = ""
    state: str = ""
    key: str = ""
    since: datetime | None = None
    until: datetime | None = None


def findings(connection: Connection, chosen: FindingFilter, cursor: str | None = None, limit: int = 50) -> Slice:
    """One page of findings with what is owed for each."""
    conditions = Conditions()
    conditions.add("policy = %s", chosen.policy)
    conditions.add("merchant_id = %s", chosen.merchant)
    conditions.add("status = %s", chosen.state)
    conditions.add("key = %s", chosen.key)
    conditions.add("found_at >= %s", chosen.since)
    conditions.add("found_at < %s", chosen.until)
    return fetch(connection, _FINDINGS, conditions, cursor, limit)
