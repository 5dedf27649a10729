"""What plans to mend achieved: the change of accounts under a plan, less what would have come without it.

Accounts come under a plan after a bad spell, and a bad spell is followed by a better one anyway. A bare before/after
figure takes that regression to the mean for an effect. Here the change is split into three named parts: what happened
to everybody (trend), what was to be expected from where they stood (regression), and the rest (effect).

The regression comes from accounts not under a plan: the line of their later level on their earlier one (analysis of
covariance; F. Galton 1886 for the phenomenon). It is honest where plans were given by the earlier level and by nothing
else that matters, where levels follow a line, and where there are accounts without a plan at the same levels; `overlap`
says how far that holds. It is no experiment.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from statistics import fmean
from typing import Any, Final

from psycopg import Connection

from goldline.core.errors import GoldlineError
from goldline.core.facts.subject import Aggregate, Vocabulary

FEWEST: Final = 5  # accounts on either side
NEIGHBOURS: Final = 5
RESAMPLES: Final = 500
SAID: Final[Mapping[str, str]] = {
    "en": "Under a plan the level went from {before:.4g} to {after:.4g}. Of this change, {trend:+.4g} happened to"
    " everybody, {regression:+.4g} was to be expected after a bad spell, and {effect:+.4g} (90 % between {low:.4g} and"
    " {high:.4g}) is left for the plan, as far as accounts alike in their earlier level are alike.",
    "zh-Hans": "整改商家的指标由 {before:.4g} 变为 {after:.4g}。其中 {trend:+.4g} 为普遍变化，{regression:+.4g}"
    " 为均值回归（低谷之后本会好转），其余 {effect:+.4g}（90% 区间 {low:.4g} 至 {high:.4g}）"
    "可归于整改，前提是此前水平相近的商家可比。",
}


@dataclass(frozen=True, slots=True)
class Unit:
    """One account's level before and after, and whether it was under a plan in between."""

    account: str
    before: float
    after: float
    planned: bool


@dataclass(frozen=True, slots=True)
class Effect:
    """What a change is made of: after - before = trend + regression + effect.

    `matched` is the effect against the nearest accounts without a plan instead of a line; when both differ much, the
    line does not fit. `low` and `high` bound nine in ten bootstrap values. `overlap` is the share of planned accounts
    whose earlier level lies within that of the others.
    """

    planned: int
    others: int
    before: float
    after: float
    trend: float
    regression: float
    effect: float
    low: float
    high: float
    matched: float
    overlap: float

    def said(self, lang: str) -> str:
        """In one honest sentence."""
        return SAID[lang].format(**asdict(self))


def measure(units: Sequence[Unit], *, seed: int = 618, resamples: int = RESAMPLES) -> Effect:
    """Split the change. Raises GoldlineError('too_few') with fewer than five accounts on either side."""
    planned = [each for each in units if each.planned]
    others = [each for each in units if not each.planned]
    if min(len(planned), len(others)) < FEWEST:
        raise GoldlineError(
            f"There are {len(planned)} accounts under a plan and {len(others)} without; {FEWEST} of each are needed.",
            code="too_few", hint="Measure over a longer time, or wait.",
        )  # fmt: skip
    draw = random.Random(seed)  # noqa: S311 - resampling is no secret
    values = sorted(
        _split(draw.choices(planned, k=len(planned)), draw.choices(others, k=len(others)))[2] for _ in range(resamples)
    )
    trend, regression, effect = _split(planned, others)
    lowest, highest = min(each.before for each in others), max(each.before for each in others)
    return Effect(
        len(planned), len(others), fmean(each.before for each in planned), fmean(each.after for each in planned),
        trend, regression, effect, values[round(0.05 * (resamples - 1))], values[round(0.95 * (resamples - 1))],
        _matched(planned, others), fmean(lowest <= each.before <= highest for each in planned),
    )  # fmt: skip


def _split(planned: Sequence[Unit], others: Sequence[Unit]) -> tuple[float, float, float]:
    """Trend, regression and effect."""
    slope = _slope(others)
    stood, came = fmean(each.before for each in planned), fmean(each.after for each in planned)
    usual, became = fmean(each.before for each in others), fmean(each.after for each in others)
    trend, regression = became - usual, (slope - 1) * (stood - usual)
    return trend, regression, came - stood - trend - regression


