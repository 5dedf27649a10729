"""Merging in memory and merging in SQL are the same, and every merge is a semilattice join."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import Connection

from goldline.core import schema
from goldline.core.engine import Engine
from goldline.core.facts.event import Catalogue, Data, EventType
from goldline.core.facts.merge import Derived, FactType, First, FirstAt, Greatest, LastAt, Latest, Least, Union
from goldline.core.facts.subject import Subject, Vocabulary
from goldline.core.policy.published import RuleSet
from goldline.core.step import judge, prepare

MONEY, TEXT, INSTANT = FactType.MONEY, FactType.TEXT, FactType.INSTANT


class Thing(Subject):
    """A subject with every merge rule on every type it takes."""

    kind = "thing"
    key = "thing_id"

    first_at = FirstAt("seen")
    last_at = LastAt("seen")
    red_at = FirstAt("seen", where={"colour": ("red", "pink")})
    least_minor = Least("seen", "amount", MONEY)
    greatest_minor = Greatest("seen", "amount", MONEY)
    least_text = Least("seen", "word", TEXT)
    greatest_text = Greatest("seen", "word", TEXT)
    least_time = Least("seen", "when", INSTANT)
    greatest_time = Greatest("seen", "when", INSTANT)
    words = Union("seen", "word")
    red_words = Union("seen", "word", where={"colour": "red"})
    times = Union("seen")
    red_times = Union("seen", where={"colour": "red"})
    first_amount = First("seen", "amount", MONEY)
    first_word = First("seen", "word", TEXT)
    latest_amount = Latest("seen", "amount", MONEY)
    latest_time = Latest("seen", "when", INSTANT)
    first_known = First("seen", "word", TEXT, known=True)
    latest_known = Latest("seen", "amount", MONEY, known=True)
    latest_red = Latest("seen", "word", TEXT, where={"colour": "red"})
    derived = Derived("coalesce(latest_amount, 0) + coalesce(least_minor, 0)", MONEY)


class Seen(Data):
    """Something was seen."""

    thing_id: str
    colour: str
    amount: int | None = None
    word: str | None = None
    when: datetime | None = None


VOCABULARY = Vocabulary([Thing])
CATALOGUE = Catalogue([EventType("seen", Seen, "thing_id")])
START = datetime(2026, 1, 1, tzinfo=UTC)

# Few values, so that ties, repeats and contradictions are the rule.
_instants = st.integers(0, 3).map(lambda n: START + timedelta(microseconds=n))
_seen = st.fixed_dictionaries(
    {
        "id": st.sampled_from(["a", "b", "c"]),
        "time": _instants,
        "colour": st.sampled_from(["red", "pink", "blue"]),
        "amount": st.none() | st.integers(0, 3) | st.just(10**15),
        "word": st.none() | st.sampled_from(["", "a", "ab", "b", "é", "中", "a" * 40]),
        "when": st.none() | _instants,
    }
)


@pytest.fixture(scope="module")
def thing_engine() -> Engine:
    """An engine of things, without rules."""
    return Engine(VOCABULARY, CATALOGUE, RuleSet(0, ()))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(told=st.lists(_seen, min_size=1, max_size=9), seed=st.integers(0, 2**32))
def test_memory_and_sql_merge_alike(
    database: Connection[Any], thing_engine: Engine, told: list[dict[str, Any]], seed: int
) -> None:
    """A batch merged in memory gives the row that its events give one at a time, backwards, twice or cut at random."""
    _install(database, thing_engine)
    shuffled = random.Random(seed).sample(told, len(told))
    cut = seed % (len(told) + 1)
    ways = {
        "whole": [told],
        "singly": [[each] for each in told],
        "backwards": [[each] for each in reversed(told)],
        "twice": [told, told],
        "doubled": [told + shuffled],
        "cut": [shuffled[:cut], shuffled[cut:]],
    }
    for way, batches in ways.items():
        for number, batch in enumerate(batches):
            _fold(database, thing_engine, way, batch, number)
    rows = _rows(database)
    database.rollback()
    assert set(rows) == set(ways)
    assert {repr(row) for row in rows.values()} == {repr(rows["whole"])}
    _assert_by_hand(told, rows["whole"])


def test_a_rule_that_depends_on_order_would_be_seen(database: Connection[Any], thing_engine: Engine) -> None:
    """The comparison bites: different evidence gives different rows."""
    _install(database, thing_engine)
    event = {"id": "a", "time": START, "colour": "red", "amount": 1, "word": "x", "when": None}
    _fold(database, thing_engine, "one", [event], 0)
    _fold(database, thing_engine, "other", [{**event, "amount": 2}], 0)
    rows = _rows(database)
    assert rows["one"] != rows["other"]


def _assert_by_hand(told: list[dict[str, Any]], row: dict[str, Any]) -> None:
    """The same by plain Python."""
    amounts = [each["amount"] for each in told if each["amount"] is not None]
    words = sorted({each["word"] for each in told if each["word"] is not None}, key=str.encode)
    times = [each["time"] for each in told]
    assert row["first_at"] == min(times)
    assert row["last_at"] == max(times)
    assert row["least_minor"] == min(amounts, default=None)
    assert row["greatest_minor"] == max(amounts, default=None)
    assert row["words"] == (words or None)
    red = [each for each in told if each["colour"] == "red"]
    reds = sorted({each["word"] for each in red if each["word"] is not None}, key=str.encode)
    assert row["red_words"] == (reds or None)
    assert row["times"] == sorted(set(times))
    assert row["red_times"] == (sorted({each["time"] for each in red}) or None)
    assert row["least_text"] == (words[0] if words else None)
    assert row["red_at"] == min((e["time"] for e in told if e["colour"] in ("red", "pink")), default=None)
    assert row["first_amount"] in [each["amount"] for each in told if each["time"] == min(times)]
    assert row["latest_amount"] in [each["amount"] for each in told if each["time"] == max(times)]
    given = [each for each in told if each["amount"] is not None]
    last = max((each["time"] for each in given), default=None)
    assert row["latest_known"] in ([each["amount"] for each in given if each["time"] == last] or [None])
    assert (row["first_known"] is None) == (not words)
    assert row["derived"] == (row["latest_amount"] or 0) + (row["least_minor"] or 0)


def _install(connection: Connection[Any], engine: Engine) -> None:
    schema.install(connection, VOCABULARY, 2)
    prepare(connection, engine)


def _fold(connection: Connection[Any], engine: Engine, key: str, told: list[dict[str, Any]], number: int) -> None:
    events = [_event(engine, key, each) for each in told]
    engine.hear(events)
    stages = engine.stager.stages()
    engine.stager.stage(events, number + 1, stages)
    judge(connection, engine, 0, stages, None)
    connection.execute("DELETE FROM stage_thing")


def _event(engine: Engine, key: str, told: dict[str, Any]) -> Any:
    data = {name: value for name, value in told.items() if name not in ("id", "time")}
    raw = {"type": "seen", "id": told["id"], "time": told["time"], "data": {"thing_id": key, **data}}
    return engine.decoder.decode(msgspec.json.encode([raw]))[0]


def _rows(connection: Connection[Any]) -> dict[str, dict[str, Any]]:
    cursor = connection.execute("SELECT * FROM fact_thing")
    assert cursor.description is not None
    names = [column.name for column in cursor.description]
    found = [dict(zip(names, row, strict=True)) for row in cursor]
    hidden = ("key", "partition", "_trail", "_next_at")
    return {row["key"]: {n: v for n, v in row.items() if n not in hidden} for row in found}
