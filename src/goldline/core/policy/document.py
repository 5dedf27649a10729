"""A TOML document with places: the values `tomllib` reads, and where in the text each was written."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from goldline.core.policy.diagnostic import Place, Source

Path = tuple[str | int, ...]
_AT: Final = re.compile(r"\(at (?:line (\d+), column (\d+)|end of document)\)")
_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
_SCALAR: Final = re.compile(r"[^,\]\}\n#]*")
_SPACE: Final = re.compile(r"(?:[ \t\r]|#[^\n]*)*")
_LINES: Final = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_ESCAPES: Final = {"u": 6, "U": 10, "x": 4}


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a value stands: its key, the value itself, and for a text where each of its characters was written."""

    key: tuple[int, int]
    value: tuple[int, int]
    letters: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """The values of a TOML text and the places of its keys. Paths are of keys and list positions."""

    source: Source
    values: Mapping[str, Any]
    marks: Mapping[Path, Mark]

    def report(self, path: Path, message: str, hint: str | None = None, *, key: bool = False) -> None:
        """Note a fault at the value (or the key) of a path, or at the nearest table above that was written."""
        exact = path in self.marks
        while path and path not in self.marks:
            path = path[:-1]
        mark = self.marks.get(path)
        if mark is None:
            self.source.report(0, 1, message, hint)
            return
        start, end = mark.key if key or not exact else mark.value
        self.source.report(start, end - start, message, hint)

    def place(self, path: Path) -> Place:
        """Where the characters of a text value stand, for faults inside it."""
        mark = self.marks.get(path)
        return Place(self.source, () if mark is None else mark.letters or range(*mark.value))


def read(source: Source) -> Document | None:
    """Read the source, or note its syntax fault and return None. Numbers with a point come as Decimal."""
    try:
        values = tomllib.loads(source.text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        _report_syntax(source, str(error))
        return None
    except RecursionError:
        source.report(0, 1, "the document is nested too deeply")
        return None
    return Document(source, values, _Scanner(source.text).scan())


def _report_syntax(source: Source, words: str) -> None:
    found = _AT.search(words)
    message = _AT.sub("", words).strip()
    offset = len(source.text)
    if found and found[1]:
        lines = source.text.split("\n")
        offset = sum(len(line) + 1 for line in lines[: int(found[1]) - 1]) + int(found[2]) - 1
    message = message[:1].lower() + message[1:]
    source.report(offset, 1, f"this is not TOML: {message}", "check quotes, brackets and '=' on this line")


class _Scanner:
    """Finds the places of keys and values in a text that `tomllib` has accepted."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.marks: dict[Path, Mark] = {}
        self.counts: dict[Path, int] = {}

    def scan(self) -> dict[Path, Mark]:
        table: Path = ()
        while self._skip(_LINES) < len(self.text):
            if self.text[self.at] == "[":
                table = self._header()
            else:
                self._pair(table)
        return self.marks

    def _skip(self, pattern: re.Pattern[str]) -> int:
        found = pattern.match(self.text, self.at)
        self.at = found.end() if found else self.at
        return self.at

    def _header(self) -> Path:
        """[a.b] or [[a.b]]: the path of the table it opens."""
        start = self.at
        double = self.text.startswith("[[", self.at)
        self.at += 2 if double else 1
        keys = self._keys()
        self.at += 2 if double else 1
        path: Path = (*self._resolve(tuple(keys[:-1])), keys[-1])
        if double:
            count = self.counts.get(path, 0)
            self.counts[path] = count + 1
            self.marks.setdefault(path, Mark((start, self.at), (start, self.at)))
            path = (*path, count)
        self.marks.setdefault(path, Mark((start, self.at), (start, self.at)))
        return path

    def _resolve(self, keys: tuple[str, ...]) -> Path:
        """A header's keys as a path: a list of tables means its last table."""
        path: Path = ()
        for key in keys:
            path = (*path, key)
            if path in self.counts:
                path = (*path, self.counts[path] - 1)
        return path

    def _keys(self) -> list[str]:
        keys = []
        while True:
            self._skip(_SPACE)
            keys.append(self._key())
            self._skip(_SPACE)
            if self.text[self.at] != ".":
                return keys
            self.at += 1

    def _key(self) -> str:
        if self.text[self.at] in "\"'":
            start = self.at
            self._string()
            return str(next(iter(tomllib.loads(f"k = {self.text[start : self.at]}").values())))
        found = _BARE.match(self.text, self.at)
        self.at = found.end() if found else self.at + 1
        return found[0] if found else ""

    def _pair(self, table: Path) -> None:
        start = self.at
        keys = self._keys()
        end = self.at
        while self.text[end - 1] in " \t":
            end -= 1
        self.at += 1
        self._skip(_SPACE)
        for length in range(1, len(keys)):
            self.marks.setdefault((*table, *keys[:length]), Mark((start, end), (start, end)))
        self._value((*table, *keys), (start, end))

    def _value(self, path: Path, key: tuple[int, int]) -> None:
        start = self.at
        letters: tuple[int, ...] = ()
        if self.text[self.at] in "\"'":
            letters = self._string()
        elif self.text[self.at] == "{":
            self._inline(path)
        elif self.text[self.at] == "[":
            self._list(path)
        else:
            self._skip(_SCALAR)
        end = self.at
        while end > start + 1 and self.text[end - 1] in " \t\r":
            end -= 1
        self.marks[path] = Mark(key, (start, end), letters)

    def _inline(self, path: Path) -> None:
        self.at += 1
        while self.text[self._skip(_LINES)] != "}":
            if self.text[self.at] == ",":
                self.at += 1
                continue
            self._pair(path)
        self.at += 1

    def _list(self, path: Path) -> None:
        self.at += 1
        count = 0
        while self.text[self._skip(_LINES)] != "]":
            if self.text[self.at] == ",":
                self.at += 1
                continue
            self._value((*path, count), (self.at, self.at + 1))
            count += 1
        self.at += 1

    def _string(self) -> tuple[int, ...]:
        """Step over a string; where each of its characters was written."""
        quote = self.text[self.at]
        fence = quote * 3 if self.text.startswith(quote * 3, self.at) else quote
        self.at += len(fence)
        if len(fence) == 3 and (first := re.match(r"\r?\n", self.text[self.at : self.at + 2])):
            self.at += first.end()
        letters = []
        while not self.text.startswith(fence, self.at):
            if quote == '"' and self.text[self.at] == "\\":
                letters += self._escape()
            else:
                letters.append(self.at)
                self.at += 1
        self.at += len(fence)
        while len(fence) == 3 and self.text.startswith(quote, self.at):  # quotes just inside the closing fence
            letters.append(self.at)
            self.at += 1
        return tuple(letters)

    def _escape(self) -> list[int]:
        start, letter = self.at, self.text[self.at + 1]
        if folded := re.compile(r"\\[ \t]*\r?\n\s*").match(self.text, self.at):
            self.at = folded.end()
            return []
        self.at += _ESCAPES.get(letter, 2)
        return [start]
