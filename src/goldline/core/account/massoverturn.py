"""Overturning in mass: after a bad policy, all its findings of a time are taken back, in bites that can be resumed.

A rehearsal runs the same bites and rolls each back, so it says exactly what would happen now. Accounts are taken whole,
in order, so that each is counted again once; the place where the next bite begins commits with the bite.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import psycopg
from psycopg import Connection
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from goldline.core.account.actor import Actor, require_person
from goldline.core.account.overturn import Ground, held_rules, overturn
from goldline.core.account.picture import Effect
from goldline.core.account.trail import record
from goldline.core.crashpoint import crashpoint
from goldline.core.errors import GoldlineError
from goldline.core.facts.subject import Vocabulary
from goldline.core.ledger.accrual import derived_id

BITE_ACCOUNTS: Final = 50
BITE_FINDINGS: Final = 2_000
_TRIES: Final = 5


@dataclass(frozen=True, slots=True)
class Selection:
    """Which findings: of a policy or rule, of one of its versions, found within [since, until)."""

    policy: str
    version: int | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a mass overturning has come. `moved` is what accounts but the platform got back, by currency."""

    id: UUID
    policy: str
    version: int | None
    since: datetime | None
    until: datetime | None
    why: str
    actor: str
    begun_at: datetime
    done_at: datetime | None
    after: str
    findings: int
    revoked: int
    imposed: int
    moved: dict[str, int]

    @property
    def selection(self) -> Selection:
        """What it takes back."""
        return Selection(self.policy, self.version, self.since, self.until)


def rehearse(
    connection: Connection[Any], vocabulary: Vocabulary, selection: Selection, now: datetime
) -> Iterator[Effect]:
    """What would happen, a bite at a time; every bite is rolled back before the next. Nothing is written."""
    after = ""
    while True:
        with connection.transaction(force_rollback=True):
            bite = _bite(connection, selection, after)
            if not bite.ids:
                return
            ground = Ground("nobody", "rehearsal", "rehearsal")
            effect = overturn(connection, vocabulary, held_rules(connection, vocabulary), bite.ids, ground, now)
        after = bite.last
        yield effect


def begin(connection: Connection[Any], selection: Selection, why: str, actor: Actor, now: datetime) -> UUID:
    """Write down that these findings are to be taken back, in the caller's transaction; the id to run and resume by.

    Raises GoldlineError: 'needs_person', 'invalid', 'not_found' when there is nothing to take back.
    """
    require_person(actor, "Overturning in mass")
    if not why.strip():
        raise GoldlineError("Say why the findings are wrong.", code="invalid", where="why")
    if not _bite(connection, selection, "").ids:
        raise GoldlineError(f"There is no finding of {selection.policy} to take back.", code="not_found",
                            hint="Name the policy as goldline report names it: <pack>.<id>.")  # fmt: skip
    ident = derived_id("mass", selection.policy, selection.version, selection.since, selection.until, now.isoformat())
    connection.execute(
        "INSERT INTO mass_overturn (id, policy, version, since, until, why, actor, begun_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
        (ident, selection.policy, selection.version, selection.since, selection.until, why.strip(), str(actor), now),
    )
    record(connection, str(actor), "mass.begun", f"mass:{ident}", {"policy": selection.policy, "why": why}, now)
    return ident


def run(connection: Connection[Any], vocabulary: Vocabulary, ident: UUID, now: datetime) -> Iterator[Progress]:
    """Take the next bites back, one transaction each, until all are done. Two that run the same take turns.

    Stopped anywhere, it goes on from the last bite that was committed.
    """
    while True:
        progress = _next(connection, vocabulary, ident, now)
        crashpoint("overturn.bite_done")
        yield progress
        if progress.done_at is not None:
            return


def go_on(connection: Connection[Any], vocabulary: Vocabulary, now: datetime) -> int:
    """Take the next bite of each mass overturning that was begun and is not done; how many there were. Commits."""
    begun = connection.execute("SELECT id FROM mass_overturn WHERE done_at IS NULL ORDER BY begun_at, id").fetchall()
    for (ident,) in begun:
        _next(connection, vocabulary, ident, now)
    return len(begun)


def _next(connection: Connection[Any], vocabulary: Vocabulary, ident: UUID, now: datetime) -> Progress:
    """One bite. A deadlock with a worker is nobody's fault: the bite is tried again."""
    for _ in range(_TRIES - 1):
        with suppress(psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure):
            return _one(connection, vocabulary, ident, now)
    return _one(connection, vocabulary, ident, now)


