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
