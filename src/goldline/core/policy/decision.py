"""Decisions: policies that are asked and answered now. One version of one decision, parsed and typed.

The answer is the severest among the grounds that hold, `answers` being written the mildest first; without any it is
`otherwise`. So one ground more never makes an answer milder.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from goldline.core.policy.definition import Use
from goldline.core.policy.expression import Expression, Node

OTHERWISE: Final = "otherwise"
LIMITS: Final = ("exposure", "budget", "breaker")
RESERVED: Final = (OTHERWISE, *LIMITS)
Words = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Ground:
    """One reason for an answer. It holds when `when` is true; with `unknown` also when that cannot be told.

    `lasting` says that it is a matter of what was bought, not of when one asks: coverage counts those alone.
    """

    id: str
    answer: str
    when: Expression
    reason: Words
    unknown: bool = False
    lasting: bool = False
    clause: str | None = None

    def holds(self, value: bool | None) -> bool:  # noqa: FBT001 - it is what is asked about
        """Whether it holds, given the value of its condition."""
        return self.unknown if value is None else value


@dataclass(frozen=True, slots=True)
class Ceiling:
    """A limit of what a decision may spend, in minor units, and what is said when it is reached.

    `per` names the fact whose bearers are limited each for themselves (exposure); `period` is of the calendar, in UTC;
    `window_s` is that of a breaker.
    """

    limit_minor: int
    reason: Words
    period: str = ""
    window_s: int = 0
    per: str = ""


@dataclass(frozen=True, slots=True)
class Asleep:
    """What is written but not in force, because parameters it needs have no value: a ground, or a limit."""

    policy: str
    version: int
    part: str
    parameters: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """One version of a decision on one kind of question.

    `policy` is '<pack>.<id>'. `spends` is the answer that costs `amount` (None: no answer costs anything), and
    `exhausted` the answer instead of it once a limit is reached. `reason` is what is said when no ground holds.
    `grounds` are those in force, in the order written; `asleep` lists the others. The periods of its limits are days,
    weeks, months and years of `zone`.
    """

    policy: str
    version: int
    pack: str
    question: str
    title: Words
    about: Words
    effective_from: datetime | None
    effective_until: datetime | None
    by: str | None
    answers: tuple[str, ...]
    otherwise: str
    reason: Words
    grounds: tuple[Ground, ...]
    currency: str
    spends: str | None = None
    exhausted: str | None = None
    exposure: Ceiling | None = None
    budget: Ceiling | None = None
    breaker: Ceiling | None = None
    clause: str | None = None
    grade: str | None = None
    asleep: tuple[Asleep, ...] = ()
    uses: frozenset[Use] = frozenset()
    zone: str = "UTC"

    @property
    def id(self) -> str:
        """The id inside its pack: what it is asked by."""
        return self.policy.partition(".")[2]

    @property
    def kind(self) -> str:
        """'decision'."""
        return "decision"

    @property
    def subject(self) -> str:
        """Decisions are about questions: the kind of it."""
        return self.question

    @property
    def ceilings(self) -> dict[str, Ceiling]:
        """Its limits by name."""
        found = {"exposure": self.exposure, "budget": self.budget, "breaker": self.breaker}
        return {name: each for name, each in found.items() if each is not None}

    @property
    def names(self) -> tuple[str, ...]:
        """Every fact this version reads, sorted."""
        read = frozenset[str]().union(*(each.when.names for each in self.grounds))
        own = {self.by, self.exposure.per if self.exposure else None} - {None}
        return tuple(sorted(read | {name for name in own if name}))

    @property
    def nodes(self) -> tuple[Node, ...]:
        """Every sub-expression worth showing, in reading order, each label once."""
        found: dict[str, Node] = {}
        for ground in self.grounds:
            for node in ground.when.nodes():
                found.setdefault(node.label, node)
        return tuple(found.values())

    def words(self, reason: str) -> Words:
        """What is said for a reason: a ground's id, a limit's name, or 'otherwise'."""
        if reason == OTHERWISE:
            return self.reason
        ceiling = self.ceilings.get(reason)
        if ceiling is not None:
            return ceiling.reason
        return next((each.reason for each in self.grounds if each.id == reason), {})

    def answer(self, held: Iterable[str]) -> tuple[str, tuple[str, ...]]:
        """The answer and its reasons, given the ids of the grounds that hold."""
        ids = set(held)
        standing = [each for each in self.grounds if each.id in ids]
        floor = self.answers.index(self.otherwise)
        severest = max((self.answers.index(each.answer) for each in standing), default=-1)
        if severest < floor or not standing:
            return self.otherwise, (OTHERWISE,)
        chosen = self.answers[severest]
        return chosen, tuple(each.id for each in standing if each.answer == chosen)
