"""The market's vocabulary: the subjects promises are made about."""

from __future__ import annotations

from goldline.core.facts.subject import Vocabulary
from goldline.market.carrierday import CarrierDay
from goldline.market.consumer import Consumer
from goldline.market.content import Content, Stream
from goldline.market.contentday import ContentDay
from goldline.market.conversation import Conversation
from goldline.market.creator import Assortment, Creator
from goldline.market.creatorday import CreatorDay
from goldline.market.listing import Listing
from goldline.market.lotday import LotDay
from goldline.market.merchant import Merchant
from goldline.market.merchantday import MerchantDay
from goldline.market.notice import Notice
from goldline.market.order import Order
from goldline.market.outletday import OutletDay
from goldline.market.parcel import Parcel
from goldline.market.productday import ProductDay
from goldline.market.refund import Refund
from goldline.market.refundrequest import RefundRequest
from goldline.market.review import Review
from goldline.market.sanction import ACTIONS
from goldline.market.swept import SweptContent, SweptListing
from goldline.market.ticket import Ticket
from goldline.market.waybill import repeated_waybills


def vocabulary() -> Vocabulary:
    """Orders and what belongs to them, merchants and their listings, creators and their content, consumers, notices and
    the days they are counted by, what campaigns found, the sanctions of the published rules, and what may be asked.
    """
    told = [Order, Parcel, Refund, Review, Merchant, Conversation, Ticket]
    shown = [Listing, Creator, Assortment, Content, Stream, SweptListing, SweptContent]
    days = [MerchantDay, ProductDay, LotDay, CreatorDay, ContentDay, OutletDay, CarrierDay]
    return Vocabulary([*told, *shown, *days, Consumer, Notice], ACTIONS, [repeated_waybills], [RefundRequest])
