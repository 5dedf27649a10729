"""Ladders and gates: what follows from the nth violation, and what an account may do meanwhile.

A ladder counts violations of rules by one account within a window and names, for each step, time-boxed sanctions or
sanctions with the condition that lifts them. A gate is a capability that sanctions close or limit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from goldline.core.facts.merge import FactType
from goldline.core.facts.subject import Aggregate, Subject
from goldline.core.policy.clause import Setting, expression, usable_id
from goldline.core.policy.definition import Use
from goldline.core.policy.diagnostic import nearest
from goldline.core.policy.expression import Expression, examine
from goldline.core.policy.parameter import GRADES
from goldline.core.policy.table import Table

CALENDAR_YEAR: Final = "calendar_year"
ASKED: Final = {"category": FactType.TEXT, "value": FactType.NUMBER}
_LADDER_KEYS: Final = (
    "id", "on", "title", "about", "counts", "window", "spacing", "effective", "clause", "grade", "step",
)  # fmt: skip
_STEP_KEYS: Final = ("nth", "sanctions")
_SANCTION_KEYS: Final = ("action", "for", "until", "value", "amount", "linked")
_GATE_KEYS: Final = (
    "id", "title", "about", "closed_by", "limited_by", "limit", "score", "requires", "clause", "grade",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Measure:
    """One sanction of a step: what is done, for how long (`for_s`) or until which condition of `on` holds.

    With both, whichever comes first ends it; with neither, only an appeal does. `value` is a figure that belongs to the
    action (orders a day of a cap), `amount` the money of a fee or of what is frozen. `linked` reaches the account's
    linked accounts too.
    """

    ordinal: int
    action: str
    for_s: int | None
    until: Expression | None
    value: Expression | None
    amount: Expression | None
    linked: bool

    @property
    def expressions(self) -> tuple[Expression, ...]:
        """Its expressions, in reading order."""
        return tuple(each for each in (self.until, self.value, self.amount) if each is not None)


@dataclass(frozen=True, slots=True)
class Step:
    """What follows from the nth violation, and from every further one up to the next step's."""

    nth: int
    measures: tuple[Measure, ...]


@dataclass(frozen=True, slots=True)
class Ladder:
    """One version of a ladder. `window_s` is None for a calendar year in `zone`, or 0 for all time.

    A violation less than `spacing_s` after the last one counted belongs to that one: the account has that long to mend.
    Conduct from `effective_from` on and before `effective_until` is counted by this version.
    """

    policy: str
    version: int
    pack: str
    subject: str
    title: Mapping[str, str]
    about: Mapping[str, str]
    rules: tuple[str, ...]
    window_s: int | None
    zone: str
    spacing_s: int
    effective_from: datetime | None
    effective_until: datetime | None
    steps: tuple[Step, ...]
    currency: str
    clause: str | None = None
    grade: str | None = None

    @property
    def kind(self) -> str:
        """'ladder'."""
        return "ladder"

    @property
    def uses(self) -> frozenset[Use]:
        """The parameters and tariffs it names."""
        return frozenset[Use]().union(*(e.uses for s in self.steps for m in s.measures for e in m.expressions))

    def step(self, nth: int) -> Step | None:
        """The step the nth violation reaches."""
        reached = [each for each in self.steps if each.nth <= nth]
        return reached[-1] if reached else None


@dataclass(frozen=True, slots=True)
class Gate:
    """A capability: closed while a sanction of `closed_by` is in force, limited while one of `limited_by` is.

    `limit` is a number worked out from what is asked (`category`) and the least `value` of the limiting sanctions.
    With `requires` it is closed also to an account whose latest standing by `score` does not meet that condition.
    """

    policy: str
    version: int
    pack: str
    title: Mapping[str, str]
    about: Mapping[str, str]
    closed_by: tuple[str, ...]
    limited_by: tuple[str, ...]
    limit: Expression | None
    currency: str
    clause: str | None = None
    grade: str | None = None
    score: str | None = None
    requires: Expression | None = None

    @property
    def kind(self) -> str:
        """'gate'."""
        return "gate"

    @property
    def id(self) -> str:
        """The id inside its pack."""
        return self.policy.partition(".")[2]

    @property
    def subject(self) -> str:
        """Gates are about accounts."""
        return "account"

    @property
    def uses(self) -> frozenset[Use]:
        """The parameters and tariffs it names."""
        return frozenset[Use]().union(*(each.uses for each in (self.limit, self.requires) if each is not None))


def read_ladder(table: Table, setting: Setting, rules: Mapping[str, str]) -> Ladder | None:
    """A ladder, or None with its faults noted. `rules` maps the ids it may count to their kind of subject."""
    table.allow(_LADDER_KEYS, "a ladder")
    complete = table.require(("id", "on", "title", "about", "counts", "step"), "the ladder")
    before = len(table.document.source.diagnostics)
    own_id, subject = usable_id(table, "id") or "", _account_subject(table, setting)
    title, about = table.words("title"), table.words("about")
    counts = _rules(table, rules)
    window_s = _window(table)
    inner = table.table("effective")
    start, until = (inner.instant(key, setting.zone) if inner else None for key in ("from", "until"))
    steps = _steps(table, subject, setting)
    clause, grade = table.text("clause"), table.choice("grade", GRADES)
    spacing_s = table.seconds("spacing") or 0
    if len(table.document.source.diagnostics) > before or not complete or subject is None:
        return None
    return Ladder(
        policy=f"{setting.pack}.{own_id}", version=1, pack=setting.pack, subject=subject.kind, title=title, about=about,
        rules=tuple(f"{setting.pack}.{each}" for each in counts), window_s=window_s, zone=str(setting.zone),
        spacing_s=spacing_s, effective_from=start, effective_until=until, steps=steps, currency=setting.currency,
        clause=clause, grade=grade,
    )  # fmt: skip


