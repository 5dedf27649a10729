"""The report on decisions: what was answered and why, and how many orders a decision covers.

Coverage has two denominators, which are named: of all orders paid, those against which no lasting ground stands; and
of all that was asked, what was granted.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from psycopg import Connection

from goldline.core.facts.subject import Vocabulary
from goldline.core.policy.decision import Decision


@dataclass(frozen=True, slots=True)
class DecisionReport:
    """One decision. Amounts in minor units of `currency`; `reasons` are counted by answer.

    `eligible` of `orders` are those paid against which no lasting ground of the newest version stands, `granted` of
    `asked` the answers that granted money.
    """

    policy: str
    currency: str
    spends: str | None
    answers: dict[str, int]
    reasons: dict[str, dict[str, int]]
    asked: int
    granted: int
    granted_minor: int
    orders: int
    eligible: int

    def as_dict(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)


def decisions(
    connection: Connection[Any], vocabulary: Vocabulary, standing: Iterable[Decision]
) -> list[DecisionReport]:
    """Every decision in force, in order of its name."""
    newest = {each.policy: each for each in standing}
    return [_report(connection, vocabulary, each) for each in newest.values()]


def _report(connection: Connection[Any], vocabulary: Vocabulary, decision: Decision) -> DecisionReport:
    rows = connection.execute(
        "SELECT answer, reasons, count(*), count(*) FILTER (WHERE spent_minor > 0), sum(spent_minor)::bigint"
        " FROM decision WHERE policy = %s GROUP BY 1, 2",
        [decision.policy],
    ).fetchall()
    answers: Counter[str] = Counter()
    reasons: dict[str, Counter[str]] = defaultdict(Counter)
    for answer, given, count, _, _ in rows:
        answers[answer] += count
        for reason in given:
            reasons[answer][reason] += count
    orders, eligible = _covered(connection, vocabulary, decision)
    return DecisionReport(
        decision.policy, decision.currency, decision.spends, _ordered(answers, decision),
        {answer: dict(found.most_common()) for answer, found in reasons.items()},
        sum(row[2] for row in rows), sum(row[3] for row in rows), sum(row[4] for row in rows), orders, eligible,
    )  # fmt: skip


def _ordered(answers: Mapping[str, int], decision: Decision) -> dict[str, int]:
    """The mildest first; answers of versions that knew others come last."""
    known = [*decision.answers, *(answer for answer in answers if answer not in decision.answers)]
    return {answer: answers[answer] for answer in known if answers.get(answer)}


def _covered(connection: Connection[Any], vocabulary: Vocabulary, decision: Decision) -> tuple[int, int]:
    """All subjects paid, and those against which no lasting ground stands. Only facts of the subject can be asked."""
    question = vocabulary.questions[decision.question]
    known = set(question.of.types())
    lasting = [each for each in decision.grounds if each.lasting and each.when.names <= known]
    against = [f"coalesce({each.when.sql('postgres', 'o')}, {str(each.unknown).lower()})" for each in lasting]
    table = f"goldline.fact_{question.of.kind}"
    row = connection.execute(
        f"SELECT count(*), count(*) FILTER (WHERE NOT ({' OR '.join(against) or 'false'}))"  # noqa: S608
        f" FROM {table} o WHERE o.paid_at IS NOT NULL".encode()
    ).fetchone()
    return (row[0], row[1]) if row else (0, 0)
