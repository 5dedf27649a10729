"""Patterns: everything the matcher looks for, made from a lexicon once, and what each stands for."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from goldline.market.screening.alias import SHORT
from goldline.market.screening.glyph import sequences
from goldline.market.screening.lexicon import Channel, Lexicon, Term
from goldline.market.screening.normaliser import SPACE, WIDE, normalise
from goldline.market.screening.syllable import Background, spoken

# Characters that are put between the parts of a word to hide it, and carry no meaning there.
FILLERS: Final = "的了之啊呀哦"
SWAPPED_LEAST: Final = 3
_NONE: Final = -1
Word = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a pattern stands for: a term by a channel, an exception of a term with its reason, or a split character."""

    term: int
    channel: Channel
    reason: str | None = None
    merges: int = 0  # the unit that a split character is
    size: int = 0


@dataclass(frozen=True, slots=True)
class Patterns:
    """Words of units with their meanings: for the spelling, and for the sound."""

    spelt: dict[Word, tuple[Meaning, ...]]
    heard: dict[Word, tuple[Meaning, ...]]


def encoded(words: Sequence[Word]) -> list[bytes]:
    """Words as the matcher takes them."""
    return ["".join(map(chr, word)).encode() for word in words]


def is_letter(unit: int) -> bool:
    """Whether a unit is a letter or digit of ASCII: words of these end where letters do."""
    return WIDE + 0x30 <= unit <= WIDE + 0x7A


def patterns(lexicon: Lexicon, background: Background) -> Patterns:
    """Everything to look for."""
    spelt: dict[Word, dict[Meaning, None]] = {}
    heard: dict[Word, dict[Meaning, None]] = {}
    for number, term in enumerate(lexicon.terms):
        words = _words(term.terms)
        for word in words:
            for found, meaning in _ways(number, term, word):
                spelt.setdefault(found, {})[meaning] = None
            if "P" in term.channels and len(word) >= 2 and not any(_latin(unit) for unit in word):
                for sound in spoken(word):
                    heard.setdefault(sound, {})[Meaning(number, "P", size=len(sound))] = None
        phrases = [phrase for phrase, _ in term.exceptions]
        for word, (_, reason) in zip(_words(phrases), term.exceptions, strict=True):
            spelt.setdefault(word, {})[Meaning(number, "N", reason, size=len(word))] = None
    characters = _split(lexicon)
    for word, unit in sequences(characters, background).items():
        spelt.setdefault(word, {})[Meaning(_NONE, "C", merges=unit, size=len(word))] = None
    return Patterns({w: tuple(m) for w, m in spelt.items()}, {w: tuple(m) for w, m in heard.items()})


def _split(lexicon: Lexicon) -> set[int]:
    """Characters of terms that may be found by their parts."""
    texts = [text for term in lexicon.terms if "C" in term.channels for text in term.terms]
    return {unit for word in _words(texts) for unit in word if 0x4E00 <= unit < 0xA000}


def _words(texts: Sequence[str]) -> list[Word]:
    if not texts:
        return []
    units = normalise(texts)
    ends = [*(units.starts[1:] - 1).tolist(), len(units.units) - 1]
    return [tuple(units.units[a:b].tolist()) for a, b in zip(units.starts.tolist(), ends, strict=True)]


def _latin(unit: int) -> bool:
    return WIDE + 0x61 <= unit <= WIDE + 0x7A or unit == SPACE


def _ways(number: int, term: Term, word: Word) -> Iterator[tuple[Word, Meaning]]:
    yield word, Meaning(number, "N", size=len(word))
    if "A" in term.channels:
        for other in _aliased(word):
            yield other, Meaning(number, "A", size=len(other))
    if any(_latin(unit) for unit in word):
        return
    if "S" in term.channels and len(word) >= SWAPPED_LEAST:
        for at in range(len(word) - 1):
            other = (*word[:at], word[at + 1], word[at], *word[at + 2 :])
            if other != word:
                yield other, Meaning(number, "S", size=len(other))
    if "G" in term.channels:
        for at, filler in itertools.product(range(1, len(word)), FILLERS):
            yield (*word[:at], ord(filler), *word[at:]), Meaning(number, "G", size=len(word) + 1)


def _aliased(word: Word) -> Iterator[Word]:
    """The word with short names in the place of long ones; up to two at once."""
    text = "".join(map(chr, word))
    for long, shorts in _SHORT.items():
        if long not in text:
            continue
        for short in shorts:
            first = text.replace(long, short, 1)
            yield tuple(map(ord, first))
            for other, others in _SHORT.items():
                if other != long and other in first:
                    yield from (tuple(map(ord, first.replace(other, each, 1))) for each in others)


def _wide() -> dict[str, tuple[str, ...]]:
    made: dict[str, tuple[str, ...]] = {}
    for long, shorts in SHORT.items():
        words = ["".join(map(chr, word)) for word in _words([long, *shorts])]
        made[words[0]] = tuple(dict.fromkeys(word for word in words[1:] if word and word != words[0]))
    return made


_SHORT: Final = _wide()
