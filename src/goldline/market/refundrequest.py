"""The refund request as a question: may this money be given back at once?

What it sees beside the order: everything the buyer's linked accounts bought and asked back, what they were given at
once, and how the shop stands. Requests that were asked as questions count from the moment they are answered; those
that come as events, once they are folded.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final, Literal, LiteralString

import msgspec

from goldline.core.errors import GoldlineError
from goldline.core.facts.event import AmountMinor, Currency, Id, Text, cloudevent
from goldline.core.facts.merge import FactType
from goldline.core.facts.question import Answered, Asked, Question, Seen
from goldline.core.facts.subject import Subject
from goldline.core.money import Money
from goldline.market.order import Order

INSTANT, MONEY, NUMBER = FactType.INSTANT, FactType.MONEY, FactType.NUMBER
TEXT, BOOLEAN = FactType.TEXT, FactType.BOOLEAN
SOURCE: Final = "goldline/decision"

# A plan is made once, maybe over tables that are still empty: OFFSET 0 keeps a look-up to the index that is meant.
# A buyer's linked accounts are one buyer; nobody is linked to whom no event links.
_ASKER: Final = """
SELECT CASE WHEN c.group_id IS NULL THEN 'consumer:' || o.consumer_id ELSE 'group:' || c.group_id END AS whose,
       CASE WHEN c.group_id IS NULL THEN ARRAY[o.consumer_id]
            ELSE ARRAY(SELECT g.key FROM goldline.fact_consumer g WHERE g.group_id = c.group_id) END AS accounts
FROM (SELECT max(group_id) AS group_id FROM goldline.fact_consumer WHERE key = o.consumer_id) c
"""

_ACCOUNTS: Final = """
SELECT coalesce(bool_or(c.restricted_at > coalesce(c.released_at, '-infinity')), false) AS buyer_restricted,
       cardinality(q.accounts)::numeric AS buyer_accounts
FROM goldline.fact_consumer c WHERE c.key = ANY(q.accounts)
"""

# An order asked back is counted once, by its first request; a request made here may not have been folded yet.
_BUYER: Final = """
SELECT count(*) FILTER (WHERE b.placed_at > q.asked_at - interval '90 days')::numeric AS buyer_orders_90d,
       count(*) FILTER (WHERE b.back_at > q.asked_at - interval '90 days')::numeric AS buyer_orders_back_90d,
       coalesce(sum(b.paid_amount) FILTER (WHERE b.placed_at > q.asked_at - interval '90 days'), 0)::bigint
           AS buyer_paid_90d,
       count(DISTINCT b.merchant_id) FILTER (WHERE b.back_at > q.asked_at - interval '30 days')::numeric
           AS buyer_merchants_back_30d
FROM (SELECT e.key, e.placed_at, e.paid_amount, coalesce(e.merchant_id, e.item_merchant_id) AS merchant_id,
             least(e.refund_asked_at, d.decided_at) AS back_at
      FROM goldline.fact_order e LEFT JOIN LATERAL (
          SELECT min(p.decided_at) AS decided_at
          FROM (SELECT decided_at FROM goldline.decision WHERE key = e.key OFFSET 0) p) d ON true
      WHERE e.consumer_id = ANY(q.accounts) AND e.key <> o.key) b
"""

# Every request made here counts by itself, for the pace and for what was paid out.
_PACE: Final = """
SELECT count(*) FILTER (WHERE d.decided_at > q.asked_at - interval '1 hour')::numeric AS buyer_requests_1h,
       count(*) FILTER (WHERE d.decided_at > q.asked_at - interval '1 day')::numeric AS buyer_requests_1d,
       count(*) FILTER (WHERE d.spent_minor > 0)::numeric AS buyer_instant_30d,
       coalesce(sum(d.spent_minor) FILTER (WHERE d.decided_at > q.asked_at - interval '1 day'), 0)::bigint
           AS buyer_instant_amount_1d,
       coalesce(sum(d.spent_minor), 0)::bigint AS buyer_instant_amount_30d
