"""The name somebody may have meant by one that is not known."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher, get_close_matches
from itertools import takewhile
from typing import Final

ALIKE: Final = 0.6
AS_GOOD: Final = 0.05  # within this much of the best, the one that begins alike is likelier


def closest(word: str, names: Iterable[str]) -> str | None:
    """The likeliest of the names, or None when nothing is close. Case does not count where nothing fits otherwise."""
    known = list(names)
    for written in dict.fromkeys([word, word.lower()]):
        near = get_close_matches(written, known, n=5, cutoff=ALIKE)
        if near:
            likeness = {each: SequenceMatcher(None, each, written).ratio() for each in near}
            good = [each for each in near if likeness[each] >= max(likeness.values()) - AS_GOOD]
            return max(good, key=lambda each: (_shared(each, written), likeness[each]))
    return None


def _shared(one: str, other: str) -> int:
    """How many letters two words begin with in common."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
