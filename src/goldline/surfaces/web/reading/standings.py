"""What an account scores, point by point, and what would move it, for the surfaces."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from typing import Any

from goldline.core.account.avoidance import Avoidance, violations_avoidable
from goldline.core.account.outlook import Move, moves
from goldline.core.account.standing import Standing, stand
from goldline.core.facts.subject import Vocabulary
from goldline.core.policy.published import RuleSet
from goldline.core.policy.score import Dimension, Score
from goldline.surfaces.web.engine import Connection, engine_now
from goldline.surfaces.web.reading.explanation import VOCABULARY, rules

MOST_VIOLATIONS = 20


def standing_of(
    connection: Connection, vocabulary: Vocabulary, ruleset: RuleSet, account: str, now: datetime
) -> dict[str, Any]:
    """Every score of an account at `now`, how each came about, what would move it most, and its last violations."""
    found = stand(connection, vocabulary, ruleset, account, now)
    avoidable = violations_avoidable(connection, vocabulary, ruleset, account, now, MOST_VIOLATIONS)
    return {"account": account, "scores": [told(_of(ruleset, each), each) for each in found],
            "violations": [_violation(each) for each in avoidable]}  # fmt: skip


def answer_of(connection: Connection, account: str) -> dict[str, Any]:
    """The same by the rules in force, now."""
    return standing_of(connection, VOCABULARY, rules(connection), account, engine_now(connection))


def _of(ruleset: RuleSet, standing: Standing) -> Score:
    key = (standing.policy, standing.version)
    return next(each for each in ruleset.scores if (each.policy, each.version) == key)


def told(score: Score, standing: Standing) -> dict[str, Any]:
    """One standing as plain values, in the order its score is written."""
    return {
        "score": score.policy, "version": score.version, "title": dict(score.title), "day": standing.day.isoformat(),
        "ends_at": standing.ends_at.isoformat(), "stage": standing.stage, "valid": plain(standing.valid),
        "formal": plain(score.formal), "points": plain(standing.score), "stars": plain(standing.stars),
        "dimensions": [_dimension(each, standing) for each in score.dimensions],
        "adjustments": [
            {"id": each.id, "title": dict(each.title), "points": plain(standing.adjustments.get(each.id))}
            for each in score.adjustments
        ],
        "moves": [_move(each) for each in moves(score, standing)],
        "clause": score.clause, "grade": score.grade,
    }  # fmt: skip


def _dimension(dimension: Dimension, standing: Standing) -> dict[str, Any]:
    held = standing.dimensions[dimension.id]
    indicators = [
        {"id": each.id, "title": dict(each.title), "sum_of": each.total.text, "over": each.of.text,
         **plain(held["indicators"][each.id])}
        for each in dimension.indicators
    ]  # fmt: skip
    return {"id": dimension.id, "title": dict(dimension.title), "points": plain(held["points"]),
            "weight": plain(held["weight"]), "indicators": indicators}  # fmt: skip


def _move(move: Move) -> dict[str, Any]:
    return {name: plain(value) for name, value in asdict(move).items()}


def _violation(each: Avoidance) -> dict[str, Any]:
    return {
        "finding_id": str(each.finding_id), "policy": each.policy, "at": each.at.isoformat(),
        "avoided_by": None if each.changes is None else {name: plain(value) for name, value in each.changes.items()},
        "sentence": dict(each.sentence),
    }  # fmt: skip


def plain(value: Any) -> Any:
    """Exact numbers as JSON numbers."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    return value