def _slope(others: Sequence[Unit]) -> float:
    """How much of a distance from the mean is left later; 1 where nothing varies, so that nothing is explained away."""
    usual, became = fmean(each.before for each in others), fmean(each.after for each in others)
    spread = sum((each.before - usual) ** 2 for each in others)
    if spread == 0:
        return 1.0
    return sum((each.before - usual) * (each.after - became) for each in others) / spread


def _matched(planned: Sequence[Unit], others: Sequence[Unit]) -> float:
    """The mean difference in change from the nearest others by earlier level."""

    def difference(unit: Unit) -> float:
        near = sorted(others, key=lambda each: (abs(each.before - unit.before), each.account))[:NEIGHBOURS]
        return unit.after - fmean(each.after for each in near)

    return fmean(difference(each) for each in planned)


@dataclass(frozen=True, slots=True)
class Rate:
    """A share to measure: two counts of a kind of day, such as orders_late of orders_due on merchant_day."""

    subject: str
    part: str
    whole: str


def units(
    connection: Connection[Any],
    vocabulary: Vocabulary,
    rate: Rate,
    *,
    days: int = 14,
    lag_days: int = 0,
    until: datetime | None = None,
) -> list[Unit]:
    """The accounts under a plan, and for each plan's day those that come under none from before to after.

    Levels are shares over `days` before the plan began and over as many after it and a lag. An account that comes under
    a plan later serves as one without until then. Raises GoldlineError('invalid') for an unknown count.
    """
    subject = vocabulary.subjects.get(rate.subject)
    if subject is None or not issubclass(subject, Aggregate) or not {rate.part, rate.whole} <= set(subject.facts):
        raise GoldlineError(
            f"{rate.part} of {rate.whole} on {rate.subject} cannot be counted.", code="invalid",
            hint="Name two counts of docs/reference/facts.md.",
        )  # fmt: skip
    end = subject.ends()[0]
    values = {"days": timedelta(days=days), "lag": timedelta(days=lag_days), "until": until}
    rows = connection.execute(_UNITS.format(kind=subject.kind, end=end, **_plain(rate)).encode(), values).fetchall()
    return [Unit(account, float(before), float(after), planned) for account, before, after, planned in rows]


def _plain(rate: Rate) -> dict[str, str]:
    return {"part": rate.part, "whole": rate.whole}


_UNITS: Final = """
    WITH cohort AS (
        SELECT DISTINCT date_trunc('day', begun_at) AS day FROM rectification
        WHERE begun_at + %(lag)s + %(days)s <= coalesce(%(until)s::timestamptz, 'infinity')
    ), level AS (
        SELECT c.day, f.owner,
            sum(f.{part}) FILTER (WHERE f.{end} <= c.day)::float8
                / nullif(sum(f.{whole}) FILTER (WHERE f.{end} <= c.day), 0) AS before,
            sum(f.{part}) FILTER (WHERE f.{end} > c.day + %(lag)s)::float8
                / nullif(sum(f.{whole}) FILTER (WHERE f.{end} > c.day + %(lag)s), 0) AS after
        FROM cohort c JOIN fact_{kind} f ON f.{end} > c.day - %(days)s AND f.{end} <= c.day + %(lag)s + %(days)s
        GROUP BY c.day, f.owner
    ), marked AS (
        SELECT l.*, EXISTS (SELECT FROM rectification r WHERE split_part(r.account, ':', 2) = l.owner
                AND date_trunc('day', r.begun_at) = l.day) AS planned,
            EXISTS (SELECT FROM rectification r WHERE split_part(r.account, ':', 2) = l.owner
                AND r.begun_at < l.day + %(lag)s + %(days)s
                AND coalesce(r.ended_at, 'infinity') > l.day - %(days)s) AS touched
        FROM level l WHERE l.before IS NOT NULL AND l.after IS NOT NULL
    )
    SELECT owner || '@' || day::date, before, after, planned FROM marked WHERE planned OR NOT touched ORDER BY 1"""
