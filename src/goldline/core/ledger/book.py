"""The book: accruals written down as remedies, postings and payouts to send, in the step's own transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.types.json import Jsonb

from goldline.core.ledger.accrual import Accrual, Candidate, Limit, Standing, decide, derived_id
from goldline.core.ledger.limit import lock_limits, save_limits
from goldline.core.policy.promise import Promise

CLEARING = "clearing:payout"


def accrue(
    connection: Connection[Any],
    partition: int,
    candidates: Sequence[Candidate],
    promises: dict[str, Promise],
    now: datetime,
) -> list[Accrual]:
    """Decide the candidates against caps, budgets and breakers, and write down what follows."""
    if not candidates:
        return []
    limited = sorted({c.policy for c in candidates if promises[c.policy].budget or promises[c.policy].breaker})
    limits: dict[str, Limit] = lock_limits(connection, [promises[policy] for policy in limited], now)
    standing = Standing(_charged(connection, candidates), limits)
    accruals = decide(candidates, standing)
    _write(connection, partition, accruals, now)
    save_limits(connection, [promises[policy] for policy in limited], limits, now)
    return accruals


def _charged(connection: Connection[Any], candidates: Iterable[Candidate]) -> dict[str, int]:
    """What each subject has been charged already, over all policies: refused and void remedies do not count."""
    keys = list({c.key for c in candidates if c.cap_minor is not None})
    if not keys:
        return {}
    rows = connection.execute(
        "SELECT key, sum(amount_minor)::bigint FROM remedy WHERE key = ANY(%s) AND state NOT IN ('void', 'refused')"
        " GROUP BY key",
        (keys,),
    ).fetchall()
    return dict(rows)


_REMEDY_COPY = (
    "COPY remedy (partition, id, finding_id, policy, key, kind, payee, bearer, charged_to, asked_minor, amount_minor,"
    " currency, state, why, accrued_at) FROM STDIN"
)
_POSTING_COPY = (
    "COPY posting (partition, entry, line, account, currency, amount_minor, reason, remedy_id, posted_at) FROM STDIN"
)
_OUTBOX_COPY = "COPY outbox (partition, kind, key, topic, payload, created_at, next_try_at) FROM STDIN"


def _write(connection: Connection[Any], partition: int, accruals: list[Accrual], now: datetime) -> None:
    cursor = connection.cursor()
    with cursor.copy(_REMEDY_COPY) as copy:
        for each in accruals:
            copy.write_row(_remedy_row(partition, each, now))
    owed = [each for each in accruals if each.state == "accrued"]
    with cursor.copy(_POSTING_COPY) as copy:
        for each in owed:
            for row in posting_rows(partition, each.candidate, each.amount_minor, now):
                copy.write_row(row)
    with cursor.copy(_OUTBOX_COPY) as copy:
        for each in owed:
            copy.write_row(_payout_row(partition, each, now))


def _remedy_row(partition: int, accrual: Accrual, now: datetime) -> tuple[Any, ...]:
    asked = accrual.candidate
    return (
        partition, asked.remedy_id, asked.finding_id, asked.policy, asked.key, asked.kind,
        asked.payee or "consumer:unknown", asked.bearer, asked.bearer, asked.asked_minor, accrual.amount_minor,
        asked.currency, accrual.state, accrual.why, now,
    )  # fmt: skip


def posting_rows(partition: int, asked: Candidate, amount_minor: int, now: datetime) -> list[tuple[Any, ...]]:
    """The entry of an accrual: the bearer gives, the clearing account receives until the payout settles."""
    return entry_rows(
        partition, asked.remedy_id, "accrue", 0, asked.bearer, CLEARING, amount_minor, asked.currency, now
    )


def entry_rows(
    partition: int,
    remedy_id: UUID,
    reason: str,
    revision: int,
    giver: str,
    receiver: str,
    amount_minor: int,
    currency: str,
    now: datetime,
) -> list[tuple[Any, ...]]:
    """Two balanced lines; the entry's id is made from the remedy, the reason and the revision."""
    entry = derived_id(remedy_id, reason, revision)
    return [
        (partition, entry, 0, giver, currency, -amount_minor, reason, remedy_id, now),
        (partition, entry, 1, receiver, currency, amount_minor, reason, remedy_id, now),
    ]


def _payout_row(partition: int, accrual: Accrual, now: datetime) -> tuple[Any, ...]:
    asked = accrual.candidate
    payload = {
        "remedy_id": str(asked.remedy_id),
        "payee": asked.payee,
        "amount_minor": accrual.amount_minor,
        "currency": asked.currency,
        "kind": asked.kind,
        "policy": asked.policy,
        "key": asked.key,
    }
    return partition, "payout", str(asked.remedy_id), "remedy.payout", Jsonb(payload), now, now


def move_charges(
    connection: Connection[Any], partition: int, turned: Sequence[tuple[UUID, int]], reason: str, now: datetime
) -> int:
    """Move the charge of findings' remedies: 'exonerate' from their bearer to the platform, 'reinstate' back.

    `turned` pairs a finding with its revision, which makes the entry's id. The consumer keeps what was paid: only who
    bears it changes. A remedy still held becomes void when its finding is exonerated. Returns remedies moved.
    """
    if not turned:
        return 0
    revisions = dict(turned)
    rows = connection.execute(
        "SELECT id, finding_id, bearer, charged_to, amount_minor, currency, state FROM remedy"
        " WHERE partition = %s AND finding_id = ANY(%s) AND state <> 'refused' ORDER BY id FOR UPDATE",
        (partition, list(revisions)),
    ).fetchall()
    moved = 0
    for remedy_id, finding_id, bearer, charged_to, amount, currency, state in rows:
        target = "platform" if reason == "exonerate" else bearer
        if state in ("held", "void"):
            _void_or_hold(connection, partition, remedy_id, reason)
        elif charged_to != target:
            _move(
                connection,
                partition,
                remedy_id,
                charged_to,
                target,
                amount,
                currency,
                reason,
                revisions[finding_id],
                now,
            )
            moved += 1
    return moved


def _void_or_hold(connection: Connection[Any], partition: int, remedy_id: UUID, reason: str) -> None:
    if reason == "exonerate":
        change, was, why = "void", "held", "exonerated"
    else:
        change, was, why = "held", "void", "reinstated"
    connection.execute(
        "UPDATE remedy SET state = %s, why = %s WHERE partition = %s AND id = %s AND state = %s AND amount_minor > 0",
        (change, why, partition, remedy_id, was),
    )


def _move(
    connection: Connection[Any], partition: int, remedy_id: UUID, source: str, target: str, amount_minor: int,
    currency: str, reason: str, revision: int, now: datetime,
) -> None:  # fmt: skip
    """The target gives what the source gave: the source is made whole."""
    rows = entry_rows(partition, remedy_id, reason, revision, target, source, amount_minor, currency, now)
    with connection.cursor().copy(_POSTING_COPY) as copy:
        for row in rows:
            copy.write_row(row)
    connection.execute(
        "UPDATE remedy SET charged_to = %s WHERE partition = %s AND id = %s", (target, partition, remedy_id)
    )
