"""Aggregates: subjects counted from the rows of others, one row per owner and civil day.

A count is a pure function of the facts it counts, so it needs no order of arrival either: the judge notes which days a
batch touched, and `recount` counts those days again from the rows as they stand.
"""

from __future__ import annotations

from typing import Any

from psycopg import Connection

from goldline.core.facts.event import partition_of
from goldline.core.facts.subject import Aggregate

MOST_DAYS = 20_000
COUNTING_LOCK = 0x601D_C047


def day_sql(aggregate: type[Aggregate], alias: str) -> str:
    """The civil day a row counts on, in its own zone."""
    zone = f"coalesce({alias}.{aggregate.zone}, '{aggregate.default_zone}')"
    return f"({alias}.{aggregate.at} AT TIME ZONE {zone})::date"


def recount(connection: Connection[Any], aggregate: type[Aggregate], partitions: int) -> int:
    """Count the noted days again and commit; returns how many. The owner's partition holds the whole count.

    Locks the partitions it writes to, so that no step judges a row while it is being counted. One process counts at a
    time; to the others there is nothing to count.
    """
    with connection.transaction():
        alone = connection.execute("SELECT pg_try_advisory_xact_lock(%s)", (COUNTING_LOCK,)).fetchone()
        if alone is None or not alone[0]:
            return 0
        noted = connection.execute(
            f"WITH taken AS (DELETE FROM uncounted_{aggregate.kind} WHERE ctid IN (SELECT ctid FROM"
            f" uncounted_{aggregate.kind} LIMIT {MOST_DAYS}) RETURNING owner, day)"
            " SELECT DISTINCT owner, day FROM taken"
        ).fetchall()
        if not noted:
            return 0
        homes = sorted({partition_of(owner, partitions) for owner, _ in noted})
        connection.execute("SELECT 1 FROM partition WHERE id = ANY(%s) ORDER BY id FOR UPDATE", (homes,))
        connection.execute(
            _recount_statement(aggregate),
            {
                "owners": [owner for owner, _ in noted],
                "days": [day for _, day in noted],
                "homes": [partition_of(owner, partitions) for owner, _ in noted],
            },
        )
    return len(noted)


def _recount_statement(aggregate: type[Aggregate]) -> bytes:
    """Counts of the given owners' days, written over the standing ones.

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
        f" JOIN fact_{aggregate.of.kind} o ON {owner} = d.owner AND {at} >= d.day - interval '1 day'"
        f" AND {at} < d.day + interval '2 days' AND {day_sql(aggregate, 'o')} = d.day GROUP BY d.home, d.owner, d.day"
        f" ON CONFLICT (partition, key) DO UPDATE SET {sets}"
    )
    return statement.encode()
