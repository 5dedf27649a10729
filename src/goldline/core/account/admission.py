"""Admission: what other parts leave to a person becomes a case: questions that a decision answered with 'review'."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from psycopg import Connection

REVIEW: Final = "review"
MOST: Final = 1_000  # a bite
# The id is review.open_case's: md5('case|decision|<id>').
_ADMIT: Final = """
    INSERT INTO review_case (id, kind, subject, account, opened_at)
    SELECT md5('case|decision|' || d.id)::uuid, 'decision', d.id::text,
           coalesce('merchant:' || d.merchant_id, 'platform'), %(now)s
    FROM decision d WHERE d.answer = 'review'
        AND NOT EXISTS (SELECT FROM review_case c WHERE c.id = md5('case|decision|' || d.id)::uuid)
    ORDER BY d.decided_at, d.id LIMIT %(most)s
    ON CONFLICT DO NOTHING"""


def admit(connection: Connection[Any], now: datetime) -> int:
    """Open a case for each decision that waits for a person and has none, in the caller's transaction; how many."""
    return connection.execute(_ADMIT, {"now": now, "most": MOST}).rowcount
