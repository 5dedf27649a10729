"""Lines and records of a file, each with its place, so that one bad row never spoils the others."""

from __future__ import annotations

import csv
import gzip
import zlib
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, TypeVar

import duckdb

from goldline.core.errors import GoldlineError
from goldline.core.refusal import Refusal

MAX_LINE_BYTES: Final = 1_048_576
MAX_RECORD_LINES: Final = 100
_BOM: Final = b"\xef\xbb\xbf"
_UTF16: Final = (b"\xff\xfe", b"\xfe\xff")


Reader = TypeVar("Reader")


class FileError(GoldlineError):
    """A file that cannot be read as a whole."""


@dataclass(frozen=True, slots=True)
class Row:
    """One record of a CSV file: where it begins, and its cells in the order of the header."""

    line: int
    cells: list[str]
    raw: bytes


@dataclass(frozen=True, slots=True)
class BadRow:
    """A piece of a file that is no record, with the reason."""

    line: int
    raw: bytes
    why: Refusal


class Source:
    """An open file, unpacked if it is gzip, that knows how far it was read (in bytes on disk)."""

    def __init__(self, path: Path, file: IO[bytes]) -> None:
        self.path = path
        self.size = path.stat().st_size
        self._file = file
        self._stream: IO[bytes] = file
        if file.peek(2)[:2] == b"\x1f\x8b":  # type: ignore[attr-defined]
            self._stream = gzip.GzipFile(fileobj=file)  # type: ignore[assignment]

    @property
    def position(self) -> int:
        """Bytes read of the file as it lies on disk."""
        return self._file.tell()

    def lines(self) -> Iterator[tuple[int, bytes]]:
        """(number from 1, line without its end). Raises FileError where a packed file is cut off or damaged."""
        number = 0
        try:
            while line := self._stream.readline(MAX_LINE_BYTES):
                number += 1
                if len(line) == MAX_LINE_BYTES and not line.endswith(b"\n"):
                    self._skip_line()
                if number == 1:
                    line = self._without_mark(line)
                yield number, line.rstrip(b"\r\n")
        except (EOFError, gzip.BadGzipFile, zlib.error) as fault:
            raise FileError(
                f"The packed file is cut off or damaged after line {number}: {fault}.",
                code="damaged_file",
                where=str(self.path),
                hint="The rows before it are in; import the whole file again, nothing is doubled.",
            ) from fault

    def _skip_line(self) -> None:
        while (rest := self._stream.readline(MAX_LINE_BYTES)) and not rest.endswith(b"\n"):
            pass

    def _without_mark(self, line: bytes) -> bytes:
        if line.startswith(_UTF16) or (len(line) > 3 and line[:4].count(0) >= 2):
            raise FileError(
                "The file is UTF-16 (or not text at all), not UTF-8.",
                code="wrong_encoding",
                where=str(self.path),
                hint="Convert it: iconv -f UTF-16 -t UTF-8.",
            )
        return line.removeprefix(_BOM)


@contextmanager
def opened(path: Path) -> Iterator[Source]:
    """Open a file for reading. Raises FileError when it is not there, not a file, not readable or empty."""
    try:
        if path.is_dir():
            raise FileError("This is a directory, not a file.", code="not_a_file", where=str(path))
        with path.open("rb") as file:
            source = Source(path, file)
            if source.size == 0:
                raise FileError("The file is empty.", code="empty_file", where=str(path))
            yield source
    except FileNotFoundError as fault:
        raise FileError("There is no such file.", code="no_such_file", where=str(path)) from fault
    except OSError as fault:
        why = fault.strerror or str(fault)
        raise FileError(f"The file cannot be read: {why}.", code="unreadable_file", where=str(path)) from fault


def reader_for(path: Path, readers: Mapping[str, Reader]) -> Reader:
    """The reader of what the file's name says it holds, by suffix, packed or not. Raises FileError for any other."""
    name = path.name.lower().removesuffix(".gz")
    found = next((reader for suffix, reader in readers.items() if name.endswith(suffix)), None)
    if found is None:
        raise FileError(
            "The name does not say what the file holds.",
            code="unknown_format",
            where=str(path),
            hint="Name it .ndjson, .jsonl, .csv or .parquet; text may be packed as .gz.",
        )
    return found


