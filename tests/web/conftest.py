"""Fixtures of the web tests: Django on the test's own database, a signed-in operator, an API key, a small market."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from django.test import Client
from psycopg import Connection, sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from goldline.core import apikey
from goldline.core.database import connect
from goldline.core.settings import Settings
from goldline.surfaces.web import engine, operator

from .market import open_market

PASSWORD = "a-long-test-password"
SETTINGS = Settings(database_url="postgresql:///unused", secret_key="s" * 48)
_numbers = itertools.count()


def _set_up_django() -> None:
    # Before any test module is imported, because django-ninja reads the settings when it is. The suite must neither
    # depend on nor write to the settings of whoever runs it, nor leave its own to other tests.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("goldline.core.settings.settings", lambda: SETTINGS)
        engine.use("postgresql:///unused")
        operator.set_up()
    from django.conf import settings

    # The real hasher is slow on purpose; here it would only be slow.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


_set_up_django()


@pytest.fixture(scope="session")
def web_template_url(server_url: str, template_url: str) -> str:
    """A copy of the template with Django's tables in it, to be cloned and never written to."""
    name = f"goldline_web_template_{os.getpid()}"
    _clone(server_url, name, conninfo_to_dict(template_url)["dbname"])
    url = make_conninfo(**{**conninfo_to_dict(server_url), "dbname": name})
    _point_at(url)
    operator.prepare()
    _close()
    return url


@pytest.fixture(scope="session")
def market_template_url(server_url: str, web_template_url: str) -> str:
    """A copy of that with a small market in it, judged by the engine."""
    name = f"goldline_market_template_{os.getpid()}"
    _close()
    _clone(server_url, name, conninfo_to_dict(web_template_url)["dbname"])
    url = make_conninfo(**{**conninfo_to_dict(server_url), "dbname": name})
    open_market(url)
    return url


@pytest.fixture
def market(database_url: str) -> str:
    """Five orders in five states: asking for this gives the test a database that has them."""
    return database_url


@pytest.fixture
def database_url(server_url: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a fresh database with the engine's and Django's tables, dropped after the test."""
    template = "market_template_url" if "market" in request.fixturenames else "web_template_url"
    template_url: str = request.getfixturevalue(template)
    monkeypatch.setattr("goldline.surfaces.hall.link.settings", lambda: SETTINGS)
    name = f"web_{os.getpid()}_{next(_numbers)}"
    _clone(server_url, name, conninfo_to_dict(template_url)["dbname"])
    url = make_conninfo(**{**conninfo_to_dict(server_url), "dbname": name})
    _point_at(url)
    try:
        yield url
    finally:
        _close()
        with psycopg.connect(server_url, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def database(database_url: str) -> Iterator[Connection[tuple[Any, ...]]]:
    """A connection to the test's database; each statement is committed at once, as the pages must see it."""
    with connect(database_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def client(database_url: str) -> Client:
    """A browser that is nobody yet."""
    return Client(raise_request_exception=False, SERVER_NAME="localhost")


@pytest.fixture
def operator_client(database_url: str) -> Client:
    """A browser signed in as an operator who may act."""
    return _signed_in("olga", "admin")


@pytest.fixture
def onlooker_client(database_url: str) -> Client:
    """A browser signed in as an operator who may only look."""
    return _signed_in("otto", "viewer")


@pytest.fixture
def key(database: Connection[Any]) -> Callable[..., dict[str, str]]:
    """Makes an API key with scopes and gives the headers that carry it."""

    def make(*scopes: str) -> dict[str, str]:
        secret = apikey.create(database, f"key-{next(_numbers)}", scopes)
        return {"Authorization": f"Bearer {secret}"}

    return make


def _signed_in(name: str, role: str) -> Client:
    operator.create_operator(name, PASSWORD, role=role)
    client = Client(raise_request_exception=False, SERVER_NAME="localhost")
    assert client.login(username=name, password=PASSWORD)
    return client


def _point_at(url: str) -> None:
    from django.db import connections

    from goldline.surfaces.web.settings import django_database

    _close()
    engine.use(url)
    connections["default"].settings_dict.update(django_database(url))


def _close() -> None:
    from django.core.cache import cache
    from django.db import connections

    cache.clear()
    connections.close_all()
    engine.forget()


def _clone(server_url: str, name: str, template: Any) -> None:
    statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY")
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(statement.format(sql.Identifier(name), sql.Identifier(template)))
