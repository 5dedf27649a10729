"""Signatures: 128 least hashes of a text's shingles (rensa's MinHash), and the bands by which alike texts meet."""

from __future__ import annotations

from itertools import chain
from typing import Any, Final

import numpy as np
import rensa
from numpy.typing import NDArray

from goldline.market.likeness.shingle import Longs, Places, Shingles

PERMUTATIONS: Final = 128
SEED: Final = 20_260_810  # bands are kept in the database, so that this may never change
_CHUNK: Final = 20_000  # texts whose signatures pass through Python's numbers at once
_MIX: Final = 0x9E3779B97F4A7C15

Signatures = NDArray[np.uint32]


def signatures(held: Shingles) -> Signatures:
    """One row of 128 numbers a text."""
    rows = np.empty((len(held), PERMUTATIONS), np.uint32)
    for at in range(0, len(held), _CHUNK):
        last = min(at + _CHUNK, len(held))
        starts = held.starts[at : last + 1]
        tokens = held.tokens[starts[0] : starts[-1]]
        offsets = (starts - starts[0]).astype(np.uint64)
        made: Any = rensa.RMinHash.digest_matrix_from_flat_token_hashes(tokens, offsets, PERMUTATIONS, SEED)
        flat = np.fromiter(chain.from_iterable(made.to_rows()), np.uint32, (last - at) * PERMUTATIONS)
        rows[at:last] = flat.reshape(-1, PERMUTATIONS)
    return rows


def band(rows: Signatures, number: int, width: int) -> Longs:
    """The key of one band of `width` numbers: equal for texts that agree in all of them, else by chance 1 in 2^64."""
    mixed = np.full(len(rows), number + 1, np.uint64)
    for row in range(number * width, (number + 1) * width):
        mixed = (mixed ^ rows[:, row]) * np.uint64(_MIX)
        mixed ^= mixed >> np.uint64(31)
    return mixed


def agreement(rows: Signatures, left: Places, right: Places) -> NDArray[np.float64]:
    """The share of the 128 numbers in which two texts agree: an estimate of their Jaccard share, pair by pair."""
    shares = np.empty(len(left), np.float64)
    for at in range(0, len(left), 16_384):
        part = slice(at, at + 16_384)
        shares[part] = np.count_nonzero(rows[left[part]] == rows[right[part]], axis=1) / PERMUTATIONS
    return shares
