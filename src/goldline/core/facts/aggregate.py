"""Aggregates: subjects counted from the rows of others, one row per owner and civil day.

A count is a pure function of the facts it counts, so it needs no order of arrival either: the judge notes which days a
batch touched, and `recount` counts those days again from the rows as they stand.
"""

from __future__ import annotations

from typing import Any

from psycopg import Connection

from goldline.core.facts.event import partition_of
from goldline.core.facts.subject import Aggregate

MOST_DAYS = 500  # a bite: a step of the same partitions waits no longer than it takes
MOST_NOTES = 5_000
COUNTING_LOCK = 0x601D_C047


def day_sql(aggregate: type[Aggregate], alias: str, prefix: str = "") -> str:
    """The civil day a row counts on, in its own zone."""
    zone = f"coalesce({alias}.{prefix}{aggregate.zone}, '{aggregate.default_zone}')"
    return f"({alias}.{prefix}{aggregate.at} AT TIME ZONE {zone})::date"


def recount(connection: Connection[Any], aggregate: type[Aggregate], partitions: int) -> int:
    """Count the noted days again and commit; returns how many. The owner's partition holds the whole count.

    Only partitions that no step holds are written to, so that counting never waits for judging nor overtakes it; the
    days of the others stay noted. One process counts at a time; to the others there is nothing to count.
    """
    with connection.transaction():
        alone = connection.execute("SELECT pg_try_advisory_xact_lock(%s)", (COUNTING_LOCK,)).fetchone()
        if alone is None or not alone[0]:
            return 0
        noted = connection.execute(
            f"SELECT owner, day, array_agg(ctid) FROM (SELECT ctid, owner, day FROM uncounted_{aggregate.kind}"
            f" LIMIT {MOST_NOTES}) n GROUP BY owner, day ORDER BY day, owner LIMIT {MOST_DAYS}"
        ).fetchall()
        free = connection.execute("SELECT id FROM partition ORDER BY id FOR UPDATE SKIP LOCKED").fetchall()
        homes = {number for (number,) in free}
        days = [(owner, day, partition_of(owner, partitions), notes) for owner, day, notes in noted]
        chosen = [each for each in days if each[2] in homes]
        if chosen:
            _count(connection, aggregate, chosen)
    return len(chosen)


def _count(connection: Connection[Any], aggregate: type[Aggregate], days: list[tuple[Any, ...]]) -> None:
    """Take the notes of these days and count them."""
    connection.execute(
        f"DELETE FROM uncounted_{aggregate.kind} WHERE ctid = ANY(%s::tid[])",
        ([note for *_, notes in days for note in notes],),
    )
    values = {"owners": [d[0] for d in days], "days": [d[1] for d in days], "homes": [d[2] for d in days]}
    connection.execute(_recount_statement(aggregate), values)


def _recount_statement(aggregate: type[Aggregate]) -> bytes:
    """Counts of the given owners' days, written over the standing ones; a day all rows have left counts nothing.

    A civil day lies within a day's length of its UTC namesake in every zone, which is what the index can use.
    """
    counted = {name: fact.expression for name, fact in aggregate.facts.items() if fact.rule == "counted"}
    names = list(counted)
    sets = ", ".join(f"{name} = excluded.{name}" for name in names)
    at, owner = f"o.{aggregate.at}", f"o.{aggregate.owner}"
    statement = (
        f"INSERT INTO fact_{aggregate.kind} (partition, key, owner, day, {', '.join(names)})"
        f" SELECT d.home, d.owner || '|' || d.day, d.owner, d.day, {', '.join(counted[name] or '' for name in names)}"
        f" FROM unnest(%(owners)s::text[], %(days)s::date[], %(homes)s::smallint[]) AS d(owner, day, home)"
        f" LEFT JOIN fact_{aggregate.of.kind} o ON {owner} = d.owner AND {at} >= d.day - interval '1 day'"
        f" AND {at} < d.day + interval '2 days' AND {day_sql(aggregate, 'o')} = d.day GROUP BY d.home, d.owner, d.day"
        f" ON CONFLICT (partition, key) DO UPDATE SET {sets}"
    )
    return statement.encode()
