"""Windows: facts of an owner's day that sum another over the days before it, and the days nothing happened on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from psycopg import Connection

from goldline.core.facts.merge import FactType, Window
from goldline.core.facts.subject import Aggregate


def reach(aggregate: type[Aggregate]) -> int:
    """How many days a day's counts are summed in, itself included."""
    return max([1, *(window.days + window.ago for window in _windows(aggregate).values())])


def finish_days(
    connection: Connection[Any], aggregate: type[Aggregate], owners: Sequence[str], days: Sequence[date], *,
    judged: bool,
) -> None:  # fmt: skip
    """Bring what depends on these days' counts up to date: windows, the end of the day, and who must look again."""
    back = reach(aggregate) - 1
    touched = (
        "SELECT DISTINCT r.partition, r.key, r.owner, r.day FROM unnest(%(owners)s::text[], %(days)s::date[])"
        f" AS u (owner, day) JOIN fact_{aggregate.kind} r ON {_of_owner('u', 'u.day', f'u.day + {back}')}"
    )
    sums = ", ".join(
        f"coalesce(sum(r.{w.fact}) FILTER (WHERE {_within('r.day', 't.day', w)}), 0) AS {name}"
        for name, w in _windows(aggregate).items()
    )
    summed = (
        f"SELECT t.partition, t.key, w.* FROM ({touched}) t CROSS JOIN LATERAL (SELECT {sums or '1'} FROM"
        f" fact_{aggregate.kind} r WHERE {_of_owner('t', f't.day - {back}', 't.day')}) w"
    )
    _write(connection, aggregate, summed, {"owners": list(owners), "days": list(days)}, judged=judged)


def finish_every_day(connection: Connection[Any], aggregate: type[Aggregate], *, judged: bool) -> None:
    """The same for every day there is, in one pass over them."""
    sums = ", ".join(
        f"coalesce(sum({w.fact}) OVER (PARTITION BY owner ORDER BY day RANGE BETWEEN '{w.days - 1 + w.ago} days'"
        f" PRECEDING AND '{w.ago} days' PRECEDING), 0) AS {name}"
        for name, w in _windows(aggregate).items()
    )
    summed = f"SELECT partition, key{', ' + sums if sums else ''} FROM fact_{aggregate.kind}"
    _write(connection, aggregate, summed, {}, judged=judged)


def open_days(connection: Connection[Any], aggregate: type[Aggregate], now: datetime, *, judged: bool) -> int:
    """Give every owner a row for each day up to today on which nothing happened, while a window can still reach back.

    So that a rate falls, and a condition is met, on a quiet day too. Commits; returns the days opened.
    """
    with connection.transaction():
        free = connection.execute("SELECT id FROM partition ORDER BY id FOR UPDATE SKIP LOCKED").fetchall()
        today = "(%(now)s::timestamptz AT TIME ZONE coalesce({}.zone, '" + aggregate.default_zone + "'))::date"
        # Days to come may be counted already: orders fall due then.
        last = (
            f"SELECT d.partition, d.owner, max(d.zone) AS zone, max(d.day) AS day FROM fact_{aggregate.kind} d"
            f" WHERE d.partition = ANY(%(homes)s::smallint[]) AND d.day <= {today.format('d')}"
            " GROUP BY d.partition, d.owner"
        )
        counts = [n for n, fact in aggregate.facts.items() if fact.tally and fact.type is not FactType.TEXT]
        names, zeros = "".join(f", {name}" for name in counts), ", 0" * len(counts)
        opened = connection.execute(
            (
                f"INSERT INTO fact_{aggregate.kind} (partition, key, owner, day, zone{names})"
                f" SELECT l.partition, l.owner || '|' || d.day::date, l.owner, d.day::date, l.zone{zeros}"
                f" FROM ({last}) l CROSS JOIN LATERAL generate_series(l.day + 1, least({today.format('l')}, l.day +"
                f" {reach(aggregate)}), interval '1 day') AS d (day) ON CONFLICT DO NOTHING RETURNING owner, day"
            ).encode(),
            {"homes": [number for (number,) in free], "now": now},
        ).fetchall()
        if opened:
            owners, days = zip(*opened, strict=True)
            finish_days(connection, aggregate, owners, days, judged=judged)
    return len(opened)


def _write(
    connection: Connection[Any], aggregate: type[Aggregate], summed: str, values: dict[str, Any], *, judged: bool
) -> None:
    kind = aggregate.kind
    sets = [f"{name} = x.{name}" for name in _windows(aggregate)]
    midnight = f"(f.day + 1)::timestamp AT TIME ZONE coalesce(f.zone, '{aggregate.default_zone}')"
    sets += [f"{name} = {midnight}" for name in aggregate.ends()]
    if not sets:
        return
    changed = (
        f"UPDATE fact_{kind} f SET {', '.join(sets)} FROM ({summed}) x"
        " WHERE f.partition = x.partition AND f.key = x.key RETURNING f.partition, f.key, f._next_at"
    )
    # A day that is still to be judged has its wake; one that was judged, or is new, must be looked at.
    wake = (
        f"INSERT INTO wake (partition, wake_at, subject, key, forced) SELECT partition, '2000-01-01Z', '{kind}', key,"
        " true FROM changed WHERE _next_at IS NULL"
    )
    statement = f"WITH changed AS ({changed}) {wake}" if judged else changed
    connection.execute(statement.encode(), values)


def _windows(aggregate: type[Aggregate]) -> dict[str, Window]:
    return {name: fact.window for name, fact in aggregate.windows().items() if fact.window is not None}


def _within(day: str, of: str, window: Window) -> str:
    return f"{day} BETWEEN {of} - {window.days - 1 + window.ago} AND {of} - {window.ago}"


def _of_owner(whose: str, first: str, last: str) -> str:
    """The days `r` of one owner from first to last.

    As pairs, which only the way to an owner's days leads to. Of plain conditions the planner, as long as it knows
    nothing of a new table, takes the way to a day, and reads everybody's days for each row it wants.
    """
    return (
        f"r.owner = {whose}.owner AND (r.owner, r.day) >= ({whose}.owner, {first})"
        f" AND (r.owner, r.day) <= ({whose}.owner, {last})"
    )
