"""The name of a ledger entry: derived from what it is for, so that posting it twice is refused by the table."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from goldline.core.ledger.accrual import derived_id

CLEARING: Final = "clearing:payout"
NOBODY: Final = "consumer:unknown"


def entry_id(remedy_id: UUID, reason: str, revision: int = 0) -> UUID:
    """The entry of one remedy for one reason; `revision` counts repeats of exonerate and reinstate.

    In SQL: md5(remedy_id::text || '|' || reason || '|' || revision)::uuid.
    """
    return derived_id(remedy_id, reason, revision)


# What opening a remedy means, whoever opens it: balanced lines, one a bearer, and a payout to send. Reads the remedies
# of the relation `opened`; parameters now, by (null: the engine itself), clearing.
OPENING: Final = """
    posted AS (
        INSERT INTO posting (partition, entry, line, account, currency, amount_minor, reason, remedy_id, posted_at)
        SELECT r.partition, md5(r.id::text || '|accrue|0')::uuid, line.number, line.account, r.currency,
               line.amount_minor, 'accrue', r.id, %(now)s
        FROM opened r
        CROSS JOIN LATERAL (VALUES (0, r.charged_to, r.share_minor - r.amount_minor),
                                   (1, %(clearing)s, r.amount_minor), (2, r.share_to, -r.share_minor))
            AS line (number, account, amount_minor)
        WHERE line.account IS NOT NULL
    ), queued AS (
        INSERT INTO outbox (partition, kind, key, topic, payload, created_at, next_try_at)
        SELECT r.partition, 'payout', r.id::text, 'remedy.payout',
               jsonb_build_object('remedy_id', r.id, 'payee', r.payee, 'amount_minor', r.amount_minor,
                                  'currency', r.currency, 'kind', r.kind, 'policy', r.policy, 'key', r.key)
               || CASE WHEN %(by)s::text IS NULL THEN '{}' ELSE jsonb_build_object('released_by', %(by)s::text) END,
               %(now)s, %(now)s
        FROM opened r
    )"""