def _account_subject(table: Table, setting: Setting) -> type[Aggregate] | None:
    kind = table.text("on")
    found = setting.vocabulary.subjects.get(kind or "")
    if found is not None and issubclass(found, Aggregate):
        return found
    if kind is not None:
        known = [each.kind for each in setting.vocabulary.aggregates]
        table.report("on", f"'{kind}' is not counted by day", nearest(kind, known) or f"use {', '.join(known)}")
    return None


def _rules(table: Table, rules: Mapping[str, str]) -> tuple[str, ...]:
    for each in table.texts("counts"):
        if each not in rules:
            hint = nearest(each, rules) or "name [[rule]] ids of this pack"
            table.report("counts", f"there is no rule '{each}'", hint)
    return table.texts("counts")


def _window(table: Table) -> int | None:
    """Seconds; None for a calendar year; 0 for all time."""
    value = table.values.get("window")
    if value is None:
        return 0
    return None if value == CALENDAR_YEAR else table.seconds("window")


def _steps(table: Table, subject: type[Subject] | None, setting: Setting) -> tuple[Step, ...]:
    found: list[Step] = []
    for inner in table.tables("step", "ladder.step"):
        inner.allow(_STEP_KEYS, "a step")
        inner.require(_STEP_KEYS, "the step")
        nth = inner.values.get("nth")
        if not isinstance(nth, int) or nth < 1 or (found and nth <= found[-1].nth):
            inner.report("nth", "'nth' must be a whole number above that of the step before", "write nth = 1")
            continue
        sanctions = inner.tables("sanctions", "ladder.step.sanctions")
        measures = [_measure(each, n, subject, setting) for n, each in enumerate(sanctions)]
        found.append(Step(nth, tuple(each for each in measures if each is not None)))
    return tuple(found)


def _measure(table: Table, ordinal: int, subject: type[Subject] | None, setting: Setting) -> Measure | None:
    table.allow(_SANCTION_KEYS, "a sanction")
    table.require(("action",), "the sanction")
    action = _action(table, "action", table.values.get("action"), setting)
    until = expression(table, "until", FactType.BOOLEAN, subject, setting)
    value = expression(table, "value", FactType.NUMBER, subject, setting)
    amount = expression(table, "amount", FactType.MONEY, subject, setting)
    linked = table.values.get("linked", False)
    if not isinstance(linked, bool):
        table.report("linked", "'linked' must be true or false")
    for_s = table.seconds("for")
    return Measure(ordinal, action, for_s, until, value, amount, bool(linked)) if action else None


def _action(table: Table, key: str, action: Any, setting: Setting) -> str | None:
    known = setting.vocabulary.actions
    if action in known:
        return str(action)
    if action is not None:
        hint = nearest(str(action), known) or f"use {', '.join(known)}"
        table.report(key, f"there is no sanction '{action}'", hint)
    return None


def read_gate(table: Table, setting: Setting, scores: Mapping[str, Mapping[str, FactType]]) -> Gate | None:
    """A gate, or None with its faults noted. `scores` maps the ids it may ask for to what can be asked of them."""
    table.allow(_GATE_KEYS, "a gate")
    complete = table.require(("id", "title", "about", "closed_by"), "the gate")
    before = len(table.document.source.diagnostics)
    own_id = usable_id(table, "id") or ""
    title, about = table.words("title"), table.words("about")
    closed_by, limited_by = table.texts("closed_by"), table.texts("limited_by")
    for key, actions in (("closed_by", closed_by), ("limited_by", limited_by)):
        for each in actions:
            _action(table, key, each, setting)
    limit = _asking(table, "limit", FactType.NUMBER, ASKED, setting)
    score = _score(table, scores)
    requires = _asking(table, "requires", FactType.BOOLEAN, scores[score], setting) if score else None
    clause, grade = table.text("clause"), table.choice("grade", GRADES)
    if len(table.document.source.diagnostics) > before or not complete:
        return None
    return Gate(
        f"{setting.pack}.{own_id}", 1, setting.pack, title, about, closed_by, limited_by, limit, setting.currency,
        clause, grade, f"{setting.pack}.{score}" if score else None, requires,
    )  # fmt: skip


def _score(table: Table, scores: Mapping[str, Mapping[str, FactType]]) -> str | None:
    """The id of the score a gate asks for."""
    if ("score" in table.values) != ("requires" in table.values):
        table.report(None, "'score' and 'requires' go together", 'write score = "experience", requires = "score >= 70"')
    return table.choice("score", scores)


def _asking(
    table: Table, key: str, want: FactType, types: Mapping[str, FactType], setting: Setting
) -> Expression | None:
    text = table.text(key)
    if text is None:
        return None
    return examine(
        text, types=types, want=want, currency=setting.currency, macros=None,
        where=table.document.place((*table.path, key)), definitions=setting.definitions,
    )  # fmt: skip
