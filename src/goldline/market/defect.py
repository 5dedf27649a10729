"""The chart of defects: is an item, or one lot of it, complained of more than its category and its own past explain?

Three parts, each for many items at once, as arrays of items by days:

- What is normal for an item is drawn to its category: the category's rates are a beta distribution, fitted by moments
  (Kleinman 1973), and an item's own past moves it as far as it has cases (empirical Bayes). What an item has always
  been is no excuse beyond `most_normal` times its category.
- The season is what the rest of the category has shown these days, so a campaign or a heat wave alarms nobody.
- The alarm is a one-sided cumulative sum (Page 1954) of the log likelihood ratio of `ratio` times the normal rate
  against the normal rate, the rate itself being known only as well as the past has shown it (gamma-Poisson, the
  beta-binomial of rare events, because what buyers will still say makes exposures fractional). It alarms beyond the
  logarithm of the wanted average run length, which bounds false alarms from above (Lorden 1971).

Rates and likelihoods are floats: nothing here is money, and what it finds is evidence that a rule decides on.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Prior:
    """What items of a category are like: the mean share of orders complained of, and the strength of that belief in
    orders.
    """

    mean: float
    strength: float


@dataclass(frozen=True, slots=True)
class Charting:
    """What the chart is drawn with.

    `ratio` is how many times the normal rate a defect is looked for; `run_length_days` how long an item without one
    goes on, on average and at least, until a false alarm; `lag_days` how much of the latest past says nothing about
    what is normal, because the defect may be in it; `past_days` how far back it goes; `most_normal` how many times its
    category an item may be and still be normal; `season_days` how long the category is looked at for the season, which
    `season_cases` cases of the normal rate steady; `least_cases` how many buyers must have spoken.
    """

    ratio: float = 3.0
    run_length_days: float = 7_000.0
    lag_days: int = 14
    past_days: int = 90
    most_normal: float = 3.0
    season_days: int = 7
    season_cases: float = 20.0
    least_cases: int = 3

    @property
    def limit(self) -> float:
        """Where the statistic alarms."""
        return math.log(self.run_length_days)


@dataclass(frozen=True, slots=True)
class Alarm:
    """The first day of an item beyond the limit: which day, the statistic, and the cases and orders of the rise."""

    item: int
    day: int
    statistic: float
    cases: int
    orders: float


def prior_of(cases: Floats, orders: Floats) -> Prior:
    """The prior of a category from the cases and orders of its items, by moments.

    Items that differ no more than chance would have it give a very strong prior; without cases at all the mean is half
    a case over all orders, so that a first case is a surprise and not an impossibility.
    """
    total = float(orders.sum())
    if total <= 0:
        return Prior(0.01, 1.0)
    mean = max(float(cases.sum()), 0.5) / total
    seen = orders > 0
    rates, weights = cases[seen] / orders[seen], orders[seen]
    spread = float((weights * (rates - mean) ** 2).sum())
    # Between items: what is left of the spread once each item's binomial noise is taken away.
    n, noise = len(rates), mean * (1 - mean)
    scale = total - float((weights**2).sum()) / total
    between = (spread - (n - 1) * noise) / scale if scale > 0 else 0.0
    strength = noise / between - 1 if between > 0 else math.inf
    return Prior(mean, float(min(max(strength, 1.0), 1e6)))


def exposure_of(delivered: Floats, profile: Floats) -> Floats:
    """Orders of which the buyers would speak on each day if they spoke: deliveries spread by the delay of speaking.

    `profile` is the share of buyers who speak that do so so many days after delivery; it sums to 1.
    """
    spread = np.zeros_like(delivered)
    for delay, share in enumerate(profile):
        spread[:, delay:] += share * delivered[:, : delivered.shape[1] - delay]
    return spread


def season_of(cases: Floats, exposure: Floats, prior: Prior, charting: Charting) -> Floats:
    """How many times its normal rate the rest of the category has shown lately, for each item and day."""
    own_cases, own_exposure = (_lately(each, charting.season_days) for each in (cases, exposure))
    others = own_cases.sum(axis=0) - own_cases
    expected = prior.mean * (own_exposure.sum(axis=0) - own_exposure)
    steady = charting.season_cases
    season: Floats = (others + steady) / (expected + steady)
    return season


def statistics(cases: Floats, exposure: Floats, season: Floats, prior: Prior, charting: Charting) -> Floats:
    """The cumulative sum of every item on every day; it starts again from 0 after it has passed the limit."""
    weighed = season * exposure
    told = _before(cases, charting) + prior.mean * prior.strength
    seen = _before(weighed, charting) + prior.strength
    shape = np.minimum(told, charting.most_normal * prior.mean * seen)
    steps = cases * math.log(charting.ratio) - (shape + cases) * np.log(
        (seen + charting.ratio * weighed) / (seen + weighed)
    )
    drawn = np.zeros_like(cases)
    level = np.zeros(cases.shape[0])
    for day in range(cases.shape[1]):
        level = np.maximum(np.where(level > charting.limit, 0.0, level) + steps[:, day], 0.0)
        drawn[:, day] = level
    return drawn


def alarms(drawn: Floats, cases: Floats, exposure: Floats, charting: Charting) -> list[Alarm]:
    """The days on which an item passes the limit, with what was told since its statistic last rose from 0."""
    found = []
    for item, day in np.argwhere(drawn > charting.limit):
        start = _risen_since(drawn[item], int(day), charting.limit)
        told = int(cases[item, start : day + 1].sum())
        if told >= charting.least_cases:
            orders = float(exposure[item, start : day + 1].sum())
            found.append(Alarm(int(item), int(day), float(drawn[item, day]), told, orders))
    return found


def _risen_since(drawn: Floats, day: int, limit: float) -> int:
    """The first day of the rise that ends on `day`."""
    start = day
    while start > 0 and 0 < drawn[start - 1] <= limit:
        start -= 1
    return start


def _lately(values: Floats, days: int) -> Floats:
    """The sum over the days up to and with each day."""
    summed = np.cumsum(values, axis=1)
    lately: Floats = summed.copy()
    lately[:, days:] -= summed[:, :-days]
    return lately


def _before(values: Floats, charting: Charting) -> Floats:
    """The sum over the past of each day that says what is normal: without the lag."""
    reach = _lately(values, charting.past_days)
    shifted = np.zeros_like(values)
    if charting.lag_days < values.shape[1]:
        shifted[:, charting.lag_days :] = reach[:, : values.shape[1] - charting.lag_days]
    return shifted
