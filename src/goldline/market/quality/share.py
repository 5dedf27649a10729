"""A day's share: the content there is, its grades and what is known beside its words, and who gets what of a budget."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from psycopg import Connection

from goldline.core.facts.event import cloudevent
from goldline.market.quality.codebook import shipped
from goldline.market.quality.grade import Graded, Known, grade, overall
from goldline.market.quality.incentive import BELOW, Award, Piece, Terms, allocate

SOURCE: Final = "goldline/incentive"
FEWEST_ORDERS: Final = 20  # of content that brought fewer, no share of refunds or complaints is told


@dataclass(frozen=True, slots=True)
class Candidate:
    """One piece of content with its caption, what is known beside it, and its grades."""

    content_id: str
    creator_id: str
    caption: str
    known: Known
    new_creator: bool
    misleading: bool
    grades: tuple[Graded, ...]

    @property
    def points(self) -> float:
        """The mean of its four grades."""
        return overall(self.grades)

    def veto(self, terms: Terms) -> str | None:
        """Why it may get no share, whatever its grades."""
        if self.known.hits is not None and self.known.hits >= terms.severity_veto:
            return "screening"
        if self.known.copies is not None and self.known.copies >= terms.copies_veto:
            return "copies"
        return "misleading" if self.misleading else None

    def piece(self, terms: Terms) -> Piece:
        """As the allocation sees it."""
        worst = min(each.points for each in self.grades)
        return Piece(self.content_id, self.creator_id, self.points, worst, self.new_creator, self.veto(terms))


@dataclass(frozen=True, slots=True)
class Shared:
    """What a day's budget came to: each candidate with its award."""

    day: date
    budget: int
    awards: tuple[tuple[Candidate, Award], ...]

    def events(self) -> list[bytes]:
        """Grades and shares as events. The same day again gives the same ids: the first that came counts."""
        return [event for each, award in self.awards for event in _events(self.day, each, award)]

    def plain(self) -> list[dict[str, Any]]:
        """Each award with its reasons, as plain values."""
        return [
            {
                "content_id": each.content_id, "creator_id": each.creator_id, "pool": award.pool,
                "showings": award.showings, "points": round(each.points, 2), "veto": award.piece.veto,
                "values": {grade.value: round(grade.points, 2) for grade in each.grades},
            }
            for each, award in self.awards
        ]  # fmt: skip


def share(connection: Connection[Any], terms: Terms, budget: int, day: date) -> Shared:
    """Share a day's budget over what was published in the days before its end. Nothing is written.

    What the record has of the day already stays as it is: only the rest is shared, over what came since.
    """
    found = stock(connection, terms, datetime.combine(day, time(), tzinfo=UTC) + timedelta(days=1))
    given = dict(connection.execute(_GIVEN, {"day": day.isoformat()}).fetchall())
    by_key = {each.piece(terms).key: each for each in found}
    fresh = [each.piece(terms) for key, each in by_key.items() if key not in given]
    awards = allocate(fresh, max(0, budget - sum(given.values())), terms)
    return Shared(day, budget, tuple((by_key[award.piece.key], award) for award in awards))


def stock(connection: Connection[Any], terms: Terms, until: datetime, creator: str | None = None) -> list[Candidate]:
    """The content that is there at an instant and was published in the days before it; of one creator, if named."""
    values = {"until": until, "days": timedelta(days=terms.published_days), "new": timedelta(days=terms.new_days),
              "items": terms.new_items, "fewest": FEWEST_ORDERS, "creator": creator}  # fmt: skip
    return [_candidate(row) for row in connection.execute(_STOCK, values).fetchall()]


def _candidate(row: Sequence[Any]) -> Candidate:
    content_id, creator_id, caption, severity, refunded, complained, copies, new, misleading = row
    numbers = (None if each is None else float(each) for each in (severity, refunded, complained, copies))
    known = Known(*numbers)
    return Candidate(content_id, creator_id, caption, known, new, misleading, grade(caption, known))


