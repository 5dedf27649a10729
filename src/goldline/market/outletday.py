"""The outlet-day: the delivery failures upheld against one outlet of a carrier on one day.

Each upheld failure that no appeal has cleared is one point. How much a kind of failure weighs, and at how many points
an outlet is stopped, is not published: the counts by kind are there to be weighed by whoever decides that.
"""

from __future__ import annotations

from typing import Any, ClassVar

from goldline.core.facts.merge import Count, DayEnd, FactType, Sum, Windowed
from goldline.core.facts.subject import Aggregate
from goldline.market.parcel import Parcel

_STANDING = "cardinality(ARRAY(SELECT unnest(failures) EXCEPT SELECT unnest(failures_cleared)))"


def _upheld(failure: str, about: str) -> Any:
    stands = f"'{failure}' = ANY(failures) AND NOT coalesce('{failure}' = ANY(failures_cleared), false)"
    return Count(Parcel, at="failed_at", where=stands, about=about)


class OutletDay(Aggregate):
    """Counts over the parcels of one outlet whose delivery first failed on one day."""

    kind = "outlet_day"
    key = "outlet_day_id"
    owners: ClassVar[dict[str, str]] = {"parcel": "outlet_id"}
    zones: ClassVar[dict[str, str]] = {"parcel": "zone"}
    parties: ClassVar[dict[str, str]] = {"outlet": "owner"}

    ends_at = DayEnd(about="the midnight that ends the day")
    points = Sum(
        Parcel, _STANDING, FactType.NUMBER, at="failed_at", about="one for every upheld failure that was not cleared"
    )
    unasked_drops = _upheld("unasked_drop", "left at a station or a locker without consent")
    false_signatures = _upheld("false_signature", "signed for by nobody who may")
    no_visits = _upheld("no_visit", "a visit at the door that was not, or was not proved")
    undelivered = _upheld("undelivered", "not sent out from the outlet in time")
    late_signatures = _upheld("late_signature", "out for delivery too long")
    overlong = _upheld("overlong", "on its way too long altogether")
    points_30d = Windowed("points", 30, about="points of thirty days")