FROM (SELECT p.decided_at, p.spent_minor, p.question FROM goldline.decision p
      WHERE p.consumer_id = ANY(q.accounts) OFFSET 0) d
WHERE d.question = 'refund_request' AND d.decided_at > q.asked_at - interval '30 days'
"""

_SHOP: Final = """
SELECT coalesce(sum(m.orders_paid), 0)::numeric AS shop_orders_30d,
       coalesce(sum(m.orders_refund_asked), 0)::numeric AS shop_orders_back_30d,
       coalesce(sum(m.orders_lost), 0)::numeric AS shop_losses_30d
FROM goldline.fact_merchant_day m
WHERE m.owner = coalesce(o.merchant_id, o.item_merchant_id) AND m.day > (q.asked_at - interval '31 days')::date
"""

_REFUNDS: Final = """
SELECT coalesce(sum(r.amount), 0)::bigint AS refunded, bool_or(r.key = o.key || '|' || q.refund_id
           AND (r.decided_at IS NOT NULL OR r.paid_at IS NOT NULL)) IS TRUE AS answered_elsewhere
FROM (SELECT f.key, f.amount, f.decided_at, f.paid_at
      FROM (SELECT * FROM goldline.fact_refund s
            WHERE s.partition = o.partition AND s.key >= o.key || '|' AND s.key < o.key || '}' OFFSET 0) f
      WHERE (f.outcome = 'approved' OR f.paid_at IS NOT NULL OR f.key = o.key || '|' || q.refund_id)
        AND f.key <> ALL (ARRAY(SELECT x.key || '|' || x.asked_as
            FROM (SELECT * FROM goldline.decision WHERE key = o.key OFFSET 0) x WHERE x.spent_minor > 0))
      UNION ALL
      SELECT NULL, d.spent_minor, NULL, NULL
      FROM (SELECT * FROM goldline.decision WHERE key = o.key OFFSET 0) d WHERE d.spent_minor > 0) r
"""


class RefundAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a refund is asked with: as the event refund.requested carries it."""

    refund_id: Id
    amount_minor: AmountMinor
    currency: Currency
    ground: Literal["no_reason", "quality", "not_received", "other"] = "other"
    reason: Text | None = None


