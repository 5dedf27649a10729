"""The interception of defective goods: each day, what buyers told of items and lots, charted; alarms come as events.

Cases are orders whose consumers first told of a defect (asked back for quality, or named one in a request or a review)
and conversations that name one; they are counted by day in `fact_product_day` and `fact_lot_day`. A buyer who both asks
in a conversation and sends back counts twice, in what is normal as in what is not.

What endangers people is not counted: one voice intercepts at once, and a person looks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, Literal

import numpy as np
from psycopg import Connection

from goldline.core.errors import GoldlineError
from goldline.core.facts.event import cloudevent
from goldline.market.aspect import ASPECTS
from goldline.market.defect import Charting, Floats, alarms, exposure_of, prior_of, season_of, statistics

CHARTED_DAYS: Final = 190  # what is normal is learnt from the first of them
LEARNING_DAYS: Final = 60  # fewer days than that with deliveries of the category, and nothing is charted
SPEAKING_DAYS: Final = 30  # how long after delivery buyers speak
SPEAKING_MEAN_DAYS: Final = 4.0  # until they have shown otherwise,
SPEAKING_STEADY: Final = 200.0  # which takes so many of them
THOUSAND: Final = 1_000
MOST_PEERS: Final = 200  # to draw one listing for a page


@dataclass(frozen=True, slots=True)
class Interception:
    """One alarm: about which listing, or which lot of it, on which ground and what figures."""

    merchant_id: str
    listing_id: str
    day: date
    ground: Literal["statistics", "safety"]
    aspect: str
    cases: int
    orders: int
    lot_id: str | None = None
    statistic: float | None = None
    limit: float | None = None
    told_by: str = ""

    @property
    def alarm_id(self) -> str:
        """The same whenever the same day is charted."""
        about = f"lot:{self.lot_id}" if self.lot_id else f"listing:{self.merchant_id}:{self.listing_id}"
        return f"{about}:{self.told_by or self.day.isoformat()}"

    def event(self) -> bytes:
        """As a CloudEvent, at the end of its day."""
        figures = {
            name: round(value * THOUSAND)
            for name, value in (("statistic", self.statistic), ("limit", self.limit)) if value is not None
        }  # fmt: skip
        data = {
            "merchant_id": self.merchant_id, "listing_id": self.listing_id, "alarm_id": self.alarm_id,
            "ground": self.ground, "aspect": self.aspect, "cases": self.cases, "orders": self.orders,
            **figures, **({"lot_id": self.lot_id} if self.lot_id else {}),
        }  # fmt: skip
        at = datetime.combine(self.day + timedelta(days=1), datetime.min.time(), UTC)
        ident, source = f"intercepted:{self.alarm_id}", "goldline/interception"
        return cloudevent("listing.intercepted", ident, source, at, data)

    def plain(self) -> dict[str, Any]:
        """For an answer in JSON."""
        return {**asdict(self), "day": self.day.isoformat(), "alarm_id": self.alarm_id}


@dataclass(frozen=True, slots=True)
class Drawn:
    """The charts of one category: items by days, the last day last."""

    category: str
    merchants: tuple[str, ...]
    listings: tuple[str, ...]
    lots: tuple[str | None, ...]
    days: tuple[date, ...]
    cases: Floats
    exposure: Floats
    statistic: Floats
    limit: float


def chart(connection: Connection[Any], day: date, charting: Charting | None = None) -> Iterator[Drawn]:
    """The charts of every category whose items or lots were delivered long enough, up to a day that has ended."""
    charting = charting or Charting()
    profile = _profile(connection, day)
    since = day - timedelta(days=CHARTED_DAYS - 1)
    for statement, lots in ((_ITEMS, False), (_LOTS, True)):
        rows = connection.execute(statement, {"since": since, "day": day}).fetchall()
        for category in sorted({row[0] for row in rows}):
            own = [row for row in rows if row[0] == category]
            if drawn := _drawn(category, own, since, profile, charting, lots=lots):
                yield drawn


def intercept(connection: Connection[Any], day: date, charting: Charting | None = None) -> list[Interception]:
    """The alarms of one day: of items and lots beyond the limit, and of dangers told of that day.

    Nothing is written; the alarms are events to be taken in. Raises GoldlineError('day_not_counted') while evidence of
    the day still waits to be counted.
    """
    _check_counted(connection)
    charting = charting or Charting()
    found = [each for drawn in chart(connection, day, charting) for each in _raised(connection, drawn, charting)]
    return [*found, *_dangers(connection, day)]


def chart_of(connection: Connection[Any], listing_id: str, day: date) -> Drawn | None:
    """The chart of one listing alone, its category being up to `MOST_PEERS` other items; None where little was sold."""
    since = day - timedelta(days=CHARTED_DAYS - 1)
    rows = connection.execute(
        _PEERS, {"since": since, "day": day, "listing": listing_id, "most": MOST_PEERS}
    ).fetchall()
    drawn = _drawn("", rows, since, _profile(connection, day), Charting(), lots=False) if rows else None
    if drawn is None or listing_id not in drawn.listings:
        return None
    own = drawn.listings.index(listing_id)
    place = slice(own, own + 1)
    return Drawn(
        drawn.category, drawn.merchants[place], drawn.listings[place], drawn.lots[place], drawn.days,
        drawn.cases[place], drawn.exposure[place], drawn.statistic[place], drawn.limit,
    )  # fmt: skip


def _check_counted(connection: Connection[Any]) -> None:
    waiting = connection.execute(
        "SELECT EXISTS (SELECT 1 FROM delta_product_day) OR EXISTS (SELECT 1 FROM inbox WHERE done_at IS NULL)"
    ).fetchone()
    if waiting is not None and waiting[0]:
        raise GoldlineError(
            "Evidence is still being judged or counted.", code="day_not_counted",
            hint="Let a worker run until it is idle: goldline run --until-idle.",
        )  # fmt: skip


def _drawn(
    category: str, rows: Sequence[Any], since: date, profile: Floats, charting: Charting, *, lots: bool
) -> Drawn | None:
    """The charts of one category, unless too little of it was delivered to say what is normal."""
    owners = sorted({row[1] for row in rows})
    place = {owner: number for number, owner in enumerate(owners)}
    delivered, cases = (np.zeros((len(owners), CHARTED_DAYS)) for _ in range(2))
    about: dict[str, tuple[str, str]] = {}
    for _, owner, merchant, listing, at, orders, told in rows:
        about[owner] = (merchant, listing)
        delivered[place[owner], (at - since).days] = orders
        cases[place[owner], (at - since).days] = told
    if np.count_nonzero(delivered.sum(axis=0)) < LEARNING_DAYS:
        return None
    exposure = exposure_of(delivered, profile)
    prior = prior_of(cases.sum(axis=1), exposure.sum(axis=1))
    season = season_of(cases, exposure, prior, charting)
    return Drawn(
        category, tuple(about[each][0] for each in owners), tuple(about[each][1] for each in owners),
        tuple(owner if lots else None for owner in owners),
        tuple(since + timedelta(days=n) for n in range(CHARTED_DAYS)), cases, exposure,
        statistics(cases, exposure, season, prior, charting), charting.limit,
    )  # fmt: skip


def _raised(connection: Connection[Any], drawn: Drawn, charting: Charting) -> Iterator[Interception]:
    """The alarms of the last day charted."""
    for alarm in alarms(drawn.statistic, drawn.cases, drawn.exposure, charting):
        if alarm.day != len(drawn.days) - 1:
            continue
        listing, lot = drawn.listings[alarm.item], drawn.lots[alarm.item]
        yield Interception(
            drawn.merchants[alarm.item], listing, drawn.days[alarm.day], "statistics",
            _aspect(connection, listing, lot, drawn.days[alarm.day]), alarm.cases, round(alarm.orders), lot,
            alarm.statistic, drawn.limit,
        )  # fmt: skip


def _aspect(connection: Connection[Any], listing: str, lot: str | None, day: date) -> str:
    """What most of the buyers of the last two weeks told of."""
    row = connection.execute(
        "SELECT defect FROM fact_order WHERE product_id = %(listing)s AND defect IS NOT NULL"
        " AND (%(lot)s::text IS NULL OR lot_id = %(lot)s) AND defect_at >= %(day)s::date - 14"
        " GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1",
        {"listing": listing, "lot": lot, "day": day},
    ).fetchone()
    return str(row[0]) if row and row[0] in ASPECTS else "faulty"


def _dangers(connection: Connection[Any], day: date) -> list[Interception]:
    """Every danger told of that day, UTC, by an order's consumer or in a conversation."""
    rows = connection.execute(_DANGERS, {"day": day}).fetchall()
    return [
        Interception(merchant, listing, day, "safety", "safety", 1, 1, lot, told_by=told_by)
        for merchant, listing, lot, told_by in rows
    ]


