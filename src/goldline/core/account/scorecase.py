"""Cases of scores: the facts of one day and what they score, worked out by the very SQL that scores everybody.

```toml
[[case]]
name   = "one late delivery in ten"
score  = "experience"
at     = 2026-05-01T00:00:00+08:00            # the midnight that ends the day: it decides the version
facts  = { valid_30d = 500, deliveries_due_30d = 500, deliveries_on_time_30d = 450 }
expect = { score = 87.5, stars = 4.8, stage = "formal", logistics = 75 }
```
A dimension's or an indicator's id may be expected too: the points it got.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from psycopg import Connection
from psycopg.types.json import Jsonb

from goldline.core.account import score_sql
from goldline.core.facts.merge import FactType
from goldline.core.facts.subject import Aggregate
from goldline.core.money import exponent as exponent_of
from goldline.core.policy.diagnostic import PolicyError, Source, nearest
from goldline.core.policy.document import read
from goldline.core.policy.pack import Pack, read_text
from goldline.core.policy.parameter import figure
from goldline.core.policy.score import Score, facts_of
from goldline.core.policy.table import Table

_KEYS: Final = ("name", "score", "at", "facts", "expect")


@dataclass(frozen=True, slots=True)
class ScoreCase:
    """One case of a score: facts as JSON values, the end of the day, what is expected."""

    name: str
    score: Score
    at: datetime
    facts: Mapping[str, Any]
    expect: Mapping[str, Any]
    where: str


@dataclass(frozen=True, slots=True)
class ScoreResult:
    """What came of a case."""

    case: ScoreCase
    actual: Mapping[str, Any]

    @property
    def passed(self) -> bool:
        """Whether everything expected came true."""
        return all(self.actual.get(key) == value for key, value in self.case.expect.items())

    def as_text(self) -> str:
        """One line when it passed; both sides when it did not."""
        head = f"{self.case.where}: {self.case.score.id}: {self.case.name}"
        if self.passed:
            return f"ok    {head}"
        sides = ((key, wanted, self.actual.get(key)) for key, wanted in self.case.expect.items())
        told = [f"    {' ' if a == w else '!'} {key:<10} expected {w!s:<24} actual {a}" for key, w, a in sides]
        return "\n".join([f"FAIL  {head}", *told, *(f"      {key} = {value}" for key, value in self.actual.items())])


def run_score_cases(connection: Connection[Any], pack: Pack) -> list[ScoreResult]:
    """Work out every case of a score beside the pack; nothing is stored. Raises `PolicyError` with every fault."""
    sources = [Source(str(path), read_text(path)) for path in pack.case_files]
    cases = [case for source in sources for case in _cases(pack, source)]
    faults = [fault for source in sources for fault in source.diagnostics]
    if faults:
        raise PolicyError(faults)
    return [_result(connection, pack, case) for case in cases]


def _cases(pack: Pack, source: Source) -> Iterator[ScoreCase]:
    document = read(source)
    if document is not None:
        for table in Table(document, (), document.values).tables("case", "case"):
            if "score" in table.values and (found := _case(table, pack)):
                yield found


def _case(table: Table, pack: Pack) -> ScoreCase | None:
    table.allow(_KEYS, "a case of a score")
    complete = table.require(_KEYS, "the case")
    name, at, facts, expect = table.text("name"), table.instant("at", UTC), table.table("facts"), table.table("expect")
    score = _score(table, pack, at) if at else None
    if not complete or name is None or at is None or score is None or facts is None or expect is None:
        return None
    parts = [*(each.id for each in score.dimensions), *(each.id for each in score.indicators)]
    expect.allow(("score", "stars", "stage", *parts), "'expect'")
    wanted = {key: figure(value) if key != "stage" else value for key, value in expect.values.items()}
    given = {key: value for key in facts.values if (value := _fact(facts, key, pack, score)) is not None}
    line = table.document.source.diagnostic(table.document.marks[table.path].key[0], 1, "").line
    return ScoreCase(name, score, at, given, wanted, f"{Path(table.document.source.file).name}:{line}")


def _score(table: Table, pack: Pack, at: datetime) -> Score | None:
    """The version in force for a day that ends then."""
    own_id = table.text("score")
    versions = [each for each in pack.scores if each.id == own_id]
    if own_id is not None and not versions:
        known = sorted({each.id for each in pack.scores})
        hint = nearest(own_id, known) or f"scores in force: {', '.join(known) or 'none'}"
        table.report("score", f"there is no score '{own_id}' in force", hint)
        return None
    found = [
        each for each in versions
        if (each.effective_from is None or at > each.effective_from)
        and (each.effective_until is None or at <= each.effective_until)
    ]  # fmt: skip
    if versions and not found:
        table.report("at", f"no version of '{own_id}' is in force then")
    return found[0] if found else None


def _fact(facts: Table, key: str, pack: Pack, score: Score) -> Any:
    """The JSON value of a fact, or None with its fault noted."""
    types = facts_of(_subject(pack, score))
    kind, value = types.get(key), facts.values[key]
    if kind is None:
        facts.report(key, f"unknown fact '{key}'", nearest(key, types), at_key=True)
        return None
    if kind is FactType.MONEY:
        return facts.minor(key, exponent_of(pack.currency))
    if kind is FactType.NUMBER:
        number = figure(value)
        if number is None:
            facts.report(key, f"'{key}' is a number, and this value is none")
        return None if number is None else str(number)
    return facts.text(key)


def _subject(pack: Pack, score: Score) -> type[Aggregate]:
    subject = pack.vocabulary[score.subject]
    assert issubclass(subject, Aggregate), "a score goes by days"
    return subject


def rows_sql(types: Mapping[str, FactType]) -> str:
    """Rows of facts given as a JSON array in the statement's one parameter, as a score's statement reads them."""
    columns = ", ".join(f"{name} {kind.column}" for name, kind in types.items())
    return f"SELECT * FROM jsonb_to_recordset(%s::jsonb) AS g(owner text, day date, {columns})"


def _result(connection: Connection[Any], pack: Pack, case: ScoreCase) -> ScoreResult:
    types = facts_of(_subject(pack, case.score))
    # What was not counted is nothing, not unknown.
    counted = {name: 0 for name, kind in types.items() if kind in (FactType.NUMBER, FactType.MONEY)}
    row = {"owner": "case", "day": case.at.date().isoformat(), "ends_at": case.at.isoformat(), **counted, **case.facts}
    statement = score_sql.select(case.score, "case", rows_sql(types))
    found = connection.execute(statement.encode(), [Jsonb([row])]).fetchone()
    if found is None:
        return ScoreResult(case, {})
    told = dict(zip(score_sql.COLUMNS, found, strict=True))
    points: dict[str, Any] = {}
    for own_id, dimension in told["dimensions"].items():
        points |= {own_id: dimension["points"]}
        points |= {each: indicator["points"] for each, indicator in dimension["indicators"].items()}
    plain = {key: None if value is None else Decimal(str(value)) for key, value in points.items()}
    return ScoreResult(case, {"score": told["score"], "stars": told["stars"], "stage": told["stage"], **plain})
