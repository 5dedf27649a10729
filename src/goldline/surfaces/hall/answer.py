"""What the consumer asked about an order and was answered at once, with the reasons in every language."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from goldline.core.decision.record import decisions_of, words_of
from goldline.core.policy.decision import Words
from goldline.core.policy.published import load_decision
from goldline.market.vocabulary import vocabulary
from goldline.surfaces.web.engine import Connection


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: amount in minor units, `granted` when the money was granted at once."""

    at: datetime
    amount_minor: int
    currency: str
    granted: bool
    reasons: tuple[Words, ...]


def answers_to(connection: Connection, order_id: str) -> tuple[Answer, ...]:
    """Every answer about an order, the latest first."""
    return tuple(
        Answer(
            each.decided_at, each.amount_minor, each.currency, each.spent_minor > 0,
            tuple(words_of(version, reason) for reason in each.reasons),
        )
        for each in decisions_of(connection, order_id)
        for version in [load_decision(connection, each.policy, each.version, vocabulary())]
    )  # fmt: skip
