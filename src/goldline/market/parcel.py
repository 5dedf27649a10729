"""The parcel: what a carrier moves."""

from __future__ import annotations

from typing import ClassVar

from goldline.core.facts.merge import FactType, First, FirstAt, LastAt
from goldline.core.facts.subject import Subject


class Parcel(Subject):
    """One waybill of one order."""

    kind = "parcel"
    key = "parcel_id"
    within = "order_id"
    parties: ClassVar[dict[str, str]] = {"carrier": "carrier_id"}

    order_id = First("parcel.created", "order_id", FactType.TEXT, about="the order it belongs to")
    carrier_id = First("parcel.created", "carrier_id", FactType.TEXT, about="who carries it")
    created_at = FirstAt("parcel.created", about="when the waybill was made")
    picked_up_at = FirstAt("parcel.scanned", where={"code": "picked_up"}, about="the carrier's pickup scan")
    departed_at = FirstAt("parcel.scanned", where={"code": "departed"}, about="the first hub scan")
    last_scan_at = LastAt("parcel.scanned", about="the latest scan of any kind")
    delivered_at = FirstAt(
        "parcel.scanned", where={"code": ("delivered", "ready_for_pickup")}, about="delivered or ready for pickup"
    )
    lost_at = FirstAt("parcel.scanned", where={"code": ("lost", "damaged")}, about="lost or damaged")
