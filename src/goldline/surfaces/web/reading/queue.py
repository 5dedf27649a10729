"""The queue of cases as people see it: what is mine, what waits, who works on what, and how many people it takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any, Final
from uuid import UUID

from psycopg.rows import class_row, dict_row

from goldline.core.account import capacity, report, sample
from goldline.core.account.capacity import Load, Staffing
from goldline.core.account.review import LEASE, SLA
from goldline.core.errors import GoldlineError
from goldline.market.likeness.register import CASE_KIND
from goldline.surfaces.web.engine import Connection
from goldline.surfaces.web.reading.accounts import SanctionRow, sanctions_of
from goldline.surfaces.web.reading.page import Row

KINDS: Final = ("appeal", "decision", "evidence", report.KIND, CASE_KIND)
MEASURED_OVER: Final = timedelta(days=28)
BEGUN_WITHIN_S: Final = 4 * 3_600.0
SHARE: Final = 0.9


@dataclass(frozen=True, slots=True)
class Clock:
    """A time that runs: how much of it is left, out of how much. `late` says that it is over."""

    name: str
    at: datetime
    left: timedelta
    whole_s: int

    @property
    def late(self) -> bool:
        """Whether it is over."""
        return self.left <= timedelta()

    @property
    def left_s(self) -> int:
        """Seconds that are left, 0 when it is over."""
        return max(0, min(self.whole_s, int(self.left.total_seconds())))

    @property
    def over(self) -> timedelta:
        """How long it is over."""
        return -self.left


def is_held(case: Row, now: datetime) -> bool:
    """Whether somebody's claim on a case runs."""
    return bool(case["state"] == "open" and case["holder"] and case["claimed_until"] and case["claimed_until"] > now)


def clocks(case: Row, now: datetime) -> list[Clock]:
    """The clocks of a case that run now: the claim, the time it should take, and the answer owed to the outside."""
    found: list[Clock] = []
    if is_held(case, now):
        found.append(_clock("claim", case["claimed_until"], LEASE, now))
        if case["sla_at"] is not None:
            found.append(_clock("sla", case["sla_at"], SLA, now))
    if case["answer_by"] is not None and case["state"] == "open":
        found.append(_clock("answer", case["answer_by"], case["answer_by"] - case["opened_at"], now))
    return found


def _clock(name: str, at: datetime, whole: timedelta, now: datetime) -> Clock:
    return Clock(name, at, at - now, max(1, int(whole.total_seconds())))


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits of one kind of case: how many nobody holds, how many are at work, set aside, or late; the oldest."""

    kind: str
    waiting: int
    claimed: int
    aside: int
    overdue: int
    oldest_at: datetime | None


@dataclass(frozen=True, slots=True)
class Workload:
    """One reviewer: cases held, the most allowed, answers of the last days and how long one took.

    `kappa` is agreement with known answers (Cohen); None where it cannot be said.
    """

    name: str
    active: bool
    holding: int
    most: int
    answered: int
    work_s: float | None
    kappa: Fraction | None = None


@dataclass(frozen=True, slots=True)
class Overview:
    """The queue as whoever leads sees it. `staffing` is what Erlang's formula asks for; None without a load."""

    kinds: list[Waiting]
    people: list[Workload]
    load: Load
    staffing: Staffing | None
    samples: int
    alpha: Fraction | None


_WAITING: Final = """
    SELECT kind, count(*) FILTER (WHERE NOT held AND NOT aside) AS waiting, count(*) FILTER (WHERE held) AS claimed,
           count(*) FILTER (WHERE aside AND NOT held) AS aside, count(*) FILTER (WHERE answer_by < %(now)s) AS overdue,
           min(opened_at) FILTER (WHERE NOT held AND NOT aside) AS oldest_at
    FROM (SELECT kind, answer_by, opened_at, coalesce(claimed_until > %(now)s, false) AS held,
                 coalesce(held_until > %(now)s, false) AS aside
          FROM review_case WHERE state = 'open' AND known IS NULL) c
    GROUP BY kind ORDER BY kind"""
