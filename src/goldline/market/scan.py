"""What a carrier's scan says: one vocabulary for every carrier, and how a parcel was handed over."""

from __future__ import annotations

from typing import Literal

ScanCode = Literal[
    "registered", "picked_up", "departed", "arrived", "in_transit", "customs", "out_for_delivery", "ready_for_pickup",
    "delivered", "attempt_failed", "delayed", "damaged", "lost", "refused", "returning", "returned", "cancelled",
    "no_update",
]  # fmt: skip
HandOver = Literal["door", "station", "locker"]
