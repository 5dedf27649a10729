"""The events of an after-sales case beyond asking, answering and paying: goods on their way back, evidence, the end.

A case is one refund request of one order, named by its `refund_id`; both sides have clocks in it.
"""

from __future__ import annotations

from typing import Literal

from goldline.core.facts.event import AmountMinor, Currency, Data, Id, Text, Time, event
from goldline.market.scan import ScanCode
from goldline.market.zone import known_zone

Asks = Literal["refund", "return_refund", "refund_only", "partial_refund", "exchange", "resend", "repair"]
Ground = Literal[
    "no_reason", "quality", "damaged", "wrong_item", "missing_parts", "not_as_described", "counterfeit",
    "not_received", "delivery", "agreed", "other",
]  # fmt: skip
Waiver = Literal["not_received", "unreturnable", "worthless", "costs_more", "merchant_agreed"]
Refusal = Literal["excluded", "not_intact", "too_late", "missing_gift", "no_evidence", "abuse", "other"]
YesNo = Literal["yes", "no"]


@event("refund.return_sent", root="order_id")
class RefundReturnSent(Data):
    """The consumer sent the goods back and named the waybill. Not proof: the carrier's scan is."""

    order_id: Id
    refund_id: Id
    return_parcel_id: Id
    carrier_id: Id | None = None


@event("refund.return_scanned", root="order_id")
class RefundReturnScanned(Data):
    """The carrier scanned the goods on their way back, in the vocabulary of parcels: delivered is at the merchant."""

    order_id: Id
    refund_id: Id
    return_parcel_id: Id
    code: ScanCode


@event("refund.return_received", root="order_id")
class RefundReturnReceived(Data):
    """The merchant has the goods back."""

    order_id: Id
    refund_id: Id


@event("refund.return_inspected", root="order_id")
class RefundReturnInspected(Data):
    """The goods that came back were looked at.

    `deducted_minor` is the value of a gift that did not come back: it is taken from the refund and is no ground to
    refuse it.
    """

    order_id: Id
    refund_id: Id
    intact: YesNo
    deducted_minor: AmountMinor = 0
    text: Text | None = None


@event("refund.return_anomaly_found", root="order_id")
class RefundReturnAnomalyFound(Data):
    """The way back is not true: its waybill served another return, or its trace is made up."""

    order_id: Id
    refund_id: Id
    kind: Literal["reused_waybill", "fabricated"]
    text: Text | None = None


@event("refund.evidence_asked", root="order_id")
class RefundEvidenceAsked(Data):
    """The platform asked one side for evidence. Without `due_by` the rules say how long it has."""

    order_id: Id
    refund_id: Id
    side: Literal["consumer", "merchant", "carrier"]
    due_by: Time | None = None
    text: Text | None = None


@event("refund.evidence_given", root="order_id")
class RefundEvidenceGiven(Data):
    """One side gave evidence; `reference` says where it is kept. No personal data belongs here."""

    order_id: Id
    refund_id: Id
    side: Literal["consumer", "merchant", "carrier"]
    reference: Text | None = None


@event("refund.escalated", root="order_id")
class RefundEscalated(Data):
    """The platform stepped in: asked by a side, or of itself."""

    order_id: Id
    refund_id: Id
    by: Literal["consumer", "merchant", "platform"] = "consumer"
    reason: Text | None = None


@event("refund.awarded", root="order_id")
class RefundAwarded(Data):
    """The platform granted compensation of its own motion, beside what is given back; `bearer` is to pay it."""

    order_id: Id
    refund_id: Id
    amount_minor: AmountMinor
    currency: Currency
    bearer: Literal["merchant", "carrier", "platform"] = "platform"
    reason: Text | None = None


@event("refund.replaced", root="order_id")
class RefundReplaced(Data):
    """The goods asked for in exchange, again or mended were sent to the consumer."""

    order_id: Id
    refund_id: Id
    parcel_id: Id | None = None


@event("refund.withdrawn", root="order_id")
class RefundWithdrawn(Data):
    """The consumer took the request back."""

    order_id: Id
    refund_id: Id


@event("refund.closed", root="order_id")
class RefundClosed(Data):
    """The case ended without what was asked: the consumer's clock ran out, or it was settled otherwise."""

    order_id: Id
    refund_id: Id
    reason: Literal["lapsed", "no_evidence", "resolved", "refused", "other"] = "other"


@event("order.freight_covered", root="order_id")
class OrderFreightCovered(Data):
    """The freight of a return is covered: insured (plain, upgraded, for large goods), or promised by the merchant."""

    order_id: Id
    cover: Literal["insured", "upgraded", "large", "merchant"]
    insurer_id: Id | None = None


@event("refund.freight_claimed", root="order_id")
class RefundFreightClaimed(Data):
    """The consumer asked for the freight of the return."""

    order_id: Id
    refund_id: Id
    amount_minor: AmountMinor
    currency: Currency
    return_parcel_id: Id | None = None


@event("refund.freight_paid", root="order_id")
class RefundFreightPaid(Data):
    """The freight of the return was paid by whoever covers it."""

    order_id: Id
    refund_id: Id
    amount_minor: AmountMinor
    currency: Currency


@event("ticket.opened", root="merchant_id")
class TicketOpened(Data):
    """The platform put a matter before the merchant, to be answered by a time."""

    merchant_id: Id
    ticket_id: Id
    answer_by: Time
    order_id: Id | None = None
    text: Text | None = None
    zone: Id | None = None

    def __post_init__(self) -> None:
        """Check what a pattern cannot say."""
        known_zone(self.zone)


@event("ticket.answered", root="merchant_id")
class TicketAnswered(Data):
    """The merchant answered a ticket of the platform."""

    merchant_id: Id
    ticket_id: Id
