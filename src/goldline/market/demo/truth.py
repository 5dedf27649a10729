"""What is true of the demo market's promises, counted from its own columns.

This says the policies of the pack `demo` a second time, in NumPy, and shares nothing with the engine that judges
them: a test that compares the two compares two counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from goldline.market.demo.array import HOUR_S, Flags, Ints
from goldline.market.demo.cohort import ABSENT, Cohort, Step
from goldline.market.demo.market import Market

_GRACE_S: Final = 2 * HOUR_S
_FURTHER_S: Final = 48 * HOUR_S
NEVER: Final = int(ABSENT)


@dataclass(frozen=True, slots=True)
class Verdicts:
    """One promise over all orders. A state is '' not made, 'p' pending, 'k' kept, 'b' broken or 'e' excused."""

    state: NDArray[np.str_]
    owed_minor: Ints
    """What the tariff asks where the promise is broken, before budgets and breakers; else 0."""

    def counts(self) -> dict[str, int]:
        """How many were made, and what became of them."""
        names = {"kept": "k", "broken": "b", "excused": "e", "pending": "p"}
        counts = {name: int((self.state == letter).sum()) for name, letter in names.items()}
        return {"made": sum(counts.values()), **counts}


@dataclass(frozen=True, slots=True)
class Truth:
    """The orders' ids and, by policy ('demo.ship-by', and 'demo.ship-by+48h' for its further remedy), verdicts."""

    orders: list[str]
    verdicts: dict[str, Verdicts]

    def counts(self) -> dict[str, dict[str, int]]:
        """The counts of every promise."""
        return {policy: verdicts.counts() for policy, verdicts in self.verdicts.items()}


def truth(market: Market, as_of: datetime | None = None) -> Truth:
    """What is true once everything that arrived by `as_of` is known; None: at the end, when nothing is pending."""
    now_s = NEVER - 1 if as_of is None else int((as_of - market.origin).total_seconds())
    orders: list[str] = []
    parts: dict[str, list[Verdicts]] = {}
    for cohort in market.cohorts():
        known = _Known(cohort, now_s)
        placed = known.at[Step.PLACED] < NEVER
        orders += [f"o{bytes(code).decode()}" for code in cohort.code[placed]]
        for policy, judge in _PROMISES.items():
            verdicts = judge(known)
            parts.setdefault(policy, []).append(Verdicts(verdicts.state[placed], verdicts.owed_minor[placed]))
    return Truth(orders, {policy: _joined(some) for policy, some in parts.items()})


