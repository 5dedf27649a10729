"""The market's vocabulary: the subjects promises are made about."""

from __future__ import annotations

from goldline.core.facts.subject import Vocabulary
from goldline.market.merchant import Merchant
from goldline.market.merchantday import MerchantDay
from goldline.market.notice import Notice
from goldline.market.order import Order
from goldline.market.parcel import Parcel
from goldline.market.refund import Refund


def vocabulary() -> Vocabulary:
    """Order, parcel, refund, merchant, merchant-day and notice."""
    return Vocabulary([Order, Parcel, Refund, Merchant, MerchantDay, Notice])
