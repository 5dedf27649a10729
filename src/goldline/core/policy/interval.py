"""Lengths of time as policies write them: '48 hours', '2 days 12 hours'. A day is 24 hours; there are no months."""

from __future__ import annotations

import re
from typing import Literal

Dialect = Literal["postgres", "duckdb"]

LONGEST_S = 36_525 * 86_400  # a century: longer is a slip of the pen
_UNITS_S = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400, "week": 604_800}
_SHORT = {"s": "second", "sec": "second", "min": "minute", "h": "hour", "hr": "hour", "d": "day", "w": "week"}
_PART = re.compile(r"([0-9]{1,12})\s*([a-z]+)", re.ASCII)


def interval_seconds(text: str) -> int:
    """Read a length of time in whole seconds. Raises ValueError with a sentence that says what is wrong."""
    words = text.strip().lower()
    parts = _PART.findall(words)
    if not parts or _PART.sub("", words).strip():
        raise ValueError(f"'{text}' is not a length of time; write it like '48 hours' or '2 days 12 hours'")
    total_s = sum(int(count) * _unit_s(unit) for count, unit in parts)
    if total_s > LONGEST_S:
        raise ValueError(f"'{text}' is longer than a century")
    return total_s


def _unit_s(unit: str) -> int:
    name = _SHORT.get(unit, unit.removesuffix("s"))
    if name in ("month", "year", "quarter"):
        raise ValueError(f"a {name} is not a fixed length of time; write it in days")
    if name not in _UNITS_S:
        raise ValueError(f"'{unit}' is not a unit of time; use seconds, minutes, hours, days or weeks")
    return _UNITS_S[name]


def interval_sql(seconds: int, dialect: Dialect) -> str:
    """An interval literal of exactly so many seconds."""
    return f"interval '{seconds} seconds'" if dialect == "postgres" else f"to_seconds({seconds})"
