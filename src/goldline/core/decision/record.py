"""Decisions as recorded: what was answered, why, and on which facts. Nothing here changes one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row

from goldline.core.facts.subject import Vocabulary
from goldline.core.policy.decision import Decision, Words
from goldline.core.policy.decision_sql import Ruling, rule_again
from goldline.core.policy.published import load_decision

_COLUMNS: Final = (
    "id, policy, version, question, key, asked_as, asker, answer, reasons, held, amount_minor, spent_minor, currency,"
    " decided_at, via, facts, nodes"
)


@dataclass(frozen=True, slots=True)
class Decided:
    """One recorded decision. Amounts in minor units of `currency`; `spent_minor` is what was granted at once, or 0."""

    id: UUID
    policy: str
    version: int
    question: str
    key: str
    asked_as: str
    asker: str
    answer: str
    reasons: tuple[str, ...]
    held: tuple[str, ...]
    amount_minor: int
    spent_minor: int
    currency: str
    decided_at: datetime
    via: str
    facts: Mapping[str, Any]
    nodes: tuple[Mapping[str, Any], ...]

    def __post_init__(self) -> None:
        for name in ("reasons", "held", "nodes"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        object.__setattr__(self, "decided_at", self.decided_at.astimezone(UTC))

    def told(self, decision: Decision | None) -> dict[str, Any]:
        """As the API tells it, each reason in every language. `decision` is the version it was decided by."""
        return {
            "id": str(self.id), "answer": self.answer, "order_id": self.key, "asked_as": self.asked_as,
            "reasons": [{"id": each, **words_of(decision, each)} for each in self.reasons],
            "amount_minor": self.amount_minor, "granted_minor": self.spent_minor, "currency": self.currency,
            "policy": self.policy, "version": self.version, "decided_at": self.decided_at.isoformat(),
        }  # fmt: skip


def words_of(decision: Decision | None, reason: str) -> Words:
    """What is said for a reason, by language; the reason's id where its version is not known."""
    return (decision.words(reason) if decision else {}) or {"en": reason, "zh-Hans": reason}


def find(connection: Connection[Any], decision_id: UUID) -> Decided | None:
    """One decision, or None."""
    with connection.cursor(row_factory=class_row(Decided)) as cursor:
        return cursor.execute(f"SELECT {_COLUMNS} FROM decision WHERE id = %s", [decision_id], prepare=True).fetchone()


def decisions_of(connection: Connection[Any], key: str) -> list[Decided]:
    """What was decided about one subject, the latest first."""
    with connection.cursor(row_factory=class_row(Decided)) as cursor:
        statement = f"SELECT {_COLUMNS} FROM decision WHERE key = %s ORDER BY decided_at DESC, id"
        return cursor.execute(statement, [key]).fetchall()


def replay(connection: Connection[Any], vocabulary: Vocabulary, decided: Decided) -> Ruling | None:
    """Rule again on the facts that were recorded, by the version of then; None when that version is unknown.

    It is the ruling before any limit: an answer that a limit turned is the one it was turned from.
    """
    decision = load_decision(connection, decided.policy, decided.version, vocabulary)
    if decision is None:
        return None
    return rule_again(connection, vocabulary, [decision], [decided.facts])[0]
