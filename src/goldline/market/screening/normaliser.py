"""One spelling for all spellings: texts to units, in batches, with the way back to the code points they came from.

A unit is a 16-bit number between U+0800 and U+FFFF, so that each takes three bytes of UTF-8 and a place in bytes is a
place in units times three. Han characters stand for themselves, simplified; letters and digits stand as their full
width forms. What is between Han characters and is no letter is left out; between letters one space is kept.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

from goldline.market.screening.alias import EMOJI

Units = npt.NDArray[np.uint16]
Places = npt.NDArray[np.int64]

END: Final = 0xE8FF  # stands after each text; no text can hold it
UNKNOWN: Final = 0xFFFD
SPACE: Final = 0x3000
WIDE: Final = 0xFEE0  # from ASCII to its full width form
NARROW_ROOM: Final = 0xE000  # letters below U+0800 that are not ASCII stand here
REPEATED: Final = 3
_BETWEEN: Final = 0x1E

HAN: Final = 1 << 20
LETTER: Final = 1 << 21
TIED: Final = 1 << 22  # kept unless it stands between Han
GAP: Final = 1 << 16  # punctuation, symbols, spaces
LONGER: Final = 1 << 18  # stands for several units
CONTENT: Final = HAN
UNIT: Final = 0xFFFF

STOPS: Final = "。！？!?\n\r；;…"
_TIED: Final = "%#"
_NUMERALS: Final = {
    "一壹弌幺": "1", "二贰弍两": "2", "三叁弎": "3", "四肆": "4", "五伍": "5",
    "六陆": "6", "七柒": "7", "八捌": "8", "九玖": "9", "零〇": "0", "拾": "十", "佰": "百", "仟": "千",
}  # fmt: skip
# Letters of other scripts that look like Latin ones: the part of Unicode's confusables that is used to evade.
_LOOKALIKES: Final = dict(
    zip(
        "аеорсухіјѕԁԛԝһӏкАВЕКМНОРСТУХІЈЅαορνικτυχΑΒΕΖΗΙΚΜΝΟΡΤΥΧıɑɡ",
        "aeopcyxijsdqwhlkabekmhopctyxijsaopviktuxabezhikmnoptyxiag",
        strict=True,
    )
)
_STYLED: Final = re.compile(
    "(?:LATIN LETTER SMALL CAPITAL|NEGATIVE (?:SQUARED|CIRCLED) LATIN CAPITAL LETTER|REGIONAL INDICATOR SYMBOL LETTER)"
    " ([A-Z])$"
)
_MAPPED: Final = (range(0x20, 0x3400), range(0xF900, 0x10000), range(0x1D400, 0x1D800), range(0x1F000, 0x1FC00))


@dataclass(frozen=True, slots=True)
class Normal:
    """A batch in one spelling.

    Unit i stands for what is from `origin[i]` to `until[i]`, both counted in the joined originals. `starts[d]` is the
    first unit of the text that was number `texts[d]`, and `joined[t]` is where text t begins in the joined originals.
    """

    units: Units
    origin: Places
    until: Places
    starts: Places
    texts: Places
    joined: Places

    def data(self) -> bytes:
        """The units as UTF-8, three bytes each."""
        return self.units.tobytes().decode("utf-16-le").encode()

    def rows_of(self, places: Places | list[int]) -> list[int]:
        """Which row, an index into `starts` and `texts`, each of these places is in."""
        rows: list[int] = (np.searchsorted(self.starts, places, "right") - 1).tolist()
        return rows

    def spelling(self, start: int, end: int) -> str:
        """The units from start to end, for a reader."""
        return spelt(self.units[start:end])


def spelt(units: Units) -> str:
    """Units as ordinary characters."""
    return units.tobytes().decode("utf-16-le").translate(_narrow())


@cache
def _narrow() -> dict[int, int]:
    ascii_ = {WIDE + code: code for code in range(0x21, 0x7F)}
    others = {NARROW_ROOM + code: code for code in range(0x80, 0x800)}
    return {**ascii_, **others, SPACE: 0x20, END: 0x0A}


@dataclass(frozen=True, slots=True)
class Table:
    """What each code point becomes: one unit with its kind, or `longer` units."""

    entries: npt.NDArray[np.uint32]
    longer: dict[int, tuple[int, ...]]


@cache
def table() -> Table:
    """Built from Unicode's own data, simplified by OpenCC, once a process. Takes some tenths of a second."""
    entries = np.zeros(0x110000, np.uint32)
    entries[0x20000:0x3FFFF] = HAN | UNKNOWN
    simple = _simplified()
    longer: dict[int, tuple[int, ...]] = {}
    entries[0x3400:0xD800] = HAN | np.arange(0x3400, 0xD800, dtype=np.uint32)  # Han and Hangul stand for themselves
    for old, new in simple.items():
        entries[ord(old)] = HAN | (_entry(new, {}) & UNIT)  # a numeral too: gaps beside it go, as between Han
    for code in (code for codes in _MAPPED for code in codes):
        becomes = [_entry(part, simple) for part in _parts(chr(code))]
        kept = [entry for entry in becomes if entry >= CONTENT] or becomes[:1]
        entries[code] = kept[0] if kept else max(becomes, default=0)
        if len(kept) > 1:
            longer[code] = tuple(kept)
            entries[code] |= LONGER
    for mark in STOPS:
        entries[ord(mark)] = GAP
    for control in "\t\x1e":
        entries[ord(control)] = GAP
    return Table(entries, longer)