def _profile(connection: Connection[Any], day: date) -> Floats:
    """The share of the buyers who speak that speak so many days after delivery, as they have of late."""
    rows = connection.execute(_DELAYS, {"day": day, "most": SPEAKING_DAYS - 1}).fetchall()
    going = SPEAKING_MEAN_DAYS / (1 + SPEAKING_MEAN_DAYS)
    shares = (1 - going) * going ** np.arange(SPEAKING_DAYS) * SPEAKING_STEADY
    for delay, count in rows:
        shares[delay] += count
    profile: Floats = shares / shares.sum()
    return profile


_ITEMS: Final = """
    SELECT coalesce(category, ''), owner, merchant_id, owner, day, coalesce(orders_delivered, 0)::int,
           (coalesce(defects, 0) + coalesce(chats_defect, 0))::int
    FROM fact_product_day WHERE day BETWEEN %(since)s AND %(day)s AND merchant_id IS NOT NULL"""
_PEERS: Final = """
    SELECT '', owner, merchant_id, owner, day, coalesce(orders_delivered, 0)::int,
           (coalesce(defects, 0) + coalesce(chats_defect, 0))::int
    FROM fact_product_day WHERE day BETWEEN %(since)s AND %(day)s AND merchant_id IS NOT NULL
        AND (owner = %(listing)s OR owner IN (
            SELECT p.owner FROM fact_product_day p
            WHERE p.day BETWEEN %(since)s AND %(day)s AND coalesce(p.category, '') =
                (SELECT coalesce(max(o.category), '') FROM fact_product_day o WHERE o.owner = %(listing)s)
            GROUP BY 1 ORDER BY md5(p.owner) LIMIT %(most)s))"""
