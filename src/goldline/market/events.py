"""The event catalogue: everything a marketplace can tell Goldline in this version.

Each struct is the `data` of one CloudEvent type. Money is integer minor units with its currency beside it; times
are instants. All events about an order name its `order_id`, which decides their partition.
"""

from __future__ import annotations

import sys
from typing import Annotated, Literal
from zoneinfo import available_timezones

from msgspec import Meta

from goldline.core.facts.event import AmountMinor, Catalogue, Currency, Data, Id, Text, Time, event

ScanCode = Literal[
    "registered", "picked_up", "departed", "arrived", "in_transit", "out_for_delivery", "ready_for_pickup",
    "delivered", "attempt_failed", "delayed", "damaged", "lost", "refused", "returning", "returned",
]  # fmt: skip


ShipRule = Annotated[
    str,
    Meta(
        pattern=r"\A(hours:\d{1,4}|same_day(@([01]\d|2[0-3]):[0-5]\d)?|next_day|days:\d{1,3}"
        r"|working_days:\d{1,3}(/[A-Za-z0-9_-]{1,32})?)\Z",
        description="A shipping promise: hours:48, same_day, same_day@16:00, next_day, days:3, working_days:3.",
    ),
]
ZONES = available_timezones()


def _known_zone(zone: str | None) -> None:
    """Refuse a time zone nobody knows: a deadline could not be resolved in it."""
    if zone is not None and zone not in ZONES:
        raise ValueError(f"Unknown time zone '{zone}'; use an IANA name such as Asia/Shanghai")


@event("order.placed", root="order_id")
class OrderPlaced(Data):
    """A consumer placed an order with one merchant."""

    order_id: Id
    merchant_id: Id
    consumer_id: Id
    region: Id | None = None
    zone: Id | None = None
    deliver_by: Time | None = None

    def __post_init__(self) -> None:
        """Check what a pattern cannot say."""
        _known_zone(self.zone)


@event("order.item_added", root="order_id")
class OrderItemAdded(Data):
    """One line of an order, with the time by which its merchant must hand it over, where the platform states it."""

    order_id: Id
    item_id: Id
    merchant_id: Id
    price_minor: AmountMinor
    currency: Currency
    freight_minor: AmountMinor = 0
    ship_by: Time | None = None


@event("order.paid", root="order_id")
class OrderPaid(Data):
    """The order was paid. The clock of every shipping promise starts here.

    `ship_by` is the platform's own deadline where it states one; otherwise `ship_rule` says how to resolve it:
    'same_day', 'next_day', 'hours:48', 'working_days:3'.
    """

    order_id: Id
    paid_minor: AmountMinor
    currency: Currency
    ship_rule: ShipRule | None = None
    ship_by: Time | None = None
    deliver_by: Time | None = None


@event("order.accepted", root="order_id")
class OrderAccepted(Data):
    """The merchant confirmed the order."""

    order_id: Id


@event("order.ship_agreed", root="order_id")
class OrderShipAgreed(Data):
    """Merchant and consumer agreed on another time to ship; it overrides every earlier promise."""

    order_id: Id
    ship_by: Time
    text: Text | None = None


@event("order.shipped", root="order_id")
class OrderShipped(Data):
    """The merchant says it shipped. Not proof: the carrier's scan is."""

    order_id: Id
    parcel_id: Id | None = None


@event("order.cancelled", root="order_id")
class OrderCancelled(Data):
    """The order was cancelled."""

    order_id: Id
    by: Literal["consumer", "merchant", "platform"] = "consumer"
    reason: Text | None = None


@event("order.unavailable", root="order_id")
class OrderUnavailable(Data):
    """The merchant cannot deliver the goods."""

    order_id: Id


@event("order.exempted", root="order_id")
class OrderExempted(Data):
    """Clocks of this order are void: disaster, closure, promotion notice."""

    order_id: Id
    reason: Text


@event("parcel.created", root="order_id")
class ParcelCreated(Data):
    """A waybill was made. Not shipment."""

    order_id: Id
    parcel_id: Id
    carrier_id: Id


@event("parcel.scanned", root="order_id")
class ParcelScanned(Data):
    """The carrier scanned a parcel."""

    order_id: Id
    parcel_id: Id
    carrier_id: Id
    code: ScanCode
    place: Text | None = None


@event("refund.requested", root="order_id")
class RefundRequested(Data):
    """The consumer asked for money back."""

    order_id: Id
    refund_id: Id
    amount_minor: AmountMinor
    currency: Currency
    reason: Text | None = None


@event("refund.decided", root="order_id")
class RefundDecided(Data):
    """The merchant or the platform answered a refund request."""

    order_id: Id
    refund_id: Id
    outcome: Literal["approved", "refused"]


@event("refund.paid", root="order_id")
class RefundPaid(Data):
    """The money of a refund left."""

    order_id: Id
    refund_id: Id
    amount_minor: AmountMinor
    currency: Currency


@event("merchant.registered", root="merchant_id")
class MerchantRegistered(Data):
    """A merchant joined, or changed its name or time zone."""

    merchant_id: Id
    name: Text
    zone: Id | None = None

    def __post_init__(self) -> None:
        """Check what a pattern cannot say."""
        _known_zone(self.zone)


def catalogue() -> Catalogue:
    """The whole catalogue of the market vocabulary."""
    return Catalogue.of(sys.modules[__name__])
