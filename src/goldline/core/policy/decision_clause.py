"""From the [[decision]] tables of a pack to its decisions: every ground and limit read, typed and checked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

from goldline.core.facts.merge import FactType
from goldline.core.facts.question import Question
from goldline.core.policy.clause import PERIODS, Setting, effective, expression, usable_id
from goldline.core.policy.decision import LIMITS, RESERVED, Asleep, Ceiling, Decision, Ground
from goldline.core.policy.definition import Use
from goldline.core.policy.diagnostic import nearest
from goldline.core.policy.parameter import GRADES, figure
from goldline.core.policy.promise import Promise
from goldline.core.policy.table import Table

DECISION_KEYS: Final = (
    "id", "on", "title", "about", "clause", "grade", "effective", "answers", "otherwise", "reason", "spends",
    "exhausted", *LIMITS, "ground",
)  # fmt: skip
REQUIRED_KEYS: Final = ("id", "on", "title", "about", "answers", "otherwise", "reason")
GROUND_KEYS: Final = ("id", "answer", "when", "reason", "unknown", "lasting", "clause")
_LIMIT_KEYS: Final[dict[str, tuple[str, ...]]] = {
    "exposure": ("per", "period", "limit", "reason"),
    "budget": ("period", "limit", "reason"),
    "breaker": ("window", "limit", "reason"),
}
_VERSIONS_HINT: Final = "end the earlier version where the later begins: effective = { until = … }"


def decisions(tables: list[Table], settings: list[Setting]) -> list[Decision | None]:
    """The decisions of the tables, each read in its setting, in their order; None where faults were noted."""
    counts: Counter[str] = Counter()
    found: list[Decision | None] = []
    for table, setting in zip(tables, settings, strict=True):
        read = _decision(table, setting)
        if read is not None:
            counts[read.policy] += 1
            read = replace(read, version=counts[read.policy], asleep=_numbered(read.asleep, counts[read.policy]))
            _check_versions(table, [each for each in found if each and each.policy == read.policy], read)
        found.append(read)
    return found


def check_names(tables: list[Table], found: list[Decision | None], promises: list[Promise | None]) -> None:
    """Note every decision that is named as a promise of its pack is: one name is one policy."""
    taken = {each.policy for each in promises if each is not None}
    for table, decision in zip(tables, found, strict=True):
        if decision is not None and decision.policy in taken:
            table.report("id", f"there is a promise '{decision.id}' already", "one id is one policy of the pack")


def _numbered(asleep: tuple[Asleep, ...], version: int) -> tuple[Asleep, ...]:
    return tuple(replace(each, version=version) for each in asleep)


def _decision(table: Table, setting: Setting) -> Decision | None:
    before = len(table.document.source.diagnostics)
    table.allow(DECISION_KEYS, "a decision")
    complete = table.require(REQUIRED_KEYS, "the decision")
    own_id, question = usable_id(table, "id"), _question(table, setting)
    title, about, reason = table.words("title"), table.words("about"), table.words("reason")
    start, until, by = effective(table, question, setting)
    answers = _answers(table)
    otherwise = _answer(table, "otherwise", answers)
    spends, exhausted = _answer(table, "spends", answers), _answer(table, "exhausted", answers)
    clause, grade = table.text("clause"), table.choice("grade", GRADES)
    ceilings = {name: _ceiling(table, name, question, setting) for name in LIMITS}
    _check_spending(table, answers, spends, exhausted)
    grounds = _grounds(table, answers, otherwise, question, setting)
    if len(table.document.source.diagnostics) > before or not complete or question is None or otherwise is None:
        return None
    policy = f"{setting.pack}.{own_id}"
    asleep = [*_sleeping_limits(table, policy, setting), *_sleeping_grounds(grounds, policy, setting)]
    resting = {each.part for each in asleep}
    return Decision(
        policy=policy, version=1, pack=setting.pack, question=question.kind, title=title, about=about,
        effective_from=start, effective_until=until, by=by, answers=answers, otherwise=otherwise, reason=reason,
        grounds=tuple(each for each in grounds if each.id not in resting), currency=setting.currency,
        zone=str(setting.zone), spends=spends, exhausted=exhausted, **ceilings, clause=clause, grade=grade,
        asleep=tuple(asleep), uses=_uses(table, grounds),
    )  # fmt: skip


def _question(table: Table, setting: Setting) -> type[Question] | None:
    kind = table.text("on")
    known = setting.vocabulary.questions
    if kind is None or kind in known:
        return known.get(kind or "")
    table.report("on", f"unknown question '{kind}'", nearest(kind, known) or f"questions: {', '.join(known) or 'none'}")
    return None


def _answers(table: Table) -> tuple[str, ...]:
    """The answers, the mildest first."""
    found = table.texts("answers")
    if "answers" in table.values and (len(found) < 2 or len(set(found)) < len(found)):
        table.report("answers", "'answers' must be two different words at least", "write the mildest first")
    return tuple(found)


def _answer(table: Table, key: str, answers: tuple[str, ...]) -> str | None:
    return table.choice(key, answers) if answers else table.text(key)


def _check_spending(table: Table, answers: tuple[str, ...], spends: str | None, exhausted: str | None) -> None:
    """Limits need an answer that costs something, and a severer one for when they are reached."""
    limited = next((name for name in LIMITS if name in table.values), None)
    if limited and spends is None and "spends" not in table.values:
        table.report(limited, f"'{limited}' limits nothing: no answer spends", 'write spends = "…"')
    if limited and exhausted is None and "exhausted" not in table.values:
        table.report(limited, f"nothing is answered once '{limited}' is reached", 'write exhausted = "…"')
    if spends in answers and exhausted in answers and answers.index(exhausted) <= answers.index(spends):
        table.report("exhausted", f"'{exhausted}' is not severer than '{spends}'", "answers are written mildest first")


def _ceiling(table: Table, name: str, question: type[Question] | None, setting: Setting) -> Ceiling | None:
    """One limit; None when it is absent, faulty or waits for its parameter."""
    inner = table.table(name)
    if inner is None:
        return None
    keys = _LIMIT_KEYS[name]
    inner.allow(keys, f"'{name}'")
    complete = inner.require(keys, f"'{name}'")
    limit_minor, period, window_s = _limit(inner, setting), inner.choice("period", PERIODS), inner.seconds("window")
    if window_s == 0:
        inner.report("window", "'window' has no length")
    per = inner.text("per")
    if per is not None and question is not None and question.types().get(per) is not FactType.TEXT:
        texts = [each for each, kind in question.types().items() if kind is FactType.TEXT]
        inner.report("per", f"'{per}' is not a text fact of {question.kind}", nearest(per, texts))
    if not complete or limit_minor is None:
        return None
    return Ceiling(limit_minor, inner.words("reason"), period or "", window_s or 0, per or "")


def _limit(inner: Table, setting: Setting) -> int | None:
    """An amount in minor units, or that of the parameter of type money it names; None while that has no value."""
    value = inner.values.get("limit")
    named = setting.definitions.parameters.get(value) if isinstance(value, str) else None
    if named is None:
        if isinstance(value, str) and figure(value) is None:
            hint = nearest(value, setting.definitions.parameters) or "write an amount, or the name of a parameter"
            inner.report("limit", f"there is no parameter '{value}'", hint)
            return None
        return inner.minor("limit", setting.exponent)
    if named.kind != "money":
        inner.report("limit", f"'{named.name}' is of type {named.kind}", "a limit needs a parameter of type money")
        return None
    number = figure(named.value) if named.value is not None else None
    return int(Decimal(number).scaleb(setting.exponent)) if number is not None else None


def _grounds(
    table: Table, answers: tuple[str, ...], otherwise: str | None, question: type[Question] | None, setting: Setting
) -> list[Ground]:
    found: list[Ground] = []
    for inner in table.tables("ground", "decision.ground"):
        ground = _ground(inner, answers, otherwise, question, setting)
        if ground is not None and ground.id in (*RESERVED, *(each.id for each in found)):
            what = "is a reason of the engine's own" if ground.id in RESERVED else "appears twice"
            inner.report("id", f"the ground '{ground.id}' {what}", "give every ground an id of its own")
        elif ground is not None:
            found.append(ground)
    return found


def _ground(
    table: Table, answers: tuple[str, ...], otherwise: str | None, question: type[Question] | None, setting: Setting
) -> Ground | None:
    table.allow(GROUND_KEYS, "a ground")
    table.require(("id", "answer", "when", "reason"), "the ground")
    own_id, answer = usable_id(table, "id"), _answer(table, "answer", answers)
    when = expression(table, "when", FactType.BOOLEAN, question, setting)
    reason = table.words("reason")
    unknown, lasting = _flag(table, "unknown"), _flag(table, "lasting")
    if answer in answers and otherwise in answers and answers.index(answer) < answers.index(otherwise):
        hint = f"'{otherwise}' is what is answered anyway"
        table.report("answer", f"'{answer}' is milder than '{otherwise}' and would never be given", hint)
    if own_id is None or answer is None or when is None:
        return None
    return Ground(own_id, answer, when, reason, unknown, lasting, table.text("clause"))


def _flag(table: Table, key: str) -> bool:
    value = table.values.get(key, False)
    if not isinstance(value, bool):
        table.report(key, f"'{key}' must be true or false", f"write {key} = true")
        return False
    return value


def _sleeping_grounds(grounds: list[Ground], policy: str, setting: Setting) -> list[Asleep]:
    named = [(each.id, setting.definitions.unset(each.when.uses)) for each in grounds]
    return [Asleep(policy, 1, part, names) for part, names in named if names]


def _sleeping_limits(table: Table, policy: str, setting: Setting) -> list[Asleep]:
    named = [(name, setting.definitions.unset(uses)) for name, uses in _limit_uses(table).items()]
    return [Asleep(policy, 1, part, names) for part, names in named if names]


def _limit_uses(table: Table) -> dict[str, frozenset[Use]]:
    """The parameters the limits name."""
    limits: Mapping[str, Any] = {
        name: table.values[name] for name in LIMITS if isinstance(table.values.get(name), dict)
    }
    return {
        name: frozenset({("param", each["limit"])})
        for name, each in limits.items()
        if isinstance(each.get("limit"), str) and figure(each["limit"]) is None
    }


def _uses(table: Table, grounds: list[Ground]) -> frozenset[Use]:
    return frozenset[Use]().union(*(each.when.uses for each in grounds), *_limit_uses(table).values())


def _check_versions(table: Table, earlier: list[Decision], later: Decision) -> None:
    for each in earlier:
        starts = [one.effective_from for one in (each, later)]
        ends = [one.effective_until for one in (each, later)]
        before = ends[0] and starts[1] and ends[0] <= starts[1]
        after = ends[1] and starts[0] and ends[1] <= starts[0]
        if each.question != later.question or each.by != later.by:
            hint = f"'{each.question}', judged by '{each.by}', before"
            table.report("on", f"versions of '{later.id}' must be about one question, judged by one fact", hint)
        elif not (before or after):
            table.report("id", f"this version of '{later.id}' overlaps version {each.version}", _VERSIONS_HINT)
