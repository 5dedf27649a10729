"""How values are written for people: money, instants, distances in time, names of states, sparklines.

Built into every template. Words of states are said once, here, so that no two pages disagree.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal
from zoneinfo import ZoneInfo

from babel.dates import format_datetime, format_timedelta
from babel.numbers import format_decimal, format_percent
from django import template
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from goldline.core.facts.merge import FactType
from goldline.core.judge.told import NodeValue, PromiseTold
from goldline.core.money import Money, MoneyError, whole_minor
from goldline.market.sanction import ACTIONS
from goldline.surfaces.web import language
from goldline.surfaces.web.reading.story import Part

register = template.Library()

LOCALES = {"en": "en", "zh-Hans": "zh_Hans_CN"}
MOMENTS = {"en": "d MMM y, HH:mm", "zh-Hans": "y年M月d日 HH:mm"}
SHORTS = {"en": "d MMM HH:mm", "zh-Hans": "M月d日 HH:mm"}
SECONDS = {"en": "d MMM y, HH:mm:ss", "zh-Hans": "y年M月d日 HH:mm:ss"}
Unit = Literal["day", "hour", "minute", "second"]
UNITS: tuple[tuple[Unit, int], ...] = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))
# Babel counts "0秒钟", which nobody writes beside hours and minutes.
CHINESE_UNITS: dict[Unit, str] = {"second": "秒"}
SPARK_WIDTH, SPARK_HEIGHT = 120, 32

STATE_WORDS = {
    # of a promise
    "pending": gettext_lazy("in force"),
    "kept": gettext_lazy("kept"),
    "broken": gettext_lazy("broken"),
    "excused": gettext_lazy("excused"),
    "compensated": gettext_lazy("broken and made good"),
    "owed": gettext_lazy("broken, payment on its way"),
    # of a finding
    "standing": gettext_lazy("standing"),
    "exonerated": gettext_lazy("exonerated"),
    "overturned": gettext_lazy("overturned"),
    # of a remedy
    "accrued": gettext_lazy("on its way"),
    "paid": gettext_lazy("paid"),
    "refused": gettext_lazy("refused"),
    "unknown": gettext_lazy("being confirmed"),
    "held": gettext_lazy("held for review"),
    "void": gettext_lazy("not due"),
    # of an after-sales case
    "waiting": gettext_lazy("waiting for an answer"),
    "approved": gettext_lazy("approved"),
    "withdrawn": gettext_lazy("withdrawn"),
    # of an appeal and its case
    "filed": gettext_lazy("filed"),
    "claimed": gettext_lazy("being looked at"),
    "evidence_asked": gettext_lazy("waiting for evidence"),
    "upheld": gettext_lazy("decision upheld"),
    "partly": gettext_lazy("granted in part"),
    "settled": gettext_lazy("answered"),
    # of a delivery
    "ready": gettext_lazy("waiting to be sent"),
    "done": gettext_lazy("delivered"),
    "dead": gettext_lazy("given up"),
    # of a request for approval
    "expired": gettext_lazy("expired"),
    "ok": gettext_lazy("accepted"),
    "failed": gettext_lazy("failed"),
    # of a quarantined event
    "open": gettext_lazy("open"),
    # of a gate
    "limited": gettext_lazy("limited"),
    "closed": gettext_lazy("closed"),
    # of a sanction
    "in_force": gettext_lazy("in effect"),
    "over": gettext_lazy("over"),
    "released": gettext_lazy("released"),
    "revoked": gettext_lazy("revoked"),
    "redriven": gettext_lazy("re-driven"),
    "dropped": gettext_lazy("dropped"),
    "planned": gettext_lazy("planned"),
    "survey": gettext_lazy("survey under way"),
    "mending": gettext_lazy("time to mend"),
    "sweeping": gettext_lazy("sweep under way"),
    "between": gettext_lazy("between two sweeps"),
    "paused": gettext_lazy("paused"),
    "ended": gettext_lazy("over"),
}
TONES = {
    "good": {"approved", "kept", "paid", "done", "ok", "compensated", "redriven"},
    "bad": {"broken", "refused", "dead", "failed", "closed", "in_force"},
    "wait": {
        "filed",
        "claimed",
        "evidence_asked",
        "accrued",
        "unknown",
        "held",
        "ready",
        "owed",
        "open",
        "limited",
        "waiting",
        "mending",
        "sweeping",
        "survey",
        "between",
        "paused",
    },
}
KIND_WORDS = {
    "coupon": gettext_lazy("coupon"),
    "refund": gettext_lazy("refund"),
    "balance": gettext_lazy("account balance"),
    "payout": gettext_lazy("payout"),
    "webhook": gettext_lazy("webhook"),
    # of a case
    "appeal": gettext_lazy("appeal"),
    "decision": gettext_lazy("decision"),
    "evidence": gettext_lazy("evidence"),
    "content_cluster": gettext_lazy("duplicates"),
    "finding": gettext_lazy("report of a rule"),
}
CLAUSE_WORDS = {
    "made_at": gettext_lazy("Promised since"),
    "due_at": gettext_lazy("Deadline"),
    "kept_at": gettext_lazy("Proof that it was kept"),
    "excused": gettext_lazy("Does not apply if"),
    "at": gettext_lazy("Judged as of"),
    "violated": gettext_lazy("Violated if"),
    "pay": gettext_lazy("Amount"),
    "from": gettext_lazy("Who bears it"),
    "when": gettext_lazy("Paid only if"),
    "as": gettext_lazy("Paid as"),
    "after": gettext_lazy("Owed if still missed after"),
    "grace": gettext_lazy("Grace period"),
    "cap": gettext_lazy("Most that is charged on one subject"),
    "clause": gettext_lazy("Source"),
    "grade": gettext_lazy("Grade of the source"),
    "currency": gettext_lazy("Currency"),
    "effective.from": gettext_lazy("In force from"),
    "effective.until": gettext_lazy("In force until"),
    "effective.by": gettext_lazy("In force by the date of"),
    "budget.limit": gettext_lazy("Budget"),
    "budget.period": gettext_lazy("Budget renewed each"),
    "breaker.limit": gettext_lazy("Breaker trips above"),
    "breaker.window": gettext_lazy("Breaker counts over"),
}
PARTY_WORDS = {
    "merchant": gettext_lazy("the merchant"),
    "carrier": gettext_lazy("the carrier"),
    "platform": gettext_lazy("the platform"),
    "consumer": gettext_lazy("the consumer"),
    "insurer": gettext_lazy("the insurer"),
    "outlet": gettext_lazy("the carrier's outlet"),
    "automatic": gettext_lazy("automatic"),
}


@register.filter
def told(text: Mapping[str, str] | str | None) -> str:
    """A text that comes in several languages, in the current one."""
    return language.told(text)


@register.filter
def money(amount_minor: int, currency: str) -> str:
    """'¥2.00'. A currency nobody knows is shown as it was stored."""
    try:
        return Money(int(amount_minor), currency).format(language.current())
    except MoneyError:
        return f"{amount_minor} {currency}"


@register.filter
def moneys(sums: Mapping[str, int]) -> str:
    """Sums of several currencies, each on its own: they are never added."""
    return " + ".join(money(amount, currency) for currency, amount in sorted(sums.items())) or "–"


@register.filter
def number(value: float | None) -> str:
    """A number with the separators of the language."""
    return "–" if value is None else str(format_decimal(value, locale=_locale()))


@register.filter
def moment(at: datetime | None, zone: tzinfo | None = None) -> str:
    """An instant, in a zone (UTC if none is given)."""
    return _written(at, zone, MOMENTS)


@register.filter
def short(at: datetime | None, zone: tzinfo | None = None) -> str:
    """An instant without its year, where there is little room."""
    return _written(at, zone, SHORTS)


@register.filter
def second(at: datetime | None, zone: tzinfo | None = None) -> str:
    """An instant to the second."""
    return _written(at, zone, SECONDS)


@register.filter
def iso(at: datetime | None) -> str:
    """An instant for programs, as a `<time datetime>`."""
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z") if at else ""


@register.filter
def span(length: timedelta | float | None) -> str:
    """A length of time in its two largest units: '1 day 4 hours'."""
    if length is None:
        return "–"
    left_s = int(length.total_seconds() if isinstance(length, timedelta) else length)
    parts: list[str] = []
    for unit, unit_s in UNITS:
        count, left_s = divmod(left_s, unit_s)
        if count or (unit == "second" and not parts):
            parts.append(_counted(count, unit, unit_s))
        elif parts:
            break
        if len(parts) == 2:
            break
    return (" " if language.current() == "en" else "").join(parts)


@register.filter
def state(name: str) -> str:
    """The word for a state."""
    return str(STATE_WORDS.get(name, name))


@register.filter
def tone(name: str) -> str:
    """Whether a state is good, bad, waiting or plain: its colour, never its only sign."""
    return next((tone for tone, names in TONES.items() if name in names), "plain")


@register.filter
def action(name: str) -> str:
    """The word for a sanction."""
    return language.told(ACTIONS.get(name, name))


@register.filter
def titled(policy: str, titles: Mapping[str, Mapping[str, str] | str]) -> str:
    """The title of a policy in the current language; its id when it has none."""
    return language.told(titles.get(policy, policy))


@register.filter
def figure(value: Decimal | float | None) -> str:
    """A figure as short as it is exact: '100', not '100.00000000'."""
    return "–" if value is None else number(Decimal(str(value)).normalize() + 0)  # type: ignore[arg-type]


@register.filter
def kind(name: str) -> str:
    """The word for a kind of remedy or delivery."""
    return str(KIND_WORDS.get(name, name))


@register.filter
def party(account: str) -> str:
    """Who, without saying which: 'the merchant' for 'merchant:m-17'."""
    return str(PARTY_WORDS.get(account.partition(":")[0], account))


@register.filter
def own_part(remedy: Any) -> int:
    """What of a remedy its first bearer bears, in minor units: all that the other one does not."""
    if isinstance(remedy, dict):
        return int(remedy["amount_minor"]) - int(remedy["share_minor"] or 0)
    return int(remedy.amount_minor) - int(remedy.share_minor)


@register.filter
def mask(identifier: str | None) -> str:
    """An identifier of a person, recognisable to its owner only: 'c-…4821'."""
    text = identifier or ""
    if not text:
        return ""
    return f"{text[:2]}…{text[-4:]}" if len(text) > 8 else "…" + text[-2:]


@register.filter
def root(key: str) -> str:
    """The order that a parcel's or refund's key begins with, or the order itself."""
    return key.partition("|")[0]


@register.filter
def part(named: Part | None) -> str:
    """Which parcel or refund of an order: its number as `mask` shows it, and its carrier."""
    if named is None:
        return ""
    what = {"id": mask(named.own_id), "carrier": named.carrier_id}
    if named.kind == "refund":
        return _("Refund %(id)s") % what
    return _("Parcel %(id)s · %(carrier)s") % what if named.carrier_id else _("Parcel %(id)s") % what


@register.filter
def value_of(value: Any) -> str:
    """A fact or node as text: instants readable, truth as words, unknown as such."""
    if value is None:
        return str(_("unknown"))
    if isinstance(value, bool):
        return str(_("yes") if value else _("no"))
    if isinstance(value, datetime):
        return second(value) + " UTC"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, str) and (at := _as_instant(value)):
        return second(at) + " UTC"
    return str(value)


@register.filter
def clause(name: str) -> str:
    """What a clause of a promise decides, in words, those of a remedy with its number; its key when it has none."""
    owner, found, key = name.rpartition(": ")
    told_as = str(CLAUSE_WORDS.get(key, key))
    ordinal = owner.removeprefix("remedy ")
    if found and ordinal.isdecimal():
        return _("Remedy %(n)s: %(what)s") % {"n": ordinal, "what": told_as}
    return f"{owner}{found}{told_as}"


@register.filter
def ratio(value: Fraction) -> str:
    """A figure of agreement with two places."""
    return str(format_decimal(round(float(value), 2), format="0.00", locale=_locale()))


@register.filter
def percent(share: float) -> str:
    """A share of one as a percentage."""
    return str(format_percent(share, format="0.0#%", locale=_locale()))


@register.filter
def points(share: float) -> str:
    """A difference of shares in percentage points, with its sign."""
    return str(format_decimal(round(share * 100, 2), format="+0.00;-0.00", locale=_locale()))


@register.filter
def own_of(key: str) -> str:
    """What a key names within its owner: the listing of 'm-1|i-7'."""
    return key.rpartition("|")[2]


@register.filter
def unlocalized(value: int) -> str:
    """A whole number for an attribute: digits alone."""
    return str(int(value))


@register.filter
def sanction_of(ident: str, known: Iterable[Any]) -> str:
    """What a sanction does, found by its id among those that are known; its id otherwise."""
    found = next((each for each in known or () if str(each.id) == ident), None)
    return language.told(found.words) if found else ident[:8]


@register.filter
def reason_of(row: Mapping[str, Any], reasons: Mapping[tuple[str, str], Any]) -> str:
    """The title of an appeal's reason."""
    return language.told(reasons.get((row["terms"], row["reason"]), row["reason"]))


