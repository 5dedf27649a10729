"""The record a command works on: the database of this installation, and what was said on the command line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import click
from psycopg import Connection

from goldline.core.database import Server, connect, exists
from goldline.core.doctor import NO_RECORD_HINT
from goldline.core.errors import GoldlineError
from goldline.core.inbox import Intake
from goldline.core.schema import expected_digest, install, installed_digest
from goldline.core.settings import settings
from goldline.market.events import catalogue
from goldline.market.vocabulary import vocabulary


@contextmanager
def record_url(*, create: bool = False) -> Iterator[str]:
    """The address of the database, started for as long as the command runs if it is the embedded one.

    Without `create` an embedded one that was never made is a GoldlineError('not_installed').
    """
    if not create and not exists(settings()):
        raise _not_installed()
    with Server() as server:
        yield server.url


@contextmanager
def record(*, create: bool = False) -> Iterator[Connection[tuple[Any, ...]]]:
    """A connection to the installed database; what was not committed is rolled back.

    With `create` missing tables are made; without it their absence is a GoldlineError('not_installed').
    """
    with record_url(create=create) as url, connect(url, application="goldline cli") as connection:
        if create:
            ensure_installed(connection)
        else:
            require_installed(connection)
        yield connection
        connection.rollback()


# What is thrown away need not survive a power cut, and is made in half the time.
FORGETFUL: Final = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@contextmanager
def rehearsal() -> Iterator[Connection[tuple[Any, ...]]]:
    """A connection for what is only tried out: to the record, if there is one of this version, and rolled back.

    Otherwise to a server of its own that is thrown away: trying something out makes no record.
    """
    if exists(settings()):
        with record_url() as url, connect(url, application="goldline cli") as connection:
            if installed_digest(connection) == expected_digest():
                yield connection
                connection.rollback()
                return
    click.echo("There is no record here: using a database that is thrown away.", err=True)
    with (
        TemporaryDirectory(prefix="goldline-") as folder,
        Server(directory=Path(folder) / "postgres", tuning=FORGETFUL) as server,
        connect(server.url, application="goldline cli") as connection,
    ):
        install(connection, vocabulary(), 1)
        yield connection
        connection.rollback()


def ensure_installed(connection: Connection[Any]) -> None:
    """Install the tables, or bring them up to date with the partitions they have."""
    standing = partitions(connection) if installed_digest(connection) is not None else 0
    install(connection, vocabulary(), standing or settings().partitions)


def require_installed(connection: Connection[Any]) -> None:
    """Raise GoldlineError('not_installed') when there is nothing to work on."""
    if installed_digest(connection) is None:
        raise _not_installed()
    connection.rollback()


def _not_installed() -> GoldlineError:
    return GoldlineError("There is no Goldline record here yet.", code="not_installed", hint=NO_RECORD_HINT)


def partitions(connection: Connection[Any]) -> int:
    """The number of partitions the tables were installed with."""
    row = connection.execute("SELECT count(*) FROM partition").fetchone()
    return int(row[0]) if row else 0


def intake(connection: Connection[Any]) -> Intake:
    """The door for this command."""
    return Intake(catalogue(), partitions(connection))


def present(connection: Connection[Any]) -> datetime:
    """The record's present: its driven clock, else the database's."""
    row = connection.execute("SELECT coalesce((SELECT at FROM driven_clock), clock_timestamp())").fetchone()
    at: datetime = row[0]  # type: ignore[index]  # a SELECT without FROM gives a row
    return at.astimezone(UTC)


class Instant(click.ParamType):  # type: ignore[type-arg]  # generic in stubs only, before click 8.3
    """An instant with its offset from UTC, as 2018-11-01T00:00:00Z."""

    name = "instant"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """The instant in UTC; fails with a sentence."""
        if isinstance(value, datetime):
            return value
        try:
            at = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is not an instant; write it as 2018-11-01T00:00:00Z.", param, ctx)
        if at.tzinfo is None:
            self.fail(f"{value!r} has no offset from UTC; write it as {at.isoformat()}Z.", param, ctx)
        try:
            return at.astimezone(UTC)
        except OverflowError:
            self.fail(f"{value!r} is outside the years 1 to 9999.", param, ctx)