_LOTS: Final = """
    SELECT coalesce(category, ''), owner, merchant_id, product_id, day, coalesce(orders_delivered, 0)::int,
           coalesce(defects, 0)::int
    FROM fact_lot_day WHERE day BETWEEN %(since)s AND %(day)s AND merchant_id IS NOT NULL AND product_id IS NOT NULL"""
_DELAYS: Final = """
    SELECT defect_at::date - delivered_at::date, count(*) FROM fact_order
    WHERE defect_at >= delivered_at AND defect_at >= %(day)s::date - 90 AND defect_at < %(day)s::date + 1
        AND defect_at::date - delivered_at::date <= %(most)s
    GROUP BY 1"""
_DANGERS: Final = """
    SELECT merchant_id, product_id, lot_id, 'order:' || key FROM fact_order
    WHERE defect = 'safety' AND defect_at >= %(day)s AND defect_at < %(day)s::date + 1
        AND merchant_id IS NOT NULL AND product_id IS NOT NULL
    UNION ALL
    SELECT merchant_id, product_id, NULL, 'conversation:' || split_part(key, '|', 2) FROM fact_conversation
    WHERE defect = 'safety' AND closed_at >= %(day)s AND closed_at < %(day)s::date + 1
        AND merchant_id IS NOT NULL AND product_id IS NOT NULL
    ORDER BY 4"""
