"""Accounts for the surfaces: who answers for what, what is in force against whom, and what would come next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg.rows import class_row, dict_row

from goldline.core.account.docket import violations
from goldline.core.account.gate import Answer, ask
from goldline.core.account.sanction import climb, preview
from goldline.core.policy.ladder import Ladder, Step
from goldline.market.sanction import ACTIONS
from goldline.surfaces.web.engine import Connection, engine_now
from goldline.surfaces.web.reading.explanation import rules
from goldline.surfaces.web.reading.policies import titles

RECENT_DAYS = 30
SOON = timedelta(hours=24)
MOST_SEARCHED = 20_000  # orders of one merchant that are looked through for what is due soon

Words = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class AccountRow:
    """An account with sanctions, in a list."""

    account: str
    in_force: int
    violations: int
    last_at: datetime

    @property
    def name(self) -> str:
        """Its id without the kind of party."""
        return self.account.partition(":")[2]


@dataclass(frozen=True, slots=True)
class SanctionRow:
    """One sanction with what it followed from. `facts` are those the rule saw."""

    id: UUID
    account: str
    ladder: str
    rule: str
    finding_id: UUID
    nth: int
    action: str
    value: Any
    amount_minor: int | None
    currency: str | None
    until: str | None
    starts_at: datetime
    ends_at: datetime | None
    released_at: datetime | None
    revoked_at: datetime | None
    facts: dict[str, Any]
    due_at: datetime

    @property
    def words(self) -> Words:
        """What is done, in every language."""
        return ACTIONS.get(self.action, {"en": self.action, "zh-Hans": self.action})

    def state_at(self, now: datetime) -> str:
        """'in_force', 'over' (its time is up), 'released' (its condition held) or 'revoked' (it no longer follows)."""
        if self.revoked_at is not None:
            return "revoked"
        if self.released_at is not None and self.released_at <= now:
            return "released"
        return "over" if self.ends_at is not None and self.ends_at <= now else "in_force"


@dataclass(frozen=True, slots=True)
class Rung:
    """Where an account stands on a ladder: violations that count now, and what one more would bring."""

    ladder: Ladder
    counted: int
    next_nth: int
    next_step: Step | None

    @property
    def next_actions(self) -> tuple[tuple[Words, int | None], ...]:
        """What the next violation would bring: the words of each action, and its seconds."""
        measures = self.next_step.measures if self.next_step else ()
        return tuple((ACTIONS.get(each.action, {"en": each.action}), each.for_s) for each in measures)


@dataclass(frozen=True, slots=True)
class Due:
    """An order whose next promise is about to be judged."""

    key: str
    next_at: datetime


_LIST = """
    SELECT s.account, count(*) FILTER (WHERE s.revoked_at IS NULL AND s.starts_at <= %(now)s
               AND (s.ends_at IS NULL OR s.ends_at > %(now)s) AND (s.released_at IS NULL OR s.released_at > %(now)s))
               AS in_force,
           count(DISTINCT s.finding_id) AS violations, max(s.starts_at) AS last_at
    FROM sanction s WHERE %(wanted)s::text IS NULL OR s.account = %(wanted)s
    GROUP BY s.account ORDER BY in_force DESC, last_at DESC, s.account LIMIT %(most)s"""
_SANCTIONS = """
    SELECT s.id, s.account, s.ladder, s.rule, s.finding_id, s.nth, s.action, s.value, s.amount_minor, s.currency,
           s.until, s.starts_at, s.ends_at, s.released_at, s.revoked_at, f.facts, f.due_at
    FROM sanction s JOIN finding f ON f.id = s.finding_id WHERE {where}
    ORDER BY s.starts_at DESC, s.ordinal LIMIT %(most)s"""


def accounts(connection: Connection, now: datetime, wanted: str | None = None, most: int = 200) -> list[AccountRow]:
    """The accounts that were ever sanctioned, those with most in force first."""
    with connection.cursor(row_factory=class_row(AccountRow)) as cursor:
        return cursor.execute(_LIST, {"now": now, "wanted": wanted, "most": most}).fetchall()


def sanctions_of(connection: Connection, account: str, most: int = 200) -> list[SanctionRow]:
    """The sanctions of one account, newest first."""
    with connection.cursor(row_factory=class_row(SanctionRow)) as cursor:
        statement = _SANCTIONS.format(where="s.account = %(account)s")
        return cursor.execute(statement.encode(), {"account": account, "most": most}).fetchall()


def sanction(connection: Connection, ident: UUID) -> SanctionRow | None:
    """One sanction."""
    with connection.cursor(row_factory=class_row(SanctionRow)) as cursor:
        return cursor.execute(_SANCTIONS.format(where="s.id = %(id)s").encode(), {"id": ident, "most": 1}).fetchone()


def gates_of(connection: Connection, account: str, now: datetime) -> list[tuple[Words, Answer]]:
    """Every gate in force, with its title and whether the account may pass."""
    return [(gate.title, ask(connection, gate, account, now)) for gate in rules(connection).gates]


def rungs_of(connection: Connection, account: str, now: datetime) -> list[Rung]:
    """Where the account stands on each ladder."""
    in_force = rules(connection)
    standing = violations(connection, in_force, [account]).get(account, [])
    return list(_rungs(in_force.ladders, standing, now))


def _rungs(ladders: tuple[Ladder, ...], standing: list[Any], now: datetime) -> Iterator[Rung]:
    for ladder in ladders:
        if not ladder.rules or (ladder.effective_until and ladder.effective_until <= now):
            continue
        next_nth, step = preview(ladder, standing, now)
        yield Rung(ladder, len(climb(ladder, standing)), next_nth, step)


def days_of(connection: Connection, merchant: str, now: datetime, most: int = RECENT_DAYS) -> list[dict[str, Any]]:
    """The last days of a merchant that have ended, oldest first, as counted."""
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            "SELECT day, orders_paid, orders_due, orders_late, orders_missing, due_30d, late_30d, backlog"
            " FROM fact_merchant_day WHERE owner = %s AND ends_at <= %s ORDER BY day DESC LIMIT %s",
            (merchant, now, most),
        ).fetchall()
    return rows[::-1]


def due_soon(connection: Connection, merchant: str, now: datetime, within: timedelta, most: int = 9) -> list[Due]:
    """Orders of a merchant with a promise that comes up for judgement soonest."""
    with connection.cursor(row_factory=class_row(Due)) as cursor:
        return cursor.execute(
            "SELECT key, _next_at AS next_at FROM (SELECT key, _next_at FROM fact_order WHERE merchant_id = %s"
            " ORDER BY placed_at DESC LIMIT %s) o WHERE _next_at BETWEEN %s AND %s ORDER BY _next_at LIMIT %s",
            (merchant, MOST_SEARCHED, now, now + within, most),
        ).fetchall()


def rule_titles(connection: Connection) -> dict[str, Any]:
    """The titles of every policy, rules and ladders among them."""
    return titles(connection)


@dataclass(frozen=True, slots=True)
class LadderRow:
    """A ladder at work: accounts and violations counted, sanctions in force by action.

    `fewest_orders` is the smallest number of orders that any standing violation was judged on.
    """

    ladder: Ladder
    accounts: int
    violations: int
    in_force: dict[str, int]
    fewest_orders: int | None


def ladders_at_work(connection: Connection, now: datetime) -> list[LadderRow]:
    """Every ladder in force and what it has done."""
    rows = connection.execute(
        """
        SELECT s.ladder, s.action,
               count(*) FILTER (WHERE s.starts_at <= %(now)s AND (s.ends_at IS NULL OR s.ends_at > %(now)s)
                                AND (s.released_at IS NULL OR s.released_at > %(now)s)),
               count(DISTINCT s.account), count(DISTINCT s.finding_id),
               min((SELECT max(v.value::numeric) FROM jsonb_each_text(f.facts) v
                    WHERE v.key LIKE 'orders\\_%%' AND v.value ~ '^[0-9]+$'))
        FROM sanction s JOIN finding f ON f.id = s.finding_id WHERE s.revoked_at IS NULL GROUP BY 1, 2
        """,
        {"now": now},
    ).fetchall()
    return [_at_work(ladder, [row for row in rows if row[0] == ladder.policy]) for ladder in rules(connection).ladders]


def _at_work(ladder: Ladder, rows: list[tuple[Any, ...]]) -> LadderRow:
    fewest = min((int(row[5]) for row in rows if row[5] is not None), default=None)
    in_force = {row[1]: int(row[2]) for row in rows if row[2]}
    most = [max((int(row[n]) for row in rows), default=0) for n in (3, 4)]
    return LadderRow(ladder, most[0], most[1], in_force, fewest)


def account_page(connection: Connection, name: str) -> dict[str, Any]:
    """What a page about one merchant shows, for operators and for the merchant."""
    now, account = engine_now(connection), f"merchant:{name}"
    days = days_of(connection, name, now)
    return {
        "name": name,
        "account": account,
        "gates": gates_of(connection, account, now),
        "sanctions": [(row, row.state_at(now)) for row in sanctions_of(connection, account)],
        "rungs": rungs_of(connection, account, now),
        "days": days,
        "latest": days[-1] if days else None,
        "due": [(each, each.next_at - now) for each in due_soon(connection, name, now, SOON)],
        "titles": rule_titles(connection),
        "now": now,
        "zone": None,
    }