def require_columns(path: Path, columns: Collection[str], required: Collection[str], hint: str) -> None:
    """Raises FileError, with the hint, when a Parquet file lacks a column."""
    missing = [name for name in required if name not in columns]
    if missing:
        raise FileError(
            f"The file has no column {' and no column '.join(map(repr, missing))}.",
            code="missing_column",
            where=str(path),
            hint=hint,
        )


@contextmanager
def sound_parquet(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """An engine to read a Parquet file with. Raises FileError when the file turns out not to be sound."""
    with duckdb.connect() as engine:
        try:
            yield engine
        except duckdb.Error as fault:
            reason = str(fault).partition("\n")[0]
            raise FileError(f"The file is not sound Parquet: {reason}", code="damaged_file", where=str(path)) from fault


class Table:
    """The records of a CSV file with a header (RFC 4180, comma, UTF-8).

    Raises FileError when the first line is no header with the `required` columns.
    """

    def __init__(self, source: Source, required: tuple[str, ...]) -> None:
        self._source = source
        self._lines = source.lines()
        self._held: list[tuple[int, bytes]] = []
        self.columns = self._header(required)

    def __iter__(self) -> Iterator[Row | BadRow]:
        while (record := self._record()) is not None:
            if not isinstance(record, BadRow) and not record[1].strip():
                continue
            yield record if isinstance(record, BadRow) else self._split(*record)

    def _header(self, required: tuple[str, ...]) -> list[str]:
        number, line = next(self._lines, (0, b""))
        try:
            columns = [name.strip() for name in next(csv.reader([line.decode()]), [])] if number else []
        except (UnicodeDecodeError, csv.Error):
            columns = []
        missing = [name for name in required if name not in columns]
        if missing:
            raise FileError(
                f"The first line names no column {' and no column '.join(map(repr, missing))}.",
                code="missing_column",
                where=f"{self._source.path}:1",
                hint=f"Write a header with {', '.join(required)}, separated by commas, in UTF-8.",
            )
        if len(set(columns)) < len(columns):
            twice = next(name for name in columns if columns.count(name) > 1)
            raise FileError(
                f"The column {twice!r} is named twice.", code="double_column", where=f"{self._source.path}:1"
            )
        return columns

    def _next_line(self) -> tuple[int, bytes] | None:
        return self._held.pop() if self._held else next(self._lines, None)

    def _record(self) -> tuple[int, bytes] | BadRow | None:
        """The next record: one line, or several when a quoted cell holds line ends.

        A quote that never closes would swallow the rest of the file; so after `MAX_RECORD_LINES` its line alone
        is called bad, and the reading resumes behind it.
        """
        first = self._next_line()
        if first is None or first[1].count(b'"') % 2 == 0:
            return first
        taken, quotes = [first], 1
        while quotes % 2 and len(taken) < MAX_RECORD_LINES and (line := self._next_line()) is not None:
            taken.append(line)
            quotes += line[1].count(b'"')
        if quotes % 2 == 0:
            record = b"\n".join(line for _, line in taken)
            if isinstance(self._split(first[0], record), Row):
                return first[0], record
        self._held += reversed(taken[1:])
        return BadRow(*first, Refusal("malformed", "A quoted cell is not closed; the row seems to be cut off."))

    def _split(self, number: int, record: bytes) -> Row | BadRow:
        try:
            text = record.decode()
            cells = text.split(",") if '"' not in text else next(csv.reader([text], strict=True))
        except UnicodeDecodeError as error:
            why = f"The row is not UTF-8: byte {error.start} is 0x{record[error.start]:02x}; convert the file to UTF-8."
            return BadRow(number, record, Refusal("malformed", why))
        except csv.Error as error:
            return BadRow(number, record, Refusal("malformed", f"The row is not CSV: {error}."))
        if len(cells) != len(self.columns):
            counts = f"{len(cells)} cell{'s' if len(cells) != 1 else ''} and the header {len(self.columns)}"
            why = f"The row has {counts}; the row seems to be cut or split."
            return BadRow(number, record, Refusal("malformed", why))
        return Row(number, cells, record)
