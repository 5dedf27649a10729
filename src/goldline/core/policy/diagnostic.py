"""Diagnostics: what is wrong in a policy, at which line, shown with a caret, and what to do about it."""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from goldline.core.errors import GoldlineError
from goldline.core.spelling import closest


@dataclass(frozen=True, slots=True, order=True)
class Diagnostic:
    """One fault of a text. `line` and `column` count from 1; `source_line` is that line as written."""

    file: str
    line: int
    column: int
    message: str
    hint: str | None = None
    source_line: str = ""
    length: int = 1

    def __str__(self) -> str:
        """The fault on one line: `file:line:column: message; hint`."""
        advice = f"; {self.hint}" if self.hint else ""
        return f"{self.file}:{self.line}:{self.column}: {self.message}{advice}"

    def as_text(self) -> str:
        """The fault as an editor would show it: message, place, the line, a caret, the hint."""
        number = str(self.line)
        margin = " " * len(number)
        before, marked = self.source_line[: self.column - 1], self.source_line[self.column - 1 :][: self.length]
        caret = " " * _width(before) + "^" * max(1, _width(marked))
        lines = [
            f"error: {self.message}",
            f"{margin}--> {self.file}:{self.line}:{self.column}",
            f"{margin} |",
            f"{number} | {self.source_line}".rstrip(),
            f"{margin} | {caret}",
        ]
        return "\n".join([*lines, *([f"{margin} = hint: {self.hint}"] if self.hint else [])])


class PolicyError(GoldlineError):
    """A policy, or a case of one, cannot be used. `diagnostics` lists every fault found, in order of place."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = tuple(
            sorted(dict.fromkeys(diagnostics), key=lambda each: (each.file, each.line, each.column))
        )
        first = self.diagnostics[0]
        more = len(self.diagnostics) - 1
        tail = f" (and {more} more)" if more else ""
        where = f"{first.file}:{first.line}:{first.column}"
        super().__init__(first.message + tail, code="policy_invalid", hint=first.hint, where=where)

    def __str__(self) -> str:
        return "; ".join(map(str, self.diagnostics))

    def as_text(self) -> str:
        """Every diagnostic in full, a blank line between."""
        return "\n\n".join(each.as_text() for each in self.diagnostics)


@dataclass(slots=True)
class Source:
    """A text with a name, and the faults found in it so far."""

    file: str
    text: str
    diagnostics: list[Diagnostic] = field(default_factory=list)
    _starts: list[int] = field(default_factory=list)

    def report(self, start: int, length: int, message: str, hint: str | None = None) -> None:
        """Note a fault of `length` characters at offset `start`."""
        self.diagnostics.append(self.diagnostic(start, length, message, hint))

    def diagnostic(self, start: int, length: int, message: str, hint: str | None = None) -> Diagnostic:
        """A diagnostic at offset `start`, without noting it."""
        if not self._starts:
            self._starts = [0, *(i + 1 for i, letter in enumerate(self.text) if letter == "\n")]
        start = max(0, min(start, len(self.text)))
        line = bisect_right(self._starts, start)
        begin = self._starts[line - 1]
        shown = self.text[begin:].partition("\n")[0].rstrip("\r")
        return Diagnostic(self.file, line, start - begin + 1, message, hint, shown, max(1, length))

    def raise_faults(self) -> None:
        """Raise `PolicyError` with everything noted, if anything was."""
        if self.diagnostics:
            raise PolicyError(self.diagnostics)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a text stands inside a source: `offsets[i]` is where its i-th character was written."""

    source: Source
    offsets: Sequence[int]

    def report(self, start: int, end: int, message: str, hint: str | None = None) -> None:
        """Note a fault from character `start` of the text up to but not including `end`."""
        if not self.offsets:
            self.source.report(0, 1, message, hint)
            return
        last = len(self.offsets) - 1
        first = self.offsets[min(max(start, 0), last)]
        final = self.offsets[min(max(end - 1, start, 0), last)]
        self.source.report(first, final - first + 1, message, hint)


def nearest(word: str, choices: Iterable[str]) -> str | None:
    """A hint naming the likeliest choice: "did you mean 'paid_at'?"."""
    close = closest(word, choices)
    return f"did you mean '{close}'?" if close else None


def _width(text: str) -> int:
    """Columns a terminal gives the text: Chinese letters take two."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)
