"""Captions from files: NDJSON, CSV or Parquet with the columns id, account, at and text; text also as .gz.

A row that is no caption is told with its place and the reason; its neighbours are read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec

from goldline.connectors.rows import BadRow, Table, opened, reader_for, require_columns, sound_parquet
from goldline.market.likeness.caption import Caption

COLUMNS: Final = ("id", "account", "at", "text")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
LONGEST: Final = 500  # characters of an id or an account; longer ones are mistakes, and fit no index
_NOTED: Final = 5_000  # rows between two looks at the bar

Progress = Callable[[int], None]
"""Called with the bytes of the file read so far."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that is no caption: its place (`Line 7`), and why."""

    place: str
    reason: str


Read = Caption | Refused


def read_captions(path: Path, progress: Progress | None = None) -> Iterator[Read]:
    """Every row of the file as a caption or refused. Raises FileError when the file cannot be read as a whole."""
    return reader_for(path, _READERS)(path, progress or (lambda _: None))


def _ndjson(path: Path, progress: Progress) -> Iterator[Read]:
    decode = msgspec.json.Decoder(dict[str, Any]).decode
    with opened(path) as source:
        for number, line in source.lines():
            if number % _NOTED == 0:
                progress(source.position)
            if not line.strip():
                continue
            place = f"Line {number}"
            try:
                values = decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
                yield Refused(place, f"The line is no JSON object: {fault}.")
                continue
            yield _caption(place, [values.get(name) for name in COLUMNS])
        progress(source.size)


def _csv(path: Path, progress: Progress) -> Iterator[Read]:
    with opened(path) as source:
        table = Table(source, COLUMNS)
        places = [table.columns.index(name) for name in COLUMNS]
        for count, row in enumerate(table):
            if count % _NOTED == 0:
                progress(source.position)
            if isinstance(row, BadRow):
                yield Refused(f"Line {row.line}", row.why.reason)
            else:
                yield _caption(f"Line {row.line}", [row.cells[place] for place in places])
        progress(source.size)


def _parquet(path: Path, progress: Progress) -> Iterator[Read]:
    with opened(path) as source, sound_parquet(path) as engine:
        relation = engine.read_parquet(str(path))
        kinds = dict(zip(relation.columns, map(str, relation.types), strict=True))
        require_columns(path, kinds, COLUMNS, f"Write the columns {', '.join(COLUMNS)}.")
        total = max(1, len(relation))
        # Instants leave as microseconds, so that no time zone library stands between the file and the caption.
        at = 'epoch_us("at")' if kinds["at"] == "TIMESTAMP WITH TIME ZONE" else '"at"::text'
        result = engine.execute(
            f'SELECT id::text, account::text, {at}, "text"::text FROM read_parquet(?)',  # noqa: S608 - our own words
            [str(path)],
        )
        number = 0
        while rows := result.fetchmany(_NOTED):
            for offset, (ident, account, at, text) in enumerate(rows, 1):
                yield _caption(f"Row {number + offset}", (ident, account, _since_epoch(at), text))
            number += len(rows)
            progress(source.size * number // total)


def _caption(place: str, cells: Any) -> Read:
    """A caption of the four values of a row, in the order of `COLUMNS`."""
    ident, account, at, text = cells
    for name, value in (("id", ident), ("account", account)):
        if not isinstance(value, str) or not value.strip():
            return Refused(place, f"'{name}' is missing or no text; every row needs one.")
        if len(value) > LONGEST:
            return Refused(place, f"'{name}' has {len(value):,} characters; at most {LONGEST} are kept.")
    if not isinstance(text, str):
        return Refused(place, "'text' is missing or no text; write '' where there are no words.")
    if any("\0" in value or (not value.isascii() and _broken(value)) for value in (ident, account, text)):
        return Refused(place, "The row holds a character that no database keeps (U+0000 or half of a pair).")
    when = _instant(at)
    if when is None:
        told = "missing" if at is None else repr(str(at)[:40])
        return Refused(place, f"'at' is {told}, no instant with an offset; write it as 2026-08-10T09:00:00Z.")
    return Caption(ident, account, when, text)


def _broken(value: str) -> bool:
    return any(0xD800 <= ord(letter) < 0xE000 for letter in value)


def _instant(value: Any) -> datetime | None:
    """An instant as it is, or that of RFC 3339 text with an offset. A bare number does not say what it counts."""
    if isinstance(value, datetime):
        return value
    try:
        at = datetime.fromisoformat(value)
        return at.astimezone(UTC) if at.tzinfo is not None else None
    except (TypeError, ValueError, OverflowError):
        return None


def _since_epoch(value: Any) -> Any:
    """The instant so many microseconds after 1970, as Parquet keeps it; what is none stays as it is."""
    try:
        return _EPOCH + timedelta(microseconds=value) if isinstance(value, int) else value
    except OverflowError:
        return value


_READERS: Final[dict[str, Callable[[Path, Progress], Iterator[Read]]]] = {
    ".ndjson": _ndjson, ".jsonl": _ndjson, ".json": _ndjson, ".csv": _csv, ".parquet": _parquet,
}  # fmt: skip
