"""After-sales cases for the pages: what was asked, what each side did, and whose clock is running.

It only puts into words what the explanation of a refund holds; nothing is judged here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.functional import Promise as LazyText
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from goldline.core.judge.told import Explanation, PromiseTold
from goldline.surfaces.web.language import current
from goldline.surfaces.web.reading.story import Story
from goldline.surfaces.web.templatetags.present import money

KIND = "refund"
SELLER = "merchant"
ASKS: dict[str, LazyText | str] = {
    "refund": gettext_lazy("Refund"),
    "refund_only": gettext_lazy("Refund without return"),
    "return_refund": gettext_lazy("Return and refund"),
    "partial_refund": gettext_lazy("Partial refund"),
    "exchange": gettext_lazy("Exchange"),
    "resend": gettext_lazy("Goods sent again"),
    "repair": gettext_lazy("Repair"),
}
GROUNDS: dict[str, LazyText | str] = {
    "no_reason": gettext_lazy("without a reason, within seven days"),
    "quality": gettext_lazy("for its quality"),
    "damaged": gettext_lazy("because it came damaged"),
    "wrong_item": gettext_lazy("because other goods came"),
    "missing_parts": gettext_lazy("because parts are missing"),
    "not_as_described": gettext_lazy("because it is not as described"),
    "counterfeit": gettext_lazy("because it is counterfeit"),
    "not_received": gettext_lazy("because it did not come"),
    "delivery": gettext_lazy("because of how it was delivered"),
    "agreed": gettext_lazy("as agreed with the merchant"),
}
WAIVERS: dict[str, LazyText | str] = {
    "not_received": gettext_lazy("The goods need not go back: they did not come."),
    "unreturnable": gettext_lazy("The goods need not go back: they cannot be returned."),
    "worthless": gettext_lazy("The goods need not go back: they are worthless."),
    "costs_more": gettext_lazy("The goods need not go back: returning them costs more than they are worth."),
    "merchant_agreed": gettext_lazy("The goods need not go back: the merchant agreed."),
}
REFUSALS: dict[str, LazyText | str] = {
    "excluded": gettext_lazy("The ground: goods that are excluded from returns."),
    "not_intact": gettext_lazy("The ground: the goods are not intact."),
    "too_late": gettext_lazy("The ground: asked too late."),
    "missing_gift": gettext_lazy("The ground: a gift is missing."),
    "no_evidence": gettext_lazy("The ground: no evidence."),
    "abuse": gettext_lazy("The ground: abuse."),
}
APPROVALS: dict[str, LazyText | str] = {
    "merchant": gettext_lazy("The merchant approved the request."),
    "platform": gettext_lazy("The platform approved the request."),
    "automatic": gettext_lazy("The time was up: the request was approved automatically."),
}
CLOSINGS: dict[str, LazyText | str] = {
    "lapsed": gettext_lazy("The goods were not sent back in time: the case was closed."),
    "no_evidence": gettext_lazy("No evidence came in time: the case was closed."),
    "refused": gettext_lazy("The case was closed with a refusal."),
    "resolved": gettext_lazy("The case was closed by agreement."),
}
INSPECTIONS: dict[str, LazyText | str] = {
    "yes": gettext_lazy("The goods that came back were found intact."),
    "no": gettext_lazy("The goods that came back were found not intact."),
}
# Facts that need no more than their name: when, who did it, what is said.
PLAIN: tuple[tuple[str, str, LazyText | str], ...] = (
    ("return_sent_at", "consumer", gettext_lazy("The goods were sent back.")),
    ("return_scanned_at", "carrier", gettext_lazy("The carrier has the goods on their way back.")),
    ("returned_at", "merchant", gettext_lazy("The goods are back with the merchant.")),
    ("return_anomaly_at", "platform", gettext_lazy("The way back was found untrue.")),
    ("escalated_at", "platform", gettext_lazy("The platform took the case up.")),
    ("consumer_asked_at", "platform", gettext_lazy("Evidence was asked of the consumer.")),
    ("consumer_gave_at", "consumer", gettext_lazy("The consumer gave evidence.")),
    ("merchant_asked_at", "platform", gettext_lazy("Evidence was asked of the merchant.")),
    ("merchant_gave_at", "merchant", gettext_lazy("The merchant gave evidence.")),
    ("carrier_asked_at", "platform", gettext_lazy("Evidence was asked of the carrier.")),
    ("carrier_gave_at", "carrier", gettext_lazy("The carrier gave evidence.")),
    ("replaced_at", "merchant", gettext_lazy("The goods asked for were sent.")),
    ("withdrawn_at", "consumer", gettext_lazy("The request was withdrawn.")),
    ("paid_at", "merchant", gettext_lazy("The refund was paid.")),
    ("freight_claimed_at", "consumer", gettext_lazy("The freight of the return was asked for.")),
    ("freight_paid_at", "insurer", gettext_lazy("The freight of the return was paid.")),
)


@dataclass(frozen=True, slots=True)
class CaseStep:
    """One line of a case: who did it, or 'automatic' for the clock."""

    at: datetime
    who: str
    text: str
    tone: str = ""


@dataclass(frozen=True, slots=True)
class CaseClock:
    """A clock that runs: whose, for what, and until when. `left` is None in the time of grace."""

    who: str
    title: Mapping[str, str]
    due_at: datetime
    left: timedelta | None


@dataclass(frozen=True, slots=True)
class Case:
    """One after-sales case of the order."""

    id: str
    asked: str
    standing: str
    steps: tuple[CaseStep, ...]
    clocks: tuple[CaseClock, ...]


def cases_of(story: Story) -> tuple[Case, ...]:
    """The cases of an order, the oldest first."""
    currency = str(story.facts.get("currency_seen") or "")
    told = [each for each in story.within if each.kind == KIND and "requested_at" in each.facts]
    told.sort(key=lambda each: (each.facts["requested_at"], each.key))
    return tuple(_case(each, currency) for each in told)


def _case(explained: Explanation, currency: str) -> Case:
    facts = explained.facts
    steps = sorted(_steps(facts, currency, explained.promises), key=lambda step: step.at)
    clocks = [_clock(each, explained.now) for each in explained.promises if each.state == "pending"]
    return Case(
        id=explained.key.rpartition("|")[2],
        asked=_asked(facts, str(facts.get("currency") or currency)),
        standing=_standing(facts, explained.promises),
        steps=tuple(step for step in steps if step.at <= explained.now),
        clocks=tuple(sorted(clocks, key=lambda clock: clock.due_at)),
    )


def _asked(facts: Mapping[str, Any], currency: str) -> str:
    what = str(ASKS.get(str(facts.get("asks")), ASKS["refund"]))
    ground = GROUNDS.get(str(facts.get("ground")))
    sum_ = money(facts["amount"], currency) if facts.get("amount") else ""
    return " · ".join(part for part in (what, sum_, str(ground) if ground else "") if part)


def _standing(facts: Mapping[str, Any], promises: tuple[PromiseTold, ...]) -> str:
    """How the case stands, as a word the pages have: what is settled goes before what was decided."""
    refunds = [remedy for each in promises for remedy in each.remedies if remedy.kind == "refund"]
    if "paid_at" in facts or any(each.state == "paid" for each in refunds):
        return "paid"
    if any(each.state in ("accrued", "unknown") for each in refunds):
        return "accrued"
    if "withdrawn_at" in facts:
        return "withdrawn"
    if "closed_at" in facts:
        return "closed"
    return str(facts.get("outcome") or "waiting")


def _steps(facts: Mapping[str, Any], currency: str, promises: tuple[PromiseTold, ...]) -> Iterator[CaseStep]:
    for name, who, text in PLAIN:
        if name in facts:
            yield CaseStep(facts[name], who, str(text), "good" if name in ("paid_at", "freight_paid_at") else "")
    yield CaseStep(facts["requested_at"], "consumer", _("The request was made."))
    yield from _decisions(facts)
    if "inspected_at" in facts:
        yield CaseStep(facts["inspected_at"], SELLER, _inspected(facts, currency))
    if "awarded_at" in facts:
        sum_ = {"sum": money(facts.get("awarded") or 0, currency)}
        yield CaseStep(facts["awarded_at"], "platform", _("The platform granted compensation: %(sum)s.") % sum_)
    if "closed_at" in facts:
        text = CLOSINGS.get(str(facts.get("closed_reason")), gettext_lazy("The case was closed."))
        by_clock = facts.get("closed_reason") in ("lapsed", "no_evidence")
        yield CaseStep(facts["closed_at"], "automatic" if by_clock else "platform", str(text), "bad")
    yield from _money(promises)


def _decisions(facts: Mapping[str, Any]) -> Iterator[CaseStep]:
    if "approved_at" in facts:
        by = str(facts.get("approved_by") or SELLER)
        waived = WAIVERS.get(str(facts.get("waiver")))
        text = _joined(APPROVALS.get(by, APPROVALS[SELLER]), waived)
        yield CaseStep(facts["approved_at"], by, text, "good")
    if "refused_at" in facts:
        ground = REFUSALS.get(str(facts.get("refusal")))
        text = _joined(_("The request was refused."), ground)
        yield CaseStep(facts["refused_at"], str(facts.get("refused_by") or SELLER), text, "bad")


def _inspected(facts: Mapping[str, Any], currency: str) -> str:
    text = str(INSPECTIONS.get(str(facts.get("intact")), INSPECTIONS["yes"]))
    if not facts.get("deducted"):
        return text
    taken = _("A missing gift is deducted: %(sum)s.") % {"sum": money(facts["deducted"], currency)}
    return _joined(text, taken)


def _joined(*sentences: LazyText | str | None) -> str:
    """Chinese sets its sentences without blanks."""
    return (" " if current() == "en" else "").join(str(each) for each in sentences if each)


def _money(promises: tuple[PromiseTold, ...]) -> Iterator[CaseStep]:
    """What the engine gave, by the clock and without being asked."""
    for promise in promises:
        for remedy in promise.remedies:
            if remedy.amount_minor and remedy.state != "void":
                sum_ = {"sum": money(remedy.amount_minor, remedy.currency)}
                yield CaseStep(remedy.accrued_at, "automatic", _("Granted automatically: %(sum)s.") % sum_, "good")


def _clock(promise: PromiseTold, now: datetime) -> CaseClock:
    left = promise.due_at - now
    return CaseClock(promise.side or SELLER, promise.title, promise.due_at, left if left > timedelta() else None)