def _parts(character: str) -> str:
    """What a character is made of: an alias, a look-alike, a styled letter, or Unicode's compatible form."""
    if character in EMOJI:
        return EMOJI[character]
    if character in _LOOKALIKES:
        return _LOOKALIKES[character]
    name = unicodedata.name(character, "")
    if styled := _STYLED.search(name):
        return styled[1].lower()
    if name.startswith("DINGBAT") and (digit := unicodedata.digit(character, None)) is not None:
        return str(digit)
    form = unicodedata.normalize("NFKD", character)
    if not form.isascii() and "LATIN" not in unicodedata.name(form[0], ""):
        form = unicodedata.normalize("NFKC", character)
    return "".join(_LOOKALIKES.get(part, part) for part in form.casefold())


def _entry(character: str, simple: dict[str, str]) -> int:
    character = simple.get(character, character)
    code, kind = ord(character), unicodedata.category(character)
    if kind[0] in "CM":
        return 0
    if character in _TIED:
        return TIED | (WIDE + code)
    if kind[0] in "PSZ":
        return GAP
    if code < 0x80:
        return LETTER | (WIDE + code)
    if code < 0x800:
        return LETTER | (NARROW_ROOM + code)
    return HAN | (code if code <= UNIT else UNKNOWN)


def _simplified() -> dict[str, str]:
    """Simplified forms by character, and numerals by their digit."""
    from opencc import OpenCC

    han = [chr(code) for first, last in ((0x3400, 0x4DC0), (0x4E00, 0xA000)) for code in range(first, last)]
    forms = OpenCC("t2s").convert("\n".join(han)).split("\n")
    simple = {old: new for old, new in zip(han, forms, strict=True) if old != new and len(new) == 1}
    numerals = {character: digit for characters, digit in _NUMERALS.items() for character in characters}
    return {
        **simple,
        **numerals,
        **{old: numerals[new] for old, new in simple.items() if new in numerals},
    }


def normalise(texts: Sequence[str]) -> Normal:
    """The texts in one spelling. Any text is taken: what is no character at all is left out."""
    codes = np.frombuffer("\x1e".join([*texts, ""]).encode("utf-32-le", "surrogatepass"), np.uint32)
    ends = np.flatnonzero(codes == _BETWEEN)
    if len(ends) != len(texts):  # a text holds the mark itself
        ends = np.cumsum(np.fromiter(map(len, texts), np.int64, len(texts)) + 1) - 1
    joined = np.concatenate(([0], ends + 1))[:-1].astype(np.int64)
    return _compressed(codes, ends, joined)


def _compressed(codes: npt.NDArray[np.uint32], ends: Places, joined: Places) -> Normal:
    entries = table().entries.take(codes)
    entries[ends] = HAN | END
    at = np.flatnonzero(entries >= CONTENT)
    letters = np.flatnonzero(entries >= LETTER)
    if len(letters) and _spaced(entries, letters, at):
        at = np.flatnonzero(entries >= CONTENT)
    kept = entries.take(at)
    if np.bitwise_or.reduce(kept) & LONGER:
        kept, at = _lengthened(codes, kept, at)
    units = kept.astype(np.uint16)
    return Normal(units, at, at, _starts(units), np.arange(len(joined)), joined)


