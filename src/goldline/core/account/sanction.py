"""Sanctions as a function of what stands: violations counted by ladders, nothing remembered.

Whatever sequence of violations, appeals and overturns led here, the same violations standing give the same sanctions;
the tables only keep what this module says.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from goldline.core.ledger.accrual import derived_id
from goldline.core.policy.ladder import Ladder, Measure, Step


@dataclass(frozen=True, slots=True)
class Violation:
    """A finding of a rule that stands: whose, of which rule, when the conduct was (`at`) and when it was found."""

    id: UUID
    account: str
    rule: str
    at: datetime
    found_at: datetime


@dataclass(frozen=True, slots=True)
class Reached:
    """A violation that counts, its number in the ladder's window, and the step that number reaches."""

    violation: Violation
    ladder: Ladder
    nth: int
    step: Step | None


@dataclass(frozen=True, slots=True)
class Sanction:
    """One sanction that follows. `ends_at` is None where only its condition or an appeal ends it."""

    reached: Reached
    step: Step
    measure: Measure

    @property
    def id(self) -> UUID:
        """Made from what it follows from: the same in every replay."""
        return derived_id(
            self.reached.violation.id, self.reached.ladder.policy, "sanction", self.step.nth, self.measure.ordinal
        )

    @property
    def starts_at(self) -> datetime:
        """It begins when the violation is found."""
        return self.reached.violation.found_at

    @property
    def ends_at(self) -> datetime | None:
        """When its time is up."""
        for_s = self.measure.for_s
        return None if for_s is None else self.starts_at + timedelta(seconds=for_s)


def climb(ladder: Ladder, violations: Iterable[Violation]) -> list[Reached]:
    """The violations of one account that a ladder counts, in order of conduct, each with its number.

    One within the ladder's spacing after the last one counted belongs to that one. The number is among those counted
    in the same calendar year, within the window before it, or ever.
    """
    own = sorted((v for v in violations if _counts(ladder, v)), key=lambda each: (each.at, each.id))
    counted: list[Violation] = []
    for violation in own:
        if not counted or violation.at - counted[-1].at >= timedelta(seconds=ladder.spacing_s):
            counted.append(violation)
    numbers = [sum(_within(ladder, other, each) for other in counted[: n + 1]) for n, each in enumerate(counted)]
    return [Reached(each, ladder, nth, ladder.step(nth)) for each, nth in zip(counted, numbers, strict=True)]


def _counts(ladder: Ladder, violation: Violation) -> bool:
    begun = ladder.effective_from is None or violation.at >= ladder.effective_from
    return violation.rule in ladder.rules and begun and not _over(ladder, violation)


def _over(ladder: Ladder, violation: Violation) -> bool:
    return ladder.effective_until is not None and violation.at >= ladder.effective_until


def _within(ladder: Ladder, earlier: Violation, later: Violation) -> bool:
    if ladder.window_s is None:
        zone = ZoneInfo(ladder.zone)
        return earlier.at.astimezone(zone).year == later.at.astimezone(zone).year
    return ladder.window_s == 0 or later.at - earlier.at < timedelta(seconds=ladder.window_s)


def sanctions(ladders: Sequence[Ladder], violations: Sequence[Violation]) -> Iterator[Sanction]:
    """Every sanction that follows from the violations of one account."""
    for ladder in ladders:
        for reached in climb(ladder, violations):
            for measure in reached.step.measures if reached.step else ():
                assert reached.step is not None, "a step without measures gives none"
                yield Sanction(reached, reached.step, measure)


def preview(ladder: Ladder, violations: Sequence[Violation], now: datetime) -> tuple[int, Step | None]:
    """The number the next violation would have if it happened now, and the step it would reach."""
    account = violations[0].account if violations else ""
    next_one = Violation(UUID(int=2**128 - 1), account, ladder.rules[0], now, now)
    last = climb(ladder, [*(v for v in violations if v.at <= now), next_one])[-1]
    return last.nth, last.step
