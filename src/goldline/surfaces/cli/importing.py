"""`goldline import …`: events from files and from the Olist tables."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click
from psycopg import Connection
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from goldline.connectors import files, olist
from goldline.connectors.carriers import scans as traces
from goldline.connectors.carriers.dialect import NAMES, dialect
from goldline.connectors.carriers.trace import NO_CARRIER, Reader
from goldline.connectors.files import Summary
from goldline.surfaces import countersign
from goldline.surfaces.cli.person import actor
from goldline.surfaces.cli.program import QUARANTINED
from goldline.surfaces.cli.record import intake, present, record

_PATH: Final = click.Path(path_type=Path)


@click.group(name="import")
def group() -> None:
    """Take in events. Importing the same again changes nothing."""


@group.command()
@click.argument("paths", metavar="FILE…", nargs=-1, required=True, type=_PATH)
def events(paths: tuple[Path, ...]) -> int:
    """Events from NDJSON, CSV or Parquet files (.ndjson, .jsonl, .csv, .parquet; text also as .gz).

    CSV and Parquet have the columns type, id and time, perhaps source, and one for each field of the data. Rows that
    cannot be taken are quarantined with their line; the exit code is then 3.
    """
    quarantined = 0
    with record(create=True) as connection:
        door = intake(connection)
        for path in paths:
            size = path.stat().st_size if path.is_file() else 0
            with _bar(path.name, size) as progress:
                summary = files.import_file(connection, door, path, progress)
            quarantined += _tell(summary)
    return QUARANTINED if quarantined else 0


@group.command(name="olist")
@click.argument("folder", metavar="DIR", type=_PATH)
def olist_tables(folder: Path) -> int:
    """The Olist tables in DIR, those that are there; publishes the promises of the pack 'olist'.

    Makes the record if there is none. Then: goldline run --until-idle --as-of 2018-11-01T00:00:00Z
    """
    olist.find_tables(folder)
    with record(create=True) as connection:
        _publish(connection)
        with _bar(folder.name, olist.size_bytes(folder)) as progress:
            summary = olist.import_folder(connection, intake(connection), folder, progress)
    return QUARANTINED if _tell(summary) else 0


def _publish(connection: Connection[Any]) -> None:
    """Put the pack in force, where one person may."""
    if countersign.needed(connection):
        click.echo("Two people are needed to publish: `goldline policy publish olist --by NAME`.", err=True)
        return
    countersign.publish(connection, actor(), "olist", present(connection))
    connection.commit()


class Zone(click.ParamType):  # type: ignore[type-arg]  # generic in stubs only, before click 8.3
    """An IANA time zone, as America/Sao_Paulo."""

    name = "zone"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> ZoneInfo:
        """The zone; fails with a sentence."""
        if isinstance(value, ZoneInfo):
            return value
        try:
            return ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            self.fail(f"{value!r} is no time zone; write an IANA name, as Asia/Shanghai.", param, ctx)


@group.command()
@click.argument("name", metavar="DIALECT", type=click.Choice(NAMES))
@click.argument("paths", metavar="FILE…", nargs=-1, required=True, type=_PATH)
@click.option("--orders", type=_PATH, help="A CSV file with the columns waybill and order_id.")
@click.option("--order", help="The order of every waybill that is not known otherwise.")
@click.option("--zone", type=Zone(), help="The zone of times without an offset, where the dialect has none of its own.")
@click.option("--carrier", default=NO_CARRIER, show_default=True, help="The carrier where the payload names none.")
def scans(
    name: str, paths: tuple[Path, ...], orders: Path | None, order: str | None, zone: ZoneInfo | None, carrier: str
) -> int:
    """Carriers' traces: NDJSON files with one payload of a vendor a line, as it is pushed or answered.

    A waybill's order is taken from --orders, else from the parcels the record knows, else from --order, else from the
    payload. Scans whose code the dialect does not know are quarantined; the exit code is then 3.
    """
    given = traces.read_orders(orders) if orders else {}
    quarantined = 0
    with record(create=True) as connection:
        door = intake(connection)
        known = traces.KnownOrders(connection, given, order)
        reader = Reader(dialect(name), known, zone, carrier)
        for path in paths:
            with _bar(path.name, path.stat().st_size if path.is_file() else 0) as progress:
                summary = traces.import_scans(connection, door, path, reader, progress)
            quarantined += _tell(summary)
    return QUARANTINED if quarantined else 0


@contextmanager
def _bar(name: str, size_bytes: int) -> Iterator[Callable[[int], None]]:
    """A progress bar by bytes on standard error; silent where nobody watches."""
    columns = (
        TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), DownloadColumn(), TimeRemainingColumn(),
    )  # fmt: skip
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task(name, total=size_bytes or None)
        yield lambda position: progress.update(task, completed=position)


def _tell(summary: Summary) -> int:
    """Say what became of one import; gives the number quarantined."""
    pace = f"in {summary.seconds:.1f} s ({summary.rate:,} a second)"
    text = f"{summary.name}: {summary.accepted:,} events accepted {pace}"
    click.echo(". ".join([text, *(note[:1].upper() + note[1:] for note in summary.notes)]) + ".", err=True)
    if summary.quarantined:
        rows = "row was" if summary.quarantined == 1 else "rows were"
        told = f"{summary.name}: {summary.quarantined:,} {rows} quarantined; the first: {summary.first}"
        click.echo(f"goldline: {told} See `goldline quarantine list`.", err=True)
    return summary.quarantined
