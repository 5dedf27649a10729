"""One version of one promise, parsed and typed: what was promised, by when, and what a breach costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from goldline.core.policy.expression import Expression, Node


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
class Remedy:
    """What one breach gives the consumer.

    `pay.sql()` yields integral minor units of `currency` as numeric, null when a fact it needs is unknown: then
    nothing is paid. `bearer` yields 'merchant', 'carrier' or 'platform'. `after_s` is how long after the deadline
    the promise must still be unkept; `occurrence` is the slot it belongs to.
    """

    ordinal: int
    pay: Expression
    kind: str
    bearer: Expression
    when: Expression | None
    after_s: int
    currency: str
    occurrence: int = 0


@dataclass(frozen=True, slots=True)
class Promise:
    """One version of a promise about one kind of subject.

    `policy` is '<pack>.<id>'. `effective_from` is inclusive, `effective_until` exclusive; `by` names the instant
    fact that says which version conduct is judged by (None: this version holds whatever the date).
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

    @property
    def id(self) -> str:
        """The id inside its pack: what `broken('…')` names."""
        return self.policy.partition(".")[2]

    @property
    def expressions(self) -> tuple[Expression, ...]:
        """Every expression of this version, in reading order."""
        own = [self.made_at, self.due_at, self.kept_at, *([self.excused] if self.excused else [])]
        for remedy in self.remedies:
            own += [remedy.pay, remedy.bearer, *([remedy.when] if remedy.when else [])]
        return tuple(own)

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
