"""The event catalogue: everything a marketplace can tell Goldline in this version.

Each struct is the `data` of one CloudEvent type. Money is integer minor units with its currency beside it; times
are instants. All events about an order name its `order_id`, which decides their partition.
"""

from __future__ import annotations

import sys
from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from goldline.core.facts.event import AmountMinor, Catalogue, Currency, Data, Id, Text, Time, event
from goldline.market import aftersales, delivery, distinction, merchandise, publication, sweep
from goldline.market.aftersales import Asks, Ground, Refusal, Waiver, YesNo
from goldline.market.incident import Incident
from goldline.market.scan import HandOver, ScanCode
from goldline.market.zone import known_zone

ShipRule = Annotated[
    str,
    Meta(
        pattern=r"\A(hours:([1-9]\d{0,2}|[1-7]\d{3}|8[0-6]\d{2}|87[0-7]\d|878[0-4])|next_day"
        r"|same_day(@([01]\d|2[0-3]):[0-5]\d)?|days:(0|[1-9]\d?|[12]\d{2}|3[0-5]\d|36[0-6])"
        r"|working_days:([1-9]\d?|[12]\d{2}|3[0-5]\d|36[0-6]))\Z",
        description="A shipping promise: hours:48, same_day, same_day@16:00, next_day, days:3, working_days:3.",
    ),
]
Region = Annotated[
    str,
    Meta(min_length=1, max_length=64, description="A region: a code (CN-GD, 440307), or a Chinese name or address."),
]
Goods = Literal["physical", "virtual", "custom", "blind_box"]


@event("order.placed", root="order_id")
class OrderPlaced(Data):
    """A consumer placed an order with one merchant.

    `product_id` names what was bought, where the order is of one product; `sale` says whether it was sold from stock
    or before it was there. `creator_id` names whoever brought the consumer to the goods, `content_id` the video or
    stream of theirs that did. `trial` says that the merchant sold it on trial, without a deposit.
    `no_reason` says whether the goods may be sent back without a reason, as the platform's list of excluded kinds has
    it and the consumer confirmed when buying; a merchant cannot widen that list.
    `instant_refund` is the tag of goods that are refunded at once before shipment; `goods` is what sort they are.
    """

    order_id: Id
    merchant_id: Id
    consumer_id: Id
    region: Region | None = None
    zone: Id | None = None
    deliver_by: Time | None = None
    category: Id | None = None
    product_id: Id | None = None
    sale: Literal["spot", "presale"] = "spot"
    no_reason: Literal["applies", "excluded"] = "applies"
    instant_refund: YesNo | None = None
    goods: Goods | None = None
    creator_id: Id | None = None
    content_id: Id | None = None
    trial: YesNo | None = None

    def __post_init__(self) -> None:
        """Check what a pattern cannot say."""
        known_zone(self.zone)


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
    instant_refund: YesNo | None = None
    goods: Goods | None = None


@event("order.paid", root="order_id")
class OrderPaid(Data):
    """The order was paid. The clock of every shipping promise starts here.

    `ship_by` is the platform's own deadline where it states one; otherwise `ship_rule` says how to resolve it:
    'same_day', 'next_day', 'hours:48', 'working_days:3'. `commission_minor` is the creator's commission on it.
    """

    order_id: Id
    paid_minor: AmountMinor
    currency: Currency
    ship_rule: ShipRule | None = None
    ship_by: Time | None = None
    deliver_by: Time | None = None
    commission_minor: AmountMinor | None = None


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


@event("order.promise_stated", root="order_id")
class OrderPromiseStated(Data):
    """A shipping promise was made for the order, in whatever place. The shortest counts.

    `origin` says where: the shop's setting, the detail page, a live title, spoken on air, in a chat, the presale's own
    date; `negotiated` overrides the others, and `platform_stated` is stored and never computed again. A rule runs from
    payment. `text` holds the words as they were shown or said.
    """

    order_id: Id
    promise_id: Id
    origin: Literal[
        "setting", "detail_page", "live_title", "spoken", "chat", "presale", "negotiated", "platform_stated"
    ]
    stated_at: Time
    ship_by: Time | None = None
    ship_rule: ShipRule | None = None
    text: Text | None = None

    def __post_init__(self) -> None:
        """Check what a pattern cannot say."""
        if (self.ship_by is None) == (self.ship_rule is None):
            raise ValueError("A promise has either a ship_by or a ship_rule")
        if self.origin in ("negotiated", "platform_stated") and self.ship_by is None:
            raise ValueError(f"A promise of origin {self.origin} names its time; send ship_by")


@event("order.shifted", root="order_id")
class OrderShifted(Data):
    """The time to ship of this order alone is moved. What moves many is a notice, published once."""

    order_id: Id
    ship_by: Time
    reason: Text