def _starts(units: Units) -> Places:
    last = np.flatnonzero(units == END)
    return np.concatenate(([0], last[:-1] + 1)).astype(np.int64)


def _spaced(entries: npt.NDArray[np.uint32], letters: Places, at: Places) -> bool:
    """Leave out what is tied between Han, keep one space where letters are apart; whether anything changed."""
    tied = letters[(entries[letters] & TIED) > 0]
    if len(tied):
        rank = np.searchsorted(at, tied)
        before = entries[at[np.maximum(rank - 1, 0)]]
        entries[tied[(before & entries[at[rank + 1]] & HAN) > 0]] = GAP
    apart = letters[entries[letters + 1] < CONTENT]
    after = at[np.searchsorted(at, apart + 1)]
    both = (entries[apart] >= LETTER) & (entries[after] >= LETTER)
    apart, after = apart[both], after[both]
    place = apart + 1
    for each in np.flatnonzero((entries[place] & GAP) == 0):
        # What comes first is left out altogether: a space may follow it.
        inside = np.flatnonzero(entries[place[each] : after[each]] & GAP)
        place[each] = place[each] + inside[0] if len(inside) else -1
    entries[place[place >= 0]] = LETTER | SPACE
    return bool(len(tied) or len(apart))


def _lengthened(
    codes: npt.NDArray[np.uint32], kept: npt.NDArray[np.uint32], at: Places
) -> tuple[npt.NDArray[np.uint32], Places]:
    """Put in the further units of what stands for several."""
    units: list[npt.NDArray[np.uint32]] = []
    places: list[Places] = []
    done = 0
    for where in np.flatnonzero(kept & LONGER):
        rest = table().longer[int(codes[at[where]])][1:]
        units += [kept[done : where + 1], np.array(rest, np.uint32)]
        places += [at[done : where + 1], np.full(len(rest), at[where])]
        done = int(where) + 1
    return np.concatenate([*units, kept[done:]]), np.concatenate([*places, at[done:]])


def calmed(normal: Normal) -> Normal | None:
    """Where a character stands three times or more, it stands once. None if none does."""
    units = normal.units
    if len(units) < REPEATED:
        return None
    same = units[1:] == units[:-1]
    if not (same[1:] & same[:-1]).any():
        return None
    again = np.flatnonzero(same[1:] & same[:-1])
    normal = rows(normal, np.unique(normal.rows_of(again)))
    units = normal.units
    same = units[1:] == units[:-1]
    first = np.concatenate(([True], ~same))
    run = np.cumsum(first) - 1
    long = np.bincount(run)[run] >= REPEATED
    last = np.append(np.flatnonzero(first)[1:], len(units)) - 1
    keep = np.flatnonzero(first | ~long)
    until = np.where(long, normal.until[last[run]], normal.until)
    return part(normal, keep, until=until[keep])


def part(normal: Normal, keep: Places, units: Units | None = None, until: Places | None = None) -> Normal:
    """A view of some of the units, as other units if `units` says so. The end of every text must be kept."""
    chosen = normal.units[keep] if units is None else units
    last = normal.until[keep] if until is None else until
    return Normal(chosen, normal.origin[keep], last, _starts(chosen), normal.texts, normal.joined)


def rows(normal: Normal, chosen: Places) -> Normal:
    """A view of some of the texts."""
    ends = np.append(normal.starts[1:], len(normal.units))
    lengths = ends[chosen] - normal.starts[chosen]
    shift = np.repeat(normal.starts[chosen] - np.concatenate(([0], np.cumsum(lengths)[:-1])), lengths)
    keep = np.arange(int(lengths.sum())) + shift
    units = normal.units[keep]
    return Normal(units, normal.origin[keep], normal.until[keep], _starts(units), normal.texts[chosen], normal.joined)


def spellings(texts: Sequence[str]) -> list[str]:
    """Each text in the one spelling, as ordinary characters: for keys, signatures and shingles."""
    normal = normalise(texts)
    return spelt(normal.units).split("\n")[: len(texts)]
