"""The events of goods: licences and admission of their merchants, listings, what was seen of them, lots.

What a merchant offers is a listing; orders name it as their `product_id`. All events of a listing lie with its
merchant's, because whether it may be sold depends on what the merchant is licensed for.
"""

from __future__ import annotations

from typing import Literal

from goldline.core.facts.event import AmountMinor, Currency, Data, Id, Text, Time, event
from goldline.market.aftersales import YesNo
from goldline.market.hit import Evidence
from goldline.market.label import Label

Licence = Literal["food", "drug", "medical_device", "cosmetics", "publication", "alcohol", "brand"]
Entry = Literal["open", "approval", "invitation"]
Aspect = Literal[
    "damaged", "not_as_described", "counterfeit", "expired", "smell", "size", "faulty", "short", "safety"
]  # fmt: skip


@event("merchant.licensed", root="merchant_id")
class MerchantLicensed(Data):
    """A merchant's licence of one kind was checked. The last word counts: a revoked one is told again, ended."""

    merchant_id: Id
    licence: Licence
    valid_until: Time
    number: Text | None = None


@event("merchant.trial_begun", root="merchant_id")
class MerchantTrialBegun(Data):
    """A merchant began to sell on trial, without a deposit: so many orders, so much money, and no more."""

    merchant_id: Id


@event("merchant.trial_ended", root="merchant_id")
class MerchantTrialEnded(Data):
    """A merchant paid its deposit: its trial is over."""

    merchant_id: Id


@event("listing.published", root="merchant_id")
class ListingPublished(Data):
    """Goods were offered. Published again, they are on sale again, as described now.

    `entry` says how a merchant comes to sell in the category, and `admitted` whether this one was let in. Attributes
    are pairs of name and value, as the listing shows them.
    """

    merchant_id: Id
    listing_id: Id
    title: Text
    category: Id
    brand: Text | None = None
    price_minor: AmountMinor | None = None
    currency: Currency | None = None
    attributes: dict[str, str] | None = None
    entry: Entry = "open"
    admitted: YesNo | None = None


@event("listing.changed", root="merchant_id")
class ListingChanged(Data):
    """A listing was changed; what is not named stays as it was."""

    merchant_id: Id
    listing_id: Id
    title: Text | None = None
    category: Id | None = None
    brand: Text | None = None
    price_minor: AmountMinor | None = None
    currency: Currency | None = None
    attributes: dict[str, str] | None = None
    entry: Entry | None = None
    admitted: YesNo | None = None


@event("listing.withdrawn", root="merchant_id")
class ListingWithdrawn(Data):
    """A listing is no longer on sale."""

    merchant_id: Id
    listing_id: Id
    by: Literal["merchant", "platform"] = "merchant"
    reason: Text | None = None


@event("listing.screened", root="merchant_id")
class ListingScreened(Data):
    """The texts of a listing were looked through. What was found is evidence; the last look counts."""

    merchant_id: Id
    listing_id: Id
    evidence: Evidence
    lexicon: Id


@event("listing.checked", root="merchant_id")
class ListingChecked(Data):
    """A listing's title, attributes, units, brand and price were held against each other. The last check counts."""

    merchant_id: Id
    listing_id: Id
    evidence: Evidence
    checks: Id


@event("listing.violation_found", root="merchant_id")
class ListingViolationFound(Data):
    """A person found a listing to break a rule: that it evades admission, say, by a wrong category."""

    merchant_id: Id
    listing_id: Id
    violation_id: Id
    kind: Literal["admission_evaded", "false_claim", "prohibited", "defective"]
    text: Text | None = None


@event("listing.violation_cleared", root="merchant_id")
class ListingViolationCleared(Data):
    """What was found of a listing does not stand."""

    merchant_id: Id
    listing_id: Id
    violation_id: Id
    kind: Literal["admission_evaded", "false_claim", "prohibited", "defective"]


@event("listing.intercepted", root="merchant_id")
class ListingIntercepted(Data):
    """Evidence of its buyers raised the alarm about a listing, or one lot of it.

    On the ground `statistics` the statistic passed its limit; on `safety` somebody told of a danger, and nothing was
    counted. `statistic` and `limit` are in thousandths, `cases` of `orders` named the `aspect`.
    """

    merchant_id: Id
    listing_id: Id
    alarm_id: Id
    ground: Literal["statistics", "safety"]
    aspect: Aspect
    cases: AmountMinor
    orders: AmountMinor
    lot_id: Id | None = None
    statistic: AmountMinor | None = None
    limit: AmountMinor | None = None


@event("listing.interception_lifted", root="merchant_id")
class ListingInterceptionLifted(Data):
    """A person looked into an alarm and found nothing, or what was wrong was mended."""

    merchant_id: Id
    listing_id: Id
    alarm_id: Id
    reason: Text


@event("listing.labelled", root="merchant_id")
class ListingLabelled(Data):
    """A label was set on a listing, with its reason, and for how long."""

    merchant_id: Id
    listing_id: Id
    label: Label
    reason: Text
    by: Text
    until: Time | None = None


@event("listing.label_lifted", root="merchant_id")
class ListingLabelLifted(Data):
    """A label of a listing was lifted."""

    merchant_id: Id
    listing_id: Id
    label: Label
    reason: Text
    by: Text


@event("order.lot_assigned", root="order_id")
class OrderLotAssigned(Data):
    """The goods of an order were taken from a lot: the batch they were made or delivered in."""

    order_id: Id
    lot_id: Id


@event("order.recalled", root="order_id")
class OrderRecalled(Data):
    """What was ordered is recalled: its consumer is told not to use it, and an open order is stopped."""

    order_id: Id
    alarm_id: Id
    aspect: Aspect
    listing_id: Id | None = None
    lot_id: Id | None = None
