"""Approvals: what one person asks for, another approves, and is then done in the transaction of the approval.

What will be done is written down when it is asked for, to the last remedy; approving does that and nothing else. The
one who asked cannot approve, and what nobody decides in time expires.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal, cast

from psycopg import Connection
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from goldline.core.errors import GoldlineError

State = Literal["pending", "approved", "refused", "expired"]
STATES: Final[tuple[State, ...]] = ("pending", "approved", "refused", "expired")
STANDS_FOR: Final = timedelta(days=3)
WHY_MAX: Final = 300
BIGGEST_ID: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Approval:
    """A request and what became of it. `payload` is exactly what will be done."""

    id: int
    operation: str
    subject: str
    payload: dict[str, Any]
    why: str
    requested_by: str
    requested_at: datetime
    expires_at: datetime
    state: State
    decided_by: str | None
    decided_at: datetime | None
    decided_why: str | None


Perform = Callable[[Approval], None]

_SELECT: Final = (
    "SELECT id, operation, subject, payload, why, requested_by, requested_at, expires_at,"
    " CASE WHEN state = 'pending' AND expires_at <= %(now)s THEN 'expired' ELSE state END AS state,"
    " decided_by, decided_at, decided_why FROM goldline.approval"
)


def request(
    connection: Connection[Any],
    operation: str,
    subject: str,
    payload: Mapping[str, Any],
    by: str,
    now: datetime,
    why: str,
) -> Approval:
    """Ask for something, in the caller's transaction. The same asked by the same person again is the same request."""
    if not by.strip():
        raise GoldlineError("A request needs the name of who asks.", code="no_name", hint="Give --by NAME.")
    # Two who ask for the same thing at once take turns.
    connection.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"approval {operation} {subject}"])
    values = {"operation": operation, "subject": subject, "payload": Jsonb(dict(payload)), "by": by, "now": now,
              "why": why.strip()[:WHY_MAX], "until": now + STANDS_FOR}  # fmt: skip
    standing = _one(
        connection,
        _SELECT + " WHERE state = 'pending' AND operation = %(operation)s AND subject = %(subject)s"
        " AND requested_by = %(by)s AND payload = %(payload)s AND expires_at > %(now)s",
        values,
    )
    if standing is not None:
        return standing
    made = connection.execute(
        "INSERT INTO goldline.approval (operation, subject, payload, why, requested_by, requested_at, expires_at)"
        " VALUES (%(operation)s, %(subject)s, %(payload)s, %(why)s, %(by)s, %(now)s, %(until)s) RETURNING id",
        values,
    ).fetchone()
    assert made is not None
    return get(connection, made[0], now)


def get(connection: Connection[Any], identifier: int, now: datetime) -> Approval:
    """One request. Raises GoldlineError('no_approval')."""
    inside = 0 < identifier <= BIGGEST_ID
    found = _one(connection, _SELECT + " WHERE id = %(id)s", {"id": identifier, "now": now}) if inside else None
    if found is None:
        hint = "List them with `goldline approval list`."
        raise GoldlineError(f"There is no request {identifier}.", code="no_approval", hint=hint)
    return found


def approvals(
    connection: Connection[Any], now: datetime, state: State | None = None, *, limit: int = 100
) -> list[Approval]:
    """The newest first; those that still wait before all others."""
    with connection.cursor(row_factory=class_row(Approval)) as cursor:
        found = cursor.execute(
            f"SELECT * FROM ({_SELECT}) a WHERE %(state)s::text IS NULL OR state = %(state)s"  # noqa: S608 - ours
            " ORDER BY state <> 'pending', id DESC LIMIT %(limit)s",
            {"now": now, "state": state, "limit": limit},
        )
        return found.fetchall()


def approve(
    connection: Connection[Any], identifier: int, by: str, now: datetime, perform: Perform, why: str = ""
) -> Approval:
    """Approve a request and have it done, in the caller's transaction: if it cannot be done, it is not approved.

    Raises GoldlineError: 'no_approval', 'settled', 'expired', 'self_approval', or whatever `perform` raises.
    """
    asked = _locked(connection, identifier, now)
    if _same(asked.requested_by, by):
        raise GoldlineError(
            "Nobody approves what they asked for themselves.",
            code="self_approval",
            hint="Ask somebody else who may decide it.",
        )
    perform(asked)
    return _settle(connection, asked, "approved", by, now, why)


def refuse(connection: Connection[Any], identifier: int, by: str, now: datetime, why: str) -> Approval:
    """Refuse a request, with the reason why; who asked may take it back so. Nothing is done."""
    if not why.strip():
        raise GoldlineError("A request is refused with a reason.", code="reason_missing", hint="Say why.")
    return _settle(connection, _locked(connection, identifier, now), "refused", by, now, why)


def _locked(connection: Connection[Any], identifier: int, now: datetime) -> Approval:
    get(connection, identifier, now)
    connection.execute("SELECT 1 FROM goldline.approval WHERE id = %s FOR UPDATE", [identifier])
    asked = get(connection, identifier, now)
    if asked.state == "expired":
        hint = "Have it asked for again."
        raise GoldlineError(f"Request {identifier} has expired.", code="expired", hint=hint)
    if asked.state != "pending":
        raise GoldlineError(f"Request {identifier} was {asked.state} already.", code="settled")
    return asked


def _settle(connection: Connection[Any], asked: Approval, state: State, by: str, now: datetime, why: str) -> Approval:
    connection.execute(
        "UPDATE goldline.approval SET state = %s, decided_by = %s, decided_at = %s, decided_why = %s WHERE id = %s",
        [state, by, now, why.strip()[:WHY_MAX] or None, asked.id],
    )
    return get(connection, asked.id, now)


def _same(one: str, other: str) -> bool:
    # Names are unique by their letters; a difference in case or a space around one is not another person.
    return one.strip().casefold() == other.strip().casefold()


def _one(connection: Connection[Any], statement: str, values: Mapping[str, Any]) -> Approval | None:
    with connection.cursor(row_factory=class_row(Approval)) as cursor:
        return cursor.execute(cast("Any", statement), values).fetchone()
