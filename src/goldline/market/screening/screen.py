"""The screen: a lexicon made ready, and what it finds in batches of texts."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Final

import numpy as np

from goldline.market.screening.context import excuse, window
from goldline.market.screening.evidence import Answer, Evidence, Setting
from goldline.market.screening.lexicon import Channel, Lexicon, shipped
from goldline.market.screening.matcher import Engine, Matcher, matcher
from goldline.market.screening.normaliser import STOPS, WIDE, Normal, calmed, normalise, part, rows, spelt, table
from goldline.market.screening.pattern import Meaning, Word, encoded, is_letter, patterns
from goldline.market.screening.probability import chance, present
from goldline.market.screening.syllable import Background, heard, lettered, sounds, words, written

CHARACTERS_AT_ONCE: Final = 1 << 16  # what stays in the processor's cache
_RANK: Final[dict[Channel, int]] = {"N": 0, "A": 1, "C": 2, "P": 3, "G": 4, "S": 5}
_REVIEWED: Final = frozenset("PGS")
_PAUSES: Final = STOPS + "，,、：:"
_SHORT: Final = 3  # words up to this long are taken for chance at one ordinary pair
_ASCII_LETTERS: Final = 4  # of a term written wholly in pinyin


@dataclass(frozen=True, slots=True)
class Hit:
    """A term found, at places of the original text."""

    term: int
    channel: Channel
    start: int
    end: int
    normalised: str
    gapped: bool
    reason: str | None = None  # of an exception


class Screen:
    """Finds terms. Safe to use from many threads; texts are independent of each other."""

    def __init__(
        self, lexicon: Lexicon | None = None, background: Background | None = None, engine: Engine | None = None
    ) -> None:
        self.lexicon = lexicon or shipped()
        self.background = background or words()
        made = patterns(self.lexicon, self.background)
        self._spelt, self._heard = list(made.spelt.values()), list(made.heard.values())
        self._told = [spelt(np.array(word, np.uint16)) for word in made.spelt]
        self._heard_size = [len(word) for word in made.heard]
        self._exact = _exact(made.spelt)
        self._pairs = _pairs(made.spelt)
        self._spelling: Matcher = matcher(encoded(list(made.spelt)), engine)
        self._sound: Matcher = matcher(encoded(list(made.heard)), engine)
        self._sounds = bool(made.heard)
        table(), sounds()

    @property
    def version(self) -> str:
        """The version of its lexicon."""
        return self.lexicon.version

    def screen(self, texts: Sequence[str], settings: Setting | Sequence[Setting] | None = None) -> list[Answer]:
        """What is found in each text, in the order of its place there."""
        given = settings if isinstance(settings, Sequence) else [settings or Setting()] * len(texts)
        answers: list[Answer] = []
        clean = Answer((), self.version)
        for first, last in _portions(texts):
            found = self.hits(texts[first:last])
            answers += [clean] * (last - first)
            for row, hits in found.items():
                answers[first + row] = self._answer(texts[first + row], hits, given[first + row])
        return answers

    def one(self, text: str, setting: Setting | None = None) -> Answer:
        """What is found in one text."""
        return self.screen([text], setting)[0]

    def hits_of(self, texts: Sequence[str]) -> int:
        """How many hits there are in all of these texts, before any context."""
        return sum(len(hits) for first, last in _portions(texts) for hits in self.hits(texts[first:last]).values())

    def hits(self, texts: Sequence[str]) -> dict[int, list[Hit]]:
        """Hits by the number of their text, before any context; texts without one are left out."""
        normal = normalise(texts)
        found: dict[int, dict[tuple[int, int, int, bool], Hit]] = defaultdict(dict)
        splits: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
        self._collect(normal, texts, found, splits)
        if (calm := calmed(normal)) is not None:
            self._collect(calm, texts, found, splits=None)
        if splits:
            self._collect(_merged(normal, splits), texts, found, splits=None, channel="C")
        if self._sounds:
            self._listen(normal, texts, found)
        return {row: _lone(list(hits.values()), self.lexicon) for row, hits in found.items()}

    def _collect(
        self,
        normal: Normal,
        texts: Sequence[str],
        found: dict[int, dict[tuple[int, int, int, bool], Hit]],
        splits: dict[int, list[tuple[int, int, int]]] | None,
        channel: Channel = "N",
    ) -> None:
        met = self._spelling.find(normal.data())
        if not met:
            return
        of = normal.rows_of([end // 3 - 1 for _, end in met])
        for (number, place), row in zip(met, of, strict=True):
            end = place // 3
            for meaning in self._spelt[number]:
                start = end - meaning.size
                if meaning.merges:
                    if splits is not None:
                        splits[row].append((start, end, meaning.merges))
                elif _bounded(normal, start, end) and (
                    hit := self._hit(normal, texts, meaning, row, start, end, channel, self._told[number])
                ):
                    _keep(found[int(normal.texts[row])], hit)

    def _hit(
        self, normal: Normal, texts: Sequence[str], meaning: Meaning, row: int, start: int, end: int,
        channel: Channel, told: str,
    ) -> Hit | None:  # fmt: skip
        text = int(normal.texts[row])
        at = int(normal.joined[text])
        first, last = int(normal.origin[start]), int(normal.until[end - 1]) + 1
        gapped = last - first != end - start and bool(
            (normal.origin[start + 1 : end] - normal.until[start : end - 1] > 1).any()
        )
        if gapped and self._crosses(normal, texts[text], start, end, at, STOPS if channel != "P" else _PAUSES):
            return None
        by = channel if _RANK[channel] > _RANK[meaning.channel] else meaning.channel
        return Hit(meaning.term, by, first - at, last - at, told, gapped, meaning.reason)

    def _crosses(self, normal: Normal, text: str, start: int, end: int, at: int, marks: str) -> bool:
        """Whether a sentence ends inside and both sides read on as ordinary words: then the hit is chance."""
        ends = 0
        for unit in range(start, end - 1):
            between = text[int(normal.until[unit]) + 1 - at : int(normal.origin[unit + 1]) - at]
            ends += any(mark in marks for mark in between)
        if ends == 0 or ends == end - 1 - start > 1:
            return False
        units = normal.units
        before = start > 0 and self.background.common(int(units[start - 1]), int(units[start]))
        after = end < len(units) and self.background.common(int(units[end - 1]), int(units[end]))
        return before or after or ends < end - 1 - start

    def _listen(
        self, normal: Normal, texts: Sequence[str], found: dict[int, dict[tuple[int, int, int, bool], Hit]]
    ) -> None:
        self._hear(normal, heard(normal), texts, found, read=False)
        lines = lettered(normal)
        if lines is not None and (sound := written(lines)) is not None:
            self._hear(lines, sound, texts, found, read=True)

    def _hear(
        self, normal: Normal, sound: Normal, texts: Sequence[str],
        found: dict[int, dict[tuple[int, int, int, bool], Hit]], *, read: bool,
    ) -> None:  # fmt: skip
        """Terms among syllables; with `read` those alone that letters were read for."""
        met = self._sound.find(sound.data())
        if not met:
            return
        of = sound.rows_of([end // 3 - 1 for _, end in met])
        for (number, place), row in zip(met, of, strict=True):
            end = place // 3
            start = end - self._heard_size[number]
            first, last = (start, end) if not read else _units_of(normal, sound, start, end)
            surface = tuple(normal.units[first:last].tolist())
            flanks = (
                tuple(normal.units[max(0, first - 1) : first + 1].tolist()),
                tuple(normal.units[last - 1 : last + 1].tolist()),
            )
            embedded = read and _amid_han(normal, first, last)
            for meaning in self._heard[number]:
                if not self._likely(surface, meaning, flanks, embedded=embedded):
                    continue
                told = spelt(normal.units[first:last])
                if hit := self._hit(sound, texts, meaning, row, start, end, "P", told):
                    _keep(found[int(sound.texts[row])], hit)

    def _likely(self, surface: Word, meaning: Meaning, flanks: tuple[Word, Word], *, embedded: bool) -> bool:
        """The gate: what is spelt as the term is no news, and what is ordinary text is no other word."""
        if (meaning.term, surface) in self._exact:
            return False
        letters = sum(map(is_letter, surface))
        homophones = self.lexicon.terms[meaning.term].homophones
        if letters >= _ASCII_LETTERS:
            return letters < len(surface) or meaning.size > 2 or (homophones and embedded)
        if (meaning.size == 2 and not homophones) or any(map(_is_digit, surface)):
            return False
        return not self._ordinary(surface, meaning.term, flanks)

    def _ordinary(self, surface: Word, term: int, flanks: tuple[Word, Word]) -> bool:
        """Whether the text reads on as ordinary words here, so that the likeness of sound is chance."""
        common = self.background.common
        own = self._pairs[term]
        inner = [pair for pair in pairwise(surface) if pair not in own and common(*pair)]
        if inner and (len(surface) <= _SHORT or len(inner) == len(surface) - 1):
            return True
        return len(surface) == 2 and any(len(pair) == 2 and common(*pair) for pair in flanks)

    def _answer(self, text: str, hits: list[Hit], setting: Setting) -> Answer:
        evidence = tuple(each for hit in hits if (each := self._evidence(text, hit, hits, setting)))
        return Answer(evidence, self.version)

    def _evidence(self, text: str, hit: Hit, hits: list[Hit], setting: Setting) -> Evidence | None:
        if hit.reason is not None:
            return None
        term = self.lexicon.terms[hit.term]
        if setting.lang and term.lang != setting.lang:
            return None
        inside = (
            o.reason for o in hits if o.reason and o.term == hit.term and o.start <= hit.start and hit.end <= o.end
        )
        around = window(text, hit.start, hit.end)
        reason = next(inside, None) or excuse(term, around, setting)
        probability = chance(present(term, around, hit.channel, reason, setting, gapped=hit.gapped))
        return Evidence(
            term, hit.start, hit.end, text[hit.start : hit.end], hit.normalised, hit.channel, hit.gapped,
            "excused" if reason else "stands", reason, probability, hit.channel in _REVIEWED,
        )  # fmt: skip


def _pairs(spelt: dict[Word, tuple[Meaning, ...]]) -> dict[int, set[Word]]:
    """The pairs that each term itself is written with."""
    pairs: dict[int, set[Word]] = defaultdict(set)
    for word, meanings in spelt.items():
        for meaning in meanings:
            if meaning.reason is None:
                pairs[meaning.term].update(pairwise(word))
    return pairs


def _is_digit(unit: int) -> bool:
    return WIDE + 0x30 <= unit <= WIDE + 0x39


def _exact(spelt: dict[Word, tuple[Meaning, ...]]) -> frozenset[tuple[int, Word]]:
    return frozenset((meaning.term, word) for word, meanings in spelt.items() for meaning in meanings)


def _portions(texts: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Runs of texts of about as many characters as fit the cache."""
    first = size = 0
    for number, text in enumerate(texts):
        size += len(text) + 1
        if size >= CHARACTERS_AT_ONCE:
            yield first, number + 1
            first, size = number + 1, 0
    if first < len(texts):
        yield first, len(texts)


