"""Sounds: characters and pinyin as toneless syllables, and the gate that keeps chance likeness of sound out.

A syllable is one unit, so that sounds are matched as spellings are. Sounds that many speakers do not tell apart are
one: zh and z, ch and c, sh and s, ing and in, eng and en, ang and an.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from goldline.market.screening.normaliser import END, UNKNOWN, WIDE, Normal, Units, normalise, part, rows

FIRST: Final = 0x3500  # syllables are numbered from here
READINGS_MOST: Final = 8
LONGEST: Final = 6  # letters of a syllable
_DIGITS: Final = "零一二三四五六七八九"
_RUN: Final = re.compile("[ａ-ｚ]{2,64}")


def merged(syllable: str) -> str:
    """A syllable without what is not told apart."""
    for long, short in (("zh", "z"), ("ch", "c"), ("sh", "s")):
        if syllable.startswith(long):
            syllable = short + syllable[2:]
    if syllable.endswith(("ing", "eng", "ang")):
        syllable = syllable[:-1]
    return syllable


@dataclass(frozen=True, slots=True)
class Sounds:
    """The first reading of every unit, all readings, and the numbers of what can be written in letters."""

    first: npt.NDArray[np.uint16]
    readings: dict[int, tuple[int, ...]]
    written: dict[str, int]


@cache
def sounds() -> Sounds:
    """From pypinyin's readings, once a process."""
    from pypinyin import Style, pinyin_dict
    from pypinyin.contrib.tone_convert import to_normal

    del Style
    numbers: dict[str, int] = {}
    written: dict[str, int] = {}
    readings: dict[int, tuple[int, ...]] = {}
    first = np.full(0x10000, UNKNOWN, np.uint16)
    toneless: dict[str, str] = {}
    for code, marked in pinyin_dict.pinyin_dict.items():
        if not 0x4E00 <= code < 0xA000:
            continue
        plain = [toneless.setdefault(each, "") or _learn(toneless, each, to_normal(each)) for each in marked.split(",")]
        for each in plain:
            written[each] = numbers.setdefault(merged(each), FIRST + len(numbers))
        readings[code] = tuple(dict.fromkeys(written[each] for each in plain))
        first[code] = readings[code][0]
    for digit, character in enumerate(_DIGITS):
        readings[WIDE + ord(str(digit))] = readings[ord(character)]
        first[WIDE + ord(str(digit))] = first[ord(character)]
    first[END] = END
    return Sounds(first, readings, written)


def _learn(toneless: dict[str, str], marked: str, plain: str) -> str:
    plain = plain.replace("ü", "v")
    toneless[marked] = plain
    return plain


def spoken(units: Sequence[int]) -> list[tuple[int, ...]]:
    """Every way to say these units; none if one of them cannot be said."""
    each = [sounds().readings.get(unit, ()) for unit in units]
    if not all(each):
        return []
    return list(itertools.islice(itertools.product(*each), READINGS_MOST))


@lru_cache(maxsize=65_536)
def segmented(letters: str) -> tuple[tuple[int, int], ...]:
    """Letters as (syllable, how many letters), the fewest syllables; nothing if they are no pinyin throughout."""
    best: list[tuple[tuple[int, int], ...] | None] = [()] + [None] * len(letters)
    for end in range(1, len(letters) + 1):
        for length in range(1, min(LONGEST, end) + 1):
            before, number = best[end - length], sounds().written.get(letters[end - length : end])
            if before is None or number is None:
                continue
            if best[end] is None or len(before) + 1 < len(best[end] or ()):
                best[end] = (*before, (number, length))
    return best[-1] or ()


def heard(normal: Normal) -> Normal:
    """The batch as syllables, unit by unit. What cannot be said stays as a break."""
    units = sounds().first.take(normal.units)
    return Normal(units, normal.origin, normal.until, normal.starts, normal.texts, normal.joined)


def lettered(normal: Normal) -> Normal | None:
    """The texts that hold a run of letters, which may be pinyin."""
    letters = np.flatnonzero((normal.units >= _FIRST_LETTER) & (normal.units <= _LAST_LETTER))
    runs = letters[:-1][letters[1:] - letters[:-1] == 1]
    return rows(normal, np.unique(normal.rows_of(runs))) if len(runs) else None


def written(normal: Normal) -> Normal | None:
    """The batch as syllables with letters that are pinyin read as such; None if none are."""
    units = sounds().first.take(normal.units)
    text = normal.units.tobytes().decode("utf-16-le")
    drop: list[int] = []
    until: dict[int, int] = {}
    for run in _RUN.finditer(text):
        place = run.start()
        syllables = segmented(run[0].translate(_NARROW))
        for number, length in syllables:
            units[place] = number
            until[place] = int(normal.until[place + length - 1])
            drop.extend(range(place + 1, place + length))
            place += length
        if syllables and place < len(text) and text[place] == "\u3000":
            drop.append(place)
        if syllables and run.start() and text[run.start() - 1] == "\u3000":
            drop.append(run.start() - 1)
    if not until:
        return None
    last = normal.until.copy()
    last[list(until)] = list(until.values())
    keep = np.delete(np.arange(len(units)), drop)
    return part(normal, keep, units[keep], last[keep])


_FIRST_LETTER: Final = WIDE + 0x61
_LAST_LETTER: Final = WIDE + 0x7A
_NARROW: Final = {WIDE + code: code for code in range(0x61, 0x7B)}


@dataclass(frozen=True, slots=True)
class Background:
    """Pairs of units that ordinary text holds. What is written in ordinary pairs is not taken for another word."""

    pairs: frozenset[int]

    def common(self, first: int, second: int) -> bool:
        """Whether the pair is ordinary."""
        return (first << 16 | second) in self.pairs

    def ordinary(self, units: Sequence[int]) -> bool:
        """Whether every pair of these is ordinary."""
        return all(self.common(*pair) for pair in itertools.pairwise(units))

    def widened(self, texts: Iterable[str], least: int = 1) -> Background:
        """With the pairs that an operator's own approved texts hold at least so often."""
        return Background(self.pairs | _pairs(normalise(list(texts)).units, least))


def _pairs(units: Units, least: int) -> frozenset[int]:
    wide = units.astype(np.uint32)
    pairs, counts = np.unique(wide[:-1] << 16 | wide[1:], return_counts=True)
    chosen = pairs[(counts >= least) & (pairs >> 16 != END) & (pairs & 0xFFFF != END)]
    return frozenset(chosen.tolist())


@cache
def words() -> Background:
    """The pairs inside the words of pypinyin's phrase table: statistics of a dictionary, made when first needed."""
    from pypinyin import phrases_dict

    return Background(frozenset()).widened(phrases_dict.phrases_dict)
