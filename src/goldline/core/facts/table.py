"""The fact tables: one row a subject, generated from the vocabulary.

Columns whose name begins with an underscore are the engine's: `_s0` … are the stamps of records (the time and id of
the event they came from), `_next_at` is when the earliest pending promise comes up for judgement, `_trail` names the
inbox rows that fed the row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from psycopg import Connection

from goldline.core.facts.merge import Fact, FactType, Source
from goldline.core.facts.subject import Aggregate, Subject, Vocabulary


@dataclass(frozen=True, slots=True)
class Record:
    """Facts of one source that move together under one stamp."""

    rule: str
    source: Source
    stamp: str
    names: tuple[str, ...]


def records(subject: type[Subject]) -> tuple[Record, ...]:
    """The records of a subject, in order of declaration; the n-th has stamp column `_s<n>`."""
    grouped: dict[tuple[str, Source], list[str]] = {}
    for name, fact in subject.facts.items():
        if fact.rule in ("first", "latest"):
            grouped.setdefault((fact.rule, fact.source), []).append(name)
    return tuple(
        Record(rule, source, f"_s{n}", tuple(names)) for n, ((rule, source), names) in enumerate(grouped.items())
    )


def evidence_columns(subject: type[Subject], heard: frozenset[str] | None = None) -> tuple[tuple[str, str], ...]:
    """Name and SQL type of every staged column after the key: facts that events feed, stamps, the trail.

    Where `heard` names event types, the columns that only other types feed are left out.
    """
    found = ("derived", "inherited", "noticed")
    facts = [
        (name, fact.type.column)
        for name, fact in subject.facts.items()
        if fact.rule not in found and _is_fed(fact.source, heard)
    ]
    stamps = [(record.stamp, "uuid") for record in records(subject) if _is_fed(record.source, heard)]
    return (*facts, *stamps, ("_trail", "bigint[]"))


def _is_fed(source: Source, heard: frozenset[str] | None) -> bool:
    return heard is None or not heard.isdisjoint(source.events)


def derived_columns(subject: type[Subject]) -> tuple[tuple[str, Fact], ...]:
    """Facts that are resolved from other facts and stored."""
    return tuple((name, fact) for name, fact in subject.facts.items() if fact.rule == "derived")


def inherited_columns(subject: type[Subject]) -> tuple[tuple[str, Fact], ...]:
    """Facts taken from the subject this one is within, and stored."""
    return tuple((name, fact) for name, fact in subject.facts.items() if fact.rule == "inherited")


def noticed_columns(subject: type[Subject]) -> tuple[tuple[str, Fact], ...]:
    """Facts that notices give, stored beside the epoch of the rules they were found by (`_noticed`)."""
    return tuple((name, fact) for name, fact in subject.facts.items() if fact.rule == "noticed")


_WIDTH_ORDER = {
    "timestamptz": 0,
    "bigint": 0,
    "date": 0,
    "uuid": 1,
    "boolean": 2,
    "numeric": 3,
    "text": 3,
    "text[]": 4,
    "timestamptz[]": 4,
    "bigint[]": 4,
}


def columns(subject: type[Subject]) -> tuple[tuple[str, str], ...]:
    """Every column but the verdicts, widest alignment first so that rows carry no padding."""
    resolved = (*inherited_columns(subject), *derived_columns(subject), *noticed_columns(subject))
    own = [*evidence_columns(subject), *((name, fact.type.column) for name, fact in resolved)]
    own.append(("_next_at", "timestamptz"))
    if subject.scope is not None:
        own.append(("_noticed", "bigint"))
    if issubclass(subject, Aggregate):
        own += [("owner", "text"), ("day", "date"), ("zone", "text")]
    return tuple(sorted(own, key=lambda column: _WIDTH_ORDER[column[1]]))


def install(connection: Connection[Any], vocabulary: Vocabulary, partitions: int) -> None:
    """Create or extend the fact tables. Idempotent; a new fact becomes a new, empty column."""
    for subject in vocabulary:
        _install_one(connection, subject, partitions)
    for aggregate in vocabulary.aggregates:
        _install_counting(connection, aggregate)


def _install_one(connection: Connection[Any], subject: type[Subject], partitions: int) -> None:
    table = f"goldline.fact_{subject.kind}"
    body = ", ".join(f"{name} {_typed(kind)}" for name, kind in columns(subject))
    connection.execute(
        f'CREATE TABLE IF NOT EXISTS {table} ({body}, key text COLLATE "C" NOT NULL,'
        f" partition smallint NOT NULL, PRIMARY KEY (partition, key)) PARTITION BY LIST (partition)"
    )
    for name, kind in columns(subject):
        connection.execute(f"ALTER TABLE {table} ADD COLUMN IF NOT EXISTS {name} {_typed(kind)}")
    if subject.noted:
        connection.execute(f'CREATE TABLE IF NOT EXISTS goldline.noted_{subject.kind} (key text COLLATE "C" NOT NULL)')
    for name in subject.looked_up_by:
        connection.execute(f"CREATE INDEX IF NOT EXISTS fact_{subject.kind}_by_{name} ON {table} ({name})")
    if subject.within is not None:
        connection.execute(f"CREATE INDEX IF NOT EXISTS fact_{subject.kind}_own ON {table} (split_part(key, '|', 2))")
    for name in (name for name, fact in noticed_columns(subject) if fact.field == "ids"):
        # Holds nothing but what notices cover: counting those reads no others, and writing others does not touch it.
        connection.execute(
            f"CREATE INDEX IF NOT EXISTS fact_{subject.kind}_{name} ON {table} (key) WHERE {name} IS NOT NULL"
        )
    for number in range(partitions):
        # Rows are updated once an event: room on the page keeps the update off the index.
        connection.execute(
            f"CREATE TABLE IF NOT EXISTS {table}_p{number} PARTITION OF {table} FOR VALUES IN ({number})"
            f" WITH (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.1)"
        )


def _install_counting(connection: Connection[Any], aggregate: type[Aggregate]) -> None:
    """What counting an aggregate needs: the differences not yet added, and the way to one owner's days."""
    counted = [(name, fact.type.column) for name, fact in aggregate.facts.items() if fact.tally is not None]
    table = f"goldline.delta_{aggregate.kind}"
    body = ", ".join(f"{name} {_typed(kind)}" for name, kind in counted)
    connection.execute(
        f'CREATE TABLE IF NOT EXISTS {table} (home smallint NOT NULL, owner text COLLATE "C" NOT NULL,'
        f" day date NOT NULL, zone text, {body})"
    )
    for name, kind in counted:
        connection.execute(f"ALTER TABLE {table} ADD COLUMN IF NOT EXISTS {name} {_typed(kind)}")
    connection.execute(
        f"CREATE INDEX IF NOT EXISTS fact_{aggregate.kind}_owner ON goldline.fact_{aggregate.kind} (owner, day)"
    )
    # The day that has just ended is read whole, of everybody.
    connection.execute(f"CREATE INDEX IF NOT EXISTS fact_{aggregate.kind}_day ON goldline.fact_{aggregate.kind} (day)")


def _typed(kind: str) -> str:
    return 'text COLLATE "C"' if kind == "text" else kind


def drift(connection: Connection[Any], vocabulary: Vocabulary) -> list[str]:
    """Facts declared in the vocabulary that the database does not have, as 'table.column'."""
    rows = connection.execute(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'goldline'"
    ).fetchall()
    present = {(table, column) for table, column in rows}
    return [
        f"fact_{subject.kind}.{name}"
        for subject in vocabulary
        for name, _ in columns(subject)
        if (f"fact_{subject.kind}", name) not in present
    ]


__all__ = [
    "FactType", "Record", "columns", "derived_columns", "drift", "evidence_columns", "inherited_columns", "install",
    "records",
]  # fmt: skip
