"""Traces from a file: one payload of a vendor a line, through the one intake."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from psycopg import Connection

from goldline.connectors.carriers.trace import Reader
from goldline.connectors.files import Item, Progress, Summary, take_in
from goldline.connectors.rows import BadRow, FileError, Table, opened
from goldline.core.inbox import Intake

PROGRESS_LINES: Final = 200


@dataclass(slots=True)
class KnownOrders:
    """The orders of a waybill: as given, else as the record knows its parcels, else one order for all."""

    connection: Connection[Any]
    given: Mapping[str, Sequence[str]] = field(default_factory=dict)
    otherwise: str | None = None
    _seen: dict[str, Sequence[str]] = field(default_factory=dict)

    def __call__(self, waybill: str) -> Sequence[str]:
        """The ids of the orders; empty where none is known."""
        found = self.given.get(waybill) or self._seen.get(waybill)
        if found is None:
            found = self._recorded(waybill)
            if not found and self.otherwise:
                found = (self.otherwise,)
            self._seen[waybill] = found
        return found

    def _recorded(self, waybill: str) -> Sequence[str]:
        if "\0" in waybill:
            return ()
        rows = self.connection.execute(
            "SELECT order_id FROM fact_parcel WHERE split_part(key, '|', 2) = %s AND order_id IS NOT NULL"
            " ORDER BY order_id",
            [waybill],
        )
        return tuple(row[0] for row in rows)


def import_scans(
    connection: Connection[Any], intake: Intake, path: Path, reader: Reader, progress: Progress | None = None
) -> Summary:
    """Take in a file with one payload a line; importing it again changes nothing.

    Raises FileError when the file cannot be read as a whole or holds no scan, IntakeStopped when too many are bad.
    """
    summary = Summary(path.name)
    items = _items(path, reader, progress or (lambda _: None))
    take_in(connection, intake, items, summary, via=f"{reader.dialect.name}:{path.name}")
    if summary.accepted + summary.quarantined == 0:
        raise FileError("The file holds no scans.", code="no_events", where=str(path))
    return summary


def _items(path: Path, reader: Reader, progress: Progress) -> Iterator[Item]:
    with opened(path) as source:
        for number, line in source.lines():
            if number == 1 and line.lstrip().startswith(b"["):
                raise FileError(
                    "The file is a JSON array, not NDJSON.",
                    code="not_ndjson",
                    where=str(path),
                    hint="Write one payload a line: jq -c '.[]'.",
                )
            if number % PROGRESS_LINES == 0:
                progress(source.position)
            if line.strip():
                yield from reader.items(line, f"Line {number}")
        progress(source.size)


def read_orders(path: Path) -> dict[str, tuple[str, ...]]:
    """The orders of each waybill from a CSV file with the columns waybill and order_id. Raises FileError."""
    found: dict[str, tuple[str, ...]] = {}
    with opened(path) as source:
        table = Table(source, ("waybill", "order_id"))
        waybill, order = table.columns.index("waybill"), table.columns.index("order_id")
        for row in table:
            if isinstance(row, BadRow):
                raise FileError(row.why.reason, code="bad_row", where=f"{path}:{row.line}")
            found[row.cells[waybill]] = (*found.get(row.cells[waybill], ()), row.cells[order])
    return found
