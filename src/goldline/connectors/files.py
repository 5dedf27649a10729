"""Events from files: NDJSON, CSV and Parquet, plain or gzip, through the one intake.

Rows that are fine are committed in batches; rows that are not are quarantined with their line. Importing a file
again, whole or after a crash, changes nothing, because facts take an event twice as once.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec
from psycopg import Connection

from goldline.connectors.rows import BadRow, FileError, Table, opened, reader_for, require_columns, sound_parquet
from goldline.core.crashpoint import crashpoint
from goldline.core.facts.event import Catalogue
from goldline.core.inbox import Intake, IntakeStopped
from goldline.core.refusal import Refusal

BATCH_EVENTS: Final = 5_000
REQUIRED: Final = ("type", "id", "time")
ATTRIBUTES: Final = ("type", "id", "time", "source", "specversion")
_WHOLE: Final = re.compile(r"-?[0-9]{1,20}\Z")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

Progress = Callable[[int], None]
"""Called with the bytes of the file read so far."""


@dataclass(frozen=True, slots=True)
class Item:
    """One event of a source: its place (`Line 7`), its JSON, and the refusal when there is none to be had."""

    place: str
    raw: bytes
    why: Refusal | None = None


@dataclass(slots=True)
class Summary:
    """What became of an import. `first` is the first quarantined row's reason, with its place."""

    name: str
    accepted: int = 0
    quarantined: int = 0
    seconds: float = 0.0
    first: str | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def rate(self) -> int:
        """Events a second, accepted and quarantined."""
        return round((self.accepted + self.quarantined) / self.seconds) if self.seconds else 0


def import_file(connection: Connection[Any], intake: Intake, path: Path, progress: Progress | None = None) -> Summary:
    """Take in one file, committing every `BATCH_EVENTS` events.

    Raises FileError when the file cannot be read as a whole (nothing is taken, or what came before the damage) and
    IntakeStopped when too many rows are bad.
    """
    reader = reader_for(path, _READERS)
    items = reader(path, intake.catalogue, progress or _silent)
    summary = take_in(connection, intake, items, Summary(path.name), via=f"file:{path.name}")
    if summary.accepted + summary.quarantined == 0:
        raise FileError("The file holds no events.", code="no_events", where=str(path))
    return summary


def take_in(
    connection: Connection[Any], intake: Intake, items: Iterator[Item], summary: Summary, *, via: str
) -> Summary:
    """Send items through the intake in batches, each committed; adds to `summary` and gives it back."""
    began_s = time.perf_counter()
    try:
        for batch in _batches(items):
            _take_batch(connection, intake, batch, summary, via[:200])
    except IntakeStopped:
        connection.rollback()
        raise
    finally:
        summary.seconds += time.perf_counter() - began_s
    return summary


def _batches(items: Iterator[Item]) -> Iterator[list[Item]]:
    """Items by `BATCH_EVENTS`; what was gathered before a file turned out to be damaged is handed on first."""
    batch: list[Item] = []
    try:
        for item in items:
            batch.append(item)
            if len(batch) >= BATCH_EVENTS:
                yield batch
                batch = []
    except FileError:
        if batch:
            yield batch
        raise
    if batch:
        yield batch


def _take_batch(connection: Connection[Any], intake: Intake, batch: list[Item], summary: Summary, via: str) -> None:
    good = [item for item in batch if item.why is None]
    bad = [(item.raw, item.why.at(item.place)) for item in batch if item.why is not None]
    receipt = intake.accept(connection, [item.raw for item in good], via, place=lambda index: good[index].place)
    intake.set_aside(connection, bad, via)
    connection.commit()
    crashpoint("intake.after_commit")
    summary.accepted += receipt.accepted
    summary.quarantined += len(receipt.quarantined) + len(bad)
    if summary.first is None:
        reasons = [why.reason for _, why in bad] + [reason for _, _, reason in receipt.quarantined]
        summary.first = next(iter(reasons), None)
    if intake.breaker.why is not None and summary.quarantined:
        raise intake.breaker.stopped()


def _silent(position: int) -> None:
    """Nobody watches."""


def _ndjson(path: Path, _: Catalogue, progress: Progress) -> Iterator[Item]:
    """One event a line; empty lines are nothing."""
    with opened(path) as source:
        for number, line in source.lines():
            if number == 1 and line.lstrip().startswith(b"["):
                raise FileError(
                    "The file is a JSON array, not NDJSON.",
                    code="not_ndjson",
                    where=str(path),
                    hint="Write one event a line: jq -c '.[]'.",
                )
            if number % BATCH_EVENTS == 0:
                progress(source.position)
            if line.strip():
                yield Item(f"Line {number}", line)
        progress(source.size)


def _csv(path: Path, catalogue: Catalogue, progress: Progress) -> Iterator[Item]:
    """Columns type, id, time, perhaps source; every other is a field of `data`, with or without `data.` before."""
    with opened(path) as source:
        table = Table(source, REQUIRED)
        build = _Builder(table.columns, catalogue, path.name)
        for count, row in enumerate(table):
            if count % BATCH_EVENTS == 0:
                progress(source.position)
            if isinstance(row, BadRow):
                yield Item(f"Line {row.line}", row.raw, row.why)
            else:
                yield Item(f"Line {row.line}", build.event(row.cells))
        progress(source.size)


