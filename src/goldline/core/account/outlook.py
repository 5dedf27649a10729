"""The outlook: a formal score worked out in memory, and what would move it most, by trying it.

`reckon` says what `score_sql` says for everybody, so that a figure can be changed and the score worked out again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from goldline.core.account.score_sql import PLACES, POINT_PLACES, VALUE_PLACES
from goldline.core.account.standing import FORMAL, Standing
from goldline.core.policy.score import Indicator, Scale, Score


@dataclass(frozen=True, slots=True)
class Move:
    """What one indicator could do for the score.

    `events` fewer bad ones reach its next points (`to_points`), which gains `gain`; all `of_events` of them gone would
    gain `most_gain`. Of an indicator without bad events, `to_value` is the value that reaches the next points.
    """

    indicator: str
    dimension: str
    points: Decimal
    to_points: Decimal
    to_value: Decimal
    gain: Decimal
    most_gain: Decimal
    events: int | None = None
    of_events: int | None = None


def reckon(score: Score, standing: Standing, values: Mapping[str, Decimal | None]) -> Decimal | None:
    """The formal score of a standing with these values in place of its indicators' own; None where none is known."""
    parts = []
    for dimension in score.dimensions:
        held = standing.dimensions[dimension.id]
        points = [
            (points_of(score, standing, each, values.get(each.id, held["indicators"][each.id]["value"])),
             held["indicators"][each.id]["weight"])
            for each in dimension.indicators
        ]  # fmt: skip
        parts.append((_rounded(_mean(points), POINT_PLACES), held["weight"]))
    whole = _mean(parts)
    if whole is None:
        return None
    return _rounded(min(max(whole + sum(standing.adjustments.values()), score.least), score.most), PLACES)


def points_of(score: Score, standing: Standing, indicator: Indicator, value: Decimal | None) -> Decimal | None:
    """The points of a value, held up where the sample is small."""
    points = scaled(indicator.scale, value)
    bad = _held(standing, indicator).get("bad")
    if points is None or score.floor is None or bad is None or not standing.small or bad > score.floor.bad:
        return points
    return max(points, score.floor.points)


def scaled(scale: Scale, value: Decimal | None) -> Decimal | None:
    """The points of a value on a scale; None of None."""
    if value is None:
        return None
    if scale.linear:
        (best, most), (worst, least) = scale.rows
        assert best is not None, "a line lies between two figures"
        assert worst is not None, "a line lies between two figures"
        share = min(max((value - worst) / (best - worst), Decimal(0)), Decimal(1))
        return _rounded(least + (most - least) * share, POINT_PLACES)
    for bound, points in scale.rows:
        if bound is None or (value >= bound if scale.rising else value <= bound):
            return points
    raise AssertionError("the last step has no bound")


def _mean(pairs: Iterable[tuple[Decimal | None, Decimal]]) -> Decimal | None:
    known = [(points, weight) for points, weight in pairs if points is not None]
    total = sum((weight for _, weight in known), Decimal(0))
    return sum((points * weight for points, weight in known), Decimal(0)) / total if total else None


def _rounded(value: Decimal | None, places: int) -> Decimal | None:
    """Half away from zero, as the database rounds."""
    return None if value is None else value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def _held(standing: Standing, indicator: Indicator) -> Mapping[str, Any]:
    found = (each["indicators"].get(indicator.id) for each in standing.dimensions.values())
    return next(each for each in found if each is not None)


def moves(score: Score, standing: Standing) -> list[Move]:
    """What each indicator could do, that which could do most first. A score that grows is not moved by indicators."""
    if standing.stage != FORMAL:
        return []
    found = [
        move
        for dimension in score.dimensions
        for indicator in dimension.indicators
        if (move := _move(score, standing, dimension.id, indicator)) is not None
    ]
    return sorted(found, key=lambda each: (-each.most_gain, -each.gain, each.indicator))


def _move(score: Score, standing: Standing, dimension: str, indicator: Indicator) -> Move | None:
    held = _held(standing, indicator)
    points = held["points"]
    if points is None or not held["weight"] or not standing.dimensions[dimension]["weight"]:
        return None
    if indicator.bad is None:
        return _reached(score, standing, dimension, indicator)
    bad = int(held["bad"] or 0)
    best = _without(indicator, held, bad)
    if bad < 1 or _gain(score, standing, indicator, best) <= 0:
        return None
    events = _fewest(score, standing, indicator, bad)
    value = _without(indicator, held, events)
    return Move(
        indicator.id, dimension, points, _points(score, standing, indicator, value), value,
        _gain(score, standing, indicator, value), _gain(score, standing, indicator, best), events, bad,
    )  # fmt: skip


def _fewest(score: Score, standing: Standing, indicator: Indicator, bad: int) -> int:
    """How many events less it takes at least to move the score. More are never worse, so the middle says which half."""
    held, low, high = _held(standing, indicator), 1, bad
    while low < high:
        middle = (low + high) // 2
        if _gain(score, standing, indicator, _without(indicator, held, middle)) > 0:
            high = middle
        else:
            low = middle + 1
    return low


def _without(indicator: Indicator, held: Mapping[str, Any], events: int) -> Decimal:
    """The value if so many bad events had not happened."""
    total, of = held["sum"] + indicator.avoided * events, held["of"]
    if held.get("strength") is not None and held.get("mean") is not None:
        total, of = total + held["strength"] * held["mean"], of + held["strength"]
    value = _rounded(total / of, VALUE_PLACES)
    assert value is not None, "an indicator with points has cases"
    return value


def _reached(score: Score, standing: Standing, dimension: str, indicator: Indicator) -> Move | None:
    """The next better row of the scale, and its best."""
    held, rows = _held(standing, indicator), indicator.scale.rows
    better = [bound for bound, points in rows if bound is not None and points > held["points"]]
    if not better:
        return None
    nearest, best = better[-1], better[0]
    gain, most_gain = (_gain(score, standing, indicator, value) for value in (nearest, best))
    if most_gain <= 0:
        return None
    points = _points(score, standing, indicator, nearest)
    return Move(indicator.id, dimension, held["points"], points, nearest, gain, most_gain)


def _points(score: Score, standing: Standing, indicator: Indicator, value: Decimal) -> Decimal:
    points = points_of(score, standing, indicator, value)
    assert points is not None, "a value has points"
    return points


def _gain(score: Score, standing: Standing, indicator: Indicator, value: Decimal) -> Decimal:
    changed = reckon(score, standing, {indicator.id: value})
    return Decimal(0) if changed is None else changed - standing.score
