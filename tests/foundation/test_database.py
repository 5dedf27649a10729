"""The database: what it is reached by, what it is refused for, and how the embedded one starts."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from goldline.core import database as module
from goldline.core.database import Server, check_durability, connect, durability, embedded_tuning
from goldline.core.errors import DatabaseError
from goldline.core.settings import Settings

GIB = 1024**3


def test_connection_speaks_utc_and_finds_the_tables(database: Connection[Any]) -> None:
    """A connection is in UTC and resolves the engine's tables without a schema prefix."""
    assert database.execute("SHOW timezone").fetchone() == ("UTC",)
    assert database.execute("SELECT count(*) FROM inbox").fetchone() == (0,)


def test_an_unreachable_server_is_one_clear_error_without_the_password() -> None:
    """A server that does not answer is named in the error, its password is not."""
    with pytest.raises(DatabaseError) as caught:
        connect("postgresql://me:topsecret@127.0.0.1:1/none")
    assert caught.value.code == "database_unreachable"
    assert "127.0.0.1" in str(caught.value)
    assert "topsecret" not in str(caught.value)


def test_a_malformed_address_is_refused_with_an_example() -> None:
    """An address that is no address says how one is written."""
    with pytest.raises(DatabaseError) as caught:
        connect("postgresql://host:port:5432/x?y")
    assert caught.value.code in {"bad_database_url", "database_unreachable"}


@pytest.mark.parametrize(("version", "fits"), [(140000, False), (150000, True), (180003, True), (190000, False)])
def test_only_postgresql_15_to_18_is_used(version: int, fits: bool) -> None:
    """A server outside the supported versions is refused and the connection closed."""
    closed: list[bool] = []
    fake: Any = SimpleNamespace(info=SimpleNamespace(server_version=version), close=lambda: closed.append(True))
    if fits:
        module._check_version(fake)
        assert closed == []
        return
    with pytest.raises(DatabaseError, match="supported are 15 to 18"):
        module._check_version(fake)
    assert closed == [True]


@pytest.mark.parametrize("parameter", ["fsync", "full_page_writes", "synchronous_commit"])
def test_production_refuses_a_server_that_may_forget(tmp_path_factory: pytest.TempPathFactory, parameter: str) -> None:
    """In production the start is refused when one of the durability parameters is off, and the error names it."""
    chosen = Settings(env="production", home=tmp_path_factory.mktemp("h"), secret_key="x" * 40)
    server = Server(chosen, directory=chosen.home / "pg", tuning={parameter: "off", "shared_buffers": "128MB"})
    try:
        with pytest.raises(DatabaseError) as caught:
            server.start()
        assert caught.value.code == "not_durable"
        assert parameter in caught.value.message
        assert f"ALTER SYSTEM SET {parameter} = on" in str(caught.value)
    finally:
        server.stop()


def test_the_embedded_server_is_durable_and_keeps_its_data(tmp_path: Path) -> None:
    """By default every durability parameter is on, and what was committed is there after a restart."""
    for expected in ([], [(7,)]):
        with Server(directory=tmp_path / "pg") as server, connect(server.url) as connection:
            check_durability(connection)
            assert set(durability(connection).values()) == {"on"}
            connection.execute("CREATE TABLE IF NOT EXISTS public.kept (n int)")
            assert connection.execute("SELECT n FROM public.kept").fetchall() == expected
            connection.execute("INSERT INTO public.kept VALUES (7)")


def test_two_users_share_one_embedded_server(tmp_path: Path) -> None:
    """A second start in the same directory finds the running server instead of starting another."""
    with Server(directory=tmp_path / "pg", tuning={"shared_buffers": "128MB"}) as first:
        second = Server(directory=tmp_path / "pg", tuning={"shared_buffers": "128MB"})
        assert second.start() == first.url
        assert second.process_id == first.process_id


def test_a_stale_pid_file_does_not_stop_the_start(tmp_path: Path) -> None:
    """After a power cut the pid file may name another process of today; the server starts all the same."""
    with Server(directory=tmp_path / "pg", tuning={"shared_buffers": "128MB"}) as server:
        lines = (tmp_path / "pg" / "postmaster.pid").read_text().splitlines()
    lines[0] = str(os.getpid())
    (tmp_path / "pg" / "postmaster.pid").write_text("\n".join(lines) + "\n")
    with Server(directory=tmp_path / "pg", tuning={"shared_buffers": "128MB"}) as server:
        assert server.process_id != os.getpid()
        with connect(server.url) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_directory_that_cannot_be_made_is_one_clear_error(tmp_path: Path) -> None:
    """A data directory below a file is refused with its path and a way out."""
    (tmp_path / "file").write_text("")
    with pytest.raises(DatabaseError, match="GOLDLINE_HOME") as caught:
        Server(directory=tmp_path / "file" / "pg").start()
    assert caught.value.code == "embedded_server_failed"


def test_url_before_the_start_is_refused(tmp_path: Path) -> None:
    """Asking for the address of a server that was not started is an error, not a guess."""
    with pytest.raises(DatabaseError, match="not been started"):
        _ = Server(directory=tmp_path / "pg").url


def test_a_named_server_is_used_and_left_running(server_url: str, tmp_path: Path) -> None:
    """With DATABASE_URL nothing is started, and leaving the context does not stop the server."""
    with Server(Settings(home=tmp_path, database_url=server_url)) as server:
        assert server.url == server_url
        assert server.process_id is None
    with psycopg.connect(server_url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("memory", "shared"), [(GIB // 4, "128MB"), (4 * GIB, "1024MB"), (64 * GIB, "2048MB")])
def test_tuning_takes_a_quarter_of_memory_up_to_two_gibibytes(memory: int, shared: str) -> None:
    """Shared buffers follow the machine, within bounds, and durability is never traded for speed."""
    tuning = embedded_tuning(memory)
    assert tuning["shared_buffers"] == shared
    assert {tuning[name] for name in module.DURABILITY} == {"on"}


def test_the_embedded_server_listens_on_no_network(server_url: str) -> None:
    """It is reached by a socket in its own directory and by nothing else."""
    with psycopg.connect(server_url) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
        assert connection.info.host.startswith("/")
