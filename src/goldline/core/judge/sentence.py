"""Sentences: what became of a promise, said in one line in each language, and values written for people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final, Literal, Protocol

from goldline.core.facts.merge import FactType
from goldline.core.money import exponent, whole_minor
from goldline.core.policy.expression import Type

Language = Literal["en", "zh-Hans"]
LANGUAGES: Final[tuple[Language, ...]] = ("en", "zh-Hans")

WORDS: Final[dict[Language, dict[str, str]]] = {
    "en": {
        "pending": "due {due}, {left} left", "waiting": "{late} past the deadline, within the time for evidence",
        "kept": "kept, {early} before the deadline", "kept_exactly": "kept at the deadline", "excused": "excused",
        "gone": "this promise is no longer made",
        "late": "{late} late", "unkept": "not kept, {late} past the deadline", "joint": "; ",
        "stop": ".", "colon": ": ", "both": " and ",
        "remedy": "{amount} {kind} {state}, borne by {who}",
        "moved": "{amount} {kind} {state}, charged to {first} first and now borne by {who}",
        "exonerated": "found broken before, since exonerated",
        "overturned": "found broken before, since overturned on review", "none": "nothing owed",
        "coupon": "coupon", "refund": "refund", "balance": "credit", "accrued": "owed", "paid": "paid",
        "refused": "refused by the payer", "unknown": "sent, not yet confirmed", "held": "held ({why})",
        "void": "not paid ({why})", "merchant": "the merchant", "carrier": "the carrier", "platform": "the platform",
        "insurer": "the insurer", "outlet": "the carrier's outlet",
        "d": "{} d", "h": "{} h", "min": "{} min", "s": "{} s", "made": "made", "due": "due", "kept_at": "kept",
        "grace": "evidence until", "evidence": "evidence", "nodes": "values", "findings": "findings", "and": " ",
        "true": "true", "false": "false", "null": "unknown", "version": "version", "grade": "grade",
        "unfound": "being judged",
        "done_at": "done", "not_yet": "not yet", "now": "as known now", "seen": "as seen at the finding, {at}",
        "after": "{late} after the deadline", "late_by": "{late} past the deadline",
        "consumer": "consumer", "clearing": "clearing", "order": "order", "parcel": "parcel",
        "accrue": "accrued", "settle": "settled", "refuse": "taken back as refused",
        "exonerate": "moved on exoneration", "reinstate": "moved back", "fund": "funded",
        "overturn": "moved on overturning", "fee": "fee", "fee_return": "fee given back", "fee_waive": "fee waived",
        "clause_made_at": "made_at", "clause_due_at": "due_at", "clause_kept_at": "kept_at",
        "clause_excused": "excused", "clause_pay": "pay", "clause_from": "from", "clause_when": "when",
        "status_standing": "standing", "status_exonerated": "exonerated", "status_overturned": "overturned",
        "notice_shift": "notice {id}: the time to ship may be as late as {at}: {why}",
        "notice_void": "notice {id}: no clock runs since {at}: {why}", "notice_withdrawn": " (withdrawn {at})",
    },
    "zh-Hans": {
        "pending": "截止时间 {due}，还剩 {left}", "waiting": "已超过截止时间 {late}，仍在等待证据的时限内",
        "kept": "已履行，比截止时间提前 {early}", "kept_exactly": "恰在截止时间履行", "excused": "已免除",
        "gone": "该承诺已不再作出",
        "late": "晚了 {late}", "unkept": "未履行，已超过截止时间 {late}", "joint": "；", "stop": "。", "colon": "：",
        "both": "和",
        "remedy": "{amount} {kind}{state}，由{who}承担",
        "moved": "{amount} {kind}{state}，先由{first}承担，现由{who}承担",
        "exonerated": "曾认定违约，后已免责", "overturned": "曾认定违约，后经复核撤销", "none": "无需赔付",
        "coupon": "优惠券", "refund": "退款", "balance": "账户余额", "accrued": "待支付", "paid": "已支付",
        "refused": "被支付方拒绝", "unknown": "已发出，尚未确认", "held": "待复核（{why}）",
        "void": "不予支付（{why}）", "merchant": "商家", "carrier": "承运商", "platform": "平台", "insurer": "保险公司",
        "outlet": "承运商网点",
        "d": "{} 天", "h": "{} 小时", "min": "{} 分钟", "s": "{} 秒", "made": "作出",
        "due": "截止时间", "kept_at": "履行", "grace": "证据最迟", "evidence": "证据", "nodes": "取值",
        "findings": "违约认定", "and": " ",
        "true": "是", "false": "否", "null": "未知", "version": "版本", "grade": "级别", "unfound": "判定中",
        "done_at": "履行", "not_yet": "尚未", "now": "当前所知", "seen": "违约认定时所见，{at}",
        "after": "截止时间后 {late}", "late_by": "超过截止时间 {late}",
        "consumer": "消费者", "clearing": "清算", "order": "订单", "parcel": "包裹",
        "accrue": "计提", "settle": "结清", "refuse": "拒付冲回", "exonerate": "免责转记",
        "reinstate": "恢复转记", "fund": "注资", "overturn": "撤销转记",
        "fee": "违约金", "fee_return": "违约金退还", "fee_waive": "违约金减免",
        "clause_made_at": "作出时间", "clause_due_at": "截止时间", "clause_kept_at": "履行时间",
        "clause_excused": "免除条件", "clause_pay": "赔付", "clause_from": "承担方", "clause_when": "条件",
        "status_standing": "成立", "status_exonerated": "已免责", "status_overturned": "已撤销",
        "notice_shift": "公告 {id}：发货时间最迟顺延至 {at}：{why}",
        "notice_void": "公告 {id}：自 {at} 起停止计时：{why}", "notice_withdrawn": "（已于 {at} 撤回）",
    },
}  # fmt: skip
WHY: Final[dict[Language, dict[str, str]]] = {
    "en": {
        "price": "the price has been given back already", "budget": "the budget is spent",
        "breaker": "the breaker has tripped", "cap": "the cap is reached",
        "currency": "the currency differs", "payee": "nobody to pay is known",
        "exonerated": "exonerated before it was paid", "overturned": "overturned before it was paid",
    },
    "zh-Hans": {
        "price": "已退满实付金额", "budget": "预算已用完", "breaker": "熔断已触发", "cap": "已达上限",
        "currency": "币种不一致",
        "payee": "收款人未知", "exonerated": "支付前已免责", "overturned": "支付前已撤销",
    },
}  # fmt: skip
_STEPS_S: Final = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


class Owed(Protocol):
    """What a sentence needs to know of a remedy."""

    @property
    def kind(self) -> str:
        """Coupon, refund or balance."""

    @property
    def amount_minor(self) -> int:
        """What is paid, after caps."""

    @property
    def currency(self) -> str:
        """Its currency."""

    @property
    def bearer(self) -> str:
        """Who was charged first."""

    @property
    def charged_to(self) -> str:
        """Who bears it now."""

    @property
    def share_to(self) -> str | None:
        """Who bears a part of it now, where two do."""

    @property
    def share_minor(self) -> int:
        """How much that part is."""

    @property
    def sharer(self) -> str | None:
        """Who was charged that part first."""

    @property
    def state(self) -> str:
        """How far its payment is."""

    @property
    def why(self) -> str | None:
        """Why it is held, refused or void."""


def word(key: str, language: Language) -> str:
    """A word of the explanation."""
    return WORDS[language].get(key, key)


def reason(why: str | None, language: Language) -> str:
    """Why a remedy is not paid; what a person or a provider wrote stays as written."""
    return WHY[language].get(why or "", why or "")


def duration(seconds: float, language: Language) -> str:
    """A length of time by its two largest units: '5 h', '2 d 3 h', '40 min'."""
    left_s = abs(int(seconds))
    parts: list[tuple[int, str]] = []
    for unit, size_s in _STEPS_S:
        count, left_s = divmod(left_s, size_s)
        if count or (parts and len(parts) < 2):
            parts.append((count, unit))
    shown = [word(unit, language).format(count) for count, unit in parts[:2] if count]
    return " ".join(shown) or word("s", language).format(0)


def instant(at: datetime) -> str:
    """An instant to the second, in UTC."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def party(account: str, language: Language) -> str:
    """'merchant:m-1' as 'the merchant'."""
    return word(account.partition(":")[0], language)


