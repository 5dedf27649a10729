"""Merge rules: how two pieces of evidence for one fact become one.

Every rule is a semilattice join: commutative, associative, idempotent. So duplicated, reordered, late and
re-batched events give the same facts. A rule is said twice, once for a batch in memory (`better`) and once as SQL
against the standing row (`sql`); a property test holds the two together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, Protocol


class FactType(Enum):
    """The type of a fact, named as the policy language names it. `column` is its PostgreSQL type."""

    INSTANT = "instant"
    MONEY = "money"
    NUMBER = "number"
    TEXT = "text"
    BOOLEAN = "boolean"
    SET = "set"
    INSTANTS = "instants"

    @property
    def column(self) -> str:
        """The type of the column that holds it."""
        return _COLUMNS[self]


_COLUMNS: Final[Mapping[FactType, str]] = {
    FactType.INSTANT: "timestamptz", FactType.MONEY: "bigint", FactType.NUMBER: "numeric", FactType.TEXT: "text",
    FactType.BOOLEAN: "boolean", FactType.SET: "text[]", FactType.INSTANTS: "timestamptz[]",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Source:
    """Which events feed a fact: types, equality conditions on fields of `data`, and a field they must give."""

    events: tuple[str, ...]
    where: tuple[tuple[str, tuple[str, ...]], ...] = ()
    given: str = ""


@dataclass(frozen=True, slots=True)
class Tally:
    """What an aggregate counts: rows of the subject `of`, on the day of its fact `at`, where a condition holds.

    `summed` is an expression over that subject's facts whose values are added up; None counts the rows.
    """

    of: str
    at: str
    where: str | None = None
    summed: str | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """The sum of another fact of the aggregate over `days` days that end `ago` days before the row's own."""

    fact: str
    days: int
    ago: int = 0


@dataclass(frozen=True, slots=True)
class Fact:
    """One declared fact. `rule` is one of RULES, below."""

    rule: str
    type: FactType
    source: Source
    field: str | None = None
    expression: str | None = None
    about: str = ""
    of: str | None = None  # the kind of subject an inherited fact is taken from
    tally: Tally | None = None
    window: Window | None = None
    read: Callable[[Any], Any] | None = None  # what is kept of the field's value; None of it: the event says nothing


class Heritable(Protocol):
    """What a fact can be inherited from: a kind of subject and its facts."""

    @property
    def kind(self) -> str:
        """Its name."""

    @property
    def facts(self) -> dict[str, Fact]:
        """What may be taken from it."""


def _source(events: tuple[str, ...], where: Mapping[str, str | tuple[str, ...]] | None, given: str = "") -> Source:
    pairs = sorted((where or {}).items())
    return Source(events, tuple((name, (v,) if isinstance(v, str) else tuple(v)) for name, v in pairs), given)


def FirstAt(*events: str, where: Mapping[str, str | tuple[str, ...]] | None = None, about: str = "") -> Any:
    """The earliest time of the events."""
    return Fact("first_at", FactType.INSTANT, _source(events, where), about=about)


def LastAt(*events: str, where: Mapping[str, str | tuple[str, ...]] | None = None, about: str = "") -> Any:
    """The latest time of the events."""
    return Fact("last_at", FactType.INSTANT, _source(events, where), about=about)


def Least(
    event: str | tuple[str, ...],
    field: str,
    type: FactType,
    *,
    where: Mapping[str, str | tuple[str, ...]] | None = None,
    read: Callable[[Any], Any] | None = None,
    about: str = "",
) -> Any:
    """The least value of a field over the events; of what `read` makes of it."""
    source = _source((event,) if isinstance(event, str) else event, where)
    return Fact("least", type, source, field, about=about, read=read)


def Greatest(
    event: str | tuple[str, ...],
    field: str,
    type: FactType,
    *,
    where: Mapping[str, str | tuple[str, ...]] | None = None,
    read: Callable[[Any], Any] | None = None,
    about: str = "",
) -> Any:
    """The greatest value of a field over the events; of what `read` makes of it."""
    source = _source((event,) if isinstance(event, str) else event, where)
    return Fact("greatest", type, source, field, about=about, read=read)