@event("order.slot_booked", root="order_id")
class OrderSlotBooked(Data):
    """The consumer booked a slot for the delivery; the last booking counts."""

    order_id: Id
    slot_from: Time
    slot_until: Time


@event("order.misconduct_found", root="order_id")
class OrderMisconductFound(Data):
    """A review found that the consumer of this order was wronged.

    `false_claim` is the creator's, whose words sold the goods; everything else is the merchant's.
    """

    order_id: Id
    kind: Literal["fraudulent_shipment", "refund_refusal", "abuse", "false_claim"]
    text: Text | None = None


@event("order.misconduct_cleared", root="order_id")
class OrderMisconductCleared(Data):
    """An appeal succeeded: what was found is revoked."""

    order_id: Id
    kind: Literal["fraudulent_shipment", "refund_refusal", "abuse", "false_claim"]


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
    """Clocks of this order alone are void. What voids many is a notice, published once."""

    order_id: Id
    reason: Text


@event("order.complained", root="order_id")
class OrderComplained(Data):
    """The consumer complained to the platform about this order."""

    order_id: Id
    about: Literal["shipping", "goods", "service", "other"] = "other"
    text: Text | None = None


@event("order.reviewed", root="order_id")
class OrderReviewed(Data):
    """The consumer rated the order: 1 to 5 for the goods, and, where asked, for logistics and service.

    A later review of the same id replaces the one before it. Of `text` no fact keeps more than which defect it names.
    """

    order_id: Id
    review_id: Id
    merchant_id: Id
    rating: Annotated[int, Meta(ge=1, le=5)]
    logistics: Annotated[int, Meta(ge=1, le=5)] | None = None
    service: Annotated[int, Meta(ge=1, le=5)] | None = None
    creator_id: Id | None = None
    zone: Id | None = None
    product_id: Id | None = None
    content_id: Id | None = None
    lot_id: Id | None = None
    text: Text | None = None

    def __post_init__(self) -> None:
        """Check what a pattern cannot say."""
        known_zone(self.zone)


@event("parcel.created", root="order_id")
class ParcelCreated(Data):
    """A waybill was made. Not shipment.

    `tracking` is 'none' for a carrier that reports no scans: only then is the merchant's word taken for shipment.
    """

    order_id: Id
    parcel_id: Id
    carrier_id: Id
    tracking: Literal["carrier", "none"] = "carrier"
    from_region: Region | None = None


@event("parcel.scanned", root="order_id")
class ParcelScanned(Data):
    """The carrier scanned a parcel.

    `code` is one vocabulary for every carrier; `raw_code` and `raw_text` are what the carrier itself said, with names
    and telephone numbers masked. `incident` says what went wrong, where something did, and so who is at fault.
    `province` is where the scan was made, `origin_province` where the parcel set out, as far as they are told.
    `mode` is how it was handed over, `outlet_id` the carrier's outlet that made the scan.
    """

    order_id: Id
    parcel_id: Id
    carrier_id: Id
    code: ScanCode
    place: Text | None = None
    incident: Incident | None = None
    raw_code: Text | None = None
    raw_text: Text | None = None
    province: Text | None = None
    origin_province: Text | None = None
    mode: HandOver | None = None
    outlet_id: Id | None = None


@event("parcel.anomaly_found", root="order_id")
class ParcelAnomalyFound(Data):
    """A parcel's trace is not true: repeated, of another address, or recalled without the buyer."""

    order_id: Id
    parcel_id: Id
    kind: Literal["repeated_trace", "repeated_waybill", "address_mismatch", "recalled"]
    text: Text | None = None


@event("parcel.anomaly_noticed", root="order_id")
class ParcelAnomalyNoticed(Data):
    """The merchant was given notice that a parcel's trace is not true: from then on the goods are awaited."""

    order_id: Id
    parcel_id: Id


@event("refund.requested", root="order_id")
class RefundRequested(Data):
    """The consumer asked for money back, or for other goods: an after-sales case begins.

    `asks` is 'refund' where nothing is said of the goods. `received` says whether the consumer has them.
    """

    order_id: Id
    refund_id: Id
    amount_minor: AmountMinor
    currency: Currency
    reason: Text | None = None
    ground: Ground = "other"
    asks: Asks = "refund"
    received: YesNo | None = None


@event("refund.decided", root="order_id")
class RefundDecided(Data):
    """The merchant or the platform answered a refund request, or the clock did ('automatic').

    `waiver` says why approved money goes back while the goods stay; `refusal` why the request was refused. Without
    `amount_minor` all that was asked for is approved. `instant_at` and `instant_minor` are there when the platform
    decided at once: that refund is owed from that moment.
    """

    order_id: Id
    refund_id: Id
    outcome: Literal["approved", "refused"]
    by: Literal["merchant", "platform", "automatic"] = "merchant"
    amount_minor: AmountMinor | None = None
    waiver: Waiver | None = None
    refusal: Refusal | None = None
    reason: Text | None = None
    instant_at: Time | None = None
    instant_minor: AmountMinor | None = None
    decision_id: Id | None = None
    merchant_id: Id | None = None
    consumer_id: Id | None = None


