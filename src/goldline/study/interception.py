"""How soon alarms come and how often for nothing: the chart of defects beside two plain baselines.

All are held to the same false alarms per thousand item-weeks: each one's threshold is set on one simulated past and
measured on another.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from goldline.market.defect import Charting, exposure_of, prior_of, season_of, statistics
from goldline.study.batch import NEVER, Market, Past, simulate

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Score = Callable[[Past, Market], Floats]
COOLDOWN_DAYS = 28  # an alarm of an item is not raised again for so long
TRAINING_DAYS = 98  # what came before is what every method learns from
TRAILING_DAYS = 7
LEAST_CASES = 3
AFTER_DAYS = 14  # after the last delivery of a bad lot its alarm comes too late


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one method came to at its threshold.

    `false_alarms` per 1,000 item-weeks; `caught` the share of batches found until two weeks after the last of them was
    delivered; `delay_days` from the first defective delivery to the alarm, the mean over all batches, one that was
    missed counting until then; `median_days` the median over those caught; `spared` the share of defective deliveries
    that came after the alarm, over all batches.
    """

    method: str
    threshold: float
    false_alarms: float
    delay_days: float
    median_days: float
    caught: float
    spared: float


def chart(past: Past, market: Market) -> Floats:
    """The cumulative sum, without a limit of its own: whatever the threshold, it never starts again."""
    exposure = exposure_of(past.delivered, market.profile)
    train = slice(0, TRAINING_DAYS)
    prior = prior_of(past.cases[:, train].sum(axis=1), exposure[:, train].sum(axis=1))
    charting = replace(Charting(), run_length_days=1e300)
    season = season_of(past.cases, exposure, prior, charting)
    return statistics(past.cases, exposure, season, prior, charting)


def fixed(past: Past, market: Market) -> Floats:
    """The baseline of a fixed threshold: the share complained of over seven days, with three cases at least."""
    cases, orders = (_trailing(each) for each in (past.cases, exposure_of(past.delivered, market.profile)))
    rates: Floats = np.where(cases >= LEAST_CASES, cases / np.maximum(orders, 1e-9), 0.0)
    return rates


def sigma(past: Past, market: Market) -> Floats:
    """The baseline of so many standard deviations above the category's mean, over the last seven days."""
    exposure = exposure_of(past.delivered, market.profile)
    mean = past.cases[:, :TRAINING_DAYS].sum() / exposure[:, :TRAINING_DAYS].sum()
    cases, orders = _trailing(past.cases), np.maximum(_trailing(exposure), 1e-9)
    above: Floats = (cases / orders - mean) / np.sqrt(mean * (1 - mean) / orders)
    return np.where(cases >= LEAST_CASES, above, 0.0)


def category(past: Past, market: Market) -> Floats:
    """What the category's average shows, the same for all its items: standard deviations above its own mean."""
    exposure = exposure_of(past.delivered, market.profile)
    cases, orders = _trailing(past.cases).sum(axis=0), np.maximum(_trailing(exposure).sum(axis=0), 1e-9)
    mean = past.cases[:, :TRAINING_DAYS].sum() / exposure[:, :TRAINING_DAYS].sum()
    above = (cases / orders - mean) / np.sqrt(mean * (1 - mean) / orders)
    whole: Floats = np.broadcast_to(above, past.cases.shape).copy()
    return whole


METHODS: dict[str, Score] = {
    "chart": chart, "sigma": sigma, "threshold": fixed, "category": category,
}  # fmt: skip


def compare(market: Market, wanted: float, calibration: Sequence[int], measured: Sequence[int]) -> list[Outcome]:
    """Every method at `wanted` false alarms per 1,000 item-weeks: set on some seeds, measured on others."""
    known = [simulate(market, seed) for seed in calibration]
    unknown = [simulate(market, seed) for seed in measured]
    found = []
    for name, score in METHODS.items():
        drawn = [score(past, market) for past in known]
        threshold = _threshold(drawn, known, wanted)
        found.append(outcome(name, threshold, [score(past, market) for past in unknown], unknown))
    return found


def outcome(method: str, threshold: float, drawn: Sequence[Floats], pasts: Sequence[Past]) -> Outcome:
    """What a method comes to at a threshold, over several pasts."""
    raised = [_raised(each, threshold) for each in drawn]
    rate = _false_rate(raised, pasts)
    batches = [each for flags, past in zip(raised, pasts, strict=True) for each in _delays(flags, past)]
    delays = np.array([delay for delay, _ in batches])
    caught = delays != NEVER
    missed_days = pasts[0].lot_days + AFTER_DAYS
    median = float(np.median(delays[caught])) if caught.any() else float(missed_days)
    return Outcome(
        method, threshold, rate, float(np.where(caught, delays, missed_days).mean()), median, float(caught.mean()),
        float(np.mean([spared for _, spared in batches])),
    )  # fmt: skip


def _threshold(drawn: Sequence[Floats], pasts: Sequence[Past], wanted: float) -> float:
    """The lowest threshold with no more false alarms than wanted, by bisection over what was seen."""
    values = np.unique(np.concatenate([each[:, TRAINING_DAYS:].ravel() for each in drawn]))
    low, high = 0, len(values) - 1
    while low < high:
        middle = (low + high) // 2
        raised = [_raised(each, float(values[middle])) for each in drawn]
        low, high = (low, middle) if _false_rate(raised, pasts) <= wanted else (middle + 1, high)
    return float(values[low])


def _raised(drawn: Floats, threshold: float) -> Flags:
    """The days an alarm is raised: beyond the threshold, and none of the item's in the weeks before."""
    over = drawn > threshold
    over[:, :TRAINING_DAYS] = False
    raised = np.zeros_like(over)
    quiet_until = np.zeros(over.shape[0], dtype=int)
    for day in range(TRAINING_DAYS, over.shape[1]):
        now = over[:, day] & (quiet_until <= day)
        raised[:, day] = now
        quiet_until[now] = day + COOLDOWN_DAYS
    return raised


def _false_rate(raised: Sequence[Flags], pasts: Sequence[Past]) -> float:
    false = weeks = 0.0
    for flags, past in zip(raised, pasts, strict=True):
        clean = past.clean[:, TRAINING_DAYS:]
        false += float((flags[:, TRAINING_DAYS:] & clean).sum())
        weeks += float(clean.sum()) / 7
    return 1_000 * false / max(weeks, 1e-9)


def _delays(raised: Flags, past: Past) -> list[tuple[int, float]]:
    """For each bad batch: the days from its first delivery to the alarm (NEVER without one) and what was spared."""
    found = []
    for item in np.flatnonzero(past.bad_from != NEVER):
        start = int(past.bad_from[item])
        sold = past.delivered[item, start : start + past.lot_days]
        days = np.flatnonzero(raised[item, start : start + past.lot_days + AFTER_DAYS])
        delay = int(days[0]) if len(days) else NEVER
        after = sold[delay + 1 :].sum() if delay != NEVER else 0.0
        found.append((delay, float(after / max(sold.sum(), 1.0))))
    return found


def _trailing(values: Floats) -> Floats:
    summed = np.cumsum(values, axis=1)
    trailing: Floats = summed.copy()
    trailing[:, TRAILING_DAYS:] -= summed[:, :-TRAILING_DAYS]
    return trailing
