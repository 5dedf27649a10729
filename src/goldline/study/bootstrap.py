"""The bootstrap: how far a figure would move if other units had been drawn (B. Efron 1979)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

RESAMPLES: Final = 500
Counts = NDArray[np.float64]
"""One row for each unit that is drawn: an owner, a piece of content."""


def again(draw: np.random.Generator, counts: Counts) -> Counts:
    """The sums over as many units, drawn again with replacement."""
    summed: Counts = draw.multinomial(len(counts), np.full(len(counts), 1 / len(counts))) @ counts
    return summed


def bounds(values: Sequence[float]) -> tuple[float, float]:
    """Between which nine in ten of the values lie."""
    ordered = sorted(values)
    return float(ordered[round(0.05 * (len(ordered) - 1))]), float(ordered[round(0.95 * (len(ordered) - 1))])
