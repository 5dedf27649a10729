"""What a campaign would find if it were swept now. Nothing is kept and nobody is told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection

from goldline.core.account.campaign import LONGEST
from goldline.core.facts.subject import Vocabulary
from goldline.core.policy.campaign import Campaign


@dataclass(frozen=True, slots=True)
class Preview:
    """How many are in scope and how many meet the criteria, of how many owners; examples as key and facts."""

    campaign: str
    in_scope: int
    met: int
    owners: int
    owners_met: int
    examples: tuple[tuple[str, dict[str, str | None]], ...]

    def plain(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "campaign": self.campaign, "in_scope": self.in_scope, "met": self.met, "owners": self.owners,
            "owners_met": self.owners_met,
            "examples": [{"key": key, "seen": seen} for key, seen in self.examples],
        }  # fmt: skip


def preview(
    connection: Connection[Any], vocabulary: Vocabulary, campaign: Campaign, now: datetime, examples: int = 5,
    owner: str | None = None,
) -> Preview:  # fmt: skip
    """Look at the whole stock as it stands, or at that of one owner. Examples are drawn by key, the same every time."""
    subject = vocabulary[campaign.subject]
    whose = f"f.{subject.parties[str(subject.answerer)]}"
    seen = ", ".join(f"'{name}', left(f.{name}::text, {LONGEST})" for name in campaign.names)
    within, criteria, since = (
        each.sql("postgres", "f") for each in (campaign.scope, campaign.criteria, campaign.since)
    )
    row = connection.execute(
        f"WITH scoped AS MATERIALIZED (SELECT f.key, {whose} AS owner, coalesce(({criteria}), false) AS met,"
        f" CASE WHEN ({criteria}) THEN jsonb_build_object({seen}) END AS seen FROM goldline.fact_{subject.kind} f"
        f" WHERE {whose} IS NOT NULL AND {since} < %(now)s AND ({within})"
        f"{f' AND {whose} = %(owner)s' if owner is not None else ''})"
        " SELECT count(*), count(*) FILTER (WHERE met), count(DISTINCT owner),"
        " count(DISTINCT owner) FILTER (WHERE met), coalesce((SELECT jsonb_agg(jsonb_build_array(x.key, x.seen))"
        " FROM (SELECT key, seen FROM scoped WHERE met ORDER BY md5(key) LIMIT %(examples)s) x), '[]')"
        " FROM scoped".encode(),
        {"now": min(now, campaign.ends_at), "owner": owner, "examples": examples},
    ).fetchone()
    assert row is not None, "counts are one row"
    in_scope, met, owners, owners_met, found = row
    return Preview(campaign.policy, in_scope, met, owners, owners_met, tuple((key, seen) for key, seen in found))
