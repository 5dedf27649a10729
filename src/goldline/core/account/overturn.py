"""Overturning: findings taken back by a person, with all that followed from them, in one transaction.

The findings no longer stand, and judging again does not put them up; charges move to the platform as on exoneration,
and consumers keep what was paid; fees go back; the ladders of the accounts are counted again from what stands, so
sanctions are revoked, or become lighter, and gates open; the parties are told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.types.json import Jsonb

from goldline.core.account import docket
from goldline.core.account.picture import Effect, compare, look
from goldline.core.account.trail import record
from goldline.core.crashpoint import crashpoint
from goldline.core.facts.subject import Vocabulary
from goldline.core.ledger.accrual import derived_id
from goldline.core.ledger.charge import move_charges
from goldline.core.outbox.message import Message, queue
from goldline.core.policy.published import RuleSet, load_published

OVERTURNED = "overturned"


@dataclass(frozen=True, slots=True)
class Ground:
    """Why findings are taken back: by whom, in whose words, on which appeal or mass overturning."""

    actor: str
    words: str
    cause: str

    def plain(self) -> dict[str, str]:
        """As it is stored with the finding."""
        return {"by": self.actor, "words": self.words, "cause": self.cause}


@dataclass(frozen=True, slots=True)
class _Taken:
    """A finding that has just been taken back."""

    partition: int
    id: UUID
    policy: str
    key: str
    revision: int
    account: str | None
    was: str
    occurrence: int

    @property
    def tallied(self) -> str:
        """The name its verdict is counted under."""
        return self.policy if self.occurrence == 0 else f"{self.policy}+{self.occurrence}"


def held_rules(connection: Connection[Any], vocabulary: Vocabulary) -> RuleSet:
    """The rules in force, kept so until the transaction ends: publishing waits."""
    connection.execute("SELECT epoch FROM ruleset FOR SHARE")
    return load_published(connection, vocabulary)


def overturn(
    connection: Connection[Any],
    vocabulary: Vocabulary,
    rules: RuleSet,
    finding_ids: Sequence[UUID],
    ground: Ground,
    now: datetime,
) -> Effect:
    """Take the findings back, in the caller's transaction; what changed by it. A second run changes nothing.

    `rules` are `held_rules` of the same transaction.
    """
    _lock_tallies(connection, finding_ids)
    accounts = _lock(connection, finding_ids)
    docket.hold(connection, accounts)
    before = look(connection, accounts)
    taken = _take(connection, finding_ids, ground, now)
    _count(connection, taken)
    crashpoint("overturn.taken")
    for partition in sorted({each.partition for each in taken}):
        own = [(each.id, each.revision) for each in taken if each.partition == partition]
        move_charges(connection, partition, own, "overturn", now)
    crashpoint("overturn.moved")
    if accounts:
        docket.write(connection, vocabulary, rules, accounts, now)
    docket.let_go(connection, accounts)
    crashpoint("overturn.counted")
    _close_appeals(connection, taken, ground, now)
    _tell(connection, taken, now)
    _record(connection, taken, ground, now)
    return compare(connection, before, [each.id for each in taken], accounts, now)


def _lock_tallies(connection: Connection[Any], finding_ids: Sequence[UUID]) -> None:
    """A step counts before it turns findings; taking them back does so too, or the two would block each other."""
    connection.execute(
        "SELECT 1 FROM tally t WHERE (t.partition, t.policy) IN (SELECT f.partition, f.policy || CASE WHEN f.occurrence"
        " > 0 THEN '+' || f.occurrence ELSE '' END FROM finding f WHERE f.id = ANY(%s)) AND t.state IN ('b', 'o')"
        " ORDER BY t.partition, t.policy, t.state FOR UPDATE",
        (list(finding_ids),),
    )


def _count(connection: Connection[Any], taken: Sequence[_Taken]) -> None:
    """What was counted as broken is counted as overturned. What evidence has excused already is broken no more."""
    delta: dict[tuple[int, str, str], int] = {}
    for each in taken:
        if each.was == "standing":
            for state, more in (("b", -1), ("o", 1)):
                place = (each.partition, each.tallied, state)
                delta[place] = delta.get(place, 0) + more
    connection.cursor().executemany(
        'INSERT INTO tally (partition, policy, state, subjects) VALUES (%s, %s, %s::"char", %s)'
        " ON CONFLICT (partition, policy, state) DO UPDATE SET subjects = tally.subjects + excluded.subjects",
        [(*place, more) for place, more in sorted(delta.items())],
    )


def _lock(connection: Connection[Any], finding_ids: Sequence[UUID]) -> list[str]:
    """Lock the findings, in order, before their accounts, as a step does; the accounts that answer for them."""
    rows = connection.execute(
        f"SELECT {docket.ANSWERS} FROM finding f WHERE f.id = ANY(%s) ORDER BY f.partition, f.id FOR UPDATE".encode(),
        (list(finding_ids),),
    ).fetchall()
    return sorted({account for (account,) in rows if account is not None})


def _take(connection: Connection[Any], finding_ids: Sequence[UUID], ground: Ground, now: datetime) -> list[_Taken]:
    rows = connection.execute(
        "UPDATE finding u SET status = 'overturned', status_at = %s, revision = u.revision + 1, status_why = %s"
        " FROM finding o WHERE o.partition = u.partition AND o.id = u.id AND u.id = ANY(%s)"
        " AND u.status <> 'overturned'"
        " RETURNING u.partition, u.id, u.policy, u.key, u.revision,"
        " coalesce('merchant:' || u.merchant_id, u.answerer), o.status, u.occurrence",
        (now, Jsonb(ground.plain()), list(finding_ids)),
    ).fetchall()
    return sorted((_Taken(*row) for row in rows), key=lambda each: (each.partition, each.id))


def _close_appeals(connection: Connection[Any], taken: Sequence[_Taken], ground: Ground, now: datetime) -> None:
    """Whoever was still waiting for an answer about these findings has it now, and no reviewer need look."""
    closed = connection.execute(
        "UPDATE appeal SET state = 'overturned', decided_at = %s, decided_by = %s, answer = %s"
        " WHERE finding_id = ANY(%s) AND state IN ('filed', 'evidence_asked') RETURNING id, account",
        (now, ground.actor, ground.words, [each.id for each in taken]),
    ).fetchall()
    connection.execute(
        "UPDATE review_case SET state = 'dropped', settled_at = %s WHERE subject = ANY(%s) AND state = 'open'"
        " AND known IS NULL",
        (now, [str(ident) for ident, _ in closed]),
    )
    messages = [
        Message(0, derived_id(ident, "appeal.decided"), "appeal.decided",
                {"appeal_id": str(ident), "account": account, "outcome": OVERTURNED, "at": now.isoformat()})
        for ident, account in closed
    ]  # fmt: skip
    queue(connection, messages, now)


def _tell(connection: Connection[Any], taken: Sequence[_Taken], now: datetime) -> None:
    messages = [
        Message(
            each.partition, derived_id(each.id, "finding.overturned", each.revision), "finding.overturned",
            {"finding_id": str(each.id), "policy": each.policy, "key": each.key, "account": each.account,
             "at": now.isoformat()},
        )
        for each in taken
    ]  # fmt: skip
    queue(connection, messages, now)


def _record(connection: Connection[Any], taken: Sequence[_Taken], ground: Ground, now: datetime) -> None:
    for each in taken:
        record(connection, ground.actor, "finding.overturned", f"finding:{each.id}", ground.plain(), now)
