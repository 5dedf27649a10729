"""When orders come: the shape of a year, a week and a day."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

import numpy as np

from goldline.core.calendar import country_days
from goldline.market.demo.array import Floats, Ints

_FESTIVALS: Final = {(6, 1): 2.0, (6, 17): 1.6, (6, 18): 5.0, (11, 10): 1.8, (11, 11): 6.0, (12, 12): 2.5}
_WEEKEND: Final = 1.15
_DAY_OFF: Final = 0.75  # on public holidays people travel
_FRIDAY: Final = 5
_BUSY: Final = 2.0
MINUTES: Final = 1_440
# Orders by the hour of the local day, from midnight.
_HOURS: Final = (14, 8, 5, 3, 3, 5, 12, 22, 34, 46, 54, 52, 50, 46, 46, 48, 48, 46, 46, 58, 78, 84, 66, 34)
_STREAMS: Final = ((20 * 60, 0.05), (20 * 60 + 30, 0.03), (21 * 60, 0.04), (12 * 60, 0.01))
_STREAM_MINUTES: Final = 8


def factors(first: date, days: int) -> Floats:
    """For each day, how many times the usual number of orders come."""
    years = {first.year, (first + timedelta(days=days)).year}
    off = {each.day for each in country_days("CN", years) if each.note is not None and not each.working}
    return np.array([_factor(first + timedelta(days=n), off) for n in range(days)])


def minutes(factor: float) -> Floats:
    """The cumulative share of a day's orders by minute. A busy day begins with a burst at midnight."""
    shape = np.repeat(np.array(_HOURS, float), 60)
    # Between two hours the number changes smoothly.
    shape = np.convolve(np.concatenate([shape[-30:], shape, shape[:31]]), np.full(61, 1 / 61), "valid")[:MINUTES]
    shape /= shape.sum()
    for start, share in _STREAMS:
        shape[start : start + _STREAM_MINUTES] += share / _STREAM_MINUTES
    if factor >= _BUSY:
        shape[:5] += 0.02
    cumulative = np.cumsum(shape)
    return np.asarray(cumulative / cumulative[-1])


def seconds(random: np.random.Generator, factor: float, count: int) -> Ints:
    """So many seconds of the local day, spread as orders are."""
    minute = np.searchsorted(minutes(factor), random.random(count), "right")
    return np.minimum(minute, MINUTES - 1) * 60 + random.integers(0, 60, count)


def _factor(day: date, off: set[date]) -> float:
    festival = _FESTIVALS.get((day.month, day.day), 1.0)
    if day in off:
        return festival * _DAY_OFF
    return festival * (_WEEKEND if day.isoweekday() > _FRIDAY else 1.0)
