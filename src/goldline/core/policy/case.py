"""Cases: a policy's tests, written beside it, judged by the very SQL the engine judges by.

`cases.toml` holds `[[case]]` tables: facts of one subject, the clock, and what must come of it. All cases of one kind
of subject are judged in one statement.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from psycopg import Connection
from psycopg.types.json import Jsonb

from goldline.core.facts.merge import FactType
from goldline.core.facts.subject import Subject
from goldline.core.money import Money, portion_minor
from goldline.core.money import exponent as exponent_of
from goldline.core.policy import decision_case
from goldline.core.policy.clause import About
from goldline.core.policy.diagnostic import PolicyError, Source, nearest
from goldline.core.policy.document import read
from goldline.core.policy.expression import Type, parse
from goldline.core.policy.pack import Pack, read_text
from goldline.core.policy.promise import Promise
from goldline.core.policy.slot import Slot, slots
from goldline.core.policy.table import Table
from goldline.core.policy.verdict_sql import (
    due_sql,
    pay_sql,
    share_sql,
    slot_nodes_json_sql,
    state_sql,
    version_sql,
)

STATES: Final = {"p": "pending", "k": "kept", "b": "broken", "e": "excused", None: "none"}
_CASE_KEYS: Final = ("name", "policy", "facts", "at", "expect")
_EXPECT_KEYS: Final = ("state", "amount", "bearer", "occurrence", "due_at", "version")


@dataclass(frozen=True, slots=True)
class Case:
    """One case: facts by name as JSON values, the clock, and what is expected as texts."""

    name: str
    policy: str
    subject: str
    facts: Mapping[str, Any]
    at: datetime
    expect: Mapping[str, str]
    occurrence: int
    where: str


@dataclass(frozen=True, slots=True)
class CaseResult:
    """What came of a case. `nodes` are the values of the expressions, for seeing why."""

    case: Case
    actual: Mapping[str, str]
    nodes: tuple[tuple[str, Any], ...]

    @property
    def passed(self) -> bool:
        """Whether everything expected came true."""
        return all(self.actual.get(key) == value for key, value in self.case.expect.items())

    def as_text(self) -> str:
        """One line when it passed; both sides and the values of the nodes when it did not."""
        head = f"{self.case.where}: {self.case.policy}: {self.case.name}"
        if self.passed:
            return f"ok    {head}"
        lines = [f"FAIL  {head}"]
        for key, expected in self.case.expect.items():
            actual = self.actual.get(key, "none")
            mark = " " if actual == expected else "!"
            lines.append(f"    {mark} {key:<10} expected {expected:<24} actual {actual}")
        lines += [f"      {label} = {shown(value)}" for label, value in self.nodes]
        return "\n".join(lines)


def shown(value: Any) -> str:
    """The value of a node for a terminal."""
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def run_cases(connection: Connection[Any], pack: Pack) -> list[CaseResult]:
    """Judge every case beside the pack, in the order of its files; nothing is stored.

    Raises `PolicyError` with every fault of the case files. A pack without cases gives an empty list.
    """
    return judge_cases(connection, pack, read_cases(pack))


def _tried_out(pack: Pack) -> Pack:
    """The pack with its campaigns as rules on what they sweep, so that cases can name them."""
    return replace(pack, promises=(*pack.promises, *(each.as_rule() for each in pack.campaigns)))


def judge_cases(connection: Connection[Any], pack: Pack, cases: list[Case]) -> list[CaseResult]:
    """Judge cases by the promises of a pack, in their order."""
    judged: dict[int, CaseResult] = {}
    pack = _tried_out(pack)
    for kind in dict.fromkeys(case.subject for case in cases):
        own = [(n, case) for n, case in enumerate(cases) if case.subject == kind]
        if kind in pack.vocabulary.questions:
            judged |= _rule(connection, pack, own)
        else:
            judged |= _judge(connection, pack, pack.vocabulary[kind], own)
    return [judged[n] for n in range(len(cases))]


def read_cases(pack: Pack) -> list[Case]:
    """The cases beside a pack. Raises `PolicyError` with every fault."""
    pack = _tried_out(pack)
    sources = [Source(str(path), read_text(path)) for path in pack.case_files]
    cases = [case for source in sources for case in _read(pack, source)]
    faults = [fault for source in sources for fault in source.diagnostics]
    if faults:
        raise PolicyError(faults)
    return cases


def _read(pack: Pack, source: Source) -> list[Case]:
    """The cases of one file, its faults noted."""
    document = read(source)
    if document is None:
        return []
    root = Table(document, (), document.values)
    root.allow(("case",), "a case file")
    own = (table for table in root.tables("case", "case") if not {"ladder", "score"} & set(table.values))
    read_ones = (_case(table, pack) for table in own)
    return [case for case in read_ones if case is not None]


def _case(table: Table, pack: Pack) -> Case | None:
    if "decision" in table.values:
        return _decision_case(table, pack)
    table.allow(_CASE_KEYS, "a case")
    complete = table.require(_CASE_KEYS, "the case")
    name, at = table.text("name"), table.instant("at", UTC)
    promise = _promise(table, pack)
    facts, expect = table.table("facts"), table.table("expect")
    if not complete or name is None or at is None or promise is None or facts is None or expect is None:
        return None
    subject = pack.vocabulary[promise.subject]
    given = {key: value for key in facts.values if (value := _fact(facts, key, subject, pack)) is not None}
    occurrence = expect.values.get("occurrence", 0)
    if not isinstance(occurrence, int):
        expect.report("occurrence", "'occurrence' must be a whole number")
        return None
    return Case(name, promise.policy, subject.kind, given, at, _expected(expect, pack), occurrence, _where(table))


def _where(table: Table) -> str:
    line = table.document.source.diagnostic(table.document.marks[table.path].key[0], 1, "").line
    return f"{Path(table.document.source.file).name}:{line}"


def _decision_case(table: Table, pack: Pack) -> Case | None:
    """A case of a decision. Its clock is the fact asked_at."""
    table.allow(decision_case.CASE_KEYS, "a case of a decision")
    complete = table.require(decision_case.CASE_KEYS, "the case")
    name, versions = table.text("name"), decision_case.named(table, pack)
    facts, expect = table.table("facts"), table.table("expect")
    if not complete or name is None or not versions or facts is None or expect is None:
        return None
    question = pack.vocabulary.questions[versions[0].question]
    given = {key: value for key in facts.values if (value := _fact(facts, key, question, pack)) is not None}
    wanted = decision_case.expected(expect, versions)
    at = facts.instant("asked_at", UTC) or _UNASKED
    return Case(name, versions[0].policy, question.kind, given, at, wanted, 0, _where(table))


_UNASKED: Final = datetime(2000, 1, 1, tzinfo=UTC)


def _rule(connection: Connection[Any], pack: Pack, cases: list[tuple[int, Case]]) -> dict[int, CaseResult]:
    """The cases of decisions on one kind of question, each decision in one statement."""
    results: dict[int, CaseResult] = {}
    for policy in dict.fromkeys(case.policy for _, case in cases):
        own = [(n, case) for n, case in cases if case.policy == policy]
        ruled = decision_case.rule(connection, pack, policy, [case.facts for _, case in own])
        for (n, case), (actual, ruling) in zip(own, ruled, strict=True):
            types = {node.label: node.type for node in ruling.decision.nodes} if ruling.decision else {}
            nodes = ((each["label"], _major(each["value"], types.get(each["label"]), pack)) for each in ruling.nodes)
            results[n] = CaseResult(case, actual, tuple(nodes))
    return results


def _promise(table: Table, pack: Pack) -> Promise | None:
    policy = table.text("policy")
    if policy is None:
        return None
    versions = pack.versions(policy)
    if versions:
        return versions[-1]
    known = sorted({each.id for each in pack.promises})
    table.report("policy", f"unknown promise '{policy}'", nearest(policy, known) or f"promises: {', '.join(known)}")
    return None


def _fact(facts: Table, key: str, subject: About, pack: Pack) -> Any:
    """The JSON value of a fact, or None with its fault noted."""
    types = subject.types()
    kind = types.get(key)
    value = facts.values[key]
    if kind is None:
        facts.report(key, f"unknown fact '{key}'", nearest(key, types), at_key=True)
        return None
    if kind in (FactType.INSTANT, FactType.INSTANTS) and isinstance(value, (date, str, list)):
        return _times(facts, key, kind)
    if kind is FactType.MONEY and isinstance(value, (int, Decimal)) and not isinstance(value, bool):
        return facts.minor(key, exponent_of(pack.currency))
    fits = {FactType.TEXT: str, FactType.BOOLEAN: bool, FactType.SET: list}.get(kind)
    if fits is not None and isinstance(value, fits):
        return value
    if kind is FactType.NUMBER and isinstance(value, (int, Decimal)) and not isinstance(value, bool):
        return str(value)
    facts.report(key, f"'{key}' is of type {kind.value}, and this value is not")
    return None


def _times(facts: Table, key: str, kind: FactType) -> Any:
    if kind is FactType.INSTANTS:
        return [at.isoformat() for at in facts.instants(key, UTC)]
    at = facts.instant(key, UTC)
    return at.isoformat() if at else None


def _expected(expect: Table, pack: Pack) -> dict[str, str]:
    expect.allow(_EXPECT_KEYS, "'expect'")
    expect.require(("state",), "'expect'")
    wanted: dict[str, str] = {}
    if state := expect.choice("state", STATES.values()):
        wanted["state"] = state
    if (amount_minor := expect.minor("amount", exponent_of(pack.currency))) is not None:
        wanted["amount"] = Money(amount_minor, pack.currency).decimal()
    if bearer := expect.text("bearer"):
        wanted["bearer"] = bearer
    if due_at := expect.instant("due_at", UTC):
        wanted["due_at"] = due_at.isoformat()
    if "version" in expect.values:
        wanted["version"] = str(expect.values["version"])
    return wanted


def _judge(
    connection: Connection[Any], pack: Pack, subject: type[Subject], cases: list[tuple[int, Case]]
) -> dict[int, CaseResult]:
    policies = {case.policy for _, case in cases}
    own = [slot for slot in slots(pack.promises) if slot.policy in policies]
    rows = [
        {"n": n, "at": case.at.isoformat(), "policy": case.policy, "occurrence": case.occurrence, **case.facts}
        for n, case in cases
    ]
    found = connection.execute(_statement(subject, pack, own).encode(), [Jsonb(rows)])
    judged = {row[0]: row[1:] for row in found}
    results = {}
    for n, case in cases:
        if n not in judged:
            judged[n] = (None, None, None, [], [])
        results[n] = _result(case, judged[n], pack)
    return results


def _statement(subject: type[Subject], pack: Pack, own: list[Slot]) -> str:
    known = tuple(slot for slot in slots(pack.promises) if slot.subject == subject.kind)
    arms = " UNION ALL ".join(_arm(slot, [each for each in own if each.policy == slot.policy], known) for slot in own)
    return f"WITH f AS MATERIALIZED ({_facts(subject, pack)}) {arms}"


def _facts(subject: type[Subject], pack: Pack) -> str:
    """The given facts as rows; a derived fact that is not given is resolved as the engine would."""
    derived = {name: fact for name, fact in subject.facts.items() if fact.rule == "derived"}
    columns = [f"{'_' if name in derived else ''}{name} {kind.column}" for name, kind in subject.types().items()]
    columns += ["n integer", "at timestamptz", "policy text", "occurrence integer"]
    renamed = "".join(f", {name} AS _{name}" for name in derived)
    plain = [column.removeprefix("_") if column.split()[0][1:] in derived else column for column in columns]
    kept = ", ".join(column.split()[0] for column in columns if not column.startswith("_"))
    rows = f"SELECT {kept}{renamed} FROM jsonb_to_recordset(%s::jsonb) AS g({', '.join(plain)})"
    for name, fact in derived.items():
        formula = parse(fact.expression or "", types=subject.types(), want=fact.type, currency=pack.currency)
        rows = f"SELECT f.*, coalesce(f._{name}, {formula.sql('postgres', 'f')}) AS {name} FROM ({rows}) f"
    return rows


def _arm(slot: Slot, siblings: list[Slot], known: tuple[Slot, ...]) -> str:
    remedies = ", ".join(_remedies(siblings, known)) or "NULL"
    return (
        f"SELECT f.n, {state_sql(slot, 'f', 'f.at')}::text, {version_sql(slot, 'f')}, {due_sql(slot, 'f')},"
        f" {slot_nodes_json_sql(slot, 'f')}, jsonb_build_array({remedies})"
        f" FROM f WHERE f.policy = '{slot.policy}' AND f.occurrence = {slot.occurrence}"
    )


def _remedies(siblings: list[Slot], known: tuple[Slot, ...]) -> Iterator[str]:
    """What each remedy gives now, where its own clock has run out: amount, bearer, whether it is shared, ordinal."""
    for slot in siblings:
        for promise in slot.versions:
            for remedy in slot.remedies(promise):
                due = f"{version_sql(slot, 'f')} = {promise.version} AND {state_sql(slot, 'f', 'f.at')} = 'b'"
                pay, bearer = pay_sql(promise, remedy.ordinal, "f"), remedy.bearer.sql("postgres", "f")
                shared = share_sql(remedy, slot, known, "f") or "false"
                yield f"CASE WHEN {due} THEN jsonb_build_array({pay}, {bearer}, {shared}, {remedy.ordinal}) END"


def _result(case: Case, row: tuple[Any, ...], pack: Pack) -> CaseResult:
    state, version, due_at, nodes, remedies = row
    actual = {"state": STATES[state]}
    promise = next((each for each in pack.versions(case.policy) if each.version == version), None)
    given = [each for each in filter(None, remedies or []) if each[0]]
    if promise is not None:
        actual["version"] = str(version)
        total = sum(amount for amount, *_ in given)
        capped = total if promise.cap_minor is None else min(total, promise.cap_minor)
        actual["amount"] = Money(capped, pack.currency).decimal()
    if given and promise is not None:
        actual["bearer"] = ", ".join(dict.fromkeys(_borne(each, promise, pack) for each in given))
    if due_at is not None:
        actual["due_at"] = due_at.isoformat()
    types = {node.label: node.type for node in promise.nodes} if promise else {}
    values = ((node["label"], _major(node["value"], types.get(node["label"]), pack)) for node in nodes or [])
    return CaseResult(case, actual, tuple(values))


def _borne(given: list[Any], promise: Promise, pack: Pack) -> str:
    """Who bears a remedy, and how much each of two: 'merchant 2.00 + carrier 1.99'."""
    amount_minor, bearer, shared, ordinal = given
    share = next(each.share for each in promise.remedies if each.ordinal == ordinal)
    if not shared or share is None:
        return str(bearer)
    capped = amount_minor if promise.cap_minor is None else min(amount_minor, promise.cap_minor)
    other = portion_minor(capped, share[1].part)
    parts = ((share[0].party, capped - other), (share[1].party, other))
    return " + ".join(f"{party} {Money(minor, pack.currency).decimal()}" for party, minor in parts)


def _major(value: Any, kind: Type | None, pack: Pack) -> Any:
    """An amount in major units, as cases write it; any other value as it is."""
    if kind is not FactType.MONEY or value is None:
        return value
    return f"{Decimal(str(value)).scaleb(-exponent_of(pack.currency))} {pack.currency}"
