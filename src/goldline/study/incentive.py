"""What the traffic incentive has changed: content that got a share against content that was held out by lot.

A piece belongs to where it was drawn first, whatever became of it later (intention to treat). The draw does not look at
anything, so both groups were alike. It says what a share does to one piece: showings given to one are showings taken
from others, which no comparison of pieces sees (interference).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from psycopg import Connection

from goldline.study.bootstrap import RESAMPLES, Counts, again, bounds

FEWEST: Final = 5


@dataclass(frozen=True, slots=True)
class Difference:
    """One measure: of what got a share, of what was held out, and the difference with nine in ten bootstrap values."""

    measure: str
    shared: float
    held_out: float
    change: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Effect:
    """All measures over so many days from the draw, and how many pieces are behind them."""

    pieces: int
    held_out: int
    days: int
    differences: tuple[Difference, ...]

    def plain(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)


MEASURES: Final = (("orders", 0, None), ("refunded", 1, 0), ("complained", 2, 0), ("bad_reviews", 4, 3))
"""Name, and which of the counts it is of which other; without another, of the pieces."""


def effect(connection: Connection[Any], days: int = 7, seed: int = 618) -> Effect | None:
    """The differences so far; None with fewer than five pieces in either group."""
    rows = connection.execute(_COUNTS, {"days": days}).fetchall()
    shared, held = (np.array([row[1:] for row in rows if row[0] is group], float).reshape(-1, 5)
                    for group in (False, True))  # fmt: skip
    if min(len(shared), len(held)) < FEWEST:
        return None
    return Effect(len(shared), len(held), days, tuple(differences(shared, held, seed)))


def differences(shared: Counts, held: Counts, seed: int) -> list[Difference]:
    """Every measure from the counts of each piece: orders, refunded, complained, reviews, bad reviews."""
    draw = np.random.default_rng(seed)
    drawn = [(again(draw, shared), again(draw, held)) for _ in range(RESAMPLES)]
    found = []
    for name, part, whole in MEASURES:
        one, other = (_level(counts.sum(axis=0), len(counts), part, whole) for counts in (shared, held))
        values = [_level(a, len(shared), part, whole) - _level(b, len(held), part, whole) for a, b in drawn]
        found.append(Difference(name, one, other, one - other, *bounds(values)))
    return found


def _level(sums: Counts, pieces: int, part: int, whole: int | None) -> float:
    return float(sums[part] / max(pieces if whole is None else sums[whole], 1))


_COUNTS: Final = """
    WITH drawn AS (
        SELECT split_part(f.key, '|', 2) AS content_id, least(f.boosted_at, f.held_out_at) AS at,
            coalesce(f.held_out_at < f.boosted_at, f.held_out_at IS NOT NULL) AS held_out
        FROM fact_content f WHERE f.boosted_at IS NOT NULL OR f.held_out_at IS NOT NULL
    )
    SELECT x.held_out, coalesce(sum(d.orders_paid), 0)::float8, coalesce(sum(d.orders_refunded), 0)::float8,
        coalesce(sum(d.orders_complained), 0)::float8, coalesce(sum(d.reviews), 0)::float8,
        coalesce(sum(d.reviews_bad), 0)::float8
    FROM drawn x
    LEFT JOIN fact_content_day d ON d.owner = x.content_id
        AND d.day >= x.at::date AND d.day < x.at::date + %(days)s::int
    GROUP BY x.content_id, x.held_out ORDER BY x.content_id"""
