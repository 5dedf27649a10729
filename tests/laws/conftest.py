"""More databases than one, for laws that compare two."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

_numbers = itertools.count()


@pytest.fixture
def another_database(server_url: str, template_url: str) -> Iterator[Callable[[], str]]:
    """Makes fresh databases; gives the address of each, and drops them after the test."""
    made: list[str] = []
    template = conninfo_to_dict(template_url)["dbname"]

    def make() -> str:
        name = f"law_{os.getpid()}_{next(_numbers)}"
        clone = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY")
        _administer(server_url, clone.format(sql.Identifier(name), sql.Identifier(str(template))))
        made.append(name)
        return make_conninfo(**{**conninfo_to_dict(server_url), "dbname": name})

    yield make
    for name in made:
        _administer(server_url, sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _administer(url: str, statement: sql.Composed) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)
