"""Plans to mend: what a penalised account does, which figures of its days it must reach, and by when.

Reached, the sanctions that the plan names end with the day on which all figures held; missed, they go on. Reminders and
both ends are told through the outbox.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from goldline.core.account import gate
from goldline.core.account.actor import Actor, require_person
from goldline.core.account.trail import record
from goldline.core.errors import GoldlineError
from goldline.core.facts.merge import FactType
from goldline.core.facts.subject import Aggregate, Vocabulary
from goldline.core.ledger.accrual import derived_id
from goldline.core.outbox.message import Message, queue
from goldline.core.policy.expression import Expression, parse
from goldline.core.policy.published import RuleSet

RUNNING, REACHED, MISSED = "running", "reached", "missed"


@dataclass(frozen=True, slots=True)
class Plan:
    """What is agreed: steps in each language, figures as conditions over the account's days, and the times."""

    account: str
    subject: str
    currency: str
    steps: tuple[Mapping[str, str], ...]
    figures: tuple[str, ...]
    due_at: datetime
    remind_at: tuple[datetime, ...] = ()
    releases: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class Standing:
    """A plan as it is written, and how far it is."""

    id: UUID
    account: str
    subject: str
    currency: str
    steps: list[dict[str, str]]
    figures: list[str]
    releases: list[UUID]
    begun_at: datetime
    due_at: datetime
    remind_at: list[datetime]
    reminded: int
    state: str
    ended_at: datetime | None
    actor: str


def begin(connection: Connection[Any], vocabulary: Vocabulary, plan: Plan, actor: Actor, now: datetime) -> UUID:
    """Put an account under a plan, in the caller's transaction.

    Raises PolicyError for a figure that is no condition over the days, and GoldlineError: 'needs_person', 'invalid',
    'plan_running', 'not_found' for a sanction of another account.
    """
    require_person(actor, "A plan to mend")
    _conditions(vocabulary, plan.subject, plan.figures, plan.currency)
    if not plan.figures or not plan.steps or plan.due_at <= now or any(at <= now for at in plan.remind_at):
        raise GoldlineError(
            "A plan has a step, a figure to reach, and times that lie ahead.", code="invalid",
            hint="Give at least one of each.",
        )  # fmt: skip
    own = connection.execute(
        "SELECT count(*) FROM sanction WHERE id = ANY(%s) AND account = %s", (list(plan.releases), plan.account)
    ).fetchone()
    if own is None or own[0] != len(set(plan.releases)):
        raise GoldlineError("A plan releases sanctions of its own account.", code="not_found", where="releases")
    ident = derived_id("plan", plan.account, now.isoformat())
    done = connection.execute(
        "INSERT INTO rectification (id, account, subject, currency, steps, figures, releases, begun_at, due_at,"
        " remind_at, actor) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
        (ident, plan.account, plan.subject, plan.currency, Jsonb([dict(each) for each in plan.steps]),
         list(plan.figures), list(plan.releases), now, plan.due_at, sorted(plan.remind_at), str(actor)),
    )  # fmt: skip
    if done.rowcount == 0:
        raise GoldlineError(f"{plan.account} is under a plan already.", code="plan_running",
                            hint="Wait for its end, or drop it.")  # fmt: skip
    _tell(connection, "rectification.begun", ident, plan.account, {"due_at": plan.due_at.isoformat()}, now)
    record(connection, str(actor), "plan.begun", f"plan:{ident}", {"account": plan.account}, now)
    return ident


def _conditions(
    vocabulary: Vocabulary, kind: str, figures: Sequence[str], currency: str
) -> tuple[type[Aggregate], list[Expression]]:
    subject = vocabulary.subjects.get(kind)
    if subject is None or not issubclass(subject, Aggregate):
        raise GoldlineError(f"{kind[:64]!r} is not counted by day.", code="invalid", where="subject")
    types = {name: fact.type for name, fact in subject.facts.items()}
    return subject, [parse(each, types=types, want=FactType.BOOLEAN, currency=currency) for each in figures]


def follow(connection: Connection[Any], vocabulary: Vocabulary, rules: RuleSet, now: datetime) -> int:
    """Remind, and end the plans whose figures were reached or whose time is up, in the caller's transaction.

    Returns the plans that ended. Another worker's plans are left alone.
    """
    with connection.cursor(row_factory=class_row(Standing)) as cursor:
        running = cursor.execute(
            "SELECT * FROM rectification WHERE state = 'running' ORDER BY due_at, id FOR UPDATE SKIP LOCKED"
        ).fetchall()
    return sum(_follow(connection, vocabulary, rules, each, now) for each in running)


