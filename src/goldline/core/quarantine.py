"""Quarantine: what intake or a step could not take, kept with its reason until someone settles it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from psycopg import Connection, sql
from psycopg.rows import class_row

from goldline.core.errors import GoldlineError
from goldline.core.inbox import Accepted, Intake
from goldline.core.parked import free
from goldline.core.refusal import Refusal

State = Literal["open", "redriven", "dropped"]
STATES: Final = ("open", "redriven", "dropped")
REDRIVE_BATCH: Final = 1_000
POISON: Final = "poison"
VIA_REDRIVE: Final = "redrive"


@dataclass(frozen=True, slots=True)
class Quarantined:
    """One event set aside. `body` is exactly what was received."""

    id: int
    received_at: datetime
    via: str
    code: str
    reason: str
    event_id: str | None
    event_type: str | None
    body: bytes
    state: State
    attempts: int
    settled_at: datetime | None


@dataclass(frozen=True, slots=True)
class Redrive:
    """What a re-drive did: how many went to the inbox, and which stayed, with the reason of today."""

    accepted: int
    stayed: list[tuple[int, str]]


_COLUMNS = sql.SQL("id, received_at, via, code, reason, event_id, event_type, body, state, attempts, settled_at")


def count(connection: Connection[Any], state: State = "open") -> dict[str, int]:
    """How many are in `state`, by code."""
    rows = connection.execute("SELECT code, count(*) FROM quarantine WHERE state = %s GROUP BY code", [state])
    return dict(sorted(rows.fetchall()))


def entries(
    connection: Connection[Any],
    *,
    state: State = "open",
    code: str | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[Quarantined]:
    """The newest first, at most `limit`; `before` is the id a former page ended with."""
    conditions, values = [sql.SQL("state = %s")], [str(state)]
    if code is not None:
        conditions.append(sql.SQL("code = %s"))
        values.append(code)
    if before is not None:
        conditions.append(sql.SQL("id < %s"))
        values.append(str(before))
    statement = sql.SQL("SELECT {} FROM quarantine WHERE {} ORDER BY id DESC LIMIT %s").format(
        _COLUMNS, sql.SQL(" AND ").join(conditions)
    )
    with connection.cursor(row_factory=class_row(Quarantined)) as cursor:
        return cursor.execute(statement, [*values, limit]).fetchall()


def get(connection: Connection[Any], identifier: int) -> Quarantined:
    """One of them, whatever its state. Raises GoldlineError('not_found')."""
    statement = sql.SQL("SELECT {} FROM quarantine WHERE id = %s").format(_COLUMNS)
    with connection.cursor(row_factory=class_row(Quarantined)) as cursor:
        found = cursor.execute(statement, [identifier]).fetchone()
    if found is None:
        raise _missing(identifier)
    return found


def redrive(
    connection: Connection[Any],
    intake: Intake,
    now: datetime,
    *,
    identifier: int | None = None,
    code: str | None = None,
) -> Redrive:
    """Check open entries again: one, those of one code, or all. Does not commit.

    What passes goes to the inbox and is marked; what does not stays open with the reason of today. The breaker
    does not apply: re-driving is how it is closed. Entries another process is re-driving are left to it.
    """
    if identifier is not None:
        _require_open(connection, identifier)
    if identifier is None and code in (None, POISON):
        # A subject may fail when its deadline comes, with no event to set aside: it gets another step too.
        free(connection)
    accepted, stayed, after = 0, [], 0
    while batch := _claim(connection, identifier, code, after):
        passed: list[tuple[int, bytes, Accepted]] = []
        for entry_id, body in batch:
            outcome = intake.check(body)
            if isinstance(outcome, Accepted):
                passed.append((entry_id, body, outcome))
            else:
                stayed.append((entry_id, outcome.reason))
                _keep(connection, entry_id, outcome)
        accepted += _return(connection, passed, now)
        after = batch[-1][0]
    return Redrive(accepted, stayed)


def drop(
    connection: Connection[Any], now: datetime, why: str, *, identifier: int | None = None, code: str | None = None
) -> int:
    """Give up open entries for good, with the reason why; their bodies are kept. Gives the number dropped."""
    if not why.strip():
        raise GoldlineError("A quarantined event cannot be dropped without a reason.", code="reason_missing")
    if identifier is not None:
        _require_open(connection, identifier)
    result = connection.execute(
        "UPDATE quarantine SET state = 'dropped', settled_at = %s, reason = reason || ' Dropped: ' || %s"
        " WHERE state = 'open' AND (%s::bigint IS NULL OR id = %s) AND (%s::text IS NULL OR code = %s)",
        [now, why.strip(), identifier, identifier, code, code],
    )
    return result.rowcount


def _claim(
    connection: Connection[Any], identifier: int | None, code: str | None, after: int
) -> list[tuple[int, bytes]]:
    rows = connection.execute(
        "SELECT id, body FROM quarantine WHERE state = 'open' AND id > %s"
        " AND (%s::bigint IS NULL OR id = %s) AND (%s::text IS NULL OR code = %s)"
        " ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED",
        [after, identifier, identifier, code, code, REDRIVE_BATCH],
    )
    return rows.fetchall()


def _return(connection: Connection[Any], passed: list[tuple[int, bytes, Accepted]], now: datetime) -> int:
    """Put entries back into the inbox, one row each so that one that poisons a step poisons it alone.

    Their roots are no longer parked: what was set aside as poison gets another step, and its other events too.
    """
    if not passed:
        return 0
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO inbox (partition, via, events, body) VALUES (%s, %s, 1, %b)",
            [(where.partition, VIA_REDRIVE, b"[" + body + b"]") for _, body, where in passed],
        )
    free(connection, sorted({where.root for _, _, where in passed}))
    connection.execute(
        "UPDATE quarantine SET state = 'redriven', settled_at = %s, attempts = attempts + 1 WHERE id = ANY(%s)",
        [now, [entry_id for entry_id, _, _ in passed]],
    )
    return len(passed)


def _keep(connection: Connection[Any], entry_id: int, why: Refusal) -> None:
    connection.execute(
        "UPDATE quarantine SET attempts = attempts + 1, code = %s, reason = %s WHERE id = %s",
        [why.code, why.reason, entry_id],
    )


def _require_open(connection: Connection[Any], identifier: int) -> None:
    state = get(connection, identifier).state
    if state != "open":
        raise GoldlineError(f"Quarantined event {identifier} was {state} already.", code="settled")


def _missing(identifier: int) -> GoldlineError:
    return GoldlineError(
        f"There is no quarantined event {identifier}.",
        code="not_found",
        hint="List them with `goldline quarantine list`.",
    )
