"""Signatures: the least of a text's shingles under 128 permutations (MinHash), and the bands by which alike texts meet.

In NumPy, because a signature is wanted as an array: rensa works as fast, but hands out lists of Python's numbers, and
turning those into arrays takes five times as long as the work.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from goldline.market.likeness.shingle import THREADS, Longs, Places, Shingles

PERMUTATIONS: Final = 128
# Bands are kept in the database, so that the seed may never change.
_SEED: Final = 0x601D_11E5
_CHUNK: Final = 2_000  # texts whose shingles stay in a core's own memory through all permutations
_LOW: Final = (1 << 64) - 1
_MIX: Final = 0x9E3779B97F4A7C15

Signatures = NDArray[np.uint32]


def _multipliers() -> Iterator[int]:
    """Odd numbers of 32 bits, from splitmix64: a multiplication by one permutes all numbers of 32 bits."""
    for step in range(1, PERMUTATIONS + 1):
        mixed = (_SEED + step * _MIX) & _LOW
        mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _LOW
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _LOW
        yield ((mixed ^ (mixed >> 31)) >> 32) | 1


_FACTORS: Final = np.array(list(_multipliers()), np.uint32)


def signatures(held: Shingles) -> Signatures:
    """One row of 128 numbers a text; of a text without shingles, all the greatest."""
    rows = np.full((len(held), PERMUTATIONS), np.iinfo(np.uint32).max, np.uint32)
    told = np.flatnonzero(held.counts > 0)

    def fill(at: int) -> None:
        own = told[at : at + _CHUNK]
        begin, end = held.starts[own[0]], held.starts[own[-1] + 1]
        tokens = (held.tokens[begin:end] >> np.uint64(16)).astype(np.uint32)
        firsts = held.starts[own] - begin
        part = np.empty((PERMUTATIONS, len(own)), np.uint32)
        for number, factor in enumerate(_FACTORS):
            np.minimum.reduceat(tokens * factor, firsts, out=part[number])
        rows[own] = part.T

    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(fill, range(0, len(told), _CHUNK)))
    return rows


def band(rows: Signatures, number: int, width: int) -> Longs:
    """The key of one band of `width` numbers: equal for texts that agree in all of them, else by chance 1 in 2^64."""
    mixed: Any = np.full(len(rows), number + 1, np.uint64)
    for row in range(number * width, (number + 1) * width):
        mixed = (mixed ^ rows[:, row]) * np.uint64(_MIX)
        mixed ^= mixed >> np.uint64(31)
    keys: Longs = mixed
    return keys


def agreement(rows: Signatures, left: Places, right: Places) -> NDArray[np.float64]:
    """The share of the 128 numbers in which two texts agree: an estimate of their Jaccard share, pair by pair."""
    shares = np.empty(len(left), np.float64)
    for at in range(0, len(left), 16_384):
        part = slice(at, at + 16_384)
        shares[part] = np.count_nonzero(rows[left[part]] == rows[right[part]], axis=1) / PERMUTATIONS
    return shares