def _bounded(normal: Normal, start: int, end: int) -> bool:
    """A word of letters must not be a part of a longer one."""
    units = normal.units
    first = int(units[start])
    if start and is_letter(first) and is_letter(int(units[start - 1])) and _kind(first) == _kind(int(units[start - 1])):
        return False
    if is_letter(int(units[end - 1])) and is_letter(int(units[end])):
        return _kind(int(units[end - 1])) != _kind(int(units[end]))
    return True


def _kind(unit: int) -> bool:
    return unit >= 0xFF41  # a letter; else a digit


def _keep(hits: dict[tuple[int, int, int, bool], Hit], hit: Hit) -> None:
    key = (hit.term, hit.start, hit.end, hit.reason is not None)
    before = hits.get(key)
    if before is None or _RANK[hit.channel] < _RANK[before.channel]:
        hits[key] = hit


def _lone(hits: list[Hit], lexicon: Lexicon) -> list[Hit]:
    """Without what is part of, or crosses, a better hit of the same category: the longest of the surest kind stays."""
    order = sorted(hits, key=lambda hit: (_RANK[hit.channel], hit.start - hit.end, hit.start, hit.term))
    kept: list[Hit] = []
    for hit in order:
        category = lexicon.terms[hit.term].category
        if hit.reason is None and any(
            other.reason is None
            and other.start < hit.end
            and hit.start < other.end
            and lexicon.terms[other.term].category == category
            for other in kept
        ):
            continue
        kept.append(hit)
    return sorted(kept, key=lambda hit: (hit.start, hit.end, hit.term))


