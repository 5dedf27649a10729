"""Fixtures of the command line's tests: commands run in this process, against the test's own database."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest
from psycopg.conninfo import conninfo_to_dict

from goldline.core.settings import settings
from goldline.surfaces.cli.program import run


@dataclass
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


Goldline = Callable[..., Ended]


@pytest.fixture
def address(database_url: str) -> str:
    """The test's database as DATABASE_URL wants it."""
    parts = conninfo_to_dict(database_url)
    return f"postgresql://postgres@/{parts['dbname']}?host={quote(str(parts['host']), safe='')}"


@pytest.fixture
def goldline(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Goldline:
    """Run a command in this process, against the test's database."""
    kept = ("GOLDLINE_DATA", "GOLDLINE_REQUIRE")
    for name in [each for each in os.environ if each.startswith("GOLDLINE_") and each not in kept]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("DATABASE_URL", address)
    monkeypatch.setenv("GOLDLINE_HOME", str(tmp_path / "home"))
    settings.cache_clear()

    def call(*arguments: str | Path) -> Ended:
        capsys.readouterr()
        code = run([str(each) for each in arguments])
        told = capsys.readouterr()
        return Ended(code, told.out, told.err)

    return call
