"""first_silence: when a trace has been silent for too long, the same on both engines and in plain Python."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import Connection

from goldline.core.facts.merge import FactType
from goldline.core.policy.diagnostic import PolicyError
from goldline.core.policy.expression import Expression, parse

TYPES = {"seen": FactType.INSTANTS, "begun": FactType.INSTANT, "ended": FactType.INSTANT, "near": FactType.BOOLEAN}
T0 = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
CALL = "first_silence(seen, interval '48 hours', begun, ended)"
Given = tuple[Sequence[float] | None, float | None, float | None]

CASES: list[tuple[Given, float | None]] = [
    # scans, start, until: when the silence of 48 hours was full, all in hours
    (([], 0, None), 48),
    ((None, 0, None), 48),
    (([1], None, None), None),
    (([0, 10, 58], 0, None), 106),
    (([0, 10, 58.001], 0, None), 58),  # a moment too late: the stall stays
    (([48], 0, None), 96),  # on the very second
    (([0, 60, 61], 0, 62), 48),  # stalled, then moved on and arrived
    (([0, 40, 80, 120], 0, 100), 128),  # kept: until lies before it
    (([0, 40], 0, 30), 48),  # nothing from `until` on counts
    (([0, 30], 0, 30), 48),
    (([-5, -40], 0, None), 48),  # nor what was before the start
    (([80, 40, 120, 0], 0, None), 168),  # whatever the order
]


def compiled(text: str) -> Expression:
    """The expression, an instant."""
    return parse(text, types=TYPES, want=FactType.INSTANT, currency="CNY")


def _at(hours: float | None) -> datetime | None:
    return None if hours is None else T0 + hours * HOUR


def on_postgres(connection: Connection[Any], rows: Sequence[Given], text: str = CALL) -> list[Any]:
    """Hours by PostgreSQL."""
    values = [[[_at(each) for each in seen] if seen is not None else None, _at(a), _at(z)] for seen, a, z in rows]
    row = "SELECT %s::timestamptz[] AS seen, %s::timestamptz AS begun, %s::timestamptz AS ended, true AS near"
    select = f"SELECT {compiled(text).sql()} FROM ({row}) f"
    return [_hours(connection.execute(select.encode(), each).fetchone()[0]) for each in values]  # type: ignore[index]


def on_duckdb(rows: Sequence[Given], text: str = CALL) -> list[Any]:
    """Hours by DuckDB, whose instants go in and out without a zone."""
    engine = duckdb.connect()
    engine.execute("CREATE TABLE given (i INT, seen TIMESTAMP[], begun TIMESTAMP, ended TIMESTAMP, near BOOLEAN)")
    for i, (seen, begun, ended) in enumerate(rows):
        times = [_bare(each) for each in seen] if seen is not None else None
        engine.execute("INSERT INTO given VALUES (?, ?, ?, ?, true)", [i, times, _bare(begun), _bare(ended)])
    found = engine.execute(f"SELECT {compiled(text).sql('duckdb')} FROM given f ORDER BY i").fetchall()
    return [_hours(at.replace(tzinfo=UTC) if at else None) for (at,) in found]


def _bare(hours: float | None) -> datetime | None:
    at = _at(hours)
    return at.replace(tzinfo=None) if at else None


def _hours(at: datetime | None) -> float | None:
    return None if at is None else (at - T0) / HOUR


def in_python(row: Given, length: float = 48) -> float | None:
    """Hours by a walk along the sorted scans."""
    seen, begun, ended = row
    if begun is None:
        return None
    runs_out = begun + length
    for at in sorted(seen or ()):
        if at <= begun or (ended is not None and at >= ended):
            continue
        if at > runs_out:
            return runs_out
        runs_out = at + length
    return runs_out


def test_the_first_silence(database: Connection[Any]) -> None:
    """Each case gives what was worked out by hand, on both engines and in Python."""
    rows = [row for row, _ in CASES]
    wanted = pytest.approx([hours for _, hours in CASES], abs=1e-6)
    assert on_postgres(database, rows) == wanted
    assert on_duckdb(rows) == wanted
    assert [in_python(row) for row in rows] == wanted


_hour = st.integers(-10, 400).map(lambda n: n / 2)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(
        st.tuples(st.none() | st.lists(_hour, max_size=12), st.none() | _hour, st.none() | _hour),
        min_size=5,
        max_size=20,
    )
)
def test_both_engines_agree(database: Connection[Any], rows: list[Given]) -> None:
    """Whatever the scans, PostgreSQL, DuckDB and plain Python agree."""
    assert on_postgres(database, rows) == on_duckdb(rows) == [in_python(row) for row in rows]


def test_the_length_may_depend_on_facts_and_the_end_may_lack(database: Connection[Any]) -> None:
    """The length is any interval; without an end the clock runs on."""
    text = "first_silence(seen, case when near then interval '10 hours' else interval '20 hours' end, begun)"
    rows: list[Given] = [([5, 14, 30], 0, 6)]
    assert on_postgres(database, rows, text) == on_duckdb(rows, text) == [24]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("first_silence(seen, interval '48 hours')", "first_silence() takes three or four arguments"),
        ("first_silence(begun, interval '48 hours', begun)", "first_silence() takes a set of instants"),
        ("first_silence(seen, 48, begun)", "first_silence() takes an interval"),
        ("deadline(seen, begun, 'UTC')", "deadline() takes text"),
    ],
)
def test_what_does_not_fit_is_said(text: str, message: str) -> None:
    """A wrong argument is named at its place."""
    with pytest.raises(PolicyError) as caught:
        compiled(text)
    assert message in caught.value.diagnostics[0].message
