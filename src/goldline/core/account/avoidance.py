"""Avoidance: the smallest change of what was counted under which a rule's condition would not have held.

It is found by trying: the condition is worked out in memory over the facts a finding keeps, one count changed at a
time.
Conditions of counts, ratios and figures joined by and/or can be answered; of any other nothing is said.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import partial
from typing import Any, Final
from uuid import UUID

import sqlglot
from psycopg import Connection
from psycopg.types.json import set_json_loads
from sqlglot import exp

from goldline.core.account.standing import exact
from goldline.core.facts.merge import FactType
from goldline.core.facts.subject import Vocabulary
from goldline.core.policy.expression import Expression
from goldline.core.policy.published import RuleSet

Facts = Mapping[str, Decimal | None]
Value = Decimal | bool | None
FARTHEST: Final = 10_000_000  # how much more of something is looked for


class UnsaidError(Exception):
    """The condition holds something that is not worked out here."""


@dataclass(frozen=True, slots=True)
class Avoidance:
    """A violation and the change that would have avoided it: by fact, how much more (or less, negative).

    `changes` is None where nothing can be said. `sentence` says it in words, by language.
    """

    finding_id: UUID
    policy: str
    at: datetime
    changes: Mapping[str, Decimal] | None
    sentence: Mapping[str, str]


def avoidance(
    condition: Expression, types: Mapping[str, FactType], facts: Mapping[str, Any]
) -> dict[str, Decimal] | None:
    """The least change of these facts that makes a condition not hold; {} where it does not, None if unsaid.

    Fewer of something are tried before more of another: nobody is told to be owed more orders.
    """
    try:
        known = {name: _counted(name, types, facts) for name in condition.names}
        tree = sqlglot.parse_one(condition.text, read="postgres")
        changed = _falsified(tree, known, condition.figures())
    except UnsaidError:
        return None
    if changed is None or _worked_out(tree, changed, condition.figures()) is True:
        return None
    moved = {name: (changed[name] or Decimal(0)) - (known[name] or Decimal(0)) for name in known}
    return {name: by for name, by in moved.items() if by}


def _counted(name: str, types: Mapping[str, FactType], facts: Mapping[str, Any]) -> Decimal | None:
    if types.get(name) is not FactType.NUMBER:
        raise UnsaidError
    value = facts.get(name)
    return None if value is None else Decimal(str(value))


def _falsified(node: exp.Expr, facts: Facts, figures: Mapping[str, str]) -> Facts | None:
    """The facts changed as little as can be so that the condition does not hold; None where that cannot be."""
    if _worked_out(node, facts, figures) is not True:
        return facts
    if isinstance(node, exp.Paren):
        return _falsified(node.this, facts, figures)
    if isinstance(node, exp.And):
        ways = [way for side in (node.left, node.right) if (way := _falsified(side, facts, figures)) is not None]
        return min(ways, key=lambda way: _distance(facts, way), default=None)
    if isinstance(node, exp.Or):
        first = _falsified(node.left, facts, figures)
        return None if first is None else _falsified(node.right, first, figures)
    return _moved(node, facts, figures)


def _distance(before: Facts, after: Facts) -> tuple[Decimal, Decimal]:
    """How much more is asked for, then how much changes in all."""
    moved = [(after[name] or Decimal(0)) - (before[name] or Decimal(0)) for name in before]
    return sum((by for by in moved if by > 0), Decimal(0)), sum((abs(by) for by in moved), Decimal(0))


def _moved(node: exp.Expr, facts: Facts, figures: Mapping[str, str]) -> Facts | None:
    """One count of a comparison changed by the least whole number that turns it."""
    ways: list[Facts] = []
    for name in sorted({column.name for column in node.find_all(exp.Column)}):
        value = facts[name] or Decimal(0)
        for sign, most in ((-1, int(value)), (1, FARTHEST)):
            by = _least(partial(_turned, node, facts, figures, name, sign), most)
            if by is not None:
                ways.append(_with(facts, name, sign * by))
    return min(ways, key=lambda way: _distance(facts, way), default=None)


def _with(facts: Facts, name: str, by: int) -> Facts:
    return {**facts, name: (facts[name] or Decimal(0)) + by}


def _turned(node: exp.Expr, facts: Facts, figures: Mapping[str, str], name: str, sign: int, by: int) -> bool:
    """Whether so much more or less of a fact makes a comparison false: to divide by nothing is no advice."""
    return _worked_out(node, _with(facts, name, sign * by), figures) is False


def _least(turns: Callable[[int], bool], most: int) -> int | None:
    """The least number that turns a comparison, which once turned stays so as the number grows."""
    if most < 1 or not turns(most):
        return None
    low, high = 1, most
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if turns(middle) else (middle + 1, high)
    return low


_COMPARE: Final[dict[type[exp.Expr], Callable[[Decimal, Decimal], bool]]] = {
    exp.GT: lambda a, b: a > b, exp.GTE: lambda a, b: a >= b, exp.LT: lambda a, b: a < b,
    exp.LTE: lambda a, b: a <= b, exp.EQ: lambda a, b: a == b, exp.NEQ: lambda a, b: a != b,
}  # fmt: skip


def _worked_out(node: exp.Expr, facts: Facts, figures: Mapping[str, str]) -> bool | None:
    """A condition's value, unknown as None."""
    if isinstance(node, exp.Paren):
        return _worked_out(node.this, facts, figures)
    if isinstance(node, (exp.And, exp.Or)):
        sides = [_worked_out(side, facts, figures) for side in (node.left, node.right)]
        decisive = isinstance(node, exp.Or)
        return decisive if decisive in sides else None if None in sides else not decisive
    compare = _COMPARE.get(type(node))
    if compare is None:
        raise UnsaidError
    left, right = (_figured(side, facts, figures) for side in (node.args["this"], node.args["expression"]))
    return None if left is None or right is None else compare(left, right)


