"""Goods whose buyers' evidence raised the alarm: the list, and one listing with its alarms."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils.functional import Promise as LazyText
from django.utils.translation import gettext_lazy
from psycopg.rows import dict_row

from goldline.market.interception import THOUSAND, Drawn, chart_of
from goldline.surfaces.web.engine import Connection, engine_now
from goldline.surfaces.web.reading.page import Conditions, Listing, Row, Slice, fetch

ASPECTS: dict[str, LazyText | str] = {
    "safety": gettext_lazy("a danger to people"),
    "counterfeit": gettext_lazy("not genuine"),
    "expired": gettext_lazy("expired or spoilt"),
    "faulty": gettext_lazy("does not work or falls apart"),
    "damaged": gettext_lazy("damaged"),
    "short": gettext_lazy("something is missing"),
    "not_as_described": gettext_lazy("not as described"),
    "size": gettext_lazy("wrong size"),
    "smell": gettext_lazy("bad smell"),
}
STATES = ("open", "lifted")

_ALARMED = Listing(
    rows="SELECT key, merchant_id, listing_id, title, category, aspect, cases, intercepted_at, intercepted_last_at,"
    " danger_at, interception_lifted_at, cardinality(alarms) AS alarms FROM fact_listing",
    key=(("intercepted_last_at", "timestamptz"), ("key", "text")),
)


def aspect_of(aspect: str) -> str:
    """An aspect of a defect in the reader's language."""
    return str(ASPECTS.get(aspect, ASPECTS["faulty"]))


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm of a listing, as it was raised; `statistic` and `limit` are None where nothing was counted."""

    alarm_id: str
    ground: str
    aspect: str
    lot_id: str | None
    cases: int
    orders: int
    statistic: float | None
    limit: float | None

    @property
    def told(self) -> str:
        """What was wrong, in the reader's language."""
        return aspect_of(self.aspect)


@dataclass(frozen=True, slots=True)
class Goods:
    """One listing: its facts, its alarms, the latest last, and its chart where enough was sold to draw one."""

    row: Row
    alarms: tuple[Alarm, ...]
    drawn: Drawn | None

    @property
    def is_lifted(self) -> bool:
        """Whether a person lifted the last alarm."""
        return is_lifted(self.row)

    @property
    def statistic(self) -> list[float]:
        """The statistic by day."""
        return [] if self.drawn is None else [float(each) for each in self.drawn.statistic[0]]


def is_lifted(row: Row) -> bool:
    """Whether a person lifted the alarm after it was last raised."""
    lifted, raised = row["interception_lifted_at"], row["intercepted_last_at"]
    return lifted is not None and raised is not None and lifted >= raised


def alarmed(connection: Connection, merchant: str, state: str, cursor: str | None) -> Slice:
    """The listings that ever raised an alarm, the latest first. Raises BadCursor."""
    conditions = Conditions()
    conditions.texts.append("intercepted_at IS NOT NULL")
    conditions.add("merchant_id = %s", merchant)
    if state:
        lifted = "coalesce(interception_lifted_at >= intercepted_last_at, false)"
        conditions.texts.append(lifted if state == "lifted" else f"NOT {lifted}")
    found = fetch(connection, _ALARMED, conditions, cursor)
    rows = [{**row, "told": aspect_of(row["aspect"] or ""), "is_lifted": is_lifted(row)} for row in found.rows]
    return Slice(rows, found.next_cursor)


def goods(connection: Connection, key: str) -> Goods | None:
    """One listing by its key, or None."""
    with connection.cursor(row_factory=dict_row) as reader:
        row = reader.execute("SELECT * FROM fact_listing WHERE key = %s", [key]).fetchone()
    if row is None:
        return None
    yesterday = (engine_now(connection) - timedelta(days=1)).date()
    alarms = sorted(_alarm(json.loads(each)) for each in row["alarms"] or ())
    drawn = chart_of(connection, row["listing_id"] or key.partition("|")[2], yesterday)
    return Goods(row, tuple(alarm for _, alarm in alarms), drawn)


def _alarm(told: list[Any]) -> tuple[str, Alarm]:
    """An alarm and what it is sorted by: the day at the end of its id."""
    alarm_id, ground, aspect, lot_id, cases, orders, *figures = told
    statistic, limit = (None if each is None else int(each) / THOUSAND for each in figures)
    alarm = Alarm(str(alarm_id), str(ground), str(aspect), lot_id, int(cases), int(orders), statistic, limit)
    return str(alarm_id).rpartition(":")[2] + str(alarm_id), alarm
