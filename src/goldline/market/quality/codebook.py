"""The code-book: four values with their levels, the signs they show by, ceilings, and guides by industry. From TOML."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from goldline.core.errors import GoldlineError

FILE: Final = Path(__file__).with_name("codebook.toml")
VALUES: Final = ("honest", "credible", "professional", "engaging")
ALL: Final = "all"
# Of a text of nothing but digits, a repetition without end would try every end from every start.
_UNBOUNDED: Final = re.compile(r"[*+]|\{\d*,\}")
_ESCAPED, _SET = re.compile(r"\\."), re.compile(r"\[[^\]]*\]")
LEVELS: Final = 5
Words = dict[str, str]
"""A text in every language: 'en' and 'zh-Hans'."""


class Value(msgspec.Struct, frozen=True):
    """One value: what it means, what each of its five levels looks like, and an example of either end."""

    id: Literal["honest", "credible", "professional", "engaging"]
    title: Words
    about: Words
    levels: tuple[Words, ...]
    positive: Words
    negative: Words


class Sign(msgspec.Struct, frozen=True):
    """What a text shows a value by: patterns, of which at most three places count. `all`: it counts for every value."""

    id: str
    value: Literal["honest", "credible", "professional", "engaging", "all"]
    title: Words
    find: tuple[str, ...]
    lowers: bool = False


class Ceiling(msgspec.Struct, frozen=True):
    """Evidence beside the words that keeps a value from rising above `most`: hits (the worst severity), the share of
    orders refunded or complained of, how many copies there are.
    """

    value: Literal["honest", "credible", "professional", "engaging"]
    when: Literal["hits", "refunded", "complained", "copies"]
    over: float
    most: int
    title: Words


class Guide(msgspec.Struct, frozen=True):
    """What each value asks for in one industry."""

    id: str
    title: Words
    honest: Words
    credible: Words
    professional: Words
    engaging: Words

    def of(self, value: str) -> Words:
        """What one value asks for."""
        words: Words = getattr(self, value)
        return words


class Codebook(msgspec.Struct, frozen=True):
    """The whole code-book. `version` is told with every grade."""

    version: str
    value: tuple[Value, ...]
    sign: tuple[Sign, ...]
    ceiling: tuple[Ceiling, ...]
    guide: tuple[Guide, ...]

    def signs_of(self, value: str) -> tuple[Sign, ...]:
        """The signs that count for a value, in order."""
        return tuple(each for each in self.sign if each.value in (value, ALL))

    def titled(self, value: str) -> Words:
        """The name of a value."""
        return next(each.title for each in self.value if each.id == value)


def read(text: str, where: str) -> Codebook:
    """A code-book from its text. Raises GoldlineError('bad_codebook') with the place."""
    try:
        book = msgspec.convert(tomllib.loads(text), Codebook)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as fault:
        raise _bad(where, str(fault)) from None
    if tuple(each.id for each in book.value) != VALUES:
        raise _bad(where, f"it must hold the values {', '.join(VALUES)}, in this order")
    for each in book.value:
        if len(each.levels) != LEVELS:
            raise _bad(where, f"value '{each.id}' has {len(each.levels)} levels instead of {LEVELS}")
    if len({each.id for each in book.sign}) != len(book.sign):
        raise _bad(where, "two signs have one id")
    _check_words(msgspec.to_builtins(book), where)
    for sign in book.sign:
        _compiled(sign, where)
    return book


def _check_words(value: Any, where: str) -> None:
    """Every text there is must be there in both languages."""
    if isinstance(value, Mapping):
        if "en" in value and set(value) != {"en", "zh-Hans"}:
            raise _bad(where, f"'{value['en']}' is not there in both languages")
        for each in value.values():
            _check_words(each, where)
    elif isinstance(value, tuple | list):
        for each in value:
            _check_words(each, where)


def _compiled(sign: Sign, where: str) -> None:
    for pattern in sign.find:
        try:
            re.compile(pattern)
        except re.error as fault:
            raise _bad(where, f"sign '{sign.id}': {pattern!r} is no pattern: {fault}") from None
        if _UNBOUNDED.search(_SET.sub("x", _ESCAPED.sub("x", pattern))):
            raise _bad(where, f"sign '{sign.id}': {pattern!r} repeats without end; say how often at most: {{1,9}}")


def _bad(where: str, why: str) -> GoldlineError:
    return GoldlineError(
        f"The code-book cannot be read: {why}.", code="bad_codebook", where=where, hint="Mend the file."
    )


@cache
def shipped() -> Codebook:
    """The code-book that comes with the package."""
    return read(FILE.read_text("utf-8"), FILE.name)