def Union(event: str, *fields: str, where: Mapping[str, str | tuple[str, ...]] | None = None, about: str = "") -> Any:
    """The set of values of a field over the events; of several fields, the set of their JSON arrays.

    Of no field, the set of the events' own times.
    """
    kind = FactType.SET if fields else FactType.INSTANTS
    return Fact("union", kind, _source((event,), where), ",".join(fields) or None, about=about)


def First(
    event: str,
    field: str,
    type: FactType,
    *,
    where: Mapping[str, str | tuple[str, ...]] | None = None,
    read: Callable[[Any], Any] | None = None,
    known: bool = False,
    about: str = "",
) -> Any:
    """The field of the earliest event (ties by event id). Facts of one source move together, as a record.

    `read` says what is kept of the value: a pure function, given no null. `known` asks events that give the field only.
    """
    return Fact("first", type, _source((event,), where, field if known else ""), field, about=about, read=read)


def Latest(
    event: str | tuple[str, ...],
    field: str,
    type: FactType,
    *,
    where: Mapping[str, str | tuple[str, ...]] | None = None,
    read: Callable[[Any], Any] | None = None,
    known: bool = False,
    about: str = "",
) -> Any:
    """The field of the latest event (ties by event id). Facts of one source move together, as a record.

    `read` says what is kept of the value: a pure function, given no null. `known` asks events that give the field only.
    """
    source = _source((event,) if isinstance(event, str) else event, where, field if known else "")
    return Fact("latest", type, source, field, about=about, read=read)


def Derived(expression: str, type: FactType, *, about: str = "") -> Any:
    """A scalar SQL expression over the subject's other facts, resolved when they change and stored."""
    return Fact("derived", type, Source(()), expression=expression, about=about)


def Inherited(of: Heritable, name: str, *, about: str = "") -> Any:
    """A fact of the subject this one is within, as it stands whenever this one is judged; stored here beside its own.

    It has no evidence of its own, so it merges as the fact it is taken from does. It is kept while promises are made
    about this kind of subject, and empty before that.
    """
    source = of.facts[name]
    return Fact("inherited", source.type, Source(()), expression=name, about=about or source.about, of=of.kind)


def Count(of: Any, *, at: str, where: str | None = None, about: str = "") -> Any:
    """How many rows of a subject fall on the day of its fact `at` and meet the condition; for an `Aggregate`."""
    return Fact("counted", FactType.NUMBER, Source(()), about=about, tally=Tally(of.kind, at, where))


def Sum(of: Any, summed: str, type: FactType, *, at: str, where: str | None = None, about: str = "") -> Any:
    """The sum of an expression over the rows that fall on the day and meet the condition; for an `Aggregate`."""
    return Fact("counted", type, Source(()), about=about, tally=Tally(of.kind, at, where, summed))


def Windowed(fact: str, days: int, *, ago: int = 0, type: FactType = FactType.NUMBER, about: str = "") -> Any:
    """The sum of another fact of the `Aggregate` over several days, by default those that end with its own."""
    return Fact("counted", type, Source(()), about=about, window=Window(fact, days, ago))


def DayEnd(*, about: str = "") -> Any:
    """The midnight that ends the row's day, in the owner's time zone; for an `Aggregate`."""
    return Fact("counted", FactType.INSTANT, Source(()), about=about)


def Label(of: Any, field: str, *, about: str = "") -> Any:
    """A text fact that all rows of the owner's day share, the greatest should they differ; for an `Aggregate`."""
    return Fact("counted", FactType.TEXT, Source(()), field, about=about, tally=Tally(of.kind, ""))


def Noticed(what: str, type: FactType, *, about: str = "") -> Any:
    """What the notices in force say of a subject: 'moved_to', 'voided_at' or 'ids'; see `core.facts.coverage`."""
    return Fact("noticed", type, Source(()), what, about=about)


RULES = (
    "first_at", "last_at", "least", "greatest", "union", "first", "latest", "derived", "inherited", "counted",
    "noticed",
)  # fmt: skip
