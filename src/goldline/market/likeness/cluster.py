"""Clusters of texts: those that meet in a band and share enough shingles are one, and what is one with one is one.

Defined without an order: the clusters are the connected parts of the graph whose edges are the pairs that share a band
and whose Jaccard share is enough. Pairs already in one cluster need not be looked at, so a flood costs one look a copy.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from goldline.core.errors import GoldlineError
from goldline.market.likeness.forest import Forest
from goldline.market.likeness.shingle import Longs, Places, Shingles, jaccard, shingles
from goldline.market.likeness.signature import PERMUTATIONS, Signatures, agreement, band, signatures

# An estimate of 128 numbers errs by less than 0.1 in 99 of 100 pairs at the threshold; below it nobody need count.
ESTIMATE_MARGIN: Final = 0.1
_PAIRS: Final = 1_000_000  # looked at together
_SPREAD: Final = 0xD6E8FEB86659FD93

Progress = Callable[[int, int], None]
"""Called with the bands done, and all bands."""


@dataclass(frozen=True, slots=True)
class Method:
    """How alike is alike. `bands` of `width` numbers find the pairs, `share_least` (0 to 1) decides them.

    `characters_least`: shorter texts are compared as wholes only. `rounds_most`: of an overfull band, so many of its
    texts are compared with all others; pairs that were then still apart are counted, not looked at.
    Raises GoldlineError('method') for more bands than a signature has numbers.
    """

    bands: int = 42
    width: int = 3
    share_least: float = 0.3
    characters_least: int = 8
    rounds_most: int = 16

    def __post_init__(self) -> None:
        if not 0 < self.bands * self.width <= PERMUTATIONS:
            raise GoldlineError(
                f"{self.bands} bands of {self.width} are not within the {PERMUTATIONS} numbers of a signature.",
                code="method",
                hint=f"Choose bands and width so that their product is from 1 to {PERMUTATIONS}.",
            )


CAREFUL: Final = Method(64, 2, 0.2)
"""Finds heavier edits; for some ten thousand texts, since chance meetings grow with the square of their number."""


@dataclass(frozen=True, slots=True)
class Grouping:
    """The cluster of every text, named by the place of its first text; and pairs that an overfull band left unseen."""

    roots: Places
    verified: int
    unseen: int


def group(texts: Sequence[str], method: Method | None = None, progress: Progress | None = None) -> Grouping:
    """Cluster texts in their plain form. Equal texts are one before anything is compared."""
    method = method or Method()
    numbers: dict[str, int] = {}
    own = np.array([numbers.setdefault(text, len(numbers)) for text in texts], np.int64)
    found = Search(list(numbers), method)
    found.run(progress)
    return Grouping(_named(own, found.forest.all_roots()), found.verified, found.unseen)


def _named(own: Places, roots: Places) -> Places:
    """For each text the place of the first text of its cluster."""
    first = np.full(len(roots), len(own), np.int64)
    np.minimum.at(first, roots[own], np.arange(len(own)))
    return first[roots[own]]


class Search:
    """Different texts in their plain form: candidates by bands, verified and joined in a forest."""

    def __init__(self, texts: Sequence[str], method: Method) -> None:
        self.method = method
        self.held: Shingles = shingles([text if len(text) >= method.characters_least else "" for text in texts])
        self.rows: Signatures = signatures(self.held)
        # In an order of their own, so that not even an overfull band depends on the order in which they came.
        told = np.flatnonzero(self.held.counts > 0)
        self.able: Places = told[np.argsort(_sums(self.held)[told])]
        self.forest = Forest(len(texts))
        self.verified = 0
        self.unseen = 0

    def run(self, progress: Progress | None = None) -> None:
        """Look through every band."""
        for number in range(self.method.bands):
            self._band(band(self.rows, number, self.method.width)[self.able])
            if progress:
                progress(number + 1, self.method.bands)

    def _band(self, keys: Longs) -> None:
        members, sizes = _buckets(keys)
        members, sizes = self._unsettled(self.able[members], sizes, 0)
        for turn in range(self.method.rounds_most):
            if not len(sizes):
                return
            self._verify(*_against(members, sizes, turn))
            members, sizes = self._unsettled(members, sizes, turn + 1)
        rest = sizes - self.method.rounds_most
        self.unseen += int((rest * (rest - 1) // 2).sum())

    def _unsettled(self, members: Places, sizes: Places, turn: int) -> tuple[Places, Places]:
        """The buckets that hold more than one cluster, and a pair not looked at."""
        if not len(sizes):
            return members, sizes
        firsts = np.cumsum(sizes) - sizes
        roots = self.forest.roots(members)
        apart = np.minimum.reduceat(roots, firsts) != np.maximum.reduceat(roots, firsts)
        kept = apart & (sizes > turn + 1)
        return members[np.repeat(kept, sizes)], sizes[kept]

    def _verify(self, left: Places, right: Places) -> None:
        for at in range(0, len(left), _PAIRS):
            one, other = left[at : at + _PAIRS], right[at : at + _PAIRS]
            apart = self.forest.roots(one) != self.forest.roots(other)
            one, other = one[apart], other[apart]
            alike = agreement(self.rows, one, other) >= self.method.share_least - ESTIMATE_MARGIN
            one, other = one[alike], other[alike]
            self.verified += len(one)
            same = jaccard(self.held, one, other) >= self.method.share_least
            self.forest.join(one[same], other[same])


def _against(members: Places, sizes: Places, turn: int) -> tuple[Places, Places]:
    """In each bucket the member of this turn, against every one after it."""
    firsts = np.cumsum(sizes) - sizes
    rest = sizes - turn - 1
    inner = np.arange(rest.sum()) - np.repeat(np.cumsum(rest) - rest, rest)
    return np.repeat(members[firsts + turn], rest), members[np.repeat(firsts + turn + 1, rest) + inner]


def _sums(held: Shingles) -> Longs:
    """A number for each text that depends on all its shingles."""
    running = np.concatenate([np.zeros(1, np.uint64), np.cumsum(held.tokens * np.uint64(_SPREAD))])
    sums: Longs = running[held.starts[1:]] - running[held.starts[:-1]]
    return sums


def _buckets(keys: Longs) -> tuple[Places, Places]:
    """The places of keys that occur more than once, key by key, and how often each does.

    A key gives its low bits to its place, so that one sort of plain numbers, five times as fast as one of places, does
    both. Two keys that only differed in those may meet, and are told apart when their texts are compared.
    """
    if not len(keys):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    low = np.uint64(len(keys).bit_length())
    ordered = np.sort((keys >> low << low) | np.arange(len(keys), dtype=np.uint64))
    order = (ordered & np.uint64((1 << int(low)) - 1)).astype(np.int64)
    ordered >>= low
    bounds = np.flatnonzero(np.concatenate([np.ones(1, bool), ordered[1:] != ordered[:-1], np.ones(1, bool)]))
    sizes = np.diff(bounds)
    return order[np.repeat(sizes > 1, sizes)], sizes[sizes > 1]
