"""What the guarantee page says, decided here and only laid out in the template.

The first block answers three questions in one breath: how does it stand, what comes next, and what if that is missed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from zoneinfo import ZoneInfo

from django.utils.functional import Promise as LazyText
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from goldline.core.judge.told import RemedyTold
from goldline.surfaces.web.language import current, told
from goldline.surfaces.web.reading.aftersales import Case, cases_of
from goldline.surfaces.web.reading.goods import aspect_of
from goldline.surfaces.web.reading.story import PromiseStory, Story
from goldline.surfaces.web.templatetags.present import kind, mask, moment, money, part, span

STALE_AFTER = timedelta(hours=48)

STEPS: tuple[tuple[LazyText | str, tuple[str, ...]], ...] = (
    (gettext_lazy("Ordered"), ("paid_at", "placed_at")),
    (gettext_lazy("Picked up"), ("picked_up_at",)),
    (gettext_lazy("On its way"), ("departed_at", "arrived_at")),
    (gettext_lazy("Out for delivery"), ("out_at",)),
    (gettext_lazy("Delivered"), ("delivered_at",)),
)
SCANS = ("picked_up_at", "departed_at", "arrived_at", "out_at", "delivered_at")
HAPPENINGS: dict[str, LazyText | str] = {
    "placed_at": gettext_lazy("You placed the order."),
    "paid_at": gettext_lazy("You paid."),
    "accepted_at": gettext_lazy("The merchant confirmed the order."),
    "labelled_at": gettext_lazy("A waybill was made for the parcel."),
    "clicked_at": gettext_lazy("The merchant said that it shipped."),
    "picked_up_at": gettext_lazy("The carrier picked the parcel up."),
    "departed_at": gettext_lazy("The parcel left its first hub."),
    "arrived_at": gettext_lazy("The parcel arrived in your city."),
    "out_at": gettext_lazy("The parcel went out for delivery."),
    "delivered_at": gettext_lazy("The parcel was delivered, or is ready to be picked up."),
    "cancelled_at": gettext_lazy("The order was cancelled."),
    "unavailable_at": gettext_lazy("The merchant found that it cannot deliver the goods."),
    "exempted_at": gettext_lazy("The clocks of this order were stopped for a reason nobody is to blame for."),
    "refund_asked_at": gettext_lazy("You asked for your money back."),
    "refund_decided_at": gettext_lazy("Your request for a refund was answered."),
    "refund_paid_at": gettext_lazy("Refund money left for you."),
    "recalled_at": gettext_lazy("The goods were recalled."),
}
EXCUSES: dict[str, LazyText | str] = {
    "cancelled_at": gettext_lazy("The order was cancelled, so this clock no longer runs."),
    "given_back_at": gettext_lazy("All your money goes back, so this clock no longer runs."),
    "unavailable_at": gettext_lazy(
        "The goods were not available, so this clock no longer runs. Your refund does not depend on it."
    ),
    "exempted_at": gettext_lazy("The clocks of this order were stopped for a reason nobody is to blame for."),
}
STATED: dict[str, LazyText | str] = {
    "setting": gettext_lazy("The shop's setting promised the shipping: %(words)s."),
    "detail_page": gettext_lazy("The detail page promised the shipping: %(words)s."),
    "live_title": gettext_lazy("The title of the live stream promised the shipping: %(words)s."),
    "spoken": gettext_lazy("The host promised the shipping on air: %(words)s."),
    "chat": gettext_lazy("The shop promised the shipping in the chat: %(words)s."),
    "presale": gettext_lazy("The presale named its shipping date: %(words)s."),
    "negotiated": gettext_lazy("You and the shop agreed on a shipping time: %(words)s."),
    "platform_stated": gettext_lazy("The platform stated the shipping deadline: %(words)s."),
}


@dataclass(frozen=True, slots=True)
class Step:
    """One of the five steps of the parcel."""

    label: str
    at: datetime | None
    past: bool
    now: bool


@dataclass(frozen=True, slots=True)
class Happening:
    """One line of the timeline."""

    at: datetime
    text: str
    tone: str
    automatic: bool = False


@dataclass(frozen=True, slots=True)
class Right:
    """One promise as a card."""

    promise: PromiseStory
    standing: str
    why: str
    left: timedelta | None


@dataclass(frozen=True, slots=True)
class GuaranteePage:
    """Everything the page shows."""

    order_id: str
    buyer: str
    merchant: str
    now: datetime
    headline: str
    next_line: str
    missed_line: str
    recall_line: str
    steps: tuple[Step, ...]
    last_scan_age: timedelta | None
    scan_stale: bool
    rights: tuple[Right, ...]
    happenings: tuple[Happening, ...]
    remedies: tuple[tuple[RemedyTold, PromiseStory], ...]
    cases: tuple[Case, ...]


def guarantee_page(story: Story, zone: ZoneInfo) -> GuaranteePage:
    """The page of one order, in the current language, with times in `zone`."""
    headline, next_line, missed_line = _first_block(story, zone)
    scanned = [at for name in SCANS if (at := _instant(story, name)) is not None]
    age = story.now - max(scanned) if scanned else None
    return GuaranteePage(
        order_id=story.order_id,
        buyer=mask(str(story.facts.get("consumer_id") or "")),
        merchant=str(story.facts.get("merchant_id") or ""),
        now=story.now,
        headline=headline,
        next_line=next_line,
        missed_line=missed_line,
        recall_line=_recall_line(story, zone),
        steps=_steps(story),
        last_scan_age=age if age is not None and age >= timedelta() else None,
        scan_stale=age is not None and age > STALE_AFTER and not _ended(story),
        rights=tuple(_right(each, story) for each in sorted(story.promises, key=_weight)),
        happenings=_happenings(story, zone),
        remedies=tuple((remedy, each) for each in story.promises for remedy in each.remedies),
        cases=cases_of(story),
    )


def _first_block(story: Story, zone: ZoneInfo) -> tuple[str, str, str]:
    """How it stands, what comes next, and what happens if that is missed; the last two may be empty."""
    paid = _paid_line(story)
    if (at := _instant(story, "cancelled_at") or _instant(story, "unavailable_at")) is not None:
        return _("This order was cancelled on %(at)s.") % {"at": moment(at, zone)}, paid, ""
    if (at := _instant(story, "delivered_at")) is not None:
        return _("Your order was delivered on %(at)s.") % {"at": moment(at, zone)}, paid, ""
    running = [each for each in story.promises if each.told.state == "pending"]
    if running:
        return _running_block(min(running, key=lambda each: each.told.due_at), story, zone, paid)
    # The consumer's own clock is nobody else's word.
    broken = [each for each in story.promises if each.told.state == "broken" and each.told.side != "consumer"]
    if broken:
        return _("We did not keep our word: %(title)s.") % {"title": _titled(broken[-1])}, paid, ""
    return _("Your order is on its way through the shop."), paid, ""


def _recall_line(story: Story, zone: ZoneInfo) -> str:
    """What a recall asks of the consumer; empty without one."""
    at = _instant(story, "recalled_at")
    if at is None:
        return ""
    values = {"at": moment(at, zone), "defect": aspect_of(str(story.facts.get("recalled_for") or ""))}
    if _instant(story, "delivered_at") is None:
        return _("These goods were recalled on %(at)s: %(defect)s. If they still reach you, do not use them.") % values
    return _("These goods were recalled on %(at)s: %(defect)s. Please stop using them.") % values


def _running_block(promise: PromiseStory, story: Story, zone: ZoneInfo, paid: str) -> tuple[str, str, str]:
    at = moment(promise.told.due_at, zone)
    headline = _("%(title)s: by %(at)s at the latest.") % {"title": _titled(promise), "at": at}
    if promise.told.due_at >= story.now:
        following = _("%(left)s left.") % {"left": span(promise.told.due_at - story.now)}
    else:
        ends = moment(promise.told.due_at + timedelta(seconds=promise.told.grace_s), zone)
        following = _("The time is up. We wait until %(ends)s for evidence that is still on its way.") % {"ends": ends}
    return headline, _sentences([following, paid]), _missed_line(promise)


def _missed_line(promise: PromiseStory) -> str:
    """What the consumer gets if the promise is broken."""
    if not promise.would_pay:
        return ""
    owed = [each for each in promise.would_pay if each.amount_minor and each.after_s == 0]
    if not owed:
        return _("If that is missed, you are compensated automatically. You need not ask.")
    sums = " + ".join(
        _("%(sum)s (%(kind)s)") % {"sum": money(each.amount_minor or 0, each.currency), "kind": kind(each.kind)}
        for each in owed
    )
    return _("If that is missed, you get %(sums)s automatically. You need not ask.") % {"sums": sums}


def _paid_line(story: Story) -> str:
    remedies = [remedy for each in story.promises for remedy in each.remedies]
    paid = _sums([each for each in remedies if each.state == "paid"])
    coming = _sums([each for each in remedies if each.state in ("accrued", "unknown")])
    lines = [_("You have been paid %(sums)s.") % {"sums": paid}] if paid else []
    if coming:
        lines.append(_("%(sums)s is on its way to you.") % {"sums": coming})
    return _sentences(lines)


def _sentences(parts: list[str]) -> str:
    """Chinese sets its sentences without blanks."""
    return (" " if current() == "en" else "").join(filter(None, parts))


def _titled(promise: PromiseStory) -> str:
    """The title of a promise, and of which parcel or refund it is, if it is of one."""
    title = told(promise.told.title)
    return _("%(title)s (%(part)s)") % {"title": title, "part": part(promise.part)} if promise.part else title


def _sums(remedies: list[RemedyTold]) -> str:
    sums: dict[str, int] = {}
    for each in remedies:
        sums[each.currency] = sums.get(each.currency, 0) + each.amount_minor
    return " + ".join(money(amount, currency) for currency, amount in sorted(sums.items()))


def _steps(story: Story) -> tuple[Step, ...]:
    """A step is past when it or a later one was seen: carriers skip scans."""
    times = [next((at for name in names if (at := _instant(story, name))), None) for _label, names in STEPS]
    reached = max((number for number, at in enumerate(times) if at is not None), default=-1)
    return tuple(
        Step(str(label), times[number], number <= reached, number == reached)
        for number, (label, _names) in enumerate(STEPS)
    )


# What the reader may still get or wait for comes first; what went well is a matter of record.
_WEIGHTS = {"broken": 0, "pending": 1, "kept": 2, "excused": 3}


def _weight(promise: PromiseStory) -> tuple[int, datetime]:
    return _WEIGHTS[promise.told.state], promise.told.due_at


def _right(promise: PromiseStory, story: Story) -> Right:
    left = promise.told.due_at - story.now if promise.told.state == "pending" else None
    return Right(promise, promise.standing, _why(promise, story), left if left and left > timedelta() else None)


def _why(promise: PromiseStory, story: Story) -> str:
    """One sentence on why the promise stands as it does."""
    if promise.told.state == "excused":
        excuses = (text for name, text in EXCUSES.items() if _instant(story, name) is not None)
        reason = _voided_reason(story) if _instant(story, "exempted_at") else None
        said = str(next(excuses, _("This promise does not apply to the order.")))
        return f"{said} {reason}" if reason else said
    if promise.exonerated_at is not None:
        return _("Evidence that came late shows that it was kept. What was paid to you stays yours.")
    if promise.overturned_at is not None:
        return _("A review took the finding back. What was paid to you stays yours.")
    if promise.told.state == "pending":
        return _pending_line(promise, story)
    return _kept_line(promise) if promise.told.state == "kept" else _broken_line(promise)


def _voided_reason(story: Story) -> str | None:
    """Why the clocks are void: the notice's reason in the reader's language, or what was written for this order."""
    voids = [each for each in story.notices if each.voided_at is not None]
    return told(voids[0].reason) if voids else story.facts.get("exempted_reason")


def _moved_line(promise: PromiseStory, story: Story) -> str:
    """Which notice moved the deadline of this promise, and why; empty unless it hangs on the time to ship."""
    ship_by = next((each.value for each in promise.told.evidence if each.name == "ship_by"), None)
    moving = next((each for each in story.notices if ship_by is not None and each.moved_to == ship_by), None)
    return _("A notice moved the deadline: %(reason)s.") % {"reason": told(moving.reason)} if moving else ""


def _pending_line(promise: PromiseStory, story: Story) -> str:
    if promise.told.due_at >= story.now:
        return _sentences([_("The deadline has not come yet."), _moved_line(promise, story)])
    return _("The time is up. Evidence that is still on its way is waited for.")


def _broken_line(promise: PromiseStory) -> str:
    if promise.told.kept_at is not None and promise.told.kept_at > promise.told.due_at:
        return _("It was done %(late)s late.") % {"late": span(promise.told.kept_at - promise.told.due_at)}
    return _("No evidence that it was done had come when the time was up.")


def _kept_line(promise: PromiseStory) -> str:
    kept_at, due_at = promise.told.kept_at, promise.told.due_at
    if kept_at is None or kept_at >= due_at:
        return _("It was done in time.")
    return _("It was done in time, %(early)s before the deadline.") % {"early": span(due_at - kept_at)}


def _happenings(story: Story, zone: ZoneInfo) -> tuple[Happening, ...]:
    facts = (
        Happening(at, str(text), "bad" if name in ("cancelled_at", "unavailable_at") else "")
        for name, text in HAPPENINGS.items()
        if (at := _instant(story, name)) is not None and at <= story.now
    )
    ours = chain.from_iterable(_of_promise(each) for each in story.promises)
    said = [*facts, *_stated(story), *_noticed(story, zone), *ours]
    return tuple(sorted(said, key=lambda each: each.at))


def _noticed(story: Story, zone: ZoneInfo) -> list[Happening]:
    """Every notice that moves or stops the clocks of the order, when it was published, and its withdrawal."""
    lines: list[Happening] = []
    for each in story.notices:
        words = {"reason": told(each.reason), "at": moment(each.moved_to, zone) if each.moved_to else ""}
        said = (
            _("A notice moved the time to ship to %(at)s: %(reason)s.")
            if each.moved_to
            else _("A notice stopped the clocks of this order: %(reason)s.")
        )
        lines.append(Happening(each.published_at, said % words, "", True))
        if each.withdrawn_at is not None and each.withdrawn_at <= story.now:
            lines.append(Happening(each.withdrawn_at, _("That notice was withdrawn: %(reason)s.") % words, "", True))
    return [each for each in lines if each.at <= story.now]


def _stated(story: Story) -> list[Happening]:
    """Every shipping promise with its origin and words, at its time."""
    lines = [json.loads(line) for line in story.facts.get("promises_stated") or ()]
    return [
        Happening(at, str(STATED[origin]) % {"words": text or ship_by or ship_rule}, "")
        for stated_at, origin, _promise_id, ship_by, ship_rule, text in lines
        if (at := datetime.fromisoformat(stated_at)) <= story.now
    ]


def _of_promise(promise: PromiseStory) -> list[Happening]:
    title = {"title": _titled(promise)}
    lines: list[Happening] = []
    if promise.found_at is not None:
        lines.append(Happening(promise.found_at, _("A promise was found broken: %(title)s.") % title, "bad", True))
    if promise.exonerated_at is not None:
        said = _("Late evidence: it was kept after all: %(title)s. What you got stays yours.") % title
        lines.append(Happening(promise.exonerated_at, said, "", True))
    if promise.overturned_at is not None:
        said = _("A review took the finding back: %(title)s. What you got stays yours.") % title
        lines.append(Happening(promise.overturned_at, said, "", True))
    for remedy in promise.remedies:
        lines += _of_remedy(remedy)
    return lines


def _of_remedy(remedy: RemedyTold) -> list[Happening]:
    what = {"sum": money(remedy.amount_minor, remedy.currency), "kind": kind(remedy.kind)}
    lines: list[Happening] = []
    if remedy.state != "void":
        lines.append(Happening(remedy.accrued_at, _("You were granted %(sum)s (%(kind)s).") % what, "", True))
    if remedy.settled_at is not None and remedy.state == "paid":
        lines.append(Happening(remedy.settled_at, _("%(sum)s (%(kind)s) was paid to you.") % what, "good", True))
    if remedy.settled_at is not None and remedy.state == "refused":
        said = _("The payment of %(sum)s (%(kind)s) was refused by the payment service.") % what
        lines.append(Happening(remedy.settled_at, said, "bad", True))
    return lines


def _ended(story: Story) -> bool:
    return any(_instant(story, name) is not None for name in ("delivered_at", "cancelled_at", "unavailable_at"))


def _instant(story: Story, name: str) -> datetime | None:
    value = story.facts.get(name)
    return value if isinstance(value, datetime) else None
