"""What stands around a hit and may excuse it: negation, citation, comparison with oneself, aims, tips, and who speaks.

The exemptions for absolute words are those of the State Administration for Market Regulation's guide to enforcing the
rule on absolute words in advertising (广告绝对化用语执法指南, 2023), named below where each is applied. An excuse is
a reason with a name; it changes the status of a hit and never removes it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from goldline.market.screening.evidence import Setting
from goldline.market.screening.lexicon import Term

ABSOLUTE: Final = frozenset({"absolute", "en_absolute"})
# A consumer's word is no advertisement; but luring away, forbidden goods and vulgarity are the same from anyone.
ANYONES: Final = frozenset({"diversion", "prohibited", "vulgar", "en_diversion"})
_WINDOW: Final = 40
_SENTENCE: Final = re.compile("[。！？!?\n\r；;]|\\.(?:\\s|$)")
_CLAUSE: Final = re.compile("[，,、：:。！？!?\n\r；;]")


@dataclass(frozen=True, slots=True)
class Window:
    """A hit at text[start:end], and the words before and after it: in its clause, and in its sentence; lower case."""

    text: str
    start: int
    end: int
    before: str
    after: str
    sentence_before: str
    sentence_after: str


def window(text: str, start: int, end: int) -> Window:
    """What stands around text[start:end]."""
    before = _tail(_SENTENCE, text[max(0, start - _WINDOW) : start].lower())
    after = _head(_SENTENCE, text[end : end + _WINDOW].lower())
    return Window(text, start, end, _tail(_CLAUSE, before), _head(_CLAUSE, after), before, after)


def _tail(marks: re.Pattern[str], text: str) -> str:
    return marks.split(text)[-1]


def _head(marks: re.Pattern[str], text: str) -> str:
    return marks.split(text, maxsplit=1)[0]


_NEGATED: Final = re.compile(
    r"(?:不是|不算|算不上|称不上|谈不上|说不上|做不到|不说|不讲|不搞|不含|不具|不敢说|禁寄|禁售|谨防|警惕|小心|当心|并不|并非|绝非|不能|不会|不可|不得|不要|不敢|不承诺|不保证|不宣称|不宣传|不声称|不存在|不作|不做|不具有|不具备|不属于|不提供"
    r"|没有|没说|没法|无法|未必|从不|绝不|决不|请勿|切勿|勿|(?<![特个分级区性])别(?![的人家墅错再犹])|拒绝|杜绝|禁止|严禁|谢绝|抵制|远离|不支持|不卖|不售)"
    r"[^，。]{0,7}$|(?:不|无|非|未)$"
)
_NOT_NEGATED: Final = re.compile(
    r"(?:不得不|不能不|不可不|无不|不仅|不只|不但|不光|不单|不愧|没有比|没有什么比|没有不|错过|犹豫|不要钱|不能少|不可少|没有之一"
    r"|要不要|能不能|会不会|是不是|有没有)[^，。]{0,7}$"
)
_DENIED_AFTER: Final = re.compile(
    r"^[^。！？!?]{0,8}?(?:是?不可能|是假的|都是假|是骗|骗人|骗局|谣言|不可信|别信|不能信|违法|违规|不允许|不存在的|做不到|的?不是我们|(?:都)?是传销|国家禁止|有风险|我们不|这类话|这种话|这种词|这样的话|不敢保证|不能保证)"
)
_ANSWERED: Final = re.compile(
    r"^[^。！\n]{0,8}[？?]\s*(?:答|a)?[:：]?\s*(?:不能|不是|没有|不可以|不会|并不|当然不|no\b)"
)
_CITED: Final = re.compile(
    r"不能说|不让说|不许说|不准说|不敢说|不得使用|禁止使用|禁用|违禁词|极限词|敏感词|广告法|规定|法规|条例|举报|警惕|谨防|识破|骗局|虚假宣传"
    r"|夸大|打着|所谓的?|凡是|遇到|不要相信|别相信|不要轻信|别信|谣言|误区|辟谣|处罚|罚款|违规|宣称|声称"
)
_BUT: Final = re.compile(r"但|可是|不过|然而|却|我家|我们家|这款")
_OURS: Final = re.compile(
    r"我们|我家|咱家|咱们|本店|店里|店内|店铺|自家|本品牌|该品牌|品牌里|系列|全店|往期|历代|上一代|旧款|老款|旗下|本公司|家里|我自己|我个人|我用过|我拍过|我做过|我写过|上期|去年的"
)
_OTHERS: Final = re.compile(r"全国|全网|全球|世界|市面|行业|同行|史上|国内|别家")
_MEMBER: Final = re.compile(
    r"^的?[^，。]{0,8}?(?:[一几两]款|款|系列|一批|一次|之一|型号|颜色|版本|一代|单品|作品|一件|一个|一期|产品|味道|口味|一双|一条|那款|的$)"
)
_VERSUS_OLD: Final = re.compile(r"比(?:上一代|旧款|老款|以前|之前|去年|上代|前代|往年)")
_AIM: Final = re.compile(
    r"(?:追求|力求|力争|致力|争做|争取|努力|目标|愿景|理念|使命|宗旨|初心|希望|想要?成为|想给|想把|愿意?|立志|梦想|尽|坚持|只为|为了|要把|要做|做到)[^，。]{0,12}$"
)
_UNRELATED: Final = re.compile(
    r"^的?[^，。]{0,3}?(?:服务|态度|心意|祝福|自己|时光|年纪|年华|陪伴|朋友|家人|诚意|状态|安排|遗憾|回忆|告白|礼物|纪念|选择权|相遇|青春|模样|季节里|妈妈|爸爸|老师|人生|生活|努力|愿望|幸福|日子|风景)"
)
_TIP: Final = re.compile(
    r"^的?(?:食用|使用|饮用|赏味|观赏|储存|保存|冲泡|浇水|搭配|拍照|观看|口感|服用|佩戴|洗涤|品尝|饮茶|施肥|采摘|充电|睡眠|睡觉|工作|放置|适用|存放|阅读|敷|护理)[^，。]{0,6}(?:时间|期|温度|方法|方式|期限|时机|环境|比例|角度|季节|位置|量|水温|距离|状态|时长|湿度)"
)
_TIP_BEFORE: Final = re.compile(
    r"(?:建议|温度|用量|时间|水温|食用|饮用|储存|洗涤|加热|每天|每次|每日|充电|保质期|存放)[^，。]{0,8}$"
)
_DATED: Final = re.compile(r"(?:(?:19|20)\d\d\s*年?|[上本今去]年|\d+月|双11|双十一|618)")
_SOLD: Final = re.compile(r"(?:销量|销售额|销售量|市场占有率|市占率|成交额|热销榜|榜单|排名)")
_HEALTH: Final = frozenset({"medical", "drug", "health_food", "food", "cosmetics", "en_health"})
_REFERRED: Final = re.compile(
    r"遵医嘱|请就医|及时就医|去医院|看医生|看牙医|咨询医生|咨询医师|在医生指导|慎用|禁用|\bsee a doctor|consult (?:a|your) (?:doctor|physician)"
)
_CLAIMED: Final = re.compile(r"见效|好了|治好|不用吃药|不用去医院|不用看医生|告别|\bno need to\b|\binstead of\b")
_QUOTED: Final = re.compile(r"《[^》]*$")

_EN_NEGATED: Final = re.compile(
    r"\b(?:not|never|no|cannot|can't|won't|don't|doesn't|didn't|isn't|aren't|wasn't|without|nor|neither|nothing|nobody|refuse to|avoid|stop)\b"
    r"(?:\W+[\w']+){0,6}\W*$"
)
_EN_NOT_NEGATED: Final = re.compile(
    r"\b(?:not only|not just|no wonder|no doubt|no joke|can't believe|don't miss|don't wait|why not|no other|cannot beat|can't beat|no more|never (?:been|worry)|without (?:diet|exercise|surgery|drugs|effort|pills|side)\w*)\b"
)
_EN_CITED: Final = re.compile(
    r"\b(?:claims?|claimed|claiming|beware|scams?|illegal|banned|ftc|fda|asa|prohibited|myths?|misleading|regulators?|warned|warning|false|fake|promising|promises|fined|rules?|ads? (?:that|saying)|anyone who says)\b"
)
_EN_BUT: Final = re.compile(r"\b(?:but|however|yet ours|though)\b")
_EN_OURS: Final = re.compile(r"\b(?:our|my|we've|we have|i've|we)\b")
_EN_MEMBER: Final = re.compile(
    r"^[^.!?]{0,40}?\b(?:yet|so far|ever made|we've made|we have made|i've made|in our|from us|of ours|in the range|of the range|collection|to date)\b"
)
_EN_AMONG_OURS: Final = re.compile(r"^[^.!?]{0,24}?\b(?:in|of) (?:our|my)(?: own)?\b")
_EN_AIM: Final = re.compile(
    r"\b(?:aim|aims|strive|strives|striving|goal|mission|hope|hoping|try|trying|dream|promise to try|working)\b[^.!?]{0,30}$"
)
_EN_DENIED: Final = re.compile(
    r"^[^.!?]{0,30}?\b(?:is a myth|is a scam|is false|is not true|isn't true|are false|are myths|is impossible|does not exist|doesn't exist|not allowed|is illegal|are illegal)\b"
)


def excuse(term: Term, around: Window, setting: Setting) -> str | None:
    """Why a hit is excused, by name; None when it stands."""
    if setting.product is not None:
        if setting.product in term.unless:
            return "licensed_goods"
        if term.only and setting.product not in term.only:
            return "other_goods"
    for name, rule in _RULES:
        if rule(term, around, setting):
            return name
    return None


def _consumers(term: Term, _around: Window, setting: Setting) -> bool:
    return setting.voice == "consumer" and term.category not in ANYONES


def _named(_term: Term, around: Window, setting: Setting) -> bool:
    """Guide, article 6 (4): a registered name, used to tell the goods from others."""
    if _QUOTED.search(around.sentence_before) and "》" in around.sentence_after:
        return True
    return any(
        0 <= (at := around.text.find(name, max(0, around.end - len(name)))) <= around.start
        and at + len(name) >= around.end
        for name in setting.names
    )


def _negated(term: Term, around: Window, _setting: Setting) -> bool:
    after = around.text[around.end : around.end + _WINDOW]
    if term.lang == "en":
        before = around.sentence_before
        if _EN_NEGATED.search(before) and not _EN_NOT_NEGATED.search(before):
            return True
        return bool(_EN_DENIED.search(around.sentence_after) or _ANSWERED.search(after.lower()))
    if _NEGATED.search(around.before) and not _NOT_NEGATED.search(around.before):
        return True
    return bool(_DENIED_AFTER.search(around.sentence_after) or _ANSWERED.search(after))


def _cited(term: Term, around: Window, _setting: Setting) -> bool:
    if term.category in ANYONES:
        return False
    cues, but = (_EN_CITED, _EN_BUT) if term.lang == "en" else (_CITED, _BUT)
    earlier = list(cues.finditer(around.sentence_before))
    if earlier and not but.search(around.sentence_before[earlier[-1].end() :]):
        return True
    later = cues.search(around.sentence_after)
    return later is not None and not but.search(around.sentence_after[: later.start()])


def _of_ourselves(term: Term, around: Window, _setting: Setting) -> bool:
    """Guide, article 6 (1): comparison among one's own goods."""
    if term.category not in ABSOLUTE:
        return False
    if term.lang == "en":
        among_ours = _EN_AMONG_OURS.search(around.sentence_after)
        ours = _EN_OURS.search(around.sentence_before) and _EN_MEMBER.search(around.sentence_after)
        return bool(among_ours or ours)
    if _VERSUS_OLD.search(around.sentence_before):
        return True
    if _OTHERS.search(around.before):
        return False
    return bool(_OURS.search(around.before)) and bool(_MEMBER.search(around.after + ("" if around.after else "的")))


