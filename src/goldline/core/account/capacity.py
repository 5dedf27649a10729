"""Capacity: how many reviewers it takes to begin a share of the cases within a time, from arrivals and working time.

Erlang's delay formula (A. K. Erlang 1917; for example L. Kleinrock, Queueing Systems I, 1975, section 3.5): cases
arrive at random at a steady rate, times are exponential, nobody gives up. Real queues are burstier: a lower bound.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from psycopg import Connection

from goldline.core.errors import GoldlineError

MOST = 10_000


@dataclass(frozen=True, slots=True)
class Staffing:
    """So many reviewers, what share of cases they begin in time, how long a case waits, how busy they are."""

    reviewers: int
    in_time: float
    mean_wait_s: float
    occupancy: float


def waits(offered: float, reviewers: int) -> float:
    """The chance that a case waits (Erlang C); 1.0 when overloaded. `offered`: arrivals a second by seconds a case."""
    if offered <= 0:
        return 0.0
    if offered >= reviewers:
        return 1.0
    # Erlang B by its recursion, which neither overflows nor loses digits; then C from B.
    blocked = 1.0
    for number in range(1, reviewers + 1):
        blocked = offered * blocked / (number + offered * blocked)
    return blocked / (1 - offered / reviewers * (1 - blocked))


def staffing(arrivals_per_s: float, work_s: float, reviewers: int, within_s: float) -> Staffing:
    """What so many reviewers achieve."""
    offered = arrivals_per_s * work_s
    if reviewers <= offered:
        return Staffing(reviewers, 0.0, math.inf, 1.0)
    chance, spare = waits(offered, reviewers), reviewers - offered
    in_time = 1 - chance * math.exp(-spare * within_s / work_s)
    return Staffing(reviewers, in_time, chance * work_s / spare, offered / reviewers)


def needed(arrivals_per_s: float, work_s: float, within_s: float, share: float) -> Staffing:
    """The fewest reviewers that begin at least this share of cases within a time.

    Raises GoldlineError('invalid') for figures out of range, ('too_many') beyond 10,000 reviewers.
    """
    if arrivals_per_s < 0 or work_s <= 0 or within_s < 0 or not 0 < share < 1:
        raise GoldlineError("Times are above 0 and the share lies between 0 and 1.", code="invalid")
    least = max(1, math.floor(arrivals_per_s * work_s) + 1)
    for reviewers in range(least, MOST + 1):
        found = staffing(arrivals_per_s, work_s, reviewers, within_s)
        if found.in_time >= share:
            return found
    raise GoldlineError(f"It would take more than {MOST:,} reviewers.", code="too_many")


@dataclass(frozen=True, slots=True)
class Load:
    """What was measured over a time: cases that came, and how long a settled one took from its last claim."""

    cases: int
    settled: int
    over_s: float
    work_s: float | None

    @property
    def arrivals_per_s(self) -> float:
        """Cases a second."""
        return self.cases / self.over_s if self.over_s else 0.0


def load(connection: Connection[Any], now: datetime, over: timedelta) -> Load:
    """The load of the last days. Cases that were withdrawn before anybody took them still came."""
    row = connection.execute(
        "SELECT count(*) FILTER (WHERE opened_at > %(since)s AND known IS NULL),"
        " count(*) FILTER (WHERE settled_at > %(since)s AND state = 'settled'),"
        " avg(extract(epoch FROM settled_at - claimed_at)) FILTER (WHERE settled_at > %(since)s AND state = 'settled')"
        " FROM review_case WHERE opened_at > %(since)s OR settled_at > %(since)s",
        {"since": now - over},
    ).fetchone()
    cases, settled, work_s = row or (0, 0, None)
    return Load(cases, settled, over.total_seconds(), None if work_s is None else float(work_s))