def summary(
    title: str,
    state: str,
    times: tuple[datetime, datetime, datetime | None],
    now: datetime,
    owed: Sequence[Owed],
    found: str | None,
    language: Language,
    *,
    gone: bool = False,
) -> str:
    """One sentence about one promise: its state, how early or late, and what of it is paid by whom.

    `times` are the deadline, the end of grace and the keeping; `found` is the status of its finding, if there is one;
    `gone` says that the promise is no longer made, though it was when the finding was.
    """
    parts = [_standing(state, times, now, language)]
    if found in ("exonerated", "overturned"):
        parts.append(word(found, language))
    elif state == "broken" and found is None:
        parts.append(word("unfound", language))
    parts += [_remedy(each, language) for each in owed]
    parts += [word("gone", language)] if gone else []
    words = WORDS[language]
    return f"{title}{words['colon']}{words['joint'].join(parts)}{words['stop']}"


def _standing(state: str, times: tuple[datetime, datetime, datetime | None], now: datetime, language: Language) -> str:
    due_at, _, kept_at = times
    words = WORDS[language]
    if state == "kept" and kept_at is not None:
        early_s = (due_at - kept_at).total_seconds()
        return words["kept"].format(early=duration(early_s, language)) if early_s else words["kept_exactly"]
    if state == "pending":
        left_s = (due_at - now).total_seconds()
        gap = duration(left_s, language)
        return words["pending" if left_s > 0 else "waiting"].format(due=instant(due_at), left=gap, late=gap)
    if state == "broken":
        end = kept_at or now
        key = "late" if kept_at is not None else "unkept"
        return words[key].format(late=duration((end - due_at).total_seconds(), language))
    return words["excused"]