def _referred(term: Term, around: Window, _setting: Setting) -> bool:
    """Whoever is ill is sent to a doctor: what the sentence says of the illness is no claim."""
    whole = around.sentence_before + around.sentence_after
    return term.category in _HEALTH and bool(_REFERRED.search(whole)) and not _CLAIMED.search(whole)


def _aimed(term: Term, around: Window, _setting: Setting) -> bool:
    """Guide, article 5 (1) and (2): what one strives for, service and philosophy."""
    if term.category not in ABSOLUTE:
        return False
    return bool((_EN_AIM if term.lang == "en" else _AIM).search(around.before))


def _unrelated(term: Term, around: Window, _setting: Setting) -> bool:
    """Guide, article 5 (1) and (3): not about the goods."""
    return term.category in ABSOLUTE and term.lang == "zh" and bool(_UNRELATED.search(around.after))


def _tip(term: Term, around: Window, _setting: Setting) -> bool:
    """Guide, article 6 (2): how and when to use or keep it."""
    if term.category not in ABSOLUTE or term.lang != "zh":
        return False
    if _TIP.search(around.after):
        return True
    return bool(_TIP_BEFORE.search(around.before)) and bool(
        re.match(r"^(?:不超过|不要超过|为|是|\d|[一二三两半])", around.after)
    )


def _dated_fact(term: Term, around: Window, _setting: Setting) -> bool:
    """Guide, article 6 (6): sales or share within a stated time and place; the seller must be able to prove it."""
    if term.category not in ABSOLUTE:
        return False
    whole = around.sentence_before + " " + around.sentence_after
    return bool(_DATED.search(around.sentence_before)) and bool(_SOLD.search(whole))


_Rule = Callable[[Term, Window, Setting], bool]
_RULES: Final[tuple[tuple[str, _Rule], ...]] = (
    ("consumer_speech", _consumers),
    ("name", _named),
    ("negated", _negated),
    ("cited", _cited),
    ("self_comparison", _of_ourselves),
    ("usage_tip", _tip),
    ("unrelated", _unrelated),
    ("aspiration", _aimed),
    ("disclaimer", _referred),
    ("dated_fact", _dated_fact),
)
EXCUSES: Final = (
    *(name for name, _ in _RULES if name != "disclaimer"),
    *("licensed_goods", "other_goods", "order", "grade", "award", "disclaimer", "idiom", "lawful"),
)
