"""Simulated batches: a category of items sold day by day, some of whose lots are defective from a known day on.

For measuring how soon an alarm comes and how often for nothing; nothing of it is true of any marketplace.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
NEVER = -1


@dataclass(frozen=True, slots=True)
class Market:
    """What is simulated.

    Items sell about `orders_a_day` (median; the spread is lognormal, `spread` its sigma). Normal rates of complaint are
    beta with `mean_rate` and `strength`; all of them rise and fall by `season` over the year, by `weekly` over the
    week, and `campaigns` times a year for five days, when orders triple and complaints are half as many again. A share
    `defective` of the items gets one bad lot, sold for `lot_days`, with `worse` times its normal rate, from to.
    Buyers speak `delay_days` after delivery on average.
    """

    items: int = 400
    days: int = 364
    orders_a_day: float = 8.0
    spread: float = 0.8
    mean_rate: float = 0.02
    strength: float = 150.0
    season: float = 0.25
    weekly: float = 0.10
    campaigns: int = 4
    defective: float = 0.25
    lot_days: int = 28
    worse: tuple[float, float] = (2.5, 6.0)
    delay_days: float = 4.0

    @property
    def profile(self) -> Floats:
        """The share of the buyers who speak that speak so many days after delivery: geometric, cut at thirty days."""
        going = self.delay_days / (1 + self.delay_days)
        shares = (1 - going) * going ** np.arange(30)
        profile: Floats = shares / shares.sum()
        return profile


@dataclass(frozen=True, slots=True)
class Past:
    """What came of it: deliveries and complaints by item and day, and from which day on an item's lot was bad."""

    delivered: Floats
    cases: Floats
    bad_from: NDArray[np.int64]
    lot_days: int

    @property
    def clean(self) -> NDArray[np.bool_]:
        """The days of each item that no bad lot has anything to do with."""
        days = np.arange(self.delivered.shape[1])
        bad = self.bad_from[:, None]
        after = bad + self.lot_days + 60  # until the last buyer has spoken and the past is forgotten
        clean: NDArray[np.bool_] = (bad == NEVER) | (days < bad) | (days >= after)
        return clean


def simulate(market: Market, seed: int) -> Past:
    """A past of a market; the same for the same seed."""
    rng = np.random.default_rng(seed)
    days = np.arange(market.days)
    campaign = _campaigns(market, rng)
    volume = rng.lognormal(np.log(market.orders_a_day), market.spread, market.items)
    delivered = rng.poisson(volume[:, None] * np.where(campaign, 3.0, 1.0)).astype(float)
    alpha = market.mean_rate * market.strength
    rates = rng.beta(alpha, market.strength - alpha, market.items)
    season = 1 + market.season * np.sin(2 * np.pi * days / 364) + market.weekly * np.sin(2 * np.pi * days / 7)
    bad_from = np.where(
        rng.random(market.items) < market.defective,
        rng.integers(100, market.days - market.lot_days - 14, market.items), NEVER,
    )  # fmt: skip
    worse = rng.uniform(*market.worse, market.items)
    within = (bad_from[:, None] != NEVER) & (days >= bad_from[:, None])
    within &= days < bad_from[:, None] + market.lot_days
    shares = rates[:, None] * season * np.where(campaign, 1.5, 1.0) * np.where(within, worse[:, None], 1.0)
    complaining = rng.binomial(delivered.astype(int), np.minimum(shares, 1.0))
    return Past(delivered, _spoken(complaining, market, rng), bad_from, market.lot_days)


def _campaigns(market: Market, rng: np.random.Generator) -> NDArray[np.bool_]:
    """The days of campaigns, five in a row each."""
    days = np.zeros(market.days, dtype=bool)
    for start in rng.integers(0, market.days - 5, market.campaigns):
        days[start : start + 5] = True
    return days


def _spoken(complaining: NDArray[np.int64], market: Market, rng: np.random.Generator) -> Floats:
    """Complaints on the day they are spoken: each buyer's own delay after delivery."""
    cases = np.zeros(complaining.shape)
    left = complaining.copy()
    remaining = 1.0
    for delay, share in enumerate(market.profile):
        now = rng.binomial(left, min(share / remaining, 1.0))
        cases[:, delay:] += now[:, : market.days - delay]
        left, remaining = left - now, max(remaining - share, 1e-12)
    return cases
