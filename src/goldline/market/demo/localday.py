"""Local days as tables of instants: the demo market's own way to resolve a shipping rule.

It shares nothing with the engine's `deadline`, so that the one can be held against the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from goldline.market.demo.array import HOUR_S, Ints
from goldline.market.demo.place import SHIP_RULES

_CUT_OFF = time(16)
_END = time(23, 59, 59)


class LocalDays:
    """For each zone, the cut-off and the last second of every day of a span, in seconds since `origin`."""

    def __init__(self, zones: Sequence[str], origin: datetime, days: int) -> None:
        first = origin.date() - timedelta(days=2)
        span = [first + timedelta(days=n) for n in range(days + 7)]
        self._ends = [_instants(span, _END, zone, origin) for zone in zones]
        self._cut_offs = [_instants(span, _CUT_OFF, zone, origin) for zone in zones]

    def ship_by(self, rule: Ints, start_s: Ints, zone: Ints) -> Ints:
        """By when an order paid at `start_s` must be handed over, by its rule (of SHIP_RULES)."""
        due = start_s + np.where(rule == SHIP_RULES.index("hours:48"), 48, 120) * HOUR_S
        for number in range(len(self._ends)):
            rows = np.flatnonzero((zone == number) & (rule < SHIP_RULES.index("hours:48")))
            ends, cut_offs, start = self._ends[number], self._cut_offs[number], start_s[rows]
            today = np.searchsorted(ends, start, "left")
            later = (rule[rows] == SHIP_RULES.index("next_day")) | (start >= cut_offs[today])
            due[rows] = ends[today + later]
        return np.asarray(due)


def _instants(days: Sequence[date], at: time, zone: str, origin: datetime) -> Ints:
    """The later reading of a clock time on each day."""
    readings = (datetime.combine(day, at, ZoneInfo(zone)) for day in days)
    later = (max(each.replace(fold=fold).astimezone(UTC) for fold in (0, 1)) for each in readings)
    return np.array([int((each - origin).total_seconds()) for each in later])
