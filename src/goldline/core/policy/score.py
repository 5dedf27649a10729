"""Scores: how well an account keeps its promises, as dimensions of indicators with weights.

An indicator is a sum over cases (`sum` / `of`), put on a scale of points. A score says what it is worked out from and
nothing of how: `account/score_sql.py` works it out for every account in one statement, `account/outlook.py` for one in
memory, and a property test holds the two together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Final

from goldline.core.facts.merge import FactType
from goldline.core.facts.subject import Aggregate
from goldline.core.policy.clause import Setting, usable_id
from goldline.core.policy.definition import Use
from goldline.core.policy.diagnostic import nearest
from goldline.core.policy.expression import Expression, examine
from goldline.core.policy.parameter import GRADES, figure
from goldline.core.policy.table import Table

SMALL_SAMPLES: Final = ("none", "floor", "shrink")
_SCORE_KEYS: Final = (
    "id", "on", "title", "about", "effective", "clause", "grade", "grace", "valid", "formal", "growth", "least", "most",
    "stars", "small_sample", "floor", "peers", "strength", "dimension", "adjustment",
)  # fmt: skip
_REQUIRED: Final = ("id", "on", "title", "about", "valid", "formal", "growth", "least", "most", "dimension")
_DIMENSION_KEYS: Final = ("id", "title", "weight", "indicator")
_INDICATOR_KEYS: Final = ("id", "title", "sum", "of", "bad", "avoided", "weight", "steps", "linear")
_ADJUSTMENT_KEYS: Final = ("id", "title", "points")
_STARS: Final = {"score": FactType.NUMBER}


@dataclass(frozen=True, slots=True)
class Scale:
    """From a value to points: the first row whose bound the value keeps, or a line between two figures.

    `rising` says that more is better. Of steps, each row is (bound, points) and the last has no bound. Of a line
    (`linear`), the rows are the best and the worst figure with the points they give; beyond them nothing more is won or
    lost.
    """

    rows: tuple[tuple[Decimal | None, Decimal], ...]
    rising: bool
    linear: bool = False


@dataclass(frozen=True, slots=True)
class Indicator:
    """One figure of a dimension: `total` / `of`, on a scale.

    `bad` counts the events that spoil it, and `avoided` is what one of them less would add to `total`.
    """

    id: str
    title: Mapping[str, str]
    total: Expression
    of: Expression
    bad: Expression | None
    avoided: Decimal
    weight: Expression
    scale: Scale

    @property
    def expressions(self) -> tuple[Expression, ...]:
        """Its expressions, in reading order."""
        return tuple(each for each in (self.total, self.of, self.bad, self.weight) if each is not None)

    @property
    def proportion(self) -> bool:
        """Whether it is a share of cases, so that its chance variation is known."""
        return self.bad is not None and abs(self.avoided) == 1

    @property
    def names(self) -> tuple[str, ...]:
        """The facts behind its value, sorted."""
        shown = (self.total, self.of, *([self.bad] if self.bad else []))
        return tuple(sorted(frozenset[str]().union(*(each.names for each in shown))))


@dataclass(frozen=True, slots=True)
class Dimension:
    """A part of a score, with its weight."""

    id: str
    title: Mapping[str, str]
    weight: Expression
    indicators: tuple[Indicator, ...]


@dataclass(frozen=True, slots=True)
class Adjustment:
    """Points added to the whole, or taken from it where negative."""

    id: str
    title: Mapping[str, str]
    points: Expression


@dataclass(frozen=True, slots=True)
class Floor:
    """Few cases and hardly a bad one: an indicator has at least `points` then.

    It holds where fewer than `below` orders count and no more than `bad` events spoil the indicator.
    """

    below: Expression
    bad: Decimal
    points: Decimal


@dataclass(frozen=True, slots=True)
class Score:
    """One version of a score over an aggregate's day. It holds for days that end after `effective_from` and no later
    than `effective_until`, and is worked out `grace_s` after the day.

    Below `formal` of `valid` the account grows, and `growth` is its score. With `small_sample` 'shrink' every value is
    drawn towards the mean of its `peers` by `strength` cases; without a strength, by as many as the peers' own spread
    says (proportions only).
    """

    policy: str
    version: int
    pack: str
    subject: str
    title: Mapping[str, str]
    about: Mapping[str, str]
    effective_from: datetime | None
    effective_until: datetime | None
    zone: str
    grace_s: int
    valid: Expression
    formal: Decimal
    growth: Expression
    least: Decimal
    most: Decimal
    stars: Expression | None
    small_sample: str
    floor: Floor | None
    peers: Expression | None
    strength: Expression | None
    dimensions: tuple[Dimension, ...]
    adjustments: tuple[Adjustment, ...]
    named: frozenset[Use]
    clause: str | None = None
    grade: str | None = None

    @property
    def kind(self) -> str:
        """'score'."""
        return "score"

    @property
    def id(self) -> str:
        """The id inside its pack."""
        return self.policy.partition(".")[2]

    @property
    def indicators(self) -> tuple[Indicator, ...]:
        """Every indicator, in reading order."""
        return tuple(each for dimension in self.dimensions for each in dimension.indicators)

    @property
    def uses(self) -> frozenset[Use]:
        """The parameters and tariffs it names, in expressions and as plain figures."""
        below = self.floor.below if self.floor else None
        own = [each for each in (self.valid, self.growth, self.stars, self.peers, self.strength, below) if each]
        own += [each.weight for each in self.dimensions] + [each.points for each in self.adjustments]
        own += [each for indicator in self.indicators for each in indicator.expressions]
        return self.named.union(*(each.uses for each in own))

    @property
    def readable(self) -> dict[str, FactType]:
        """What a gate may ask of a standing by this score: its points, its indicators' values."""
        parts = (*(each.id for each in self.dimensions), *(each.id for each in self.indicators))
        plain = ("score", "stars", "score_7d", *(part.replace("-", "_") for part in parts))
        return dict.fromkeys(plain, FactType.NUMBER) | {"stage": FactType.TEXT}


