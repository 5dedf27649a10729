"""What happens to the orders of a day, drawn at random: the only place that knows the market's probabilities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from goldline.market.demo import season
from goldline.market.demo.array import DAY_S, HOUR_S, Flags, Floats, Ints
from goldline.market.demo.cohort import ABSENT, SCANS, Cohort, Step
from goldline.market.demo.letters import codes
from goldline.market.demo.localday import LocalDays
from goldline.market.demo.place import PROVINCES
from goldline.market.demo.population import Carriers, Merchants, spread

_STATED: Final = 0.08  # orders whose platform states the ship-by time instead of a rule
_UNPAID_LIMIT_S: Final = 1_800
_SHIPPING: Final = (Step.LABELLED, Step.SHIPPED, *SCANS)


@dataclass(frozen=True, slots=True)
class Fate:
    """Draws cohorts for one market."""

    merchants: Merchants
    carriers: Carriers
    days: LocalDays
    consumers: int
    late_share: float
    code_width: int

    def cohort(self, random: np.random.Generator, day: int, first: int, count: int, factor: float) -> Cohort:
        """The `count` orders of a day, numbered from `first`."""
        return _Draw(self, random, day, first, count, factor).cohort()


class _Draw:
    """One cohort in the making; each method fills some columns from those before."""

    def __init__(
        self, fate: Fate, random: np.random.Generator, day: int, first: int, count: int, factor: float
    ) -> None:
        self.fate, self.random, self.count = fate, random, count
        self.first, self.factor, self.day = first, factor, day
        self.at = np.full((count, len(Step)), ABSENT, np.int64)
        self.merchant = np.searchsorted(fate.merchants.cumulative, random.random(count), "right")
        self.merchant = np.minimum(self.merchant, len(fate.merchants.names) - 1)
        self.carrier = np.searchsorted(fate.carriers.cumulative, random.random(count), "right")
        self.carrier = np.minimum(self.carrier, len(fate.carriers.cumulative) - 1)
        self.skill = fate.merchants.skill[self.merchant]
        self.slow = fate.carriers.slowness[self.carrier]
        self.zone = fate.merchants.zone[self.merchant]
        self.region = spread(random, len(PROVINCES), count)
        self.rule = fate.merchants.rule[self.merchant]

    def cohort(self) -> Cohort:
        self._pay()
        self._promise()
        self._hand_over()
        self._carry()
        self._skip_scans()
        self._call_off()
        self._refund()
        late_step, late_s = self._lateness()
        return Cohort(
            code=codes(np.arange(self.first, self.first + self.count), self.fate.code_width),
            at_s=self.at.astype(np.int32),
            late_step=late_step.astype(np.int8),
            late_s=late_s.astype(np.int32),
            merchant=self.merchant.astype(np.int32),
            consumer=(self.fate.consumers * self.random.random(self.count) ** 1.5).astype(np.int32),
            region=self.region.astype(np.int8),
            carrier=self.carrier.astype(np.int8),
            rule=self.rule.astype(np.int8),
            ship_by_s=self.ship_by.astype(np.int32),
            agreed_by_s=self.agreed_by.astype(np.int32),
            deliver_by_s=self.deliver_by.astype(np.int32),
            paid_minor=self.paid_minor.astype(np.int32),
            refund_minor=self.refund_minor.astype(np.int32),
            approved=self.approved,
            cancelled_by=self.cancelled_by.astype(np.int8),
        )

    def _chance(self, share: float | Floats) -> Flags:
        return np.asarray(self.random.random(self.count) < share)

    def _wait(self, mean_h: float | Floats, steps: int = 1) -> Ints:
        """A waiting time of so many exponential steps, in seconds."""
        drawn = self.random.standard_exponential(self.count)
        for _ in range(steps - 1):
            drawn += self.random.standard_exponential(self.count)
        return np.asarray(drawn * (mean_h * HOUR_S / steps)).astype(np.int64)

    def _between(self, low_h: float, high_h: float) -> Ints:
        return np.asarray(self.random.integers(int(low_h * HOUR_S), int(high_h * HOUR_S), self.count))

    def _pay(self) -> None:
        placed = self.day * DAY_S + season.seconds(self.random, self.factor, self.count)
        hesitation = np.where(self._chance(0.03), self._between(0, 0.49), self._wait(0.01))
        paid = placed + 1 + np.minimum(hesitation, _UNPAID_LIMIT_S - 2)
        self.unpaid = self._chance(0.012)
        self.at[:, Step.PLACED] = placed
        self.at[:, Step.PAID] = np.where(self.unpaid, ABSENT, paid)
        self.paid = paid
        price = np.exp(self.random.standard_normal(self.count) * 1.0 + 8.9)  # half of the orders below ¥73
        self.paid_minor = np.clip(price, 500, 2_000_000).astype(np.int64) // 10 * 10 + 9

    def _promise(self) -> None:
        stated = self._chance(_STATED)
        resolved = self.fate.days.ship_by(self.rule, self.paid, self.zone)
        self.ship_by = np.where(stated, self.paid + self.random.integers(12, 97, self.count) * HOUR_S, resolved)
        self.rule = np.where(stated, -1, self.rule)
        agreed = self._chance(0.01) & ~self.unpaid
        agreed_at = self.paid + self._between(0.1, 4)
        self.at[:, Step.AGREED] = np.where(agreed, agreed_at, ABSENT)
        self.agreed_by = self.ship_by + self.random.integers(1, 4, self.count) * DAY_S
        self.due = np.where(agreed, self.agreed_by, self.ship_by)
        self.near = self.fate.merchants.region[self.merchant] == self.region
        self.far = self.zone > 0
        travel_h = np.where(self.far, 240, np.where(self.near, 60, 108))
        self.deliver_by = self.due + travel_h * HOUR_S

    def _hand_over(self) -> None:
        clumsy = 1 - self.skill
        strain = 1.0 + 0.25 * (self.factor - 1)
        dawdling = self._chance(0.02 * clumsy * 3) * self._between(18, 60)
        accepted = self.paid + 60 + self._wait(0.3 + 3 * clumsy) + dawdling
        self.never = self._chance(0.006) | self.unpaid
        late = self._chance((0.015 + 0.16 * clumsy**2) * strain)
        share = self.random.beta(2, 3, self.count) * 0.97
        share = np.where(late, 1 + 0.01 + self.random.standard_exponential(self.count) * 0.4, share)
        pickup = self.paid + (share * (self.due - self.paid)).astype(np.int64)
        labelled = np.maximum(accepted + 60, pickup - 600 - self._wait(4.0))
        idle = self._chance(self.fate.carriers.stall_rate[self.carrier]) * (20 * HOUR_S + self._wait(14.0))
        pickup = np.maximum(pickup, labelled + 300) + idle
        ignored = self._chance(0.004) | self.unpaid
        self.at[:, Step.ACCEPTED] = np.where(ignored, ABSENT, accepted)
        for step, at in (
            (Step.LABELLED, labelled),
            (Step.SHIPPED, labelled + self._between(0, 0.5)),
            (Step.REGISTERED, labelled + self._between(0.01, 0.08)),
            (Step.PICKED_UP, pickup),
        ):
            self.at[:, step] = np.where(self.never, ABSENT, at)

    def _carry(self) -> None:
        stall = self.fate.carriers.stall_rate[self.carrier]
        transit_h = np.where(self.far, 60.0, np.where(self.near, 9.0, 26.0)) * self.slow
        stops: tuple[tuple[Step, Ints, float, float], ...] = (
            (Step.DEPARTED, self._wait(5 * self.slow, 2), 1.0, 16),
            (Step.ARRIVED, self._wait(transit_h, 4), 1.5, 45),
            (Step.OUT, self._wait(6.0, 2), 0.6, 20),
            (Step.DELIVERED, 600 + self._wait(2.5), 0.8, 20),
        )
        at = self.at[:, Step.PICKED_UP]
        for step, leg, risk, delay_h in stops:
            at = at + leg + self._chance(stall * risk) * (6 * HOUR_S + self._wait(float(delay_h)))
            self.at[:, step] = np.where(self.never, ABSENT, at)
        lost = self._chance(0.0025) & ~self.never
        self.at[:, Step.LOST] = np.where(lost, self.at[:, Step.ARRIVED] + 72 * HOUR_S, ABSENT)
        for step in (Step.ARRIVED, Step.OUT, Step.DELIVERED):
            self.at[lost, step] = ABSENT

    def _skip_scans(self) -> None:
        gap = self.fate.carriers.gap_rate[self.carrier]
        for step in (Step.DEPARTED, Step.ARRIVED, Step.OUT):
            self.at[self._chance(gap), step] = ABSENT

    def _call_off(self) -> None:
        """Cancelling, by consumer before the pickup, by the platform when unpaid, by the merchant when out of stock."""
        wish = np.where(self._chance(0.038), self.paid + self._wait(8.0), ABSENT)
        wish = np.where(wish < self.at[:, Step.PICKED_UP], wish, ABSENT)
        gave_up = self.never & ~self.unpaid & self._chance(0.7)
        owned_up = np.where(gave_up, self.due + self._between(-8, 72), ABSENT)
        expired = np.where(self.unpaid, self.at[:, Step.PLACED] + _UNPAID_LIMIT_S, ABSENT)
        choices = np.stack([np.where(self.unpaid, ABSENT, wish), owned_up, expired])
        self.cancelled_by = choices.argmin(axis=0)
        cancelled = choices.min(axis=0)
        self.at[:, Step.CANCELLED] = cancelled
        for step in (Step.ACCEPTED, Step.AGREED, *_SHIPPING, Step.LOST):
            self.at[self.at[:, step] >= cancelled, step] = ABSENT
        # What was never picked up is not carried either.
        for step in (Step.DEPARTED, Step.ARRIVED, Step.OUT, Step.DELIVERED, Step.LOST):
            self.at[self.at[:, Step.PICKED_UP] == ABSENT, step] = ABSENT
        exempted = self._chance(0.002) & ~self.unpaid
        self.at[:, Step.EXEMPTED] = np.where(exempted, self.paid + self._between(1, 48), ABSENT)

    def _refund(self) -> None:
        delivered = self.at[:, Step.DELIVERED]
        regret = np.where(self._chance(0.055) & (delivered < ABSENT), delivered + self._between(1, 144), ABSENT)
        missing = (delivered == ABSENT) & (self.at[:, Step.CANCELLED] == ABSENT) & self._chance(0.7)
        asked = np.where(missing, self.deliver_by + self._between(1, 48), regret)
        asks = asked < ABSENT
        dawdling = self._chance(0.07) * (30 * HOUR_S + self._wait(30.0))
        decided = asked + 600 + self._wait(14.0, 2) + dawdling
        decides = asks & self._chance(0.985)
        self.approved = self._chance(0.88)
        paid = decided + 60 + self._wait(4.0) + self._chance(0.05) * (12 * HOUR_S + self._wait(20.0))
        pays = decides & self.approved & self._chance(0.985)
        self.at[:, Step.REFUND_ASKED] = asked
        self.at[:, Step.REFUND_DECIDED] = np.where(decides, decided, ABSENT)
        self.at[:, Step.REFUND_PAID] = np.where(pays, paid, ABSENT)
        part = np.where(self._chance(0.2), self.random.integers(20, 100, self.count), 100)
        self.refund_minor = self.paid_minor * part // 100

    def _lateness(self) -> tuple[Ints, Ints]:
        """One scan of some orders reaches the intake hours after it was made."""
        late = self._chance(self.fate.late_share)
        step = self.random.integers(SCANS[1], SCANS[-1] + 1, self.count)
        return np.where(late, step, -1), np.where(late, 60 + np.minimum(self._wait(3.0), 20 * HOUR_S), 0)