class RefundRequest(Question):
    """A consumer asks for money back for one order."""

    kind = "refund_request"
    of: ClassVar[type[Subject]] = Order
    body = RefundAsked
    key = "refund_id"
    amount = "amount_asked"
    currency = "currency_asked"
    parties: ClassVar[Mapping[str, str]] = {"consumer": "consumer_id", "merchant": "merchant_id"}
    asker = _ASKER
    readings: ClassVar[Mapping[str, LiteralString]] = {
        "accounts_held": _ACCOUNTS, "buyer": _BUYER, "pace": _PACE, "shop": _SHOP, "refunds": _REFUNDS,
    }  # fmt: skip
    always = (
        "consumer_id", "merchant_id", "item_merchant_id", "paid_at", "paid_amount", "currency_seen", "currency_other",
        "refunded", "answered_elsewhere",
    )  # fmt: skip

    refund_id = Asked("refund_id", TEXT, "the request's id")
    amount_asked = Asked("amount_minor", MONEY, "what is asked back now")
    currency_asked = Asked("currency", TEXT, "its currency")
    ground = Asked("ground", TEXT, "why it is asked: no_reason, quality, not_received or other")
    words = Asked("reason", TEXT, "the consumer's own words")

    refunded = Seen("refunds", MONEY, "what of the order was given back before")
    answered_elsewhere = Seen("refunds", BOOLEAN, "an event has answered this very request already")
    buyer_restricted = Seen("accounts_held", BOOLEAN, "benefits are withdrawn from one of the buyer's accounts")
    buyer_accounts = Seen("accounts_held", NUMBER, "how many linked accounts the buyer has")
    buyer_orders_90d = Seen("buyer", NUMBER, "the buyer's other orders placed in 90 days")
    buyer_orders_back_90d = Seen("buyer", NUMBER, "of the buyer's other orders, those first asked back in 90 days")
    buyer_paid_90d = Seen("buyer", MONEY, "what the buyer paid for other orders placed in 90 days")
    buyer_merchants_back_30d = Seen("buyer", NUMBER, "different shops the buyer asked money back from in 30 days")
    buyer_requests_1h = Seen("pace", NUMBER, "the buyer's requests answered here in the last hour, without this one")
    buyer_requests_1d = Seen("pace", NUMBER, "the same in the last 24 hours")
    buyer_instant_30d = Seen("pace", NUMBER, "how often the buyer was refunded at once in 30 days")
    buyer_instant_amount_1d = Seen("pace", MONEY, "what the buyer was refunded at once in 24 hours")
    buyer_instant_amount_30d = Seen("pace", MONEY, "the same in 30 days")
    shop_orders_30d = Seen("shop", NUMBER, "orders paid to the shop in 30 days")
    shop_orders_back_30d = Seen("shop", NUMBER, "orders asked back from the shop in 30 days")
    shop_losses_30d = Seen("shop", NUMBER, "of the orders paid, those sent after their money had gone back")

    @classmethod
    def refusal(cls, facts: Mapping[str, Any]) -> GoldlineError | None:
        """Not paid, another currency, nothing or too much asked for, refunded or answered already."""
        currency, asked, paid = facts["currency_seen"], facts["amount_asked"], facts["paid_amount"]
        left = (paid or 0) - facts["refunded"]
        unpaid = facts["paid_at"] is None or paid is None
        mixed = facts["currency_asked"] != currency or facts["currency_other"] != currency
        asked_as = repr(facts["refund_id"])
        most = "" if unpaid else f"No more than {Money(max(left, 0), str(currency))} can still be given back."
        faults = (
            (unpaid, "not_paid", "The order is not paid, so there is nothing to give back.", "order_id"),
            (mixed, "wrong_currency", f"The order was paid in {currency}; ask in that.", "currency"),
            (facts["answered_elsewhere"], "already_answered", f"Refund {asked_as} was answered already.", "refund_id"),
            (left <= 0, "already_refunded", "The order was refunded already.", "order_id"),
            (asked == 0, "nothing_asked", "Nothing is asked back; ask for more than 0.", "amount_minor"),
            (asked > left, "amount_too_large", most, "amount_minor"),
        )
        found = next((fault[1:] for fault in faults if fault[0]), None)
        return GoldlineError(found[1], code=found[0], where=found[2]) if found else None

    @classmethod
    def told(cls, answered: Answered) -> list[bytes]:
        """refund.requested; for an instant refund refund.decided too, so that the promise of its pack pays it."""
        facts = answered.facts
        common = {"order_id": answered.key, "refund_id": facts["refund_id"]}
        asked = {
            **common, "amount_minor": answered.amount_minor, "currency": answered.currency, "ground": facts["ground"],
            "reason": facts["words"],
        }  # fmt: skip
        events = [_event(answered, "refund.requested", asked)]
        if answered.spent:
            decided = {
                **common, "outcome": "approved", "by": "platform", "instant_at": answered.at,
                "instant_minor": answered.amount_minor, "decision_id": answered.id,
                "merchant_id": facts["merchant_id"] or facts["item_merchant_id"], "consumer_id": facts["consumer_id"],
            }  # fmt: skip
            events.append(_event(answered, "refund.decided", decided))
        return events


def _event(answered: Answered, kind: str, data: dict[str, Any]) -> bytes:
    """A CloudEvent whose id is made from the decision's: writing it twice is one event."""
    return cloudevent(kind, f"{answered.id}-{kind}", SOURCE, answered.at, data)
