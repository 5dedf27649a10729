"""The live overview: what an operator must see without asking."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from goldline.surfaces.web.engine import Connection, engine_now
from goldline.surfaces.web.reading.policies import currencies

# One reading serves everybody who looks within this time; the page asks every two seconds.
FRESH_S = 1.0
BIN_S = 2
BINS = 30
COUNTED_AT_MOST = 100_000


@dataclass(frozen=True, slots=True)
class Lag:
    """How far one partition is behind: events waiting, and since when the oldest waits."""

    partition: int
    waiting: int
    waiting_s: float
    clock_at: datetime | None
    events: int
    holder: str | None


@dataclass(frozen=True, slots=True)
class Tripped:
    """A breaker that holds the payouts of a policy."""

    policy: str
    tripped_at: datetime
    why: str | None


@dataclass(frozen=True, slots=True)
class Overview:
    """One reading of everything on the overview page."""

    now: datetime
    events_per_s: float
    events_series: list[float]
    promises_open: int
    promises_kept: int
    broken_today: int
    broken_series: list[float]
    paid_today: dict[str, int]
    held: int
    clearing_age: timedelta | None
    quarantine_open: int
    dead: int
    lags: list[Lag]
    tripped: list[Tripped]

    @property
    def broken_capped(self) -> bool:
        """Whether counting stopped before the end."""
        return self.broken_today >= COUNTED_AT_MOST

    @property
    def lag_s(self) -> float:
        """The worst lag of any partition."""
        return max((lag.waiting_s for lag in self.lags), default=0.0)

    @property
    def waiting(self) -> int:
        """Events accepted and not yet stepped."""
        return sum(lag.waiting for lag in self.lags)


@dataclass(slots=True)
class _Kept:
    lock: threading.Lock = field(default_factory=threading.Lock)
    read_at_s: float = 0.0
    database: str = ""
    value: Overview | None = None


_kept = _Kept()


def overview(connection: Connection) -> Overview:
    """A reading not older than `FRESH_S`."""
    database = f"{connection.info.host}/{connection.info.dbname}"
    with _kept.lock:
        if _kept.value is None or _kept.database != database or time.monotonic() - _kept.read_at_s > FRESH_S:
            _kept.value = read(connection)
            _kept.database, _kept.read_at_s = database, time.monotonic()
        return _kept.value


def read(connection: Connection) -> Overview:
    """A reading made now."""
    now = engine_now(connection)
    day = now.replace(hour=0, minute=0, second=0, microsecond=0)
    series = _events(connection)
    counts: dict[Any, Any] = dict(connection.execute("SELECT state, sum(subjects) FROM tally GROUP BY 1").fetchall())
    return Overview(
        now=now,
        events_per_s=sum(series[-6:-1]) / 5 if any(series) else 0.0,
        events_series=series,
        promises_open=_counted(counts, "p"),
        promises_kept=_counted(counts, "k"),
        broken_today=_number(
            connection,
            "SELECT count(*) FROM (SELECT FROM finding WHERE found_at >= %s AND status <> 'overturned' LIMIT %s) x",
            [day, COUNTED_AT_MOST],
        ),
        broken_series=_broken(connection, now),
        paid_today=_paid(connection, day),
        held=_number(
            connection,
            "SELECT count(*) FROM remedy WHERE state IN ('accrued', 'unknown', 'held') AND state = 'held'",
        ),
        clearing_age=_clearing_age(connection, now),
        quarantine_open=_number(connection, "SELECT count(*) FROM quarantine WHERE state = 'open'"),
        dead=_number(connection, "SELECT count(*) FROM outbox WHERE state = 'dead'"),
        lags=_lags(connection),
        tripped=[
            Tripped(*row)
            for row in connection.execute(
                "SELECT policy, tripped_at, why FROM breaker WHERE tripped_at IS NOT NULL AND "
                "(released_at IS NULL OR released_at < tripped_at) ORDER BY tripped_at"
            )
        ],
    )


def _number(connection: Connection, text: str, values: list[Any] | None = None) -> int:
    row = connection.execute(text.encode(), values).fetchone()
    return int(row[0]) if row and row[0] is not None else 0


def _counted(counts: dict[Any, Any], letter: str) -> int:
    return int(counts.get(letter) or counts.get(letter.encode()) or 0)


def _events(connection: Connection) -> list[float]:
    """Accepted events a second over the last minute, oldest first, from the end of the inbox."""
    rows = connection.execute(
        """SELECT floor(extract(epoch FROM clock_timestamp() - received_at) / %s)::int AS bin, sum(events)
           FROM (SELECT received_at, events FROM inbox ORDER BY id DESC LIMIT 10000) last
           WHERE received_at > clock_timestamp() - make_interval(secs => %s) GROUP BY 1""",
        [BIN_S, BIN_S * BINS],
    ).fetchall()
    found = {int(number): float(events) / BIN_S for number, events in rows}
    return [found.get(number, 0.0) for number in range(BINS - 1, -1, -1)]


def _broken(connection: Connection, now: datetime) -> list[float]:
    """Findings an hour over the last day, oldest first."""
    rows = connection.execute(
        """SELECT floor(extract(epoch FROM %(now)s - found_at) / 3600)::int AS bin, count(*)
           FROM (SELECT found_at FROM finding WHERE found_at > %(now)s - interval '24 hours' AND found_at <= %(now)s
                 AND status <> 'overturned' ORDER BY found_at DESC LIMIT %(most)s) day
           GROUP BY 1""",
        {"now": now, "most": COUNTED_AT_MOST},
    ).fetchall()
    found = {int(number): float(count) for number, count in rows}
    return [found.get(number, 0.0) for number in range(23, -1, -1)]


def _paid(connection: Connection, day: datetime) -> dict[str, int]:
    """Money that left today, by currency: what settling took out of the clearing account."""
    rows = connection.execute(
        """SELECT currency, sum(abs(amount_minor)) FROM posting
           WHERE account = 'clearing:payout' AND posted_at >= %s AND reason = 'settle' GROUP BY 1 ORDER BY 1""",
        [day],
    ).fetchall()
    # Nothing is nothing of a currency too: those that promises are made in.
    return {currency: int(amount) for currency, amount in rows} or dict.fromkeys(currencies(connection), 0)


def _clearing_age(connection: Connection, now: datetime) -> timedelta | None:
    """How long the oldest remedy waits for its payout to be confirmed; none when nothing waits."""
    row = connection.execute("SELECT min(accrued_at) FROM remedy WHERE state IN ('accrued', 'unknown')").fetchone()
    oldest = row[0] if row else None
    return max(now - oldest, timedelta()) if oldest else None


def _lags(connection: Connection) -> list[Lag]:
    rows = connection.execute(
        """SELECT partition.id, coalesce(waiting.events, 0)::bigint,
                  coalesce(extract(epoch FROM clock_timestamp() - waiting.since), 0)::float8,
                  partition.clock_at, partition.events,
                  CASE WHEN partition.leased_until > clock_timestamp() THEN partition.holder END
           FROM partition LEFT JOIN LATERAL (
               SELECT sum(events) AS events, min(received_at) AS since FROM (
                   SELECT events, received_at FROM inbox
                   WHERE done_at IS NULL AND inbox.partition = partition.id ORDER BY id LIMIT 10000) head) waiting
               ON true
           ORDER BY partition.id"""
    ).fetchall()
    return [Lag(*row) for row in rows]
