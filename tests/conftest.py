"""Fixtures of every test: one embedded PostgreSQL a session, one fresh database a test."""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from collections.abc import Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import Connection, sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from goldline.core import schema
from goldline.core.database import Server, connect
from goldline.market.vocabulary import vocabulary

PARTITIONS = 2
TEMPLATE = "goldline_template"
# The test server is thrown away after the session, so its commits need not reach the disk. A test about
# durability starts a server of its own.
THROWAWAY = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "256MB",
    "max_wal_size": "1GB",
    "autovacuum": "off",
}
MEMORY = Path("/dev/shm")  # noqa: S108 - a directory of one's own is made in it
MEMORY_LEAST_BYTES = 4 * 2**30
_numbers = itertools.count()


def _roomy(place: Path) -> bool:
    return place.is_dir() and os.access(place, os.W_OK) and shutil.disk_usage(place).free >= MEMORY_LEAST_BYTES


def required() -> set[str]:
    """What GOLDLINE_REQUIRE names: kinds of tests that may not be skipped here."""
    return {name for name in os.environ.get("GOLDLINE_REQUIRE", "").split(",") if name}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a skipped test that had to run here: a green run must not hide that it looked away."""
    report = yield
    kinds = {"counted", *required()} if required() else set()
    if report.skipped and not hasattr(report, "wasxfail") and any(item.get_closest_marker(kind) for kind in kinds):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} must run here and was skipped: {report.longrepr}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Fail a module that skips itself whole where anything is required: nobody can tell what it held."""
    report = yield
    if report.outcome == "skipped" and required():
        report.outcome = "failed"
        report.longrepr = f"{collector.nodeid} was skipped whole; skip its tests by name instead: {report.longrepr}"
    return report


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    """The address of the session's server, which runs in a directory of its own."""
    # Short, because a socket's path may not be longer than about a hundred characters; in memory where there is room,
    # because what is thrown away need not be written to a disk.
    home = Path(tempfile.mkdtemp(prefix="gl-", dir=MEMORY if _roomy(MEMORY) else None))
    try:
        with Server(directory=home / "pg", tuning=THROWAWAY) as server:
            yield server.url
    finally:
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def template_url(server_url: str) -> str:
    """A database with the market vocabulary installed, to be cloned and never written to."""
    url = _renamed(server_url, TEMPLATE)
    _administer(server_url, sql.SQL("CREATE DATABASE {}").format(sql.Identifier(TEMPLATE)))
    with connect(url) as connection:
        schema.install(connection, vocabulary(), PARTITIONS)
    return url


class Clones:
    """Copies of a template database: the next one is made, and used ones are dropped, while a test runs."""

    def __init__(self, server_url: str, template: str) -> None:
        self.server_url = server_url
        self.template = template
        self._aside = ThreadPoolExecutor(1)
        self._next: Future[str] = self._aside.submit(self._make)

    def take(self) -> str:
        """The name of a fresh copy."""
        name = self._next.result()
        self._next = self._aside.submit(self._make)
        return name

    def drop(self, name: str) -> None:
        """Drop a copy, and whoever is still connected to it."""
        drop = sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name))
        self._aside.submit(_administer, self.server_url, drop)

    def close(self) -> None:
        """Wait for what is under way."""
        self._aside.shutdown(wait=True)

    def _make(self) -> str:
        name = f"test_{os.getpid()}_{next(_numbers)}"
        # A copy of the files is faster here than logging every page of the template.
        clone = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY")
        _administer(self.server_url, clone.format(sql.Identifier(name), sql.Identifier(self.template)))
        return name


@pytest.fixture(scope="session")
def clones(server_url: str, template_url: str) -> Iterator[Clones]:
    """Copies of the template with the market vocabulary."""
    assert template_url
    made = Clones(server_url, TEMPLATE)
    yield made
    made.close()


@pytest.fixture
def database_url(clones: Clones) -> Iterator[str]:
    """The address of a fresh database with two partitions, dropped after the test."""
    name = clones.take()
    try:
        yield _renamed(clones.server_url, name)
    finally:
        clones.drop(name)


@pytest.fixture
def database(database_url: str) -> Iterator[Connection[tuple[Any, ...]]]:
    """A connection to the test's fresh database."""
    with connect(database_url) as connection:
        yield connection


def _renamed(url: str, name: str) -> str:
    return make_conninfo(**{**conninfo_to_dict(url), "dbname": name})


def _administer(url: str, statement: sql.Composed) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)