@register.simple_tag
def seen(promise: PromiseTold, zone: tzinfo | None = None) -> str:
    """Of when the values of a promise's nodes are: of its finding, or of now."""
    if promise.seen_at is None:
        return str(_("The values are those known now."))
    at = second(promise.seen_at, zone) + ("" if zone else " UTC")
    return str(_("The values are those seen when it was found broken, %(at)s.") % {"at": at})


@register.simple_tag
def node_value(node: NodeValue, currency: str, zone: tzinfo | None = None) -> str:
    """The value of a node, by its type: money in its currency, instants in the reader's zone, lengths of time."""
    value = node.value
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        if node.type is FactType.MONEY:
            return money(whole_minor(value), currency)
        if node.type == "interval":
            return ("−" if value < 0 else "") + span(abs(float(value)))
    at = value if isinstance(value, datetime) else _as_instant(value) if isinstance(value, str) else None
    if at is not None:
        return second(at, zone) + ("" if zone else " UTC")
    return value_of(value)


@register.simple_tag
def sparkline(values: Iterable[float], label: str) -> SafeString:
    """A small line of the recent past, as SVG without styles, with its meaning in words."""
    points = list(values)
    most = max(points, default=0.0) or 1.0
    step = SPARK_WIDTH / max(len(points) - 1, 1)
    spots = [f"{i * step:.1f},{SPARK_HEIGHT - 2 - v / most * (SPARK_HEIGHT - 4):.1f}" for i, v in enumerate(points)]
    line = " ".join(spots)
    title = template.defaultfilters.force_escape(label)
    # Safe: numbers of ours and an escaped label.
    return mark_safe(  # noqa: S308
        f'<svg class="spark" viewBox="0 0 {SPARK_WIDTH} {SPARK_HEIGHT}" role="img" aria-label="{title}" '
        f'preserveAspectRatio="none"><polygon class="spark-area" points="0,{SPARK_HEIGHT} {line} '
        f'{SPARK_WIDTH},{SPARK_HEIGHT}"/><polyline class="spark-line" points="{line}"/></svg>'
    )


def _counted(count: int, unit: Unit, unit_s: int) -> str:
    if unit in CHINESE_UNITS and language.current() != "en":
        return f"{count}{CHINESE_UNITS[unit]}"
    length = timedelta(seconds=count * unit_s)
    return str(format_timedelta(length, granularity=unit, threshold=10**9, locale=_locale()))


def _written(at: datetime | None, zone: tzinfo | None, patterns: Mapping[str, str]) -> str:
    if at is None:
        return "–"
    chosen = zone or ZoneInfo("UTC")
    return str(format_datetime(at.astimezone(chosen), patterns[language.current()], locale=_locale()))


def _as_instant(text: str) -> datetime | None:
    if len(text) < 19 or text[4] != "-" or text[10] not in "T ":
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo else None


def _locale() -> str:
    return LOCALES[language.current()]
