"""Grades: how much of each of the four values a text shows, from one to five, with the signs it was seen by.

Each value has a cumulative logit over its signs (McCullagh 1980): one line for all five levels, four cuts. Signs that
speak for a value can only raise it and signs that speak against it only lower it, so no text gains by hype. A grade is
the expected level; other evidence may put a ceiling on it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import msgspec

from goldline.market.quality.codebook import ALL, LEVELS, VALUES, Ceiling, Codebook, Sign, shipped

MODEL: Final = Path(__file__).with_name("model.json")
MOST: Final = 3  # places that count of one sign
LENGTH_MOST: Final = 20_000


class Line(msgspec.Struct, frozen=True):
    """The model of one value: a weight for each of its signs, and where the levels part."""

    signs: tuple[str, ...]
    weights: tuple[float, ...]
    cuts: tuple[float, ...]


class Model(msgspec.Struct, frozen=True):
    """The models of all values, the code-book they are of, and how well they did on captions they had not seen."""

    codebook: str
    lines: dict[str, Line]
    card: dict[str, object]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sign stands in the text, in code points."""

    sign: Sign
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Known:
    """What is known beside the words: the severity of the worst hit that stands, shares of the orders it brought that
    were refunded and complained of, and how many of it are the same. None is unknown and counts for nothing.
    """

    hits: float | None = None
    refunded: float | None = None
    complained: float | None = None
    copies: float | None = None


@dataclass(frozen=True, slots=True)
class Graded:
    """One value of one text: `points` from 1 to 5, the signs behind it, what would raise it most, what held it down.

    `would_raise` are signs that are not there yet, with the points that one place of each would give, most first.
    """

    value: str
    points: float
    places: tuple[Place, ...]
    would_raise: tuple[tuple[Sign, float], ...]
    held: Ceiling | None

    @property
    def level(self) -> int:
        """The nearest level."""
        return min(LEVELS, max(1, math.floor(self.points + 0.5)))


def grade(text: str, known: Known | None = None) -> tuple[Graded, ...]:
    """The four grades of a text, in the order of the code-book."""
    book, model = shipped(), shipped_model()
    places = tuple(found(book, text[:LENGTH_MOST]))
    counts = counted(places, text)
    return tuple(_graded(book, model.lines[value], value, places, counts, known or Known()) for value in VALUES)


def overall(grades: Sequence[Graded]) -> float:
    """The mean of the four: the points a share of traffic goes by."""
    return sum(each.points for each in grades) / len(grades)


def found(book: Codebook, text: str) -> Iterator[Place]:
    """Every place of every sign, in order of the text. Places of one sign do not overlap."""
    places = [
        Place(sign, match.start(), match.end())
        for sign in book.sign
        for match in _pattern(sign.find).finditer(text)
        if match.end() > match.start()
    ]
    return iter(sorted(places, key=lambda each: (each.start, each.end, each.sign.id)))


@cache
def _pattern(find: tuple[str, ...]) -> re.Pattern[str]:
    flags = {each for each in find if each.startswith("(?i)")}
    plain = [f"(?i:{each.removeprefix('(?i)')})" if each in flags else f"(?:{each})" for each in find]
    return re.compile("|".join(plain))


def counted(places: Sequence[Place], text: str) -> dict[str, int]:
    """In how many different words each sign stands, `MOST` at most: saying it again is not saying more."""
    words: dict[str, set[str]] = {}
    for each in places:
        words.setdefault(each.sign.id, set()).add(text[each.start : each.end].casefold())
    return {sign: min(MOST, len(said)) for sign, said in words.items()}


def expected(line: Line, counts: Mapping[str, int]) -> float:
    """The expected level: one, and the chance of being above each cut."""
    score = sum(weight * counts.get(sign, 0) for sign, weight in zip(line.signs, line.weights, strict=True))
    return 1 + sum(1 / (1 + math.exp(cut - score)) for cut in line.cuts)


def _graded(
    book: Codebook, line: Line, value: str, places: tuple[Place, ...], counts: Mapping[str, int], known: Known
) -> Graded:
    points, held = expected(line, counts), None
    raising: list[tuple[Sign, float]] = []
    for sign in book.signs_of(value):
        if not sign.lowers and sign.id not in counts:
            gain = expected(line, {**counts, sign.id: 1}) - points
            if gain > 0:
                raising.append((sign, gain))
    for ceiling in book.ceiling:
        beside = getattr(known, ceiling.when)
        if ceiling.value == value and beside is not None and beside > ceiling.over and points > ceiling.most:
            points, held = float(ceiling.most), ceiling
    own = tuple(each for each in places if each.sign.value in (value, ALL))
    return Graded(value, points, own, tuple(sorted(raising, key=lambda pair: -pair[1])), held)


@cache
def shipped_model() -> Model:
    """The model that comes with the package."""
    return msgspec.json.decode(MODEL.read_bytes(), type=Model)
