"""The same expressions give the same exact values on PostgreSQL, on DuckDB and in plain decimals."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from psycopg import Connection

from goldline.core.facts.merge import FactType
from goldline.core.policy.diagnostic import PolicyError
from goldline.core.policy.expression import Expression, parse
from tests.policy.oracle import CASES, ROWS, TYPES, Row

COLUMNS = ("a_at", "b_at", "paid", "fee", "n", "who", "ok")
NUMBERS = ("-1", "0.01", "0.125", "2", "3", "7", "0.33333333")


def compiled(text: str) -> Expression:
    """The expression for a currency with two decimals; one without facts is read as money."""
    want = None if re.search("[a-z]", text) else FactType.MONEY
    return parse(text, types=TYPES, want=want, currency="CNY")


def on_postgres(connection: Connection[Any], expressions: Sequence[Expression], rows: Sequence[Row]) -> list[list[Any]]:
    """Values by row and expression."""
    kinds = ", ".join(f"{name} {TYPES[name].column}" for name in COLUMNS)
    connection.execute(f"CREATE TEMP TABLE given (i int, {kinds})")
    with connection.cursor() as cursor:
        marks = ", ".join(["%s"] * (len(COLUMNS) + 1))
        cursor.executemany(
            f"INSERT INTO given VALUES ({marks})", [[i, *(row[name] for name in COLUMNS)] for i, row in enumerate(rows)]
        )
    selected = ", ".join(each.sql() for each in expressions)
    found = connection.execute(f"SELECT {selected} FROM given f ORDER BY f.i".encode(), []).fetchall()
    connection.execute("DROP TABLE given")
    return [list(row) for row in found]


def on_duckdb(expressions: Sequence[Expression], rows: Sequence[Row]) -> list[list[Any]]:
    """Values by row and expression. Instants go in and out without a zone, which is UTC."""
    engine = duckdb.connect()
    types = {"timestamptz": "TIMESTAMP", "numeric": "DECIMAL(20,8)", "text": "VARCHAR"}
    kinds = ", ".join(f"{name} {types.get(TYPES[name].column, TYPES[name].column)}" for name in COLUMNS)
    engine.execute(f"CREATE TABLE given (i int, {kinds})")
    for i, row in enumerate(rows):
        values = [each.replace(tzinfo=None) if isinstance(each, datetime) else each for each in row.values()]
        engine.execute("INSERT INTO given VALUES (?, ?, ?, ?, ?, ?, ?, ?)", [i, *values])
    selected = ", ".join(each.sql("duckdb") for each in expressions)
    found = engine.execute(f"SELECT {selected} FROM given f ORDER BY f.i").fetchall()
    return [[each.replace(tzinfo=UTC) if isinstance(each, datetime) else each for each in row] for row in found]


def test_engines_agree_with_the_oracle(database: Connection[Any]) -> None:
    """Every listed expression has its oracle's exact value on both engines, nulls and rounding included."""
    expressions = [compiled(text) for text, _ in CASES]
    expected = [[meaning(row) for _, meaning in CASES] for row in ROWS]
    postgres, duck = on_postgres(database, expressions, ROWS), on_duckdb(expressions, ROWS)
    wrong = [
        (text, dict(row), expected[i][j], postgres[i][j], duck[i][j])
        for i, row in enumerate(ROWS)
        for j, (text, _) in enumerate(CASES)
        if not (expected[i][j] == postgres[i][j] == duck[i][j])
    ]
    assert wrong == []


def test_the_list_is_long_enough() -> None:
    """At least sixty expressions are compared, and each only once."""
    assert len({text for text, _ in CASES}) == len(CASES) >= 60


def test_no_engine_falls_back_to_floating_point(database: Connection[Any]) -> None:
    """Numbers are exact decimals on both engines, never floats."""
    expressions = [compiled(text) for text, _ in CASES]
    values = [
        each for row in (*on_postgres(database, expressions, ROWS), *on_duckdb(expressions, ROWS)) for each in row
    ]
    assert [each for each in values if isinstance(each, float)] == []
    assert sum(isinstance(each, Decimal) for each in values) > 100


def usable(text: str) -> Expression | None:
    """The expression, or None when it is refused for its size."""
    try:
        return compiled(text)
    except PolicyError as error:
        if all("too" in each.message or "characters" in each.message for each in error.diagnostics):
            return None
        raise


operand = st.sampled_from(["paid", "fee", "paid * 0.015", "fee / 7", "clamp(paid, 1, 900)", "round(fee * 0.333, 1)"])


@st.composite
def amounts(draw: st.DrawFn, depth: int = 3) -> str:
    """A random expression of money."""
    if depth == 0:
        return draw(operand)
    left, right = draw(amounts(depth=depth - 1)), draw(amounts(depth=draw(st.integers(0, depth - 1))))
    rate = draw(st.sampled_from(NUMBERS))
    return draw(
        st.sampled_from([
            f"({left} + {right})", f"({left} - {right})", f"clamp(({left}) * {rate}, 0.01, 5000)", f"({left}) / {rate}",
            f"least({left}, {right})", f"greatest({left}, {right})", f"coalesce({left}, {right})", f"round({left}, 1)",
            f"case when {left} > {right} then {left} else {rate} end", f"abs({left} - {right})", f"floor({left})",
        ])
    )  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(amounts(), min_size=5, max_size=15), paid=st.integers(0, 10**12), fee=st.integers(0, 10**12))
def test_random_amounts_agree(database: Connection[Any], texts: list[str], paid: int, fee: int) -> None:
    """Whatever amount a policy can write, both engines give the same minor units."""
    rows: list[Row] = [dict(ROWS[0], paid=paid, fee=fee), dict(ROWS[0], paid=None, fee=fee)]
    expressions = [each for text in texts if (each := usable(f"clamp({text}, -90000000, 90000000)"))]
    assume(expressions)
    assert on_postgres(database, expressions, rows) == on_duckdb(expressions, rows)


@pytest.mark.parametrize(
    ("currency", "expected"),
    [("JPY", Decimal(3)), ("CNY", Decimal(250)), ("KWD", Decimal(2500)), ("UYW", Decimal(25000))],
)
def test_literals_are_major_units(database: Connection[Any], currency: str, expected: Decimal) -> None:
    """A bare literal is major units of the currency, whatever its decimals, rounded away from zero."""
    amount = parse("case when ok then 2.5 end", types=TYPES, want=TYPES["paid"], currency=currency)
    assert [row[0] for row in on_postgres(database, [amount], ROWS[:1])] == [expected]
    assert [row[0] for row in on_duckdb([amount], ROWS[:1])] == [expected]
