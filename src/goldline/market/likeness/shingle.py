"""Shingles: every three characters that follow each other, hashed to 48 bits, for many texts at once."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

WIDTH: Final = 3  # characters; two make many chance meetings, four lose edited copies
HASH_BITS: Final = 48  # the upper sixteen bits number the text within a chunk, so that one sort serves them all
CHUNK_TEXTS: Final = 1 << (64 - HASH_BITS)
THREADS: Final = 2  # NumPy lets go of the interpreter's lock while it works
_FACTORS: Final = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9)
_FINISH: Final = 0xD6E8FEB86659FD93

Longs = NDArray[np.uint64]
Places = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Shingles:
    """The different shingles of texts, text after text, each text's in order. `starts` has one more than texts."""

    tokens: Longs
    starts: Places

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def counts(self) -> Places:
        """How many different shingles each text has."""
        return np.diff(self.starts)


def shingles(texts: Sequence[str]) -> Shingles:
    """The shingles of texts. A text shorter than a shingle is one shingle, padded; an empty one has none."""
    with ThreadPoolExecutor(THREADS) as threads:
        parts = list(threads.map(lambda at: _chunk(texts[at : at + CHUNK_TEXTS]), range(0, len(texts), CHUNK_TEXTS)))
    tokens = np.concatenate([tokens for tokens, _ in parts]) if parts else np.empty(0, np.uint64)
    counts = np.concatenate([counts for _, counts in parts]) if parts else np.empty(0, np.int64)
    return Shingles(tokens, np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)]))


def _chunk(texts: Sequence[str]) -> tuple[Longs, Places]:
    """Different tokens and their number by text."""
    padded = [text.ljust(WIDTH, "\0") if text else "" for text in texts]
    lengths = np.fromiter(map(len, padded), np.int64, len(padded))
    owners = np.repeat(np.arange(len(padded), dtype=np.uint64), np.maximum(lengths - WIDTH + 1, 0))
    points = np.frombuffer("".join(padded).encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.uint64)
    if not len(owners):
        return np.empty(0, np.uint64), np.zeros(len(padded), np.int64)
    # A shingle begins at every character but the last two of its text.
    begins = np.ones(len(points), bool)
    for back in range(1, WIDTH):
        begins[np.cumsum(lengths)[lengths > 0] - back] = False
    hashed = _hashed(points)[begins[: len(points) - WIDTH + 1]]
    keys = np.sort((owners << np.uint64(HASH_BITS)) | hashed)
    kept = keys[np.concatenate([np.ones(1, bool), keys[1:] != keys[:-1]])]
    counts = np.bincount((kept >> np.uint64(HASH_BITS)).astype(np.int64), minlength=len(padded))
    return kept & np.uint64((1 << HASH_BITS) - 1), counts.astype(np.int64)


def _hashed(points: Longs) -> Longs:
    """A 48-bit hash of each place's three characters."""
    last = len(points) - WIDTH + 1
    mixed: Any = np.zeros(last, np.uint64)
    for offset, factor in enumerate(_FACTORS):
        mixed = (mixed ^ points[offset : offset + last]) * np.uint64(factor)
        mixed ^= mixed >> np.uint64(29)
    found: Longs = (mixed * np.uint64(_FINISH)) >> np.uint64(64 - HASH_BITS)
    return found


def jaccard(held: Shingles, left: Places, right: Places) -> NDArray[np.float64]:
    """How much of the shingles of two texts together is in both, from 0 to 1, pair by pair; exact."""
    shares = np.empty(len(left), np.float64)
    for at in range(0, len(left), CHUNK_TEXTS // 2):
        part = slice(at, at + CHUNK_TEXTS // 2)
        shares[part] = _shares(held, left[part], right[part])
    return shares


def _shares(held: Shingles, left: Places, right: Places) -> NDArray[np.float64]:
    counts = held.counts
    texts = np.concatenate([left, right])
    sizes = counts[texts]
    pairs = np.repeat(np.tile(np.arange(len(left), dtype=np.uint64), 2), sizes)
    inner = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    keys = np.sort((pairs << np.uint64(HASH_BITS)) | held.tokens[np.repeat(held.starts[texts], sizes) + inner])
    twice = keys[1:][keys[1:] == keys[:-1]] >> np.uint64(HASH_BITS)
    both = np.bincount(twice.astype(np.int64), minlength=len(left))
    union = counts[left] + counts[right] - both
    share: NDArray[np.float64] = both / np.maximum(union, 1)
    return share
