"""Signing in: what a guesser gets, and what the cookies are."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from django.test import Client
from psycopg import Connection

from goldline.core import guess
from goldline.core.database import connect
from goldline.surfaces.web import operator

from .conftest import PASSWORD

SOURCE = str(Path(__file__).parents[2] / "src")
COOKIES = (
    "from goldline.surfaces.web import settings as s;"
    "print(s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME, s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE)"
)


def test_guesses_are_counted_for_every_process(database_url: str, database: Connection[Any]) -> None:
    """Forty at once over many connections are five tries; a quarter of an hour later there are five again."""

    def try_once(_: int) -> bool:
        with connect(database_url, autocommit=True) as connection:
            return guess.allowed(connection, "Olga")

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(try_once, range(40))) == guess.TRIES_MOST
    assert not guess.allowed(database, "olga")
    assert guess.allowed(database, "nina")
    database.execute("UPDATE guess SET since = since - make_interval(secs => %s)", [guess.WAIT_S])
    assert [guess.allowed(database, "olga") for _ in range(6)] == [True] * 5 + [False]


def test_a_right_password_forgets_the_wrong_ones(client: Client, database: Connection[Any]) -> None:
    """And nothing but a hash of the name was kept meanwhile."""
    operator.create_operator("olga", PASSWORD)
    client.post("/console/sign-in", {"username": "olga", "password": "wrong"})
    row = database.execute("SELECT tries, name_sha256 FROM guess").fetchone()
    assert row is not None
    assert row[0] == 1
    assert b"olga" not in row[1]
    assert client.post("/console/sign-in", {"username": "olga", "password": PASSWORD}).status_code == 302
    assert database.execute("SELECT count(*) FROM guess").fetchone() == (0,)


def test_cookies_over_https_are_bound_to_the_host() -> None:
    """By the names browsers hold to; over plain HTTP, where they would be refused, by plain ones."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GOLDLINE_")}
    told = {
        url: subprocess.run(
            [sys.executable, "-c", COOKIES],
            env={**kept, "PYTHONPATH": SOURCE, "GOLDLINE_SECRET_KEY": "s" * 48, "GOLDLINE_PUBLIC_URL": url},
            capture_output=True, text=True, timeout=60, check=True,
        ).stdout.split()
        for url in ("https://shop.example", "http://localhost:8000")
    }  # fmt: skip
    assert told["https://shop.example"] == ["__Host-session", "__Host-csrf", "True", "True"]
    assert told["http://localhost:8000"] == ["sessionid", "csrftoken", "False", "False"]
