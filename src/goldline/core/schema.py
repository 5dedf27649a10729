"""Installs the engine's tables: the static ones, the calendar's functions, and the fact tables of a vocabulary."""

from __future__ import annotations

import hashlib
from importlib import import_module, resources
from typing import Any, Final

from psycopg import Connection, sql

from goldline.core.database import SCHEMA
from goldline.core.errors import DatabaseError
from goldline.core.facts.subject import Vocabulary

SCRIPTS: Final = (
    "schema.sql", "calendar.sql", "sets.sql", "account.sql", "decision.sql", "appeal.sql", "access.sql",
    "likeness.sql", "campaign.sql",
)  # fmt: skip
# Two processes that install at once would trip over each other's CREATE … IF NOT EXISTS.
INSTALL_LOCK: Final = 0x601D_11E0


def install(connection: Connection[Any], vocabulary: Vocabulary, partitions: int = 4) -> None:
    """Create or complete the tables, and commit. A second run changes nothing.

    Raises DatabaseError('partitions_fixed') when the tables were installed with another number of partitions.
    """
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [INSTALL_LOCK])
        _run_scripts(connection)
        connection.execute(sql.SQL("SET LOCAL search_path = {}, public").format(sql.Identifier(SCHEMA)))
        _ensure_partitions(connection, partitions)
        _install_facts(connection, vocabulary, partitions)
    connection.commit()


def installed_digest(connection: Connection[Any]) -> str | None:
    """The digest of the scripts that were last run here; none when there is no schema."""
    row = connection.execute(
        "SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = %s", [SCHEMA]
    ).fetchone()
    return None if row is None else str(row[0])


def expected_digest() -> str:
    """The digest of the scripts of this version of the engine."""
    return f"sha256:{hashlib.sha256(_scripts().encode()).hexdigest()}"


def _scripts() -> str:
    # The calendar has a script of its own, which is not there in every build.
    folder = resources.files("goldline.core")
    files = [folder / name for name in SCRIPTS]
    return "\n".join(file.read_text(encoding="utf-8") for file in files if file.is_file())


def _run_scripts(connection: Connection[Any]) -> None:
    # Re-creating triggers locks their tables, so a script that has been run is not run again.
    if installed_digest(connection) == expected_digest():
        return
    row = connection.execute("SELECT current_setting('search_path')").fetchone()
    connection.execute(_scripts())
    connection.execute("SELECT set_config('search_path', %s, false)", [row[0] if row else "public"])
    statement = sql.SQL("COMMENT ON SCHEMA {} IS {}")
    connection.execute(statement.format(sql.Identifier(SCHEMA), sql.Literal(expected_digest())))


def _ensure_partitions(connection: Connection[Any], partitions: int) -> None:
    row = connection.execute("SELECT count(*) FROM partition").fetchone()
    standing = row[0] if row else 0
    if standing not in (0, partitions):
        raise DatabaseError(
            f"The tables were installed with {standing} partitions and cannot be used with {partitions}.",
            code="partitions_fixed",
            where="GOLDLINE_PARTITIONS",
            hint=f"Set it to {standing}, or install into an empty database.",
        )
    connection.execute(
        "INSERT INTO partition (id) SELECT generate_series(0, %s - 1) ON CONFLICT DO NOTHING", [partitions]
    )


def _install_facts(connection: Connection[Any], vocabulary: Vocabulary, partitions: int) -> None:
    table = import_module("goldline.core.facts.table")
    table.install(connection, vocabulary, partitions)