def readable(scores: Iterable[Score]) -> dict[str, dict[str, FactType]]:
    """What a gate may ask of each score, by its id; of several versions, what any of them has."""
    found: dict[str, dict[str, FactType]] = {}
    for each in scores:
        found[each.id] = found.get(each.id, {}) | each.readable
    return found


def facts_of(subject: type[Aggregate]) -> dict[str, FactType]:
    """What a score reads: the day's facts, and those of whoever's day it is."""
    return {**(subject.holder.types() if subject.holder else {}), **subject.types()}


def read_scores(tables: list[Table], setting: Setting) -> list[Score | None]:
    """Scores, None where faults were noted; several of one id are its versions, in order."""
    found: list[Score | None] = []
    counts: dict[str, int] = {}
    for table in tables:
        each = _Reader(table, setting).score()
        if each is not None:
            counts[each.policy] = counts.get(each.policy, 0) + 1
            each = replace(each, version=counts[each.policy])
            _check_dates(each, [other for other in found if other and other.policy == each.policy], table)
        found.append(each)
    return found


def _check_dates(score: Score, others: list[Score], table: Table) -> None:
    for other in others:
        ends_before = score.effective_until and other.effective_from and score.effective_until <= other.effective_from
        begins_after = score.effective_from and other.effective_until and score.effective_from >= other.effective_until
        if not ends_before and not begins_after:
            table.report("id", f"'{score.id}' is in force twice at a time", "give each an `effective` range")


