"""One database for all tests that only ask for deadlines: each would otherwise wait for a clone of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import Connection, sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from goldline.core.database import connect


@pytest.fixture(scope="module")
def clock(server_url: str, template_url: str) -> Iterator[Connection[tuple[Any, ...]]]:
    """A connection to a database with no calendar loaded, whose transactions can only read."""
    name = sql.Identifier(f"clock_{os.getpid()}")
    template = sql.Identifier(conninfo_to_dict(template_url)["dbname"] or "")
    with psycopg.connect(server_url, autocommit=True) as server:
        server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(name, template))
        try:
            with connect(make_conninfo(server_url, dbname=f"clock_{os.getpid()}"), autocommit=True) as connection:
                connection.execute("SET default_transaction_read_only = on")
                yield connection
        finally:
            server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))
