"""The orders of one day with everything that will happen to them, as columns.

A cohort is drawn whole on its day; the days that follow only tell of it. Times are seconds since the market's
origin, and `ABSENT` says that a thing never happens.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import IntEnum
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from goldline.market.demo.array import Flags, Letters

ABSENT: Final = np.iinfo(np.int32).max
"""The time of what never happens: later than anything."""


class Step(IntEnum):
    """What can happen to an order, each at most once. The value is its column."""

    PLACED = 0
    PAID = 1
    ACCEPTED = 2
    AGREED = 3
    LABELLED = 4
    SHIPPED = 5
    REGISTERED = 6
    PICKED_UP = 7
    DEPARTED = 8
    ARRIVED = 9
    OUT = 10
    DELIVERED = 11
    LOST = 12
    CANCELLED = 13
    EXEMPTED = 14
    REFUND_ASKED = 15
    REFUND_DECIDED = 16
    REFUND_PAID = 17


SCANS: Final = (
    Step.REGISTERED,
    Step.PICKED_UP,
    Step.DEPARTED,
    Step.ARRIVED,
    Step.OUT,
    Step.DELIVERED,
)
"""The carrier's scans, in the order a parcel meets them."""


@dataclass(frozen=True, slots=True)
class Cohort:
    """Some orders: one row each in every column."""

    code: Letters
    at_s: NDArray[np.int32]  # [order, Step]
    late_step: NDArray[np.int8]  # the step whose event arrives late, -1 for none
    late_s: NDArray[np.int32]  # how late it arrives
    merchant: NDArray[np.int32]
    consumer: NDArray[np.int32]
    region: NDArray[np.int8]
    carrier: NDArray[np.int8]
    rule: NDArray[np.int8]  # of SHIP_RULES, -1 where the platform states the time itself
    ship_by_s: NDArray[np.int32]  # before any agreement
    agreed_by_s: NDArray[np.int32]
    deliver_by_s: NDArray[np.int32]
    paid_minor: NDArray[np.int32]
    refund_minor: NDArray[np.int32]
    approved: Flags
    cancelled_by: NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.merchant)

    def arrival_s(self, step: int) -> NDArray[np.int32]:
        """When the event of a step reaches the intake; `ABSENT` for none."""
        at_s = self.at_s[:, step]
        return np.where((self.late_step == step) & (at_s < ABSENT), at_s + self.late_s, at_s)

    def last_arrival_s(self) -> NDArray[np.int32]:
        """When the last event of each order arrives."""
        at_s = np.where(self.at_s < ABSENT, self.at_s, -1).max(axis=1)
        return np.asarray(at_s + np.where(self.late_step >= 0, self.late_s, 0))

    def where(self, chosen: Flags) -> Cohort:
        """The chosen orders."""
        return Cohort(**{each.name: getattr(self, each.name)[chosen] for each in fields(self)})

    def beside(self, other: Cohort) -> Cohort:
        """Both, one after the other."""
        pairs: dict[str, Any] = {
            each.name: np.concatenate([getattr(self, each.name), getattr(other, each.name)]) for each in fields(self)
        }
        return Cohort(**pairs)