def _events(day: date, each: Candidate, award: Award) -> Iterable[bytes]:
    at = datetime.combine(day, time(), tzinfo=UTC) + timedelta(days=1)
    whose = {"creator_id": each.creator_id, "content_id": each.content_id}
    ident = f"{each.creator_id}:{each.content_id}:{day}"
    points = {grade.value: round(grade.points * 100) for grade in each.grades}
    book = {"codebook": shipped().version}
    yield cloudevent("content.graded", f"graded:{ident}", SOURCE, at, {**whose, **book, **points})
    if award.pool != BELOW:
        got = {"day": day.isoformat(), "pool": award.pool, "showings": award.showings}
        why = {"why": award.piece.veto} if award.piece.veto else {}
        yield cloudevent("content.boosted", f"boosted:{ident}", SOURCE, at, {**whose, **got, **why})


def last_shares(boosts: Iterable[str]) -> list[dict[str, Any]]:
    """The fact `boosts` of content as rows, the latest day first."""
    rows = [dict(zip(("day", "pool", "showings", "why"), json.loads(each), strict=True)) for each in boosts]
    return sorted(rows, key=lambda row: row["day"], reverse=True)


# Every piece of which a day's share is on the record, and how many showings it got.
_GIVEN: Final = """
    SELECT f.key, (s.share ->> 2)::bigint FROM fact_content f
    CROSS JOIN LATERAL (SELECT unnest(f.boosts)::jsonb AS share) s WHERE s.share ->> 0 = %(day)s"""
_STOCK: Final = """
    WITH creator AS MATERIALIZED (
        SELECT creator_id, min(published_at) AS first_at, count(*) AS items FROM fact_content
        WHERE published_at < %(until)s AND (%(creator)s::text IS NULL OR creator_id = %(creator)s) GROUP BY 1
    ), offered AS (
        SELECT f.creator_id, split_part(f.key, '|', 2) AS content_id, f.caption, f.severity,
            coalesce(f.misleading_from <= %(until)s AND coalesce(f.misleading_until > %(until)s, true), false)
                OR cardinality(ARRAY(SELECT unnest(f.false_found) EXCEPT SELECT unnest(f.false_cleared))) > 0
                AS misleading
        FROM fact_content f
        WHERE f.published_at < %(until)s AND f.last_published_at >= %(until)s::timestamptz - %(days)s
            AND f.caption IS NOT NULL AND coalesce(f.withdrawn_at < f.last_published_at, true)
            AND (%(creator)s::text IS NULL OR f.creator_id = %(creator)s)
    )
    SELECT o.content_id, o.creator_id, o.caption, o.severity, d.refunded, d.complained, k.copies,
        c.first_at > %(until)s::timestamptz - %(new)s OR c.items < %(items)s, o.misleading
    FROM offered o
    JOIN creator c ON c.creator_id = o.creator_id
    CROSS JOIN LATERAL (
        SELECT z.refunded / z.paid AS refunded, z.complained / z.paid AS complained FROM (
            SELECT sum(y.orders_paid) AS paid, sum(y.orders_refunded) AS refunded,
                sum(y.orders_complained) AS complained
            FROM fact_content_day y
            WHERE y.owner = o.content_id AND y.day >= (%(until)s::timestamptz - %(days)s)::date
            HAVING sum(y.orders_paid) >= %(fewest)s
        ) z
        UNION ALL SELECT NULL, NULL LIMIT 1
    ) d
    LEFT JOIN LATERAL (
        -- Whoever was first is not to blame for those who came after.
        SELECT CASE WHEN own.at > min(i.at) THEN count(*) END AS copies FROM likeness_item own
        JOIN likeness_text t ON t.fingerprint = own.fingerprint
        JOIN likeness_text s ON s.cluster = t.cluster JOIN likeness_item i ON i.fingerprint = s.fingerprint
        WHERE own.id = o.content_id GROUP BY own.at
    ) k ON true
    ORDER BY o.creator_id, o.content_id"""
