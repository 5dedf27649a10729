"""The day book: the days of an aggregate as they are kept. Differences are added, quiet days opened, all counted anew.

Adding a difference moves the counts of its day and every window that holds that day by as much, so a day is written
once for all that has changed about it, however far its windows reach back.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from psycopg import Connection

from goldline.core.facts.aggregate import is_label, whole_statement
from goldline.core.facts.subject import Aggregate, Vocabulary
from goldline.core.facts.window import edges, of_owner, reach, rolling, summed, windows

MOST_DELTAS = 50_000  # a bite: a step of the same partitions waits no longer than it takes
COUNTING_LOCK = 0x601D_C047

Place = tuple[int, str, date, str | None]
"""Partition, owner, day and zone of a day."""


def merge(connection: Connection[Any], aggregate: type[Aggregate], *, judged: bool) -> int:
    """Add up the differences that wait and commit; returns how many were taken.

    Only partitions that no step holds are written to, so that counting never waits for judging nor overtakes it; the
    others' differences stay. One process counts at a time; to the others there is nothing to count. Where policies
    judge the aggregate (`judged`), the days that changed are looked at by the next step.
    """
    with connection.transaction():
        alone = connection.execute("SELECT pg_try_advisory_xact_lock(%s)", (COUNTING_LOCK,)).fetchone()
        if alone is None or not alone[0]:
            return 0
        free = connection.execute("SELECT id FROM partition ORDER BY id FOR UPDATE SKIP LOCKED").fetchall()
        return _merge(connection, aggregate, [number for (number,) in free], MOST_DELTAS, judged=judged)


def rebuild(connection: Connection[Any], vocabulary: Vocabulary, aggregate: type[Aggregate], *, judged: bool) -> int:
    """Count an aggregate again from the rows as they stand, in the caller's transaction; returns its days.

    For a vocabulary whose counts have changed. Steps wait meanwhile: it holds every partition.
    """
    row = connection.execute("SELECT count(*) FROM (SELECT id FROM partition ORDER BY id FOR UPDATE) p").fetchone()
    partitions = int(row[0]) if row else 0
    connection.execute(f"DELETE FROM delta_{aggregate.kind}".encode())
    connection.execute(f"DELETE FROM fact_{aggregate.kind}".encode())
    for subject in vocabulary:
        if aggregate.counted(subject.kind):
            connection.execute(whole_statement(aggregate, subject).encode())
    _merge(connection, aggregate, list(range(partitions)), 2**62, judged=judged)
    found = connection.execute(f"SELECT count(*) FROM fact_{aggregate.kind}".encode()).fetchone()
    return int(found[0]) if found else 0


def open_days(
    connection: Connection[Any], aggregate: type[Aggregate], now: datetime, *, judged: bool,
    only: Sequence[int] | None = None,
) -> int:  # fmt: skip
    """Give every owner a row for each day up to today on which nothing happened, while a window can still reach back.

    So that a rate falls, and a condition is met, on a quiet day too. `only` names partitions, else it is all. It waits
    for them: a partition that is passed over because it is busy would have no new day for an hour. Commits; returns the
    days opened.
    """
    with connection.transaction():
        chosen = (
            "SELECT id FROM partition WHERE %(only)s::smallint[] IS NULL OR id = ANY(%(only)s) ORDER BY id FOR UPDATE"
        )
        own = connection.execute(chosen, {"only": None if only is None else list(only)}).fetchall()
        homes = [number for (number,) in own]
        waiting = connection.execute(_behind(aggregate).encode(), {"homes": homes, "now": now}).fetchall()
        until = {(owner, home): last for home, owner, _, _, last in waiting}
        standing: list[Place] = [(home, owner, day, zone) for home, owner, day, zone, _ in waiting]
        statement = _open_statement(aggregate, judged=judged).encode()
        opened = 0
        # A day's windows follow from those of the day before, so one day of everybody is opened after the other.
        while standing:
            standing = connection.execute(statement, _columns(standing)).fetchall()
            opened += len(standing)
            standing = [each for each in standing if each[2] < until[each[1], each[0]]]
    return opened


def _columns(places: Iterable[Place]) -> dict[str, Sequence[Any]]:
    home, owner, day, zone = zip(*places, strict=True)
    return {"home": list(home), "owner": list(owner), "day": list(day), "zone": list(zone)}


def _behind(aggregate: type[Aggregate]) -> str:
    """Owners whose last day is over: partition, owner, that day, its zone, and up to which day to open."""
    today = "(%(now)s::timestamptz AT TIME ZONE coalesce({}.zone, '" + aggregate.default_zone + "'))::date"
    # Days to come may be counted already: orders fall due then.
    last = (
        f"SELECT d.partition, d.owner, max(d.zone) AS zone, max(d.day) AS day FROM fact_{aggregate.kind} d"
        f" WHERE d.partition = ANY(%(homes)s::smallint[]) AND d.day <= {today.format('d')}"
        " GROUP BY d.partition, d.owner"
    )
    until = f"least({today.format('l')}, l.day + {reach(aggregate)})"
    return f"SELECT l.partition, l.owner, l.day, l.zone, {until} FROM ({last}) l WHERE l.day < {today.format('l')}"


def _open_statement(aggregate: type[Aggregate], *, judged: bool) -> str:
    """Opens the day after each of those given (`home`, `owner`, `day`, `zone`); returns the days opened."""
    kind = aggregate.kind
    ends = {back for window in windows(aggregate).values() for back in edges(window)} - {0}
    joined = "".join(
        f" LEFT JOIN fact_{kind} b{back} ON b{back}.partition = u.home"
        f" AND b{back}.key = u.owner || '|' || (u.next - {back})"
        for back in sorted(ends)
    )
    values: dict[str, str] = dict.fromkeys(_counts(aggregate), "0")
    for name, window in windows(aggregate).items():
        entering, leaving = (f"coalesce(b{back}.{window.fact}, 0)" if back else "0" for back in edges(window))
        values[name] = f"coalesce(p.{name}, 0) + {entering} - {leaving}"
    values |= dict.fromkeys(aggregate.ends(), _midnight(aggregate, "u.next", "u.zone"))
    given = (
        "SELECT g.*, g.day + 1 AS next FROM unnest(%(home)s::smallint[], %(owner)s::text[], %(day)s::date[],"
        " %(zone)s::text[]) AS g (home, owner, day, zone)"
    )
    opened = (
        f"INSERT INTO fact_{kind} (partition, key, owner, day, zone{_listed(values)}) SELECT u.home, u.owner || '|' ||"
        f" u.next, u.owner, u.next, u.zone{_listed(values.values())} FROM ({given}) u JOIN fact_{kind} p"
        f" ON p.partition = u.home AND p.key = u.owner || '|' || u.day{joined}"
        " ON CONFLICT DO NOTHING RETURNING partition, owner, day, zone, key"
    )
    woken = f", woken AS ({_wake(kind, 'SELECT partition, key FROM opened')})" if judged else ""
    return f"WITH opened AS ({opened}){woken} SELECT partition, owner, day, zone FROM opened"


def _merge(
    connection: Connection[Any], aggregate: type[Aggregate], homes: list[int], most: int, *, judged: bool
) -> int:
    statement = _merge_statement(aggregate, judged=judged).encode()
    row = connection.execute(statement, {"homes": homes, "most": most}).fetchone()
    return int(row[0]) if row else 0


def _merge_statement(aggregate: type[Aggregate], *, judged: bool) -> str:
    """Takes differences and adds them to their days and to every window that holds those; one row: how many."""
    kind = aggregate.kind
    # A day that is still to be judged has its wake; one that was judged, or is new, must be looked at.
    whom = "SELECT partition, key FROM changed WHERE _next_at IS NULL UNION ALL TABLE opened"
    woken = f", woken AS ({_wake(kind, whom)})" if judged else ""
    return (
        f"WITH chosen AS (SELECT ctid FROM delta_{kind} WHERE home = ANY(%(homes)s::smallint[]) LIMIT %(most)s),"
        f" taken AS (DELETE FROM delta_{kind} d WHERE d.ctid = ANY(ARRAY(SELECT ctid FROM chosen)) RETURNING d.*),"
        f" added AS MATERIALIZED ({_added(aggregate)}), moved AS ({_moved(aggregate)}),"
        f" changed AS ({_changed(aggregate)}), opened AS ({_opened(aggregate)}){woken} SELECT count(*) FROM taken"
    )


def _added(aggregate: type[Aggregate]) -> str:
    """The differences of each day, added up."""
    sums = ", ".join(
        f"max({name}) AS {name}" if label else f"coalesce(sum({name}), 0) AS {name}"
        for name, label in _tallied(aggregate)
    )
    return f"SELECT home, owner, day, max(zone) AS zone, {sums} FROM taken GROUP BY home, owner, day"


def _moved(aggregate: type[Aggregate]) -> str:
    """By how much the days that stand change: their own counts, and their windows."""
    own = "FILTER (WHERE s.day = r.day)"
    values = {name: f"max(s.{name}) {own}" if label else f"coalesce(sum(s.{name}) {own}, 0)"
              for name, label in _tallied(aggregate)}  # fmt: skip
    sums = {name: summed(window, "s", "r.day") for name, window in windows(aggregate).items()}
    columns = ", ".join(f"{value} AS {name}" for name, value in (values | sums).items())
    differs = " OR ".join(["bool_or(s.day = r.day)", *(f"{value} <> 0" for value in sums.values())])
    return (
        f"SELECT r.partition, r.key, max(s.zone) {own} AS zone, {columns} FROM added s JOIN fact_{aggregate.kind} r"
        f" ON {of_owner('s', 's.day', f's.day + {reach(aggregate) - 1}')} GROUP BY r.partition, r.key HAVING {differs}"
    )


def _changed(aggregate: type[Aggregate]) -> str:
    zone = "greatest(f.zone, x.zone)"
    sets = {"zone": zone}
    sets |= {name: f"greatest(f.{name}, x.{name})" if label else f"coalesce(f.{name}, 0) + x.{name}"
             for name, label in _tallied(aggregate)}  # fmt: skip
    sets |= {name: f"coalesce(f.{name}, 0) + x.{name}" for name in windows(aggregate)}
    sets |= dict.fromkeys(aggregate.ends(), _midnight(aggregate, "f.day", zone))
    return (
        f"UPDATE fact_{aggregate.kind} f SET {', '.join(f'{name} = {value}' for name, value in sets.items())}"
        " FROM moved x WHERE f.partition = x.partition AND f.key = x.key RETURNING f.partition, f.key, f._next_at"
    )


def _opened(aggregate: type[Aggregate]) -> str:
    """Days that did not stand: their windows hold what stands and what is added at the same time."""
    kind = aggregate.kind
    rolled = {name: rolling(window) for name, window in windows(aggregate).items()}
    stood = {name: summed(window, "r", "t.day") for name, window in windows(aggregate).items()}
    values = {name: f"t.{name}" for name, _ in _tallied(aggregate)}
    values |= {name: f"t._{name} + w.{name}" for name in rolled}
    values |= dict.fromkeys(aggregate.ends(), _midnight(aggregate, "t.day", "t.zone"))
    new = (
        f"SELECT s.* FROM (SELECT *{_listed(f'{value} AS _{name}' for name, value in rolled.items())} FROM added) s"
        f" WHERE NOT EXISTS (SELECT FROM fact_{kind} f WHERE f.partition = s.home AND f.key = s.owner || '|' || s.day)"
        " OFFSET 0"
    )
    sums = ", ".join(f"{value} AS {name}" for name, value in stood.items()) or "count(*)"
    return (
        f"INSERT INTO fact_{kind} (partition, key, owner, day, zone{_listed(values)}) SELECT t.home, t.owner || '|' ||"
        f" t.day, t.owner, t.day, t.zone{_listed(values.values())} FROM ({new}) t CROSS JOIN LATERAL (SELECT {sums}"
        f" FROM fact_{kind} r WHERE {of_owner('t', f't.day - {reach(aggregate) - 1}', 't.day')}) w"
        " ORDER BY t.home, t.owner, t.day RETURNING partition, key"
    )


def _wake(kind: str, whom: str) -> str:
    return (
        "INSERT INTO wake (partition, wake_at, subject, key, forced)"
        f" SELECT partition, '2000-01-01Z', '{kind}', key, true FROM ({whom}) w"
    )


def _tallied(aggregate: type[Aggregate]) -> list[tuple[str, bool]]:
    """Every fact that differences carry, and whether it is a label."""
    return [(name, is_label(fact)) for name, fact in aggregate.facts.items() if fact.tally is not None]


def _counts(aggregate: type[Aggregate]) -> list[str]:
    return [name for name, label in _tallied(aggregate) if not label]


def _listed(columns: Iterable[str]) -> str:
    return "".join(f", {column}" for column in columns)


def _midnight(aggregate: type[Aggregate], day: str, zone: str) -> str:
    """The instant at which a day ends."""
    return f"(({day} + 1)::timestamp AT TIME ZONE coalesce({zone}, '{aggregate.default_zone}'))"
