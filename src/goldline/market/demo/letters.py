"""Texts as matrices of ASCII codes, a row each: what makes 300,000 events a second cheap.

A number, a time or an id becomes some columns of a byte matrix; a template with its columns filled in becomes as many
byte strings in one call. Nothing is done row by row in Python.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np

from goldline.market.demo.array import DAY_S, HOUR_S, Flags, Ints, Letters

_DIGITS: Final = np.frombuffer(b"0123456789abcdefghijklmnopqrstuvwxyz", np.uint8)
_BASE: Final = 36
# Odd and no multiple of 3, so that it permutes the numbers below any power of 36: ids look drawn, and none is twice.
_STRIDE: Final = 2_654_435_761


@dataclass(frozen=True, slots=True)
class Varied:
    """Texts of different lengths, right-aligned in a matrix as wide as the longest."""

    letters: Letters
    lengths: Ints

    def __getitem__(self, rows: Ints | Flags) -> Varied:
        return Varied(self.letters[rows], self.lengths[rows])


Part = bytes | Letters | Varied
"""A piece of a template: the same for every row, a fixed-width column, or a column of varied width."""


def codes(numbers: Ints, width: int) -> Letters:
    """Ids of `width` letters and digits, different for different numbers below 36 to that power."""
    left = numbers.astype(np.int64) * _STRIDE % _BASE**width
    out = np.empty((len(numbers), width), np.uint8)
    for place in range(width - 1, -1, -1):
        left, digit = np.divmod(left, _BASE)
        out[:, place] = _DIGITS[digit]
    return out


def decimals(numbers: Ints, width: int = 10) -> Varied:
    """Whole numbers, not negative, without leading zeros."""
    out = np.empty((len(numbers), width), np.uint8)
    left = numbers.astype(np.int64)
    lengths = np.ones(len(numbers), np.int64)
    for place in range(width - 1, -1, -1):
        lengths = np.where(left > 0, width - place, lengths)
        left, digit = np.divmod(left, 10)
        out[:, place] = digit + ord("0")
    return Varied(out, lengths)


def words(texts: Sequence[bytes]) -> Letters | Varied:
    """A table of texts, to be indexed by number."""
    width = max(map(len, texts))
    letters = np.frombuffer(b"".join(text.rjust(width, b"\0") for text in texts), np.uint8)
    table = letters.reshape(len(texts), width)
    lengths = np.array([len(text) for text in texts])
    return table if lengths.min() == width else Varied(table, lengths)


class Times:
    """Instants of a span as RFC 3339 texts of 20 letters, such as 2026-06-18T12:00:00Z."""

    def __init__(self, origin: datetime, days: int) -> None:
        midnight = origin.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        self._offset_s = int((origin - midnight).total_seconds())
        dates = [(midnight + timedelta(days=n)).strftime("%Y-%m-%dT").encode() for n in range(days)]
        clock = [b"%02d:%02d:%02dZ" % (s // HOUR_S, s // 60 % 60, s % 60) for s in range(DAY_S)]
        self._dates = np.frombuffer(b"".join(dates), np.uint8).reshape(days, 11)
        self._clock = np.frombuffer(b"".join(clock), np.uint8).reshape(DAY_S, 9)

    def __call__(self, at_s: Ints) -> Letters:
        """One text a row, for seconds since the origin."""
        day, second = np.divmod(at_s.astype(np.int64) + self._offset_s, DAY_S)
        return np.concatenate([self._dates[day], self._clock[second]], axis=1)


def render(parts: Sequence[Part], rows: int) -> list[bytes]:
    """The parts joined, a byte string a row, in order. No part may end in a NUL."""
    varied = [part for part in parts if isinstance(part, Varied)]
    if not varied:
        return _render_fixed([part for part in parts if not isinstance(part, Varied)], rows)
    key = np.zeros(rows, np.int64)
    for part in varied:
        key = key * 64 + part.lengths
    # Rows whose texts are equally long share a width; there are few such widths.
    out = np.empty(rows, object)
    for shape in np.unique(key):
        chosen = np.flatnonzero(key == shape)
        out[chosen] = _render_fixed([_cut(part, chosen) for part in parts], len(chosen))
    texts: list[bytes] = out.tolist()
    return texts


def _cut(part: Part, rows: Ints) -> bytes | Letters:
    if isinstance(part, bytes):
        return part
    if isinstance(part, Varied):
        width = part.letters.shape[1]
        return part.letters[rows, width - int(part.lengths[rows[0]]) :]
    return part[rows]


def _render_fixed(parts: Sequence[bytes | Letters], rows: int) -> list[bytes]:
    row = b"".join(part if isinstance(part, bytes) else bytes(part.shape[1]) for part in parts)
    sheet = np.empty((rows, len(row)), np.uint8)
    sheet[:] = np.frombuffer(row, np.uint8)
    start = 0
    for part in parts:
        end = start + (len(part) if isinstance(part, bytes) else part.shape[1])
        if not isinstance(part, bytes):
            sheet[:, start:end] = part
        start = end
    texts: list[bytes] = sheet.view(f"S{len(row)}").ravel().tolist()
    return texts
