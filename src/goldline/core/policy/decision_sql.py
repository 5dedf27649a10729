"""A decision as SQL over one row of facts: the version in force, the value of every ground and node, the facts read.

The same words judge a live question, a case and a replay: only where the row comes from differs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from psycopg import Connection
from psycopg.types.json import Jsonb

from goldline.core.facts.question import ASKED_AT, ASKER, Question
from goldline.core.facts.subject import Vocabulary
from goldline.core.policy.decision import Decision
from goldline.core.policy.expression import text_sql

_JSON_PAIRS: Final = 40  # PostgreSQL takes a hundred arguments


@dataclass(frozen=True, slots=True)
class Ruling:
    """What came of a question before any limit: the version that ruled (None: none in force), its answer and reasons.

    `facts` are those it read, as JSON values; `held` the grounds that held, `nodes` the sub-expressions' values.
    """

    decision: Decision | None
    answer: str
    reasons: tuple[str, ...]
    held: tuple[str, ...]
    facts: Mapping[str, Any]
    nodes: Sequence[Mapping[str, Any]]


def ruling(versions: Sequence[Decision], row: Sequence[Any]) -> Ruling:
    """The ruling in a row of `rule_sql`: version, facts, values of the grounds, nodes."""
    version, facts, values, nodes = row
    decision = next((each for each in versions if each.version == version), None)
    if decision is None:
        return Ruling(None, "", (), (), facts, ())
    held = tuple(g.id for g, value in zip(decision.grounds, values, strict=True) if g.holds(value))
    answer, reasons = decision.answer(held)
    return Ruling(decision, answer, reasons, held, facts, nodes)


def rule_sql(question: type[Question], versions: Sequence[Decision], source: str, carried: str = "") -> str:
    """One statement: `source` gives rows of facts; for each the version in force and what it comes to.

    `carried` are columns of the source to give first, each with its comma.
    """
    columns = [
        _in_force(versions, [str(each.version) for each in versions]),
        _object({name: f"f.{name}" for name in read_names(question, versions)}),
        _in_force(versions, [_values(each) for each in versions]),
        _in_force(versions, [_nodes(each) for each in versions]),
    ]
    return f"WITH f AS MATERIALIZED ({source}) SELECT {carried}{', '.join(columns)} FROM f"


def read_names(question: type[Question], versions: Sequence[Decision]) -> tuple[str, ...]:
    """The facts that are read and recorded: those the versions name, those given, and those the question needs."""
    named = {name for each in versions for name in each.names}
    return tuple(sorted(named | set(question.asked) | set(question.always) | {ASKED_AT, ASKER}))


def live_sql(question: type[Question], versions: Sequence[Decision]) -> str:
    """The row of facts as it stands in the record, read by the parameters of `live_values`.

    Only the readings that are needed are made.
    """
    names = read_names(question, versions)
    given = [f"%({name})s::{each.type.column} AS {name}" for name, each in question.asked.items()]
    own = [f"%({ASKED_AT})s::timestamptz AS {ASKED_AT}", f"%({ASKER})s::text AS {ASKER}"]
    asked = f"SELECT {', '.join([*given, *own])}, %(accounts)s::text[] AS accounts OFFSET 0"
    wanted = dict.fromkeys(question.seen[name].reading for name in names if name in question.seen)
    joins = [f" LEFT JOIN LATERAL ({question.readings[each]}) {each} ON true" for each in wanted]
    table = (
        f"(SELECT * FROM goldline.fact_{question.of.kind} WHERE partition = %(partition)s AND key = %(key)s LIMIT 1)"
    )
    return f"SELECT {', '.join(_column(question, name) for name in names)} FROM ({asked}) q, {table} o{''.join(joins)}"


def _column(question: type[Question], name: str) -> str:
    if name in question.seen:
        return f"{question.seen[name].reading}.{name}"
    return f"q.{name}" if name in question.asked or name in (ASKED_AT, ASKER) else f"o.{name}"


def stored_sql(question: type[Question]) -> str:
    """Rows of facts given as JSON, in the parameter `rows`; `n` numbers them."""
    columns = ", ".join(f"{name} {kind.column}" for name, kind in question.types().items())
    return f"SELECT * FROM jsonb_to_recordset(%(rows)s::jsonb) AS g(n integer, {columns})"


def rule_again(
    connection: Connection[Any], vocabulary: Vocabulary, versions: Sequence[Decision], rows: Sequence[Mapping[str, Any]]
) -> list[Ruling]:
    """Rule on facts that were recorded or made up, each row for itself; nothing is read but them."""
    question = vocabulary.questions[versions[0].question]
    numbered = [{**row, "n": n} for n, row in enumerate(rows)]
    statement = rule_sql(question, versions, stored_sql(question), "f.n, ")
    found = connection.execute(statement.encode(), {"rows": Jsonb(numbered)}).fetchall()
    return [ruling(versions, row[1:]) for row in sorted(found)]


def _in_force(versions: Sequence[Decision], values: Sequence[str]) -> str:
    """The value of the version in force; they never overlap."""
    arms = [f"WHEN {_force(each)} THEN {value}" for each, value in zip(versions, values, strict=True)]
    return f"CASE {' '.join(arms)} END"


def _force(decision: Decision) -> str:
    bounds = []
    if decision.effective_from:
        bounds.append(f"f.{decision.by} >= timestamptz '{decision.effective_from.isoformat(sep=' ')}'")
    if decision.effective_until:
        bounds.append(f"f.{decision.by} < timestamptz '{decision.effective_until.isoformat(sep=' ')}'")
    return " AND ".join(bounds) or "true"


def _values(decision: Decision) -> str:
    """The truth of every ground, in the order written."""
    return _array([ground.when.sql("postgres", "f") for ground in decision.grounds])


def _nodes(decision: Decision) -> str:
    """{label, value} of every sub-expression that is not a bare fact."""
    shown = [node for node in decision.nodes if node.label not in decision.names]
    return _array([f"jsonb_build_object('label', {text_sql(n.label)}, 'value', {n.json('f')})" for n in shown])


def _array(items: Sequence[str]) -> str:
    groups = [items[at : at + _JSON_PAIRS] for at in range(0, len(items), _JSON_PAIRS)]
    parts = [f"jsonb_build_array({', '.join(group)})" for group in groups]
    return f"({' || '.join(parts)})" if parts else "'[]'::jsonb"


def _object(pairs: Mapping[str, str]) -> str:
    items = [f"'{name}', {value}" for name, value in pairs.items()]
    groups = [items[at : at + _JSON_PAIRS] for at in range(0, len(items), _JSON_PAIRS)]
    return " || ".join(f"jsonb_build_object({', '.join(group)})" for group in groups)
