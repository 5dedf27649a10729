"""One version of one promise, parsed and typed: what was promised, by when, and what a breach costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from goldline.core.policy.consequence import Consequence
from goldline.core.policy.definition import Use
from goldline.core.policy.expression import Expression, Node

# How a new rule comes into force. In `log` its violations are counted and nothing else; in `flag` they are written down
# and shown; in `report` each opens a case for a person, and what the person upholds has its effects; in `act` all have.
LOG: Final = "log"
FLAG: Final = "flag"
REPORT: Final = "report"
ACT: Final = "act"
ROLLOUTS: Final = (LOG, FLAG, REPORT, ACT)


@dataclass(frozen=True, slots=True)
class Budget:
    """The most a policy may cost in one period ('day', 'week', 'month' or 'year', UTC). What exceeds it is held."""

    period: str
    limit_minor: int


@dataclass(frozen=True, slots=True)
class Breaker:
    """Trips when what accrued within the window exceeds the limit; payouts are then held until released."""

    window_s: int
    limit_minor: int


@dataclass(frozen=True, slots=True)
class Side:
    """One of two parties that share a remedy: `part` of it (0 to 1), because the promise `answers_for` was broken."""

    party: str
    answers_for: str
    part: Decimal


@dataclass(frozen=True, slots=True)
class Remedy:
    """What one breach gives the consumer.

    `pay.sql()` yields integral minor units of `currency` as numeric, null when a fact it needs is unknown: then
    nothing is paid. `bearer` yields a party of the subject or 'platform'. `after_s` is how long after the deadline
    the promise must still be unkept; `occurrence` is the slot it belongs to. `share` are the two sides that bear it
    instead where the promises of both were broken: the first bears what the rounding of the second leaves over.
    """

    ordinal: int
    pay: Expression
    kind: str
    bearer: Expression
    when: Expression | None
    after_s: int
    currency: str
    occurrence: int = 0
    share: tuple[Side, Side] | None = None

    @property
    def expressions(self) -> tuple[Expression, ...]:
        """Its expressions, in reading order."""
        return (self.pay, self.bearer, *([self.when] if self.when else []))


@dataclass(frozen=True, slots=True)
class Dormant:
    """What is written but not in force, because parameters it needs have no value: a remedy, or the whole promise."""

    policy: str
    version: int
    remedy: int | None
    parameters: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Promise:
    """One version of a promise about one kind of subject.

    `policy` is '<pack>.<id>'. `effective_from` is inclusive, `effective_until` exclusive; `by` names the instant
    fact that says which version conduct is judged by (None: this version holds whatever the date). `clause` names the
    text the rule comes from and `grade` how sure that is. `dormant` lists what of it is not in force, `uses` the
    parameters and tariffs it names. `event` is what a breach brings about; `side` says whose clock it is, where that is
    not the seller's.

    `rollout` says how far a rule has come on its way into force: see `ROLLOUTS`.

    A *rule* is the same with a condition (`when`) in place of evidence of keeping: it is judged at `made_at`, which is
    `due_at` and `kept_at` too, and broken where the condition holds then.
    """

    policy: str
    version: int
    pack: str
    subject: str
    title: Mapping[str, str]
    about: Mapping[str, str]
    effective_from: datetime | None
    effective_until: datetime | None
    by: str | None
    made_at: Expression
    due_at: Expression
    kept_at: Expression
    excused: Expression | None
    grace_s: int
    cap_minor: int | None
    budget: Budget | None
    breaker: Breaker | None
    remedies: tuple[Remedy, ...]
    currency: str
    clause: str | None = None
    grade: str | None = None
    dormant: tuple[Dormant, ...] = ()
    uses: frozenset[Use] = frozenset()
    event: Consequence | None = None
    side: str | None = None
    when: Expression | None = None
    rollout: str = ACT

    @property
    def kind(self) -> str:
        """'promise', or 'rule' for what a merchant answers for."""
        return "promise" if self.when is None else "rule"

    @property
    def in_force(self) -> bool:
        """Whether it can be judged: no clock of it waits for a parameter."""
        return all(each.remedy is not None for each in self.dormant)

    @property
    def id(self) -> str:
        """The id inside its pack: what `broken('…')` names."""
        return self.policy.partition(".")[2]

    @property
    def expressions(self) -> tuple[Expression, ...]:
        """Every expression of this version, in reading order."""
        clocks = [self.made_at, self.due_at, self.kept_at] if self.when is None else [self.made_at, self.when]
        own = [*clocks, *([self.excused] if self.excused else [])]
        return (*own, *(each for remedy in self.remedies for each in remedy.expressions))

    @property
    def names(self) -> tuple[str, ...]:
        """Every fact this version reads, sorted."""
        read = frozenset[str]().union(*(each.names for each in self.expressions))
        return tuple(sorted(read | ({self.by} if self.by else set())))

    @property
    def nodes(self) -> tuple[Node, ...]:
        """Every sub-expression worth showing, in reading order, each label once."""
        found: dict[str, Node] = {}
        for expression in self.expressions:
            for node in expression.nodes():
                found.setdefault(node.label, node)
        return tuple(found.values())