_PEOPLE: Final = """
    SELECT r.name, r.active, r.most,
           (SELECT count(*) FROM review_case c WHERE c.holder = r.name AND c.state = 'open'
            AND c.claimed_until > %(now)s) AS holding,
           coalesce(d.answered, 0) AS answered, d.work_s
    FROM reviewer r LEFT JOIN (
        SELECT settled_by, count(*) AS answered, avg(extract(epoch FROM settled_at - claimed_at))::float8 AS work_s
        FROM review_case WHERE state = 'settled' AND settled_at > %(since)s GROUP BY 1) d ON d.settled_by = r.name
    ORDER BY holding DESC, r.name"""


def waiting(connection: Connection, now: datetime) -> list[Waiting]:
    """What waits, by kind."""
    with connection.cursor(row_factory=class_row(Waiting)) as cursor:
        return cursor.execute(_WAITING, {"now": now}).fetchall()


def overview(connection: Connection, now: datetime) -> Overview:
    """Everything at once, measured over the last four weeks."""
    agreed = sample.agreement(connection, now - MEASURED_OVER)
    load = capacity.load(connection, now, MEASURED_OVER)
    return Overview(
        waiting(connection, now), _people(connection, now, agreed.kappas), load, _staffing(load), agreed.samples,
        agreed.alpha,
    )  # fmt: skip


def _people(connection: Connection, now: datetime, kappas: Mapping[str, Fraction | None]) -> list[Workload]:
    rows = connection.execute(_PEOPLE, {"now": now, "since": now - MEASURED_OVER}).fetchall()
    return [
        Workload(name, active, holding, most, answered, work_s, kappas.get(name))
        for name, active, most, holding, answered, work_s in rows
    ]


def _staffing(load: Load) -> Staffing | None:
    if not load.work_s or not load.arrivals_per_s:
        return None
    try:
        return capacity.needed(load.arrivals_per_s, load.work_s, BEGUN_WITHIN_S, SHARE)
    except GoldlineError:
        return None


def mine(connection: Connection, reviewer: str, now: datetime) -> list[Row]:
    """The cases this reviewer holds, the one whose claim ends first before the others."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(
            "SELECT id, kind, subject, account, opened_at, answer_by, sla_at, claimed_until, holder, state"
            " FROM review_case WHERE holder = %s AND state = 'open' AND claimed_until > %s ORDER BY claimed_until, id",
            (reviewer, now),
        ).fetchall()


def others(connection: Connection, reviewer: str) -> list[str]:
    """Whom a case can be handed over to."""
    rows = connection.execute("SELECT name FROM reviewer WHERE active AND name <> %s ORDER BY name", (reviewer,))
    return [name for (name,) in rows]


def is_reviewer(connection: Connection, name: str) -> bool:
    """Whether somebody is among the reviewers."""
    return connection.execute("SELECT 1 FROM reviewer WHERE name = %s AND active", (name,)).fetchone() is not None


def settled(connection: Connection, case_id: UUID) -> Row:
    """What became of a case: its answer, by whom, when, and what followed."""
    row = connection.execute(
        "SELECT answer, settled_by, settled_at, effect FROM review_case WHERE id = %s", (case_id,)
    ).fetchone()
    return dict(zip(("answer", "settled_by", "settled_at", "effect"), row or (None,) * 4, strict=True))


def at_filing(connection: Connection, account: str, finding_id: UUID, filed_at: datetime) -> list[SanctionRow]:
    """The sanctions of a finding that stood when an appeal against it was filed, whatever became of them since."""
    return [
        each
        for each in sanctions_of(connection, account)
        if each.finding_id == finding_id and (each.revoked_at is None or each.revoked_at >= filed_at)
    ]


def figures(effect: Mapping[str, Any]) -> bool:
    """Whether anything follows at all."""
    return any(effect.get(name) for name in ("findings", "revoked", "imposed", "money", "gates"))
