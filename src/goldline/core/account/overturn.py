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
    accounts = _lock(connection, finding_ids)
    docket.hold(connection, accounts)
    before = look(connection, accounts)
    taken = _take(connection, finding_ids, ground, now)
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
        " coalesce('merchant:' || u.merchant_id, u.answerer), o.status",
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
