"""Samples of known answers: settled cases put before reviewers again, looking like any other, to measure agreement.

Where they fall is worked out from the reviewer and how many cases were taken, so that it can be replayed and not be
guessed; what is answered to them is written down and changes nothing.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any, Final
from uuid import UUID

from psycopg import Connection

from goldline.core.account import review
from goldline.core.account.agreement import alpha, kappa
from goldline.core.ledger.accrual import derived_id

_CHANCES: Final = 2**64


def falls(reviewer: str, taken: int, rate: Fraction) -> bool:
    """Whether the next case of this reviewer, who has taken so many, is a sample at this rate."""
    drawn = int.from_bytes(hashlib.sha256(f"{reviewer}|{taken}".encode()).digest()[:8], "big")
    return drawn < rate * _CHANCES


def take_next(connection: Connection[Any], reviewer: str, now: datetime, rate: Fraction) -> review.Claim | None:
    """The next case, or at the rate one whose answer is known, in the caller's transaction. Raises as `review.take`."""
    row = connection.execute("SELECT taken FROM reviewer WHERE name = %s", (reviewer,)).fetchone()
    if row is not None and falls(reviewer, row[0], rate):
        sample = _open(connection, reviewer, now)
        claim = review.take(connection, reviewer, now, case_id=sample) if sample else None
        if claim is not None:
            return claim
    return review.take(connection, reviewer, now)


def _open(connection: Connection[Any], reviewer: str, now: datetime) -> UUID | None:
    """A settled case this reviewer has neither answered nor seen as a sample, opened again for the reviewer alone.

    Its outer deadline is as far away as the first one's was; a case nobody disputes is not chosen over another.
    """
    row = connection.execute(_CHOOSE, {"reviewer": reviewer, "now": now}).fetchone()
    if row is None:
        return None
    settled_id, *copied = row
    ident = derived_id("sample", settled_id, reviewer)
    connection.execute(
        "INSERT INTO review_case (id, kind, subject, account, language, category, priority, opened_at, answer_by,"
        " known) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
        (ident, *copied),
    )
    return ident


_CHOOSE: Final = """
    SELECT c.id, c.kind, c.subject, c.account, c.language, c.category, c.priority,
           %(now)s - (c.claimed_at - c.opened_at), %(now)s + (c.answer_by - c.claimed_at), c.answer
    FROM review_case c JOIN reviewer r ON r.name = %(reviewer)s
    WHERE c.state = 'settled' AND c.known IS NULL AND c.settled_by <> %(reviewer)s AND c.answer IS NOT NULL
        AND NOT %(reviewer)s = ANY(c.barred) AND (r.kinds = '{}' OR c.kind = ANY(r.kinds))
        AND (r.languages = '{}' OR c.language = ANY(r.languages || ''::text))
        AND (r.categories = '{}' OR c.category = ANY(r.categories || ''::text))
        AND NOT EXISTS (SELECT FROM review_case s WHERE s.subject = c.subject AND s.known IS NOT NULL
            AND (s.settled_by = %(reviewer)s OR s.holder = %(reviewer)s))
    ORDER BY md5(c.id::text || %(reviewer)s) LIMIT 1"""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How reviewers agree on the samples: each with the known answers (Cohen), all together (Krippendorff).

    None where there is nothing to measure. `samples` counts answers given to samples.
    """

    samples: int
    kappas: dict[str, Fraction | None]
    alpha: Fraction | None


def agreement(connection: Connection[Any], since: datetime | None = None) -> Agreement:
    """Read from the samples answered since a time; the first answer of a case is its first rater's."""
    rows = connection.execute(
        "SELECT subject, settled_by, known, answer FROM review_case WHERE state = 'settled' AND known IS NOT NULL"
        " AND (%(since)s::timestamptz IS NULL OR settled_at >= %(since)s) ORDER BY subject, settled_by",
        {"since": since},
    ).fetchall()
    pairs: dict[str, list[tuple[str, str]]] = {}
    units: dict[str, list[str]] = {}
    for subject, reviewer, known, answer in rows:
        pairs.setdefault(reviewer, []).append((known, answer))
        units.setdefault(subject, [known]).append(answer)
    kappas = {reviewer: kappa(own) for reviewer, own in sorted(pairs.items())}
    return Agreement(len(rows), kappas, alpha(list(units.values())))
