"""The events of delivery as asked: what the consumer chose, how it was handed over, what proves it, what is disputed.

State rule: no parcel is left at a locker or a station without consent (快递市场管理办法, 2024-03-01).
"""

from __future__ import annotations

from typing import Literal

from goldline.core.facts.event import Data, Id, Text, event
from goldline.market.scan import HandOver


@event("order.delivery_chosen", root="order_id")
class OrderDeliveryChosen(Data):
    """The consumer said how the parcels of the order are to be handed over; the last word counts."""

    order_id: Id
    choice: HandOver


@event("parcel.delivery_chosen", root="order_id")
class ParcelDeliveryChosen(Data):
    """The consumer said how one parcel is to be handed over; it goes before the order's choice."""

    order_id: Id
    parcel_id: Id
    choice: HandOver


@event("parcel.drop_consented", root="order_id")
class ParcelDropConsented(Data):
    """The consumer agreed that the parcel is left at a station or a locker; `reference` says where that is kept."""

    order_id: Id
    parcel_id: Id
    reference: Text | None = None


@event("parcel.proof_given", root="order_id")
class ParcelProofGiven(Data):
    """Proof of one thing about a delivery was given. `reference` says where it is kept; no personal data belongs here.

    'consent': that the consumer agreed to the drop. 'handover': that it came into the consumer's hands, by photo,
    signature or code. 'visit': that the courier was at the door, by photo, place or call record.
    """

    order_id: Id
    parcel_id: Id
    proves: Literal["consent", "handover", "visit"]
    by: Literal["carrier", "merchant"] = "carrier"
    form: Literal["photo", "signature", "code", "call", "message", "place"] | None = None
    reference: Text | None = None


@event("parcel.delivery_disputed", root="order_id")
class ParcelDeliveryDisputed(Data):
    """The consumer says that the parcel was not delivered as asked.

    'not_at_door': left elsewhere unasked. 'not_received': signed for, and not come. 'false_signature': signed for by
    nobody the consumer knows. 'no_visit': a visit at the door that never was.
    """

    order_id: Id
    parcel_id: Id
    kind: Literal["not_at_door", "not_received", "false_signature", "no_visit"]
    text: Text | None = None


@event("parcel.dispute_answered", root="order_id")
class ParcelDisputeAnswered(Data):
    """The carrier answered a dispute: it admits the failure, or denies it."""

    order_id: Id
    parcel_id: Id
    answer: Literal["admitted", "denied"]
    text: Text | None = None


@event("parcel.failure_upheld", root="order_id")
class ParcelFailureUpheld(Data):
    """A delivery failure stands: the carrier admitted it, did not prove otherwise in time, or a review found it."""

    order_id: Id
    parcel_id: Id
    failure: Literal["unasked_drop", "false_signature", "no_visit", "undelivered", "late_signature", "overlong"]
    by: Literal["review", "automatic"] = "review"


@event("parcel.failure_cleared", root="order_id")
class ParcelFailureCleared(Data):
    """An appeal succeeded: the outlet is cleared of what was upheld."""

    order_id: Id
    parcel_id: Id
    failure: Literal["unasked_drop", "false_signature", "no_visit", "undelivered", "late_signature", "overlong"]