class _Reader:
    """Reads one [[score]] table, noting every fault; `named` collects the parameters that stand for plain figures."""

    def __init__(self, table: Table, setting: Setting) -> None:
        self.table = table
        self.setting = setting
        self.named: set[Use] = set()
        self.subject = self._subject()

    def score(self) -> Score | None:
        table, setting = self.table, self.setting
        table.allow(_SCORE_KEYS, "a score")
        complete = table.require(_REQUIRED, "the score")
        before = len(table.document.source.diagnostics)
        own_id, title, about = usable_id(table, "id"), table.words("title"), table.words("about")
        inner = table.table("effective")
        start, until = (inner.instant(key, setting.zone) if inner else None for key in ("from", "until"))
        valid, growth = self.number(table, "valid"), self.number(table, "growth")
        formal, least, most = (self.figure(table, key) for key in ("formal", "least", "most"))
        dimensions = tuple(self._dimensions(least or Decimal(0), most or Decimal(100)))
        stars = self._over(table, "stars", FactType.NUMBER, _STARS)
        peers, strength = self._over(table, "peers", FactType.TEXT), self.number(table, "strength")
        small_sample, floor = table.choice("small_sample", SMALL_SAMPLES) or "none", self._floor()
        if (small_sample == "floor") != (floor is not None):
            table.report("small_sample", "small_sample = \"floor\" and a 'floor' go together")
        clause, grade, grace_s = table.text("clause"), table.choice("grade", GRADES), table.seconds("grace")
        adjustments = tuple(self._adjustments())
        self._check_ids(dimensions, adjustments)
        if len(table.document.source.diagnostics) > before or not complete or self.subject is None:
            return None
        if valid is None or growth is None or formal is None or least is None or most is None:
            return None
        return Score(
            policy=f"{setting.pack}.{own_id}", version=1, pack=setting.pack, subject=self.subject.kind, title=title,
            about=about, effective_from=start, effective_until=until, zone=str(setting.zone), grace_s=grace_s or 0,
            valid=valid, formal=formal, growth=growth, least=least, most=most, stars=stars, small_sample=small_sample,
            floor=floor, peers=peers, strength=strength, dimensions=dimensions, adjustments=adjustments,
            named=frozenset(self.named), clause=clause, grade=grade,
        )  # fmt: skip

    def _subject(self) -> type[Aggregate] | None:
        kind = self.table.text("on")
        found = self.setting.vocabulary.subjects.get(kind or "")
        if found is not None and issubclass(found, Aggregate) and "owner" in found.parties.values():
            return found
        if kind is not None:
            known = [each.kind for each in self.setting.vocabulary.aggregates if "owner" in each.parties.values()]
            hint = nearest(kind, known) or f"use {', '.join(known)}"
            self.table.report("on", f"'{kind}' is no account's day", hint)
        return None

    def number(self, table: Table, key: str) -> Expression | None:
        """A number worked out from the facts."""
        return self._over(table, key, FactType.NUMBER)

    def _over(
        self, table: Table, key: str, want: FactType, types: Mapping[str, FactType] | None = None
    ) -> Expression | None:
        text = table.text(key)
        if text is None or (types is None and self.subject is None):
            return None
        known = types if types is not None or self.subject is None else facts_of(self.subject)
        return examine(
            text, types=known or {}, want=want, currency=self.setting.currency, macros=None,
            where=table.document.place((*table.path, key)), definitions=self.setting.definitions,
        )  # fmt: skip

    def figure(self, table: Table, key: str) -> Decimal | None:
        """A number, or the name of a parameter that holds one: 0 while it has no value, and the score sleeps."""
        value = table.values.get(key)
        if value is None:
            return None
        named = self.setting.definitions.parameters.get(value) if isinstance(value, str) else None
        if named is not None and named.kind == "number":
            self.named.add(("param", named.name))
            return figure(named.value) if named.value is not None else Decimal(0)
        number = figure(value)
        if number is None:
            table.report(key, f"'{key}' must be a number", f"write {key} = 50, or the name of a parameter")
        return number

    def _floor(self) -> Floor | None:
        inner = self.table.table("floor")
        if inner is None:
            return None
        inner.allow(("below", "bad", "points"), "a floor")
        inner.require(("below", "bad", "points"), "the floor")
        below, bad, points = self.number(inner, "below"), self.figure(inner, "bad"), self.figure(inner, "points")
        return Floor(below, bad, points) if below is not None and bad is not None and points is not None else None

    def _dimensions(self, least: Decimal, most: Decimal) -> Iterator[Dimension]:
        for table in self.table.tables("dimension", "score.dimension"):
            table.allow(_DIMENSION_KEYS, "a dimension")
            table.require(_DIMENSION_KEYS, "the dimension")
            own_id, title, weight = usable_id(table, "id"), table.words("title"), self.number(table, "weight")
            tables = table.tables("indicator", "score.dimension.indicator")
            indicators = [self._indicator(each, least, most) for each in tables]
            if own_id and weight:
                yield Dimension(own_id, title, weight, tuple(each for each in indicators if each is not None))

    def _indicator(self, table: Table, least: Decimal, most: Decimal) -> Indicator | None:
        table.allow(_INDICATOR_KEYS, "an indicator")
        table.require(("id", "title", "sum", "of", "weight"), "the indicator")
        own_id, title = usable_id(table, "id"), table.words("title")
        total, of, weight = (self.number(table, key) for key in ("sum", "of", "weight"))
        bad, avoided = self.number(table, "bad"), self.figure(table, "avoided")
        scale = self._line(table, least, most) if "linear" in table.values else self._steps(table)
        if own_id is None or total is None or of is None or weight is None or scale is None:
            return None
        return Indicator(own_id, title, total, of, bad, Decimal(-1) if avoided is None else avoided, weight, scale)

    def _line(self, table: Table, least: Decimal, most: Decimal) -> Scale | None:
        inner = table.table("linear")
        if inner is None:
            return None
        inner.allow(("best", "worst"), "a line")
        inner.require(("best", "worst"), "the line")
        best, worst = self.figure(inner, "best"), self.figure(inner, "worst")
        if best is None or worst is None:
            return None
        if best == worst and not self._waiting(inner, ("best", "worst")):
            inner.report("worst", "'best' and 'worst' are the same figure", "a line needs two")
        return Scale(((best, most), (worst, least)), best > worst, linear=True)

    def _waiting(self, table: Table, keys: tuple[str, ...]) -> bool:
        return any(isinstance(table.values.get(key), str) for key in keys)

    def _steps(self, table: Table) -> Scale | None:
        rows = table.tables("steps", "score.dimension.indicator.steps")
        key = "from" if rows and "from" in rows[0].values else "upto"
        found: list[tuple[Decimal | None, Decimal]] = []
        for number, row in enumerate(rows):
            last = number == len(rows) - 1
            row.allow(("points",) if last else (key, "points"), "the last step" if last else "a step")
            row.require(("points",) if last else (key, "points"), "the step")
            bound, points = self.figure(row, key), self.figure(row, "points")
            before = found[-1][0] if found else None
            waits = self._waiting(row, (key,)) or (number > 0 and self._waiting(rows[number - 1], (key,)))
            if bound is not None and before is not None and not waits and (bound > before) == (key == "from"):
                row.report(key, f"'{key}' does not go on from the step before", "write the best step first")
            found.append((None if last else bound, points or Decimal(0)))
        if len(found) < 2:
            table.report("steps", "an indicator has a scale", "write steps = [{ upto = 0.01, points = 100 }, …]")
            return None
        return Scale(tuple(found), key == "from")

    def _adjustments(self) -> Iterator[Adjustment]:
        for table in self.table.tables("adjustment", "score.adjustment"):
            table.allow(_ADJUSTMENT_KEYS, "an adjustment")
            table.require(_ADJUSTMENT_KEYS, "the adjustment")
            own_id, title, points = usable_id(table, "id"), table.words("title"), self.number(table, "points")
            if own_id and points:
                yield Adjustment(own_id, title, points)

    def _check_ids(self, dimensions: tuple[Dimension, ...], adjustments: tuple[Adjustment, ...]) -> None:
        ids = [*(each.id for each in dimensions), *(i.id for each in dimensions for i in each.indicators)]
        ids += [*(each.id for each in adjustments), "score", "stars", "stage"]
        twice = sorted({each for each in ids if ids.count(each) > 1})
        if twice:
            self.table.report("id", f"'{twice[0]}' names two parts of the score", "give each part its own id")
