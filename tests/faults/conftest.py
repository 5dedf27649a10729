"""A server whose commits reach the disk, as in production, and fresh databases on it."""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from goldline.core import schema
from goldline.core.database import Server, check_durability, connect
from goldline.market.vocabulary import vocabulary
from tests.faults.scene import Scene

TEMPLATE = "faults_template"
_numbers = itertools.count()


class Cluster:
    """The server and the databases made on it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.server = self._new()
        self.server.start()
        self.url = self.server.url
        with connect(self.url) as connection:
            check_durability(connection)
        self._administer(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(TEMPLATE)))
        with connect(self._named(TEMPLATE)) as connection:
            schema.install(connection, vocabulary(), 2)

    def fresh(self) -> str:
        """The address of a new database with two partitions."""
        name = f"fault_{os.getpid()}_{next(_numbers)}"
        clone = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY")
        self._administer(clone.format(sql.Identifier(name), sql.Identifier(TEMPLATE)))
        return self._named(name)

    def kill(self, number: int) -> None:
        """Send the postmaster a signal, and start the server again when it is gone."""
        pid = self.server.process_id
        assert pid is not None
        family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
        os.kill(pid, number)
        # Backends notice by themselves that their postmaster is gone; until then the memory they share is in use.
        _, alive = psutil.wait_procs(family, timeout=20)
        assert not alive
        self.server = self._new()
        self.server.start()
        assert self.server.url == self.url
        assert self.server.process_id != pid

    def _new(self) -> Server:
        tuning = {"shared_buffers": "128MB", "max_wal_size": "512MB", "log_min_messages": "fatal"}
        return Server(directory=self.home / "pg", tuning=tuning)

    def _named(self, name: str) -> str:
        return make_conninfo(**{**conninfo_to_dict(self.url), "dbname": name})

    def _administer(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statement)


@pytest.fixture(scope="package")
def cluster() -> Iterator[Cluster]:
    """A server of these tests' own, fsync and all."""
    home = Path(tempfile.mkdtemp(prefix="glf-"))
    try:
        made = Cluster(home)
        yield made
        made.server.stop()
    finally:
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def fresh(cluster: Cluster) -> Callable[[], str]:
    """Makes databases."""
    return cluster.fresh


@pytest.fixture
def scene(cluster: Cluster, tmp_path: Path) -> Iterator[Scene]:
    """A scene with the demo promises."""
    with Scene(cluster.fresh(), tmp_path) as made:
        yield made


@pytest.fixture
def scene_of(cluster: Cluster, tmp_path: Path) -> Iterator[Callable[..., Scene]]:
    """Scenes made to order; ended after the test."""
    made: list[Scene] = []

    def make(**given: Any) -> Scene:
        folder = tmp_path / str(len(made))
        folder.mkdir()
        made.append(Scene(cluster.fresh(), folder, **given).__enter__())
        return made[-1]

    yield make
    for each in made:
        each.__exit__(None, None, None)