def _figured(node: exp.Expr, facts: Facts, figures: Mapping[str, str]) -> Decimal | None:
    """A number, unknown as None; a quotient is rounded as the engine rounds it."""
    if isinstance(node, exp.Paren):
        return _figured(node.this, facts, figures)
    if isinstance(node, exp.Literal) and not node.is_string:
        return Decimal(node.this)
    if isinstance(node, exp.Column) and node.name in facts:
        return facts[node.name]
    if isinstance(node, exp.Anonymous) and str(node.this).lower() == "param":
        return _parameter(node, figures)
    if isinstance(node, (exp.Add, exp.Sub, exp.Mul, exp.Div)):
        return _combined(node, _figured(node.left, facts, figures), _figured(node.right, facts, figures))
    raise UnsaidError


def _combined(node: exp.Expr, left: Decimal | None, right: Decimal | None) -> Decimal | None:
    if left is None or right is None:
        return None
    if isinstance(node, exp.Div):
        return (left / right).quantize(Decimal("1e-8"), ROUND_HALF_UP) if right else None
    return left + right if isinstance(node, exp.Add) else left - right if isinstance(node, exp.Sub) else left * right


def _parameter(node: exp.Anonymous, figures: Mapping[str, str]) -> Decimal:
    try:
        return Decimal(figures[node.expressions[0].this])
    except (ArithmeticError, KeyError):
        raise UnsaidError from None


def violations_avoidable(
    connection: Connection[Any], vocabulary: Vocabulary, rules: RuleSet, account: str, now: datetime, most: int
) -> list[Avoidance]:
    """The last violations that stand against an account, newest first, each with what would have avoided it."""
    judged = sorted({each.policy for each in rules.promises if each.kind == "rule"})
    if not judged:
        return []
    cursor = connection.cursor()
    set_json_loads(exact, cursor)
    rows = cursor.execute(
        "SELECT id, policy, version, due_at, facts FROM finding WHERE (merchant_id = %s OR answerer = %s)"
        " AND policy = ANY(%s) AND status = 'standing' AND rollout = 'act' AND found_at <= %s"
        " ORDER BY due_at DESC, id LIMIT %s",
        (account.removeprefix("merchant:"), account, judged, now, most),
    ).fetchall()
    return [_told(vocabulary, rules, *row) for row in rows]


def _told(
    vocabulary: Vocabulary, rules: RuleSet, ident: UUID, policy: str, version: int, at: datetime,
    facts: Mapping[str, Any],
) -> Avoidance:  # fmt: skip
    rule = rules.find(policy, version)
    changes = None
    if rule is not None and rule.when is not None:
        changes = avoidance(rule.when, vocabulary[rule.subject].types(), facts) or None
    return Avoidance(ident, policy, at, changes, _sentence(changes, facts))


def _sentence(changes: Mapping[str, Decimal] | None, facts: Mapping[str, Any]) -> dict[str, str]:
    if not changes:
        return {}
    words: dict[str, list[str]] = {"en": [], "zh-Hans": []}
    for name, by in sorted(changes.items()):
        before = Decimal(str(facts.get(name) or 0))
        words["en"].append(f"{abs(by)} {'fewer' if by < 0 else 'more'} ({name} {before + by} instead of {before})")
        words["zh-Hans"].append(f"{'减少' if by < 0 else '增加'} {abs(by)}（{name} 为 {before + by} 而非 {before}）")
    return {"en": f"With {' and '.join(words['en'])} it would not have been found.",
            "zh-Hans": f"若{'且'.join(words['zh-Hans'])}，则不会被认定。"}  # fmt: skip