def _remedy(owed: Owed, language: Language) -> str:
    words = WORDS[language]
    moved = (owed.bearer, owed.sharer) != (owed.charged_to, owed.share_to)
    return words["moved" if moved else "remedy"].format(
        amount=amount(owed.amount_minor, owed.currency),
        kind=word(owed.kind, language),
        state=word(owed.state, language).format(why=reason(owed.why, language)),
        first=_bearers(owed, owed.bearer, owed.sharer, language),
        who=_bearers(owed, owed.charged_to, owed.share_to, language),
    )


def _bearers(owed: Owed, one: str, other: str | None, language: Language) -> str:
    """Who bears it, and how much each of two: 'the merchant (1.40 CNY) and the carrier (0.59 CNY)'."""
    if other is None or one == other:
        return party(one, language)
    parts = ((one, owed.amount_minor - owed.share_minor), (other, owed.share_minor))
    told = [f"{party(who, language)} ({amount(minor, owed.currency)})" for who, minor in parts]
    return word("both", language).join(told)


def amount(amount_minor: int | Decimal, currency: str) -> str:
    """An amount for people, in major units with its thousands apart: '1,003.79 CNY'."""
    digits = exponent(currency)
    return f"{Decimal(whole_minor(amount_minor)).scaleb(-digits):,.{digits}f} {currency}"


def account(name: str, language: Language) -> str:
    """An account of the ledger: as it is called in English, its kind in Chinese elsewhere: '商家:m-1'."""
    kind, colon, rest = name.partition(":")
    return name if language == "en" else f"{word(kind, language)}{colon}{rest}"


def shown(value: Any, kind: Type | None, currency: str | None, language: Language) -> str:
    """A stored value for people: amounts in major units, intervals as lengths, instants to the second."""
    if isinstance(value, list):
        inner = FactType.INSTANT if kind is FactType.INSTANTS else FactType.TEXT
        return ", ".join(shown(each, inner, currency, language) for each in value)
    if value is None or isinstance(value, bool):
        return word("null" if value is None else str(value).lower(), language)
    if kind is FactType.MONEY and currency:
        return amount(Decimal(str(value)), currency)
    if kind == "interval":
        return ("-" if value < 0 else "") + duration(value, language)
    if kind is FactType.INSTANT:
        return instant(value if isinstance(value, datetime) else datetime.fromisoformat(value))
    return str(value)
