"""Content as pages show it: a creator's own with its grades, and the shares of a day for operators."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import dict_row

from goldline.market.quality.codebook import VALUES
from goldline.market.quality.codebook import shipped as shipped_book
from goldline.market.quality.incentive import shipped
from goldline.market.quality.share import Candidate, last_shares, stock
from goldline.study.incentive import Effect, effect
from goldline.surfaces.web.engine import Connection

SHOWN = 200


@dataclass(frozen=True, slots=True)
class OwnContent:
    """One piece of a creator's own: its grades, why it may get no share, and the shares of the days so far."""

    candidate: Candidate
    veto: str | None
    shares: list[dict[str, Any]]


def own_content(connection: Connection, creator_id: str, now: datetime) -> list[OwnContent]:
    """A creator's content that shares are given for now, the best first."""
    terms = shipped()
    found = stock(connection, terms, now, creator_id)
    kept: dict[str, list[str]] = dict(
        connection.execute(
            "SELECT split_part(key, '|', 2), boosts FROM fact_content WHERE creator_id = %s AND boosts IS NOT NULL",
            (creator_id,),
        ).fetchall()
    )
    rows = [OwnContent(each, each.veto(terms), last_shares(kept.get(each.content_id, []))) for each in found]
    return sorted(rows, key=lambda row: (-row.candidate.points, row.candidate.content_id))[:SHOWN]


@dataclass(frozen=True, slots=True)
class SharedDay:
    """The last day that was shared: how much by pool, the pieces that got most, and what sharing has changed."""

    day: str | None
    pools: list[tuple[str, int, int]]
    rows: list[dict[str, Any]]
    effect: Effect | None


def shared_day(connection: Connection) -> SharedDay:
    """The last day of which shares are known."""
    row = connection.execute(_LAST.encode()).fetchone()
    day = row[0] if row else None
    pools = connection.execute(_POOLS.encode(), {"day": day}).fetchall()
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(_ROWS.encode(), {"day": day, "most": SHOWN}).fetchall()
    for each in rows:
        each["values"] = [(shipped_book().titled(value), each[value]) for value in VALUES]
    return SharedDay(day, list(pools), rows, effect(connection))


_BOOSTS = """
    SELECT f.creator_id, split_part(f.key, '|', 2) AS content_id, f.caption, f.honest / 100 AS honest,
        f.credible / 100 AS credible, f.professional / 100 AS professional, f.engaging / 100 AS engaging,
        s.share ->> 0 AS day, s.share ->> 1 AS pool, (s.share ->> 2)::bigint AS showings, s.share ->> 3 AS why
    FROM fact_content f CROSS JOIN LATERAL (SELECT unnest(f.boosts)::jsonb AS share) s"""
_LAST = f"SELECT max(day) FROM ({_BOOSTS}) b"  # noqa: S608 - our own words, as below
_POOLS = f"""
    SELECT pool, count(*), sum(showings)::bigint FROM ({_BOOSTS}) b WHERE day = %(day)s
    GROUP BY pool ORDER BY 3 DESC, 1"""  # noqa: S608
_ROWS = f"""
    SELECT * FROM ({_BOOSTS}) b WHERE day = %(day)s ORDER BY showings DESC, content_id LIMIT %(most)s"""  # noqa: S608
