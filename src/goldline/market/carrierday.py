"""The carrier-day: how complete and true the traces of one carrier's parcels were, by the day they were handed over."""

from __future__ import annotations

from typing import ClassVar

from goldline.core.facts.merge import Count, DayEnd, Windowed
from goldline.core.facts.subject import Aggregate
from goldline.market.parcel import Parcel

_WHOLE = (
    "picked_up_at IS NOT NULL AND least(departed_at, arrived_at) IS NOT NULL AND out_at IS NOT NULL"
    " AND untrue_at IS NULL"
)


class CarrierDay(Aggregate):
    """Counts over the parcels of one carrier that were handed over on one day."""

    kind = "carrier_day"
    key = "carrier_day_id"
    owners: ClassVar[dict[str, str]] = {"parcel": "carrier_id"}
    zones: ClassVar[dict[str, str]] = {"parcel": "zone"}
    parties: ClassVar[dict[str, str]] = {"carrier": "owner"}

    ends_at = DayEnd(about="the midnight that ends the day")
    traces = Count(Parcel, at="delivered_at", about="parcels handed over that day")
    traces_whole = Count(
        Parcel, at="delivered_at", where=_WHOLE,
        about="of those, with a scan at pickup, at a hub and on going out, and nothing untrue",
    )  # fmt: skip
    traces_30d = Windowed("traces", 30, about="traces of thirty days")
    traces_whole_30d = Windowed("traces_whole", 30, about="traces_whole of thirty days")