class _Known:
    """What has arrived by now of one cohort; `NEVER` stands for null."""

    def __init__(self, cohort: Cohort, now_s: int) -> None:
        self.cohort, self.now_s = cohort, now_s
        self.at = {step: np.where(cohort.arrival_s(step) <= now_s, cohort.at_s[:, step], NEVER) for step in Step}
        self.exempted = self.at[Step.EXEMPTED] < NEVER
        self.nobody = np.zeros(len(cohort), bool)
        self.paid_minor = cohort.paid_minor.astype(np.int64)
        agreed = self.at[Step.AGREED] < NEVER
        ship_by = np.where(agreed, cohort.agreed_by_s, cohort.ship_by_s)
        self.ship_by = np.where(self.at[Step.PAID] < NEVER, ship_by, NEVER)

    def after(self, step: Step, hours: int) -> Ints:
        at_s = self.at[step].astype(np.int64)
        return np.asarray(np.where(at_s < NEVER, at_s + hours * HOUR_S, NEVER))

    def first(self, *steps: Step) -> Ints:
        return np.asarray(np.minimum.reduce([self.at[step] for step in steps])).astype(np.int64)

    def cancelled_by(self, due_s: Ints) -> Flags:
        cancelled = self.at[Step.CANCELLED]
        return np.asarray((cancelled < NEVER) & (cancelled <= due_s))

    def percent(self, per_mille: int, least_minor: int, most_minor: int) -> Ints:
        """So many thousandths of what was paid, within bounds, halves of a fen going up."""
        thousandths = np.clip(self.paid_minor * per_mille, least_minor * 1_000, most_minor * 1_000)
        return np.asarray((thousandths + 500) // 1_000)

    def flat(self, amount_minor: int) -> Ints:
        return np.full(len(self.cohort), amount_minor, np.int64)

    def judged(
        self, made: Ints, due: Ints, kept: Ints, excused: Flags, owed: Ints, grace_s: int = _GRACE_S
    ) -> Verdicts:
        exists = (made < NEVER) & (due < NEVER)
        broken = self.now_s >= due.astype(np.int64) + grace_s
        state = np.select([~exists, excused, (kept < NEVER) & (kept <= due), broken], ["", "e", "k", "b"], "p")
        return Verdicts(state, np.where(state == "b", owed, 0))


def _accept(known: _Known) -> Verdicts:
    due = known.after(Step.PAID, 24)
    excused = known.cancelled_by(due) | known.exempted
    kept = known.first(Step.ACCEPTED, Step.PICKED_UP)
    return known.judged(known.at[Step.PAID], due, kept, excused, known.flat(200), 0)


def _ship_by(known: _Known) -> Verdicts:
    excused = known.cancelled_by(known.ship_by) | known.exempted
    owed = known.percent(10, 200, 5_000)
    return known.judged(known.at[Step.PAID], known.ship_by, known.at[Step.PICKED_UP], excused, owed)


def _ship_by_further(known: _Known) -> Verdicts:
    excused = known.cancelled_by(known.ship_by) | known.exempted
    due = np.where(known.ship_by < NEVER, known.ship_by.astype(np.int64) + _FURTHER_S, NEVER)
    owed = known.percent(30, 500, 10_000)
    return known.judged(known.at[Step.PAID], due, known.at[Step.PICKED_UP], excused, owed)


def _pickup(known: _Known) -> Verdicts:
    due = known.after(Step.LABELLED, 24)
    excused = known.cancelled_by(due) | known.exempted
    owed = known.percent(10, 300, 3_000)
    return known.judged(known.at[Step.LABELLED], due, known.at[Step.PICKED_UP], excused, owed)


def _departure(known: _Known) -> Verdicts:
    kept = known.first(Step.DEPARTED, Step.ARRIVED, Step.OUT, Step.DELIVERED)
    due = known.after(Step.PICKED_UP, 24)
    return known.judged(known.at[Step.PICKED_UP], due, kept, known.exempted, known.flat(200))


def _arrival(known: _Known) -> Verdicts:
    kept = known.first(Step.ARRIVED, Step.OUT, Step.DELIVERED)
    due = known.after(Step.DEPARTED, 72)
    return known.judged(known.at[Step.DEPARTED], due, kept, known.exempted, known.percent(10, 200, 3_000))


def _out(known: _Known) -> Verdicts:
    kept = known.first(Step.OUT, Step.DELIVERED)
    due = known.after(Step.ARRIVED, 24)
    return known.judged(known.at[Step.ARRIVED], due, kept, known.exempted, known.flat(100))


def _delivery(known: _Known) -> Verdicts:
    due = np.where(known.at[Step.PAID] < NEVER, known.cohort.deliver_by_s, NEVER)
    excused = known.cancelled_by(due) | known.exempted
    owed = known.percent(20, 300, 5_000)
    return known.judged(known.at[Step.PAID], due, known.at[Step.DELIVERED], excused, owed)


def _refund_decision(known: _Known) -> Verdicts:
    asked, decided = known.at[Step.REFUND_ASKED], known.at[Step.REFUND_DECIDED]
    return known.judged(asked, known.after(Step.REFUND_ASKED, 48), decided, known.nobody, known.flat(500), 0)


def _refund_payment(known: _Known) -> Verdicts:
    approved = np.where(known.cohort.approved, known.at[Step.REFUND_DECIDED], NEVER)
    due = np.where(known.cohort.approved, known.after(Step.REFUND_DECIDED, 24), NEVER)
    owed = known.percent(5, 100, 2_000)
    return known.judged(approved, due, known.at[Step.REFUND_PAID], known.nobody, owed, 0)


_PROMISES: Final[dict[str, Callable[[_Known], Verdicts]]] = {
    "demo.accept": _accept,
    "demo.ship-by": _ship_by,
    "demo.ship-by+48h": _ship_by_further,
    "demo.pickup": _pickup,
    "demo.departure": _departure,
    "demo.arrival": _arrival,
    "demo.out-for-delivery": _out,
    "demo.delivery": _delivery,
    "demo.refund-decision": _refund_decision,
    "demo.refund-payment": _refund_payment,
}


def _joined(parts: Iterable[Verdicts]) -> Verdicts:
    some = list(parts)
    return Verdicts(np.concatenate([each.state for each in some]), np.concatenate([each.owed_minor for each in some]))
