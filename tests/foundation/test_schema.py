"""Installing the tables: once or many times, alone or at the same time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import NAMESPACE_OID, uuid5

import pytest
from psycopg import Connection, errors

from goldline.core import schema
from goldline.core.database import connect
from goldline.core.errors import DatabaseError
from goldline.market.vocabulary import vocabulary


def objects(connection: Connection[Any]) -> list[tuple[Any, ...]]:
    """Every table, index and trigger of the schema, with its identity."""
    return connection.execute(
        "SELECT relname, oid, relkind FROM pg_class WHERE relnamespace = 'goldline'::regnamespace "
        "UNION ALL SELECT tgname, oid, 't' FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1, 2"
    ).fetchall()


def test_a_second_install_changes_nothing(database: Connection[Any]) -> None:
    """Installing again keeps every object, by identity."""
    before = objects(database)
    schema.install(database, vocabulary(), 2)
    assert objects(database) == before
    assert database.execute("SELECT id FROM partition ORDER BY id").fetchall() == [(0,), (1,)]


def test_another_number_of_partitions_is_refused(database: Connection[Any]) -> None:
    """Subjects are placed by the number of partitions, so it cannot change under them."""
    with pytest.raises(DatabaseError, match="installed with 2 partitions") as caught:
        schema.install(database, vocabulary(), 4)
    assert caught.value.code == "partitions_fixed"


def test_installing_from_two_processes_at_once(database_url: str) -> None:
    """Two installers take turns; both succeed."""
    with connect(database_url) as connection:
        connection.execute("DROP SCHEMA goldline CASCADE")

    def install(_: int) -> str | None:
        with connect(database_url) as connection:
            schema.install(connection, vocabulary(), 2)
            return schema.installed_digest(connection)

    with ThreadPoolExecutor(2) as pool:
        assert set(pool.map(install, range(2))) == {schema.expected_digest()}


def test_an_empty_database_has_no_digest(database: Connection[Any]) -> None:
    """Whether the schema is there can be asked without it being there."""
    database.execute("DROP SCHEMA goldline CASCADE")
    assert schema.installed_digest(database) is None


def test_the_search_path_is_as_before(database: Connection[Any]) -> None:
    """The script's own search path does not leak into the caller's connection."""
    database.execute("DROP SCHEMA goldline CASCADE")
    schema.install(database, vocabulary(), 2)
    assert database.execute("SHOW search_path").fetchone() == ("goldline,public",)


@pytest.mark.parametrize(
    ("lines", "commits"),
    [([("BRL", 5), ("BRL", -5)], True), ([("BRL", 5), ("BRL", -4)], False), ([("BRL", 5), ("CNY", -5)], False)],
)
def test_unbalanced_postings_cannot_commit(
    database: Connection[Any], lines: list[tuple[str, int]], commits: bool
) -> None:
    """An entry sums to zero in each of its currencies, or is refused by the database itself."""
    entry, values = (
        uuid5(NAMESPACE_OID, "entry"),
        ", ".join(f"(0, %s, {n}, 'a', %s, %s, 'fund', now())" for n in (0, 1)),
    )
    statement = (
        "INSERT INTO posting (partition, entry, line, account, currency, amount_minor, reason, posted_at) VALUES "
        + values
    )
    parameters = [part for currency, amount in lines for part in (entry, currency, amount)]
    if commits:
        assert database.execute(statement, parameters).rowcount == 2
        return
    with pytest.raises(errors.CheckViolation, match="do not balance"):
        database.execute(statement, parameters)
