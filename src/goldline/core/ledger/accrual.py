"""Accrual: what of an asked remedy is owed, who is charged for it, and what is held back.

`decide` is pure. Caps bound what one subject, with all that is within it, may be charged; a budget bounds a policy over
a period; a breaker stops a policy that suddenly pays too much. What is held is not lost: it waits for a person.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from hashlib import md5
from uuid import UUID

from goldline.core.money import portion_minor

REFUND = "refund"  # a price given back is no compensation: it counts towards no cap


def derived_id(*parts: object) -> UUID:
    """An id made from what it stands for, never random: a second writing of the same thing is refused by its key."""
    return UUID(hex=md5("|".join(map(str, parts)).encode(), usedforsecurity=False).hexdigest())


@dataclass(frozen=True)
class Candidate:
    """A remedy as the tariff asks for it, before caps. Amounts in minor units of `currency`.

    `root` is the key of the subject this one is within, or its own: a cap bounds what is charged on all of it.
    `price_minor` is what was paid for the root, None where that is not known; `given` are the lines of what went back
    of it outside this ledger, each a JSON array that begins with a case's id and an amount in minor units.
    Where two bear it, `sharer` bears `part` of it and `bearer` the rest; the grounds are the findings they answer for.
    """

    finding_id: UUID
    policy: str
    key: str
    ordinal: int
    kind: str
    payee: str | None
    bearer: str
    asked_minor: int
    currency: str
    order_currency: str | None
    mixed: bool
    cap_minor: int | None
    judged_at: datetime
    root: str
    price_minor: int | None = None
    given: Sequence[str] | None = None
    sharer: str | None = None
    part: Decimal | None = None
    bearer_ground: UUID | None = None
    sharer_ground: UUID | None = None

    @cached_property
    def remedy_id(self) -> UUID:
        """The id the provider is given: the same in every replay."""
        return derived_id(self.finding_id, "remedy", self.ordinal)


@dataclass(slots=True)
class Limit:
    """What is left of a policy's budget and breaker window, in minor units; None is no limit."""

    budget_left_minor: int | None = None
    breaker_left_minor: int | None = None
    tripped: bool = False
    newly_tripped: bool = False
    spent_minor: int = 0


@dataclass(frozen=True, slots=True)
class Accrual:
    """What was decided of one candidate: state is accrued, held or void, `why` says the reason of the last two."""

    candidate: Candidate
    amount_minor: int
    state: str
    why: str | None = None

    @property
    def share_minor(self) -> int:
        """What the sharer bears of the amount."""
        part = self.candidate.part
        return 0 if part is None else portion_minor(self.amount_minor, part)


@dataclass(slots=True)
class Standing:
    """What the decision starts from: charged and given back so far, and limits by policy. `decide` updates it.

    Charges are by root, refunds by root and then by key.
    """

    charged_minor: dict[str, int] = field(default_factory=dict)
    limits: dict[str, Limit] = field(default_factory=dict)
    refunded_minor: dict[str, dict[str, int]] = field(default_factory=dict)


def decide(candidates: Iterable[Candidate], standing: Standing) -> list[Accrual]:
    """Decide every candidate, in order of judgement, then policy, then ordinal."""
    ordered = sorted(candidates, key=lambda c: (c.judged_at, c.policy, c.ordinal, c.key))
    return [_decide_one(each, standing) for each in ordered]


def _decide_one(candidate: Candidate, standing: Standing) -> Accrual:
    charged = standing.charged_minor.get(candidate.root, 0)
    refunded = standing.refunded_minor.setdefault(candidate.root, {})
    amount = _capped(candidate, charged)
    if amount == 0:
        return Accrual(candidate, 0, "void", "cap")
    if candidate.kind == REFUND:
        amount = min(amount, refundable_minor(candidate, refunded))
        if amount <= 0:
            return Accrual(candidate, 0, "void", "price")
    why = _obstacle(candidate) or _spend(standing.limits.setdefault(candidate.policy, Limit()), amount)
    if candidate.kind == REFUND:
        refunded[candidate.key] = refunded.get(candidate.key, 0) + amount
    else:
        standing.charged_minor[candidate.root] = charged + amount
    return Accrual(candidate, amount, "held" if why else "accrued", why)


def refundable_minor(candidate: Candidate, refunded_minor: Mapping[str, int]) -> int:
    """What may still be given back: of this case what it asks, of the root what was paid, less what went back already.

    Several grounds of one case ask for the same money. What is told of a case from outside and what this ledger gave
    for it may be the same money too: the greater of the two counts. Zero or less when nothing is left.
    """
    told = _told_minor(candidate)
    gone = {key: max(refunded_minor.get(key, 0), told.get(key, 0)) for key in {*refunded_minor, *told}}
    left = candidate.asked_minor - gone.get(candidate.key, 0)
    return left if candidate.price_minor is None else min(left, candidate.price_minor - sum(gone.values()))


def _told_minor(candidate: Candidate) -> dict[str, int]:
    """What went back outside this ledger, by the key of its case."""
    told: dict[str, int] = {}
    for line in candidate.given or ():
        case, amount_minor, *_ = json.loads(line)
        key = f"{candidate.root}|{case}"
        told[key] = told.get(key, 0) + amount_minor
    return told


def _capped(candidate: Candidate, charged_minor: int) -> int:
    if candidate.cap_minor is None:
        return candidate.asked_minor
    return max(0, min(candidate.asked_minor, candidate.cap_minor - charged_minor))


def _obstacle(candidate: Candidate) -> str | None:
    """Why it cannot be paid whatever the limits: a currency that is not the policy's, or nobody to pay.

    A subject of which no currency is known was never paid for; the policy's own currency is the only one there is.
    """
    if candidate.mixed or candidate.order_currency not in (None, candidate.currency):
        return "currency"
    return "payee" if candidate.payee is None else None


def _spend(limit: Limit, amount_minor: int) -> str | None:
    """Take the amount from what is left; a breaker once tripped holds everything after it."""
    if limit.tripped:
        return "breaker"
    if limit.breaker_left_minor is not None and amount_minor > limit.breaker_left_minor:
        limit.tripped = limit.newly_tripped = True
        return "breaker"
    if limit.budget_left_minor is not None and amount_minor > limit.budget_left_minor:
        return "budget"
    if limit.breaker_left_minor is not None:
        limit.breaker_left_minor -= amount_minor
    if limit.budget_left_minor is not None:
        limit.budget_left_minor -= amount_minor
    limit.spent_minor += amount_minor
    return None
