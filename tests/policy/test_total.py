"""once_total: when the amounts of a set of lines come to an amount, the same on both engines and in plain Python."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import Connection

from goldline.core.facts.merge import FactType
from goldline.core.policy.diagnostic import PolicyError
from goldline.core.policy.expression import Expression, parse

TYPES = {"paid": FactType.SET, "price": FactType.MONEY, "left_at": FactType.INSTANT}
AT = datetime(2026, 3, 1, tzinfo=UTC)
Given = tuple[Sequence[int] | None, int | None]


def compiled(text: str) -> Expression:
    """The expression, an instant."""
    return parse(text, types=TYPES, want=FactType.INSTANT, currency="CNY")


def lines(amounts: Sequence[int] | None) -> list[str] | None:
    """Payments as a fact holds them."""
    if amounts is None:
        return None
    return [json.dumps([f"r{number}", amount, f"p{number}"]) for number, amount in enumerate(amounts)]


def on_postgres(connection: Connection[Any], rows: Sequence[Given], text: str) -> list[bool]:
    """Whether it is reached, by PostgreSQL."""
    row = "SELECT %s::text[] AS paid, %s::numeric AS price, %s::timestamptz AS left_at"
    select = f"SELECT {compiled(text).sql()} FROM ({row}) f"
    found = [connection.execute(select.encode(), [lines(paid), price, AT]).fetchone() for paid, price in rows]
    return [row is not None and row[0] is not None for row in found]


def on_duckdb(rows: Sequence[Given], text: str) -> list[bool]:
    """The same by DuckDB."""
    engine = duckdb.connect()
    engine.execute("CREATE TABLE given (i INT, paid VARCHAR[], price DECIMAL(38, 0), left_at TIMESTAMP)")
    for i, (paid, price) in enumerate(rows):
        engine.execute("INSERT INTO given VALUES (?, ?, ?, ?)", [i, lines(paid), price, AT.replace(tzinfo=None)])
    found = engine.execute(f"SELECT {compiled(text).sql('duckdb')} FROM given f ORDER BY i").fetchall()
    return [at is not None for (at,) in found]


def in_python(row: Given, share: float = 1) -> bool:
    """The same by adding up."""
    paid, price = row
    return price is not None and sum(paid or ()) >= price * share


_rows = st.lists(
    st.tuples(st.none() | st.lists(st.integers(1, 60), max_size=5), st.none() | st.integers(0, 120)),
    min_size=3, max_size=15,
)  # fmt: skip


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=_rows)
def test_all_agree(database: Connection[Any], rows: list[Given]) -> None:
    """Whatever was paid, PostgreSQL, DuckDB and adding up agree; of a part of the price too."""
    for text, share in (("once_total(paid, price, left_at)", 1.0), ("once_total(paid, price * 0.5, left_at)", 0.5)):
        wanted = [in_python(row, share) for row in rows]
        assert on_postgres(database, rows, text) == wanted
        assert on_duckdb(rows, text) == wanted


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("once_total(paid, price)", "takes a set of lines, an amount and an instant"),
        ("once_total(price, price, left_at)", "takes a set of lines, an amount and an instant"),
        ("once_total(paid, left_at, left_at)", "once_total() takes money"),
    ],
)
def test_what_does_not_fit_is_said(text: str, message: str) -> None:
    """A wrong argument is named."""
    with pytest.raises(PolicyError) as caught:
        compiled(text)
    assert message in caught.value.diagnostics[0].message
