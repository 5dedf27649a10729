"""Deadlines counted a second time, in Python with zoneinfo and nothing of the engine."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

END_OF_DAY = time(23, 59, 59)


def deadline(rule: str, start: datetime, zone: str, working: Mapping[date, bool] | None = None) -> datetime:
    """By when. `working` says of each day of the calendar whether it is worked; other days are Monday to Friday."""
    if hours := re.fullmatch(r"hours:(\d+)", rule):
        return start + timedelta(hours=int(hours[1]))
    local = start.astimezone(ZoneInfo(zone))
    day = local.date()
    if same_day := re.fullmatch(r"same_day(?:@(\d\d:\d\d))?", rule):
        before = local.time() < time.fromisoformat(same_day[1] or "16:00")
        return end_of_day(day if before else day + timedelta(days=1), zone)
    if rule == "next_day":
        return end_of_day(day + timedelta(days=1), zone)
    kind, _, rest = rule.partition(":")
    count = int(rest.partition("/")[0])
    if kind == "days":
        return end_of_day(day + timedelta(days=count), zone)
    assert kind == "working_days"
    for _ in range(count):
        day += timedelta(days=1)
        while not is_working(day, working or {}):
            day += timedelta(days=1)
    return end_of_day(day, zone)


def is_working(day: date, working: Mapping[date, bool]) -> bool:
    """What the calendar says, else Monday to Friday."""
    return working.get(day, day.weekday() < 5)


def end_of_day(day: date, zone: str) -> datetime:
    """The later of the two readings of 23:59:59, which is the only one on all but a few days."""
    reading = datetime.combine(day, END_OF_DAY, ZoneInfo(zone))
    return max(reading.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
