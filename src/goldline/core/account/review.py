"""Reviewers' cases: what waits for a person, claimed by one at a time and answered under the claim's number.

A claim is a lease, fenced as a partition's is: every claim raises the case's epoch, and an answer must name it. Two
reviewers never hold one case; one who slept past the lease finds another epoch and can change nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from goldline.core.account.trail import record
from goldline.core.errors import GoldlineError
from goldline.core.ledger.accrual import derived_id

LEASE: Final = timedelta(hours=1)
SLA: Final = timedelta(hours=24)  # from the last claim; the deadline towards the outside stands beside it
NOTE_MAX: Final = 4_000
NAME_MAX: Final = 150  # characters, as of an account's name
_CLAIMABLE: Final = (
    "c.state = 'open' AND (c.claimed_until IS NULL OR c.claimed_until <= %(now)s)"
    " AND (c.held_until IS NULL OR c.held_until <= %(now)s) AND NOT %(reviewer)s = ANY(c.barred)"
)
_ABLE: Final = (
    "(r.kinds = '{}' OR c.kind = ANY(r.kinds)) AND (r.languages = '{}' OR c.language = ANY(r.languages || ''::text))"
    " AND (r.categories = '{}' OR c.category = ANY(r.categories || ''::text))"
)


@dataclass(frozen=True, slots=True)
class Claim:
    """A case held by one reviewer. `epoch` is the number an answer must name; `sla_at` when it should have come."""

    case_id: UUID
    kind: str
    subject: str
    account: str
    epoch: int
    reviewer: str
    claimed_until: datetime
    sla_at: datetime
    answer_by: datetime | None


@dataclass(frozen=True, slots=True)
class Opening:
    """A case to open. `barred` may not judge it; `priority` above 0 goes before."""

    kind: str
    subject: str
    account: str
    answer_by: datetime | None = None
    language: str = ""
    category: str = ""
    priority: int = 0
    barred: tuple[str, ...] = ()


def open_case(connection: Connection[Any], opening: Opening, now: datetime) -> UUID:
    """Put a case among those that wait, once for its kind and subject; its id."""
    ident = derived_id("case", opening.kind, opening.subject)
    connection.execute(
        "INSERT INTO review_case (id, kind, subject, account, language, category, priority, opened_at, answer_by,"
        " barred) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
        (ident, opening.kind, opening.subject, opening.account, opening.language, opening.category, opening.priority,
         now, opening.answer_by, list(opening.barred)),
    )  # fmt: skip
    return ident


def take(
    connection: Connection[Any], reviewer: str, now: datetime, *, case_id: UUID | None = None, lease: timedelta = LEASE
) -> Claim | None:
    """Claim the case that matters most to this reviewer, or a named one; None when nothing fits.

    Never waits for another reviewer. Raises GoldlineError: 'no_reviewer', 'workload' when the reviewer holds as many
    as allowed. In the caller's transaction.
    """
    most = _lock_reviewer(connection, reviewer)
    values = {"reviewer": reviewer, "now": now, "case": case_id, "until": now + lease, "sla": now + SLA}
    row = connection.execute(
        "SELECT count(*) FROM review_case WHERE holder = %(reviewer)s AND state = 'open' AND claimed_until > %(now)s",
        values,
    ).fetchone()
    if row and row[0] >= most:
        raise GoldlineError(
            f"{reviewer} holds {row[0]} cases, as many as allowed.", code="workload",
            hint="Answer or release one first.",
        )  # fmt: skip
    with connection.cursor(row_factory=class_row(Claim)) as cursor:
        claim = cursor.execute(_TAKE.encode(), values).fetchone()
    if claim is not None:
        connection.execute("UPDATE reviewer SET taken = taken + 1 WHERE name = %s", (reviewer,))
        record(connection, f"person:{reviewer}", "case.claimed", f"case:{claim.case_id}", {"epoch": claim.epoch}, now)
    return claim


_TAKE: Final = f"""
    UPDATE review_case t SET epoch = t.epoch + 1, holder = %(reviewer)s, claimed_at = %(now)s,
        claimed_until = %(until)s, sla_at = %(sla)s, held_until = NULL, held_why = NULL
    WHERE t.id = (
        SELECT c.id FROM review_case c JOIN reviewer r ON r.name = %(reviewer)s
        WHERE {_CLAIMABLE} AND {_ABLE} AND (%(case)s::uuid IS NULL OR c.id = %(case)s)
        -- At its turn a case whose answer is known looks like any other.
        ORDER BY c.level DESC, c.priority DESC, c.answer_by NULLS LAST, c.opened_at, c.id
        LIMIT 1 FOR UPDATE OF c SKIP LOCKED)
    RETURNING t.id AS case_id, t.kind, t.subject, t.account, t.epoch, t.holder AS reviewer, t.claimed_until, t.sla_at,
        t.answer_by"""


def _lock_reviewer(connection: Connection[Any], reviewer: str) -> int:
    row = connection.execute("SELECT most FROM reviewer WHERE name = %s AND active FOR UPDATE", (reviewer,)).fetchone()
    if row is None:
        raise GoldlineError(
            f"There is no reviewer {reviewer[:64]!r}.", code="no_reviewer",
            hint="Add one: goldline review add NAME.",
        )  # fmt: skip
    return int(row[0])


def can_name(name: str) -> bool:
    """Whether a reviewer can have this name."""
    return name == name.strip() and 0 < len(name) <= NAME_MAX and name.isprintable()


def add_reviewer(
    connection: Connection[Any],
    name: str,
    *,
    kinds: Sequence[str] = (),
    languages: Sequence[str] = (),
    categories: Sequence[str] = (),
    most: int = 10,
) -> None:
    """Add a reviewer, or change what one knows and may hold at once. Raises GoldlineError('invalid')."""
    if not can_name(name):
        raise GoldlineError(
            f"{name[:64]!r} is no reviewer's name.", code="invalid", where="name",
            hint=f"Give the name of an account, of 1 to {NAME_MAX} printable characters.",
        )  # fmt: skip
    connection.execute(
        "INSERT INTO reviewer (name, kinds, languages, categories, most) VALUES (%s, %s, %s, %s, %s)"
        " ON CONFLICT (name) DO UPDATE SET kinds = excluded.kinds, languages = excluded.languages,"
        " categories = excluded.categories, most = excluded.most, active = true",
        (name, list(kinds), list(languages), list(categories), most),
    )


@dataclass(frozen=True, slots=True)
class Held:
    """The case under a claim, locked for the length of the transaction. `known` is the answer where it is a sample."""

    kind: str
    subject: str
    account: str
    known: str | None


def enter(connection: Connection[Any], case_id: UUID, reviewer: str, epoch: int, now: datetime) -> Held:
    """Lock the case and prove that the claim still holds. Raises GoldlineError('claim_lost')."""
    row = connection.execute(
        "SELECT kind, subject, account, known FROM review_case WHERE id = %s AND state = 'open' AND holder = %s"
        " AND epoch = %s AND claimed_until > %s AND NOT %s = ANY(barred) FOR UPDATE",
        (case_id, reviewer, epoch, now, reviewer),
    ).fetchone()
    if row is None:
        raise GoldlineError(
            f"{reviewer} does not hold the case {case_id} any more.", code="claim_lost",
            hint="Claim it again; somebody else may have it.",
        )  # fmt: skip
    return Held(*row)


def settle(
    connection: Connection[Any], case_id: UUID, reviewer: str, answer: str, now: datetime,
    effect: dict[str, Any] | None = None,
) -> None:  # fmt: skip
    """Write the answer down with what followed from it, and close the case; the caller has entered it."""
    connection.execute(
        "UPDATE review_case SET state = 'settled', answer = %s, settled_at = %s, settled_by = %s, effect = %s"
        " WHERE id = %s",
        (answer, now, reviewer, None if effect is None else Jsonb(effect), case_id),
    )
    record(connection, f"person:{reviewer}", "case.settled", f"case:{case_id}", {"answer": answer}, now)


def release(connection: Connection[Any], case_id: UUID, reviewer: str, epoch: int, now: datetime) -> None:
    """Give the case back unanswered, to whoever comes first."""
    enter(connection, case_id, reviewer, epoch, now)
    connection.execute("UPDATE review_case SET holder = NULL, claimed_until = NULL WHERE id = %s", (case_id,))
    record(connection, f"person:{reviewer}", "case.released", f"case:{case_id}", {}, now)


def renew(connection: Connection[Any], case_id: UUID, reviewer: str, epoch: int, now: datetime) -> datetime:
    """Hold the case for another lease under the same number; until when. The time it should take stays as it is."""
    enter(connection, case_id, reviewer, epoch, now)
    until = now + LEASE
    connection.execute("UPDATE review_case SET claimed_until = %s WHERE id = %s", (until, case_id))
    record(connection, f"person:{reviewer}", "case.renewed", f"case:{case_id}", {"until": until.isoformat()}, now)
    return until


def hold(
    connection: Connection[Any], case_id: UUID, reviewer: str, epoch: int, until: datetime, why: str, now: datetime
) -> None:
    """Set the case aside until a time, unclaimed: something is waited for."""
    enter(connection, case_id, reviewer, epoch, now)
    connection.execute(
        "UPDATE review_case SET holder = NULL, claimed_until = NULL, held_until = %s, held_why = %s WHERE id = %s",
        (until, why, case_id),
    )
    detail = {"until": until.isoformat(), "why": why}
    record(connection, f"person:{reviewer}", "case.held", f"case:{case_id}", detail, now)


def wake(connection: Connection[Any], kind: str, subject: str) -> None:
    """End the waiting of a case that was held: what it waited for has come."""
    connection.execute(
        "UPDATE review_case SET held_until = NULL, held_why = NULL WHERE kind = %s AND subject = %s AND state = 'open'",
        (kind, subject),
    )


def hand_over(connection: Connection[Any], case_id: UUID, reviewer: str, epoch: int, to: str, now: datetime) -> Claim:
    """Give the claim to another reviewer, under a new number. Raises GoldlineError as `take` and `enter` do."""
    enter(connection, case_id, reviewer, epoch, now)
    connection.execute("UPDATE review_case SET holder = NULL, claimed_until = NULL WHERE id = %s", (case_id,))
    claim = take(connection, to, now, case_id=case_id)
    if claim is None:
        raise GoldlineError(
            f"{to} may not judge the case {case_id}.", code="not_able",
            hint="It needs a reviewer who knows its language and category and has not decided on it before.",
        )  # fmt: skip
    record(connection, f"person:{reviewer}", "case.handed_over", f"case:{case_id}", {"to": to}, now)
    return claim


def escalate(connection: Connection[Any], case_id: UUID, actor: str, why: str, now: datetime) -> int:
    """Raise the case above all of a lower level; its level. Whoever holds it goes on holding it."""
    row = connection.execute(
        "UPDATE review_case SET level = level + 1 WHERE id = %s AND state = 'open' RETURNING level", (case_id,)
    ).fetchone()
    if row is None:
        raise GoldlineError(f"There is no open case {case_id}.", code="not_found")
    record(connection, actor, "case.escalated", f"case:{case_id}", {"why": why, "level": row[0]}, now)
    return int(row[0])


def note(connection: Connection[Any], case_id: UUID, author: str, words: str, now: datetime) -> None:
    """Add a note to a case. Notes are never edited."""
    text = words.strip()
    if not text or len(text) > NOTE_MAX:
        raise GoldlineError(f"A note has 1 to {NOTE_MAX} characters.", code="invalid", where="words")
    connection.execute(
        "INSERT INTO review_note (case_id, at, author, words) VALUES (%s, %s, %s, %s)", (case_id, now, author, text)
    )