def _follow(connection: Connection[Any], vocabulary: Vocabulary, rules: RuleSet, plan: Standing, now: datetime) -> bool:
    at = _reached_at(connection, vocabulary, plan, now)
    if at is not None:
        _release(connection, rules, plan, at, now)
        _end(connection, plan, REACHED, at, now)
    elif now >= plan.due_at:
        _end(connection, plan, MISSED, plan.due_at, now)
    else:
        _remind(connection, plan, now)
        return False
    return True


def _reached_at(connection: Connection[Any], vocabulary: Vocabulary, plan: Standing, now: datetime) -> datetime | None:
    """The end of the first whole day of the plan, until its end, on which every figure held."""
    subject, conditions = _conditions(vocabulary, plan.subject, plan.figures, plan.currency)
    end = subject.ends()[0]
    held = " AND ".join(f"({each.sql('postgres', 'f')})" for each in conditions).replace("%", "%%")
    row = connection.execute(
        f"SELECT min(f.{end}) FROM fact_{subject.kind} f WHERE f.owner = %(owner)s AND f.{end} > %(begun)s"
        f" AND f.{end} <= least(%(now)s, %(due)s) AND {held}".encode(),
        {"owner": plan.account.partition(":")[2], "begun": plan.begun_at, "now": now, "due": plan.due_at},
    ).fetchone()
    return row[0] if row else None


def _release(connection: Connection[Any], rules: RuleSet, plan: Standing, at: datetime, now: datetime) -> None:
    lifted = connection.execute(
        "UPDATE sanction SET released_at = %(at)s, released_why = 'rectification' WHERE id = ANY(%(ids)s)"
        " AND account = %(account)s AND released_at IS NULL AND revoked_at IS NULL"
        " AND (ends_at IS NULL OR ends_at > %(at)s) RETURNING id",
        {"at": at, "ids": plan.releases, "account": plan.account},
    ).fetchall()
    messages = [
        Message(0, derived_id(ident, "sanction.released", now.isoformat()), "sanction.released",
                {"sanction_id": str(ident), "account": plan.account})
        for (ident,) in lifted
    ]  # fmt: skip
    queue(connection, messages, now)
    gate.move(connection, rules.gates, [plan.account], now)


def _end(connection: Connection[Any], plan: Standing, state: str, at: datetime, now: datetime) -> None:
    connection.execute("UPDATE rectification SET state = %s, ended_at = %s WHERE id = %s", (state, at, plan.id))
    _tell(connection, f"rectification.{state}", plan.id, plan.account, {"ended_at": at.isoformat()}, now)
    record(connection, "machine:engine", f"plan.{state}", f"plan:{plan.id}", {"at": at.isoformat()}, now)


def _remind(connection: Connection[Any], plan: Standing, now: datetime) -> None:
    """Once for all reminders whose time has come since the last."""
    come = sum(at <= now for at in plan.remind_at)
    if come > plan.reminded:
        connection.execute("UPDATE rectification SET reminded = %s WHERE id = %s", (come, plan.id))
        data = {"due_at": plan.due_at.isoformat(), "figures": plan.figures}
        _tell(connection, "rectification.reminded", plan.id, plan.account, data, now)


def drop(connection: Connection[Any], ident: UUID, actor: Actor, now: datetime) -> None:
    """End a plan by a person, with nothing released. Raises GoldlineError('not_found')."""
    require_person(actor, "Dropping a plan")
    done = connection.execute(
        "UPDATE rectification SET state = 'dropped', ended_at = %s WHERE id = %s AND state = 'running'", (now, ident)
    )
    if done.rowcount == 0:
        raise GoldlineError(f"There is no running plan {ident}.", code="not_found")
    record(connection, str(actor), "plan.dropped", f"plan:{ident}", {}, now)


def _tell(
    connection: Connection[Any], topic: str, ident: UUID, account: str, data: Mapping[str, Any], now: datetime
) -> None:
    body = {"plan_id": str(ident), "account": account, **data, "at": now.isoformat()}
    queue(connection, [Message(0, derived_id(ident, topic, now.isoformat()), topic, body)], now)


_PLANS: Final = "SELECT * FROM rectification WHERE account = %s ORDER BY begun_at DESC LIMIT %s"


def plans(connection: Connection[Any], account: str, *, limit: int = 50) -> list[Standing]:
    """An account's plans, newest first."""
    with connection.cursor(row_factory=class_row(Standing)) as cursor:
        return cursor.execute(_PLANS, (account, limit)).fetchall()