def _merged(normal: Normal, splits: dict[int, list[tuple[int, int, int]]]) -> Normal:
    """The texts with split characters put together: the longest from the left."""
    chosen = np.array(sorted(splits), np.int64)
    view = rows(normal, chosen)
    units, until = view.units.copy(), view.until.copy()
    drop: list[int] = []
    for row, begin in zip(chosen.tolist(), view.starts.tolist(), strict=True):
        shift, done = begin - int(normal.starts[row]), 0
        for start, end, unit in sorted(splits[row], key=lambda each: (each[0], -each[1])):
            if start < done:
                continue
            units[start + shift], until[start + shift] = unit, normal.until[end - 1]
            drop.extend(range(start + shift + 1, end + shift))
            done = end
    keep = np.delete(np.arange(len(units)), drop)
    return part(view, keep, units[keep], until[keep])


def _units_of(normal: Normal, sound: Normal, start: int, end: int) -> tuple[int, int]:
    """The units that syllables were read from."""
    first, last = np.searchsorted(normal.origin, [sound.origin[start], sound.until[end - 1] + 1])
    return int(first), int(last)


def _amid_han(normal: Normal, first: int, last: int) -> bool:
    """Whether Han stands on one side at least: pinyin there is no foreign word."""
    beside = [*normal.units[max(0, first - 1) : first].tolist(), *normal.units[last : last + 1].tolist()]
    return any(0x4E00 <= unit < 0xA000 for unit in beside)


class Desk:
    """The screen in use. A new one is made in the background and takes its place at once; its version says which."""

    def __init__(self, make: Callable[[], Screen] = Screen) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._screen: Screen | None = None

    def screen(self) -> Screen:
        """The screen to use now; made when first asked for."""
        if self._screen is None:
            with self._lock:
                if self._screen is None:
                    self._screen = self._make()
        return self._screen

    def renew(self, make: Callable[[], Screen]) -> threading.Thread:
        """Make another in the background; whoever is screening goes on with the one at hand until it is ready."""

        def work() -> None:
            made = make()
            with self._lock:
                self._make, self._screen = make, made

        thread = threading.Thread(target=work, name="screen", daemon=True)
        thread.start()
        return thread


@cache
def desk() -> Desk:
    """The screen of this process."""
    return Desk()