def _one(connection: Connection[Any], vocabulary: Vocabulary, ident: UUID, now: datetime) -> Progress:
    with connection.transaction():
        standing = find(connection, ident, lock=True)
        if standing.done_at is not None:
            return standing
        bite = _bite(connection, standing.selection, standing.after)
        effect = Effect()
        if bite.ids:
            ground = Ground(standing.actor, standing.why, f"mass:{ident}")
            effect = overturn(connection, vocabulary, held_rules(connection, vocabulary), bite.ids, ground, now)
        _advance(connection, standing, bite, effect, now)
        crashpoint("overturn.before_commit")
        return find(connection, ident)


def _advance(connection: Connection[Any], standing: Progress, bite: _Bite, effect: Effect, now: datetime) -> None:
    moved = dict(standing.moved)
    for (account, currency), amount in effect.money.items():
        if account != "platform":
            moved[currency] = moved.get(currency, 0) + amount
    connection.execute(
        "UPDATE mass_overturn SET after = %s, findings = findings + %s, revoked = revoked + %s,"
        " imposed = imposed + %s, moved = %s, done_at = %s WHERE id = %s",
        (bite.last or standing.after, len(effect.findings), len(effect.revoked), len(effect.imposed), Jsonb(moved),
         None if bite.ids else now, standing.id),
    )  # fmt: skip
    if not bite.ids:
        record(connection, standing.actor, "mass.done", f"mass:{standing.id}", {"findings": standing.findings}, now)


@dataclass(frozen=True, slots=True)
class _Bite:
    """The findings of the next accounts, and the last of these."""

    ids: list[UUID]
    last: str


def _bite(connection: Connection[Any], selection: Selection, after: str) -> _Bite:
    """The findings of the next accounts, whole. Those of nobody come first, some at a time: once taken, they are gone.

    A mark is '' before the first, '=' once those of nobody are done, '=<merchant>' after a merchant.
    """
    values = {
        "policy": selection.policy, "version": selection.version, "since": selection.since, "until": selection.until,
        "after": after[1:], "accounts": BITE_ACCOUNTS, "most": BITE_FINDINGS,
    }  # fmt: skip
    if not after.startswith("="):
        last = UUID(after) if after else UUID(int=0)
        rows = connection.execute(f"{_CHOSEN} {_NOBODYS}".encode(), {**values, "last": last}).fetchall()
        if rows:
            return _Bite([ident for ident, _ in rows], str(rows[-1][0]))
    rows = connection.execute(f"{_CHOSEN} {_NEXT}".encode(), values).fetchall()
    return _Bite([ident for ident, _ in rows], f"={max(name for _, name in rows)}" if rows else "=")


_CHOSEN: Final = """
    WITH chosen AS (
        SELECT id, merchant_id FROM finding WHERE policy = %(policy)s AND status <> 'overturned'
            AND (%(version)s::integer IS NULL OR version = %(version)s)
            AND (%(since)s::timestamptz IS NULL OR found_at >= %(since)s)
            AND (%(until)s::timestamptz IS NULL OR found_at < %(until)s))"""
_NOBODYS: Final = """
    SELECT id, merchant_id FROM chosen WHERE merchant_id IS NULL AND id > %(last)s ORDER BY id LIMIT %(most)s"""
_NEXT: Final = """
    , next AS (SELECT merchant_id COLLATE "C" AS name, count(*) AS n FROM chosen
        WHERE merchant_id COLLATE "C" > %(after)s GROUP BY 1 ORDER BY 1 LIMIT %(accounts)s),
    fitting AS (SELECT name FROM (SELECT name, n, sum(n) OVER (ORDER BY name) AS total FROM next) t
        -- At least one account, however many findings it has.
        WHERE total - n < %(most)s)
    SELECT c.id, f.name FROM fitting f JOIN chosen c ON c.merchant_id = f.name"""


def find(connection: Connection[Any], ident: UUID, *, lock: bool = False) -> Progress:
    """How far it has come. Raises GoldlineError('not_found')."""
    with connection.cursor(row_factory=class_row(Progress)) as cursor:
        progress = cursor.execute(
            f"SELECT * FROM mass_overturn WHERE id = %s{' FOR UPDATE' if lock else ''}".encode(), (ident,)
        ).fetchone()
    if progress is None:
        raise GoldlineError(f"There is no mass overturning {ident}.", code="not_found")
    return progress
