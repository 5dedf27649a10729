"""Where benchmarks run: one durable server of their own, a fresh database each, and a size to run at."""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal, TypeVar

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from goldline.core import schema
from goldline.core.database import Server, check_durability, connect
from goldline.core.facts.subject import Vocabulary
from goldline.core.policy.pack import Pack
from goldline.core.policy.published import publish

T = TypeVar("T")
Size = Literal["full", "quick", "toy"]


class BenchError(Exception):
    """A benchmark's result is wrong: a figure of a wrong result is worth nothing."""


@dataclass(slots=True)
class Place:
    """The server and the size. Databases made here are dropped when they are left."""

    url: str
    home: Path
    size: Size = "full"
    started: float = field(default_factory=time.monotonic)

    def pick(self, full: T, quick: T, toy: T) -> T:
        """What suits the size."""
        return {"full": full, "quick": quick, "toy": toy}[self.size]

    def say(self, text: str) -> None:
        """A line of progress on standard error."""
        print(f"{time.monotonic() - self.started:6.0f} s  {text}", file=sys.stderr, flush=True)

    @contextmanager
    def database(self, name: str, template: str | None = None) -> Iterator[str]:
        """An empty database, or a copy of another one that nobody is connected to; its address."""
        made: sql.Composed = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))
        if template is not None:
            # Copying files ends with a checkpoint, so every run starts from the same state of the log.
            made = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        self._administer(made)
        try:
            yield make_conninfo(self.url, dbname=name)
        finally:
            self._administer(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def checkpoint(self) -> None:
        """Write everything down, so that what came before does not weigh on what is measured next."""
        self._administer(sql.SQL("CHECKPOINT"))

    def _administer(self, statement: sql.Composed | sql.SQL) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statement)


@contextmanager
def place(size: Size = "full") -> Iterator[Place]:
    """A server with the tuning of an installation, durable, in a directory that is removed afterwards."""
    # Short, because a socket's path may not be longer than about a hundred characters.
    home = Path(tempfile.mkdtemp(prefix="gl-"))
    try:
        with Server(directory=home / "pg") as server:
            with connect(server.url) as connection:
                check_durability(connection)
            yield Place(server.url, home, size)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def install_tables(url: str, vocabulary: Vocabulary, partitions: int) -> None:
    """The tables of a vocabulary, without rules."""
    with connect(url) as connection:
        schema.install(connection, vocabulary, partitions)


def install(url: str, vocabulary: Vocabulary, pack: Pack, partitions: int, at: datetime) -> None:
    """The tables of a vocabulary and the rules of a pack."""
    install_tables(url, vocabulary, partitions)
    with connect(url) as connection:
        publish(connection, pack, vocabulary, at, by="bench")
        connection.commit()
