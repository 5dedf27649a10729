"""The phrases of statements, in English and in Chinese. The terms are those of the glossary."""

from __future__ import annotations

from typing import Final

from goldline.core.judge.sentence import Language, amount

Lang = Language
PHRASES: Final[dict[Lang, dict[str, str]]] = {
    "en": {
        "colon": ": ", "decision": "Decision", "facts": "Facts", "automated": "Means",
        "by_machine": "Decided automatically, on recorded facts.", "by_person": "Decided by a person.",
        "ground": "Rule", "count": "Count", "duration": "Duration",
        "territory": "Territory", "redress": "Redress", "values": "Values", "source": "Source",
        "territory_scope": "Everywhere the marketplace trades.",
        "facts_of": "{about} The conduct is of {at}; it was found on {found}.",
        "seen": "Seen of {key}: {facts}.",
        "rule_version": "{title} ({policy}, version {version}{source})",
        "nth": "Violation number {nth} counted by \"{ladder}\"; the step of number {step} applies.",
        "once": "Once, on {start}.", "open_ended": "From {start}, until it is lifted on appeal.",
        "until_time": "From {start} to {end} ({length})", "until_condition": "from {start} until {until}",
        "or_earlier": ", or ",
        "appeal_by": "An appeal may be filed until {end}; a person who has not decided before answers it. {rests}",
        "rests": "Some sanctions rest while it is pending.", "goes_on": "The sanction goes on while it is pending.",
        "no_terms": "The rule book names no appeal for this; competent courts and dispute bodies stay open.",
        "revoked": "Revoked", "released": "Released", "waived": "Waived",
    },
    "zh-Hans": {
        "colon": "：", "decision": "处置", "facts": "事实", "automated": "方式",
        "by_machine": "系统依据记录的事实自动作出。", "by_person": "由人工作出。",
        "ground": "规则", "count": "次数", "duration": "期限",
        "territory": "地域范围", "redress": "救济途径", "values": "取值", "source": "来源",
        "territory_scope": "平台经营的全部地域。",
        "facts_of": "{about}行为时间 {at}，认定时间 {found}。",
        "seen": "认定时所见（{key}）：{facts}。",
        "rule_version": "{title}（{policy}，版本 {version}{source}）",
        "nth": "按“{ladder}”计第 {nth} 次违规，适用第 {step} 次的处置。",
        "once": "一次性，{start}。", "open_ended": "自 {start} 起，经申诉解除为止。",
        "until_time": "{start} 至 {end}（{length}）", "until_condition": "自 {start} 起至满足 {until}",
        "or_earlier": "，或",
        "appeal_by": "可在 {end} 前提出申诉，由未参与原处置的人员答复。{rests}",
        "rests": "申诉期间部分处置暂停执行。", "goes_on": "申诉期间处置不停止执行。",
        "no_terms": "规则未规定申诉途径；仍可向法院或争议解决机构寻求救济。",
        "revoked": "已撤销", "released": "已解除", "waived": "已减免",
    },
}  # fmt: skip


def phrase(key: str, lang: Lang) -> str:
    """A phrase of a statement."""
    return PHRASES[lang][key]


def amount_of(amount_minor: int, currency: str) -> str:
    """An amount for people."""
    return amount(amount_minor, currency)
