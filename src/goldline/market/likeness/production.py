"""Mass production: how much one cluster looks made by the hundred, and what that is made of.

    score = 100 x cube root of (size x accounts x pace) x (0.8 + 0.1 x regularity + 0.1 x template)

Each factor lies between 0 and 1. `size` and `accounts` grow with the logarithm of their number and are 1 at the number
that a `Scale` calls full; one account alone has 0, since repeating oneself is another matter. `pace` is the share of
the items that appeared within the densest window. `regularity` is 1 when the items follow each other by the clock, and
0 when their gaps vary as much as chance would have them. `template` is the share of the words that stay.

The figures of a scale are ours; no rule book names any. They order the cases; when one is opened, the operator says.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np

from goldline.market.likeness.caption import Caption
from goldline.market.likeness.template import Template, template

GAPS_LEAST: Final = 4  # gaps from which a rhythm can be told
_BASE, _REGULARITY, _TEMPLATE = 0.8, 0.1, 0.1


@dataclass(frozen=True, slots=True)
class Scale:
    """What counts as much: items and accounts (each at least 2), and the window in seconds."""

    size_full: int = 100
    accounts_full: int = 50
    window_s: int = 86_400


@dataclass(frozen=True, slots=True)
class Factor:
    """One part of a score: what was counted or measured, and the factor from 0 to 1 that it gives."""

    name: str
    figure: float
    value: float


@dataclass(frozen=True, slots=True)
class Score:
    """How much a cluster looks mass produced, 0 to 100, with its factors."""

    points: int
    factors: tuple[Factor, ...]


@dataclass(frozen=True, slots=True)
class ContentCluster:
    """Content that is the same: one cluster is one case. `name` stays while the cluster does; members by time, id."""

    name: str
    members: tuple[Caption, ...]
    template: Template
    score: Score

    @property
    def accounts(self) -> tuple[str, ...]:
        """The different accounts, in order."""
        return tuple(sorted({member.account for member in self.members}))

    @property
    def first_seen_at(self) -> datetime:
        """When the first member appeared."""
        return self.members[0].at

    @property
    def last_seen_at(self) -> datetime:
        """When the last member appeared."""
        return self.members[-1].at


def content_cluster(
    name: str, members: Sequence[Caption], texts: Sequence[str], scale: Scale | None = None
) -> ContentCluster:
    """A cluster from its members and their texts in plain form, in any order."""
    ordered = tuple(sorted(members, key=lambda each: (each.at, each.id)))
    found = template(texts)
    return ContentCluster(name, ordered, found, score(ordered, found.share, scale or Scale()))


def score(members: Sequence[Caption], share: float, scale: Scale) -> Score:
    """The score of members in the order of time, whose template has that share."""
    times = np.array([member.at.timestamp() for member in members])
    accounts = len({member.account for member in members})
    within = _densest(times, scale.window_s)
    variation = _variation(times)
    factors = (
        Factor("size", len(members), _logarithmic(len(members), scale.size_full)),
        Factor("accounts", accounts, _logarithmic(accounts, scale.accounts_full)),
        Factor("pace", within, within / len(members)),
        Factor("regularity", variation, max(0.0, 1 - variation)),
        Factor("template", share, share),
    )
    size, spread, pace, regularity, words = (factor.value for factor in factors)
    weighed = _BASE + _REGULARITY * regularity + _TEMPLATE * words
    return Score(round(100 * (size * spread * pace) ** (1 / 3) * weighed), factors)


def _logarithmic(count: int, full: int) -> float:
    return min(1.0, math.log(count) / math.log(full))


def _densest(times: np.ndarray, window_s: int) -> int:
    """The most items within one window."""
    ends = np.searchsorted(times, times + window_s, side="right")
    return int((ends - np.arange(len(times))).max())


def _variation(times: np.ndarray) -> float:
    """The gaps' standard deviation by their mean: 0 by the clock, 1 by chance; 1 where there are too few to tell."""
    gaps = np.diff(times)
    if len(gaps) < GAPS_LEAST or gaps.mean() == 0:
        return 1.0
    return float(gaps.std() / gaps.mean())