def _parquet(path: Path, catalogue: Catalogue, progress: Progress) -> Iterator[Item]:
    """The same columns as CSV. Instants are TIMESTAMP WITH TIME ZONE or RFC 3339 text."""
    with opened(path) as source, sound_parquet(path) as engine:
        relation = engine.read_parquet(str(path))
        columns = dict(zip(relation.columns, map(str, relation.types), strict=True))
        _check_columns(path, columns)
        build = _Builder(list(columns), catalogue, path.name)
        instants = [index for index, kind in enumerate(columns.values()) if kind == _INSTANT]
        total = max(1, len(relation))
        result = engine.execute(f"SELECT {_selection(columns)} FROM read_parquet(?)", [str(path)])  # noqa: S608
        number = 0
        while rows := result.fetchmany(BATCH_EVENTS):
            for offset, row in enumerate(rows, 1):
                yield Item(f"Row {number + offset}", build.event(_with_instants(row, instants)))
            number += len(rows)
            progress(source.size * number // total)


_INSTANT: Final = "TIMESTAMP WITH TIME ZONE"
_PLAIN: Final = ("VARCHAR", "BOOLEAN", "DOUBLE", "FLOAT", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT",
                 "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", _INSTANT)  # fmt: skip


def _refuse_data(columns: Iterable[str], where: str) -> None:
    if "data" in columns:
        raise FileError(
            "A column named 'data' is not taken: the data has one column for each of its fields.",
            code="bad_column",
            where=where,
            hint="Write order_id, paid_minor and so on as columns, or write NDJSON, which keeps 'data' whole.",
        )


def _check_columns(path: Path, columns: dict[str, str]) -> None:
    _refuse_data(columns, str(path))
    hint = f"Write the columns {', '.join(REQUIRED)}, and one for each field of the data."
    require_columns(path, columns, REQUIRED, hint)
    for name, kind in columns.items():
        if kind not in _PLAIN:
            hint = "Write instants as TIMESTAMP WITH TIME ZONE (adjusted to UTC), money as whole minor units."
            what = f"The column {name!r} has the type {kind}, which is not taken."
            raise FileError(what, code="bad_column", where=str(path), hint=hint)


def _selection(columns: dict[str, str]) -> str:
    # Instants leave as microseconds, so that no time zone library stands between the file and the event.
    quoted = {name: '"' + name.replace('"', '""') + '"' for name in columns}
    return ", ".join(
        f"epoch_us({quoted[name]})" if kind == _INSTANT else quoted[name] for name, kind in columns.items()
    )


def _with_instants(row: tuple[Any, ...], instants: list[int]) -> list[Any]:
    cells = list(row)
    for index in instants:
        cells[index] = None if cells[index] is None else _instant(cells[index])
    return cells


def _instant(microseconds: int) -> str:
    """RFC 3339 of microseconds since 1970; what no calendar holds is left for intake to refuse."""
    try:
        return (_EPOCH + timedelta(microseconds=microseconds)).isoformat()
    except OverflowError:
        return f"{microseconds} microseconds since 1970"


class _Builder:
    """Makes the JSON of an event from the cells of a row."""

    def __init__(self, columns: list[str], catalogue: Catalogue, name: str) -> None:
        _refuse_data(columns, name)
        self._names = [(each in ATTRIBUTES, each.removeprefix("data.")) for each in columns]
        self._source = f"file:{name}"[:200]
        self._whole = {each.name: _whole_fields(each.data) for each in catalogue}
        self._type = columns.index("type")

    def event(self, cells: Any) -> bytes:
        """Empty cells are absent fields. A cell that does not fit its field is left to intake to refuse."""
        whole = self._whole.get(cells[self._type], frozenset())
        event: dict[str, Any] = {"specversion": "1.0", "source": self._source}
        data: dict[str, Any] = {}
        for (attribute, name), cell in zip(self._names, cells, strict=True):
            if cell is None or cell == "":
                continue
            if attribute:
                event[name] = cell
            else:
                data[name] = int(cell) if name in whole and isinstance(cell, str) and _WHOLE.match(cell) else cell
        event["data"] = data
        return msgspec.json.encode(event)


def _whole_fields(data: type) -> frozenset[str]:
    """The fields of an event type that are whole numbers."""
    properties = msgspec.json.schema(data)["$defs"][data.__name__]["properties"]
    return frozenset(name for name, schema in properties.items() if schema.get("type") == "integer")


Reader = Callable[[Path, Catalogue, Progress], Iterator[Item]]
_READERS: Final[dict[str, Reader]] = {
    ".ndjson": _ndjson, ".jsonl": _ndjson, ".json": _ndjson, ".csv": _csv, ".parquet": _parquet,
}  # fmt: skip