@event("refund.paid", root="order_id")
class RefundPaid(Data):
    """The money of a refund left. Each of several payments of one refund has its own `payment_id`."""

    order_id: Id
    refund_id: Id
    amount_minor: AmountMinor
    currency: Currency
    payment_id: Id | None = None


@event("consumer.linked", root="consumer_id")
class ConsumerLinked(Data):
    """An account is one of a group that one person uses; `by` says what links them: a payment, a device, an address."""

    consumer_id: Id
    group_id: Id
    by: Id


@event("consumer.restricted", root="consumer_id")
class ConsumerRestricted(Data):
    """The platform withdrew its benefits from an account that abused them."""

    consumer_id: Id
    reason: Text


@event("consumer.released", root="consumer_id")
class ConsumerReleased(Data):
    """The platform gave its benefits back to an account."""

    consumer_id: Id
    reason: Text | None = None


@event("merchant.registered", root="merchant_id")
class MerchantRegistered(Data):
    """A merchant joined, or changed its name, time zone or industry."""

    merchant_id: Id
    name: Text
    zone: Id | None = None
    industry: Id | None = None

    def __post_init__(self) -> None:
        """Check what a pattern cannot say."""
        known_zone(self.zone)


@event("conversation.closed", root="merchant_id")
class ConversationClosed(Data):
    """A conversation of a consumer with a merchant's service ended.

    `turns` are those of the consumer that a human had to answer, within the hours the platform counts; `reply_s` is the
    sum of the seconds each waited, an unanswered one as long as the platform says (600 at Douyin). `rating` is the
    consumer's, 1 to 5, where one was given. Of `text`, what the consumer said, no fact keeps more than which defect of
    the goods `product_id` it names.
    """

    merchant_id: Id
    conversation_id: Id
    turns: Annotated[int, Meta(ge=0, le=100_000)]
    reply_s: Annotated[int, Meta(ge=0, le=1_000_000_000)]
    rating: Annotated[int, Meta(ge=1, le=5)] | None = None
    order_id: Id | None = None
    zone: Id | None = None
    product_id: Id | None = None
    text: Text | None = None

    def __post_init__(self) -> None:
        """Check what a pattern cannot say."""
        known_zone(self.zone)


Listed = Annotated[list[Id], Meta(min_length=1, max_length=1_000)]
MovedHours = Annotated[int, Meta(ge=1, le=8_784, description="By how many hours every deadline is moved.")]


class Words(Struct, frozen=True):
    """A text in both languages."""

    en: Text
    zh_hans: Text = field(name="zh-Hans")


@event("notice.published", root="notice_id", everywhere=True)
class NoticePublished(Data):
    """A notice for many orders: a promotion or holiday shifts their time to ship, a disaster or closure voids clocks.

    It covers the orders that lie in every scope it names: `regions` they go to (ISO 3166-2, or as the orders name
    them; a country covers its parts), `merchants`, `categories`, paid within [`paid_from`, `paid_until`), and due
    within [`due_from`, `due_until`) without it. Orders that came before it and those that come later are covered
    alike. A shift has either `ship_by` or `hours`. A notice is never edited: what comes under its id again changes
    nothing; withdraw it and publish another.
    """

    notice_id: Id
    kind: Literal["shift", "void"]
    reason: Words
    regions: Listed | None = None
    merchants: Listed | None = None
    categories: Listed | None = None
    paid_from: Time | None = None
    paid_until: Time | None = None
    due_from: Time | None = None
    due_until: Time | None = None
    ship_by: Time | None = None
    hours: MovedHours | None = None
    clause: Text | None = None

    def __post_init__(self) -> None:
        """Check what a pattern cannot say."""
        if (self.ship_by is None) + (self.hours is None) != (1 if self.kind == "shift" else 2):
            raise ValueError("A shift has either a ship_by or hours, and a void has neither")
        for name, start, end in (("paid", self.paid_from, self.paid_until), ("due", self.due_from, self.due_until)):
            if start is not None and end is not None and start >= end:
                raise ValueError(f"{name}_until must come after {name}_from")
        if not any((self.paid_from, self.paid_until, self.due_from, self.due_until)):
            raise ValueError("A notice needs a time: paid_from, paid_until, due_from or due_until")


@event("notice.withdrawn", root="notice_id", everywhere=True)
class NoticeWithdrawn(Data):
    """A notice no longer holds. What was decided by it stays; clocks that still run have their own time again."""

    notice_id: Id


def catalogue() -> Catalogue:
    """The whole catalogue of the market vocabulary."""
    return Catalogue.of(sys.modules[__name__], delivery, aftersales, merchandise, publication, sweep, distinction)
