"""Names and telephone numbers in a carrier's text, replaced by `***` before the text is kept.

Masking errs on the side of too much: a place may be lost from a text, a person's name should not stay in it. It is a
reading of words, not a proof; what it cannot see is a name without a role or a number beside it.
"""

from __future__ import annotations

import re
from typing import Final

MASK: Final = "***"

_ROLE: Final = (
    "(?:签收人|代收人|收件人|收货人|寄件人|发件人|派件人|派送人|取件人|联系人|派件员|派送员|快递员|业务员|收件员|投递员|揽投员"
    "|揽收员|取件员|扫描员|配送员|快递小哥|小哥)(?:姓名|名字)?"
)
# What stands where a name would, and names nobody.
_NOBODY: Final = (
    "本人|他人|家人|亲属|同事|朋友|邻居|门卫|保安|前台|物业|收发室|代收|快递柜|丰巢|驿站|菜鸟|自提|超市|便利店"
    "|已签收|签收|正在|为您|为你|将|已|的|凭|联系|电话|手机|姓名|是|在|会|与|未"
)
_NAME: Final = r"[\u4e00-\u9fff·]{2,4}"
_BREAK: Final = r"\s*(?:[:：【\[(（]|是|为)\s*"
_NUMBER: Final = r"[(（\[【/／,，]\s*[(（\[【]?\s*\+?\d[\d*-]{6,}"

_AFTER_ROLE: Final = re.compile(rf"({_ROLE}{_BREAK})(?!{_NOBODY}){_NAME}")
_INSIDE_ROLE: Final = re.compile(
    rf"({_ROLE})(?!{_NOBODY}){_NAME}?(?=正在|派件|派送|投递|为您|已|[\s,，、;；(（\[【\d])"
)
_BEFORE_NUMBER: Final = re.compile(rf"(?:(?<![\u4e00-\u9fff·])|(?<=的))(?!{_NOBODY}){_NAME}(?=\s*{_NUMBER})")
_SIGNED_BY: Final = re.compile(
    r"((?i:signed(?: for)?|received|accepted|delivered) (?i:by)\s*:?\s*)[A-Z][\w.'-]*(?: [A-Z][\w.'-]*){0,3}"
)
_GROUPED: Final = re.compile(r"(?<!\d)1\d{2}[ -]\d{4}[ -]\d{4}(?!\d)|(?<!\d)0\d{2,3}[ -]\d{7,8}(?!\d)|\d{7,}")


def masked(text: str) -> str:
    """The text without telephone numbers (any run of seven digits or more) and without the names it introduces."""
    for pattern in (_AFTER_ROLE, _INSIDE_ROLE, _SIGNED_BY):
        text = pattern.sub(rf"\g<1>{MASK}", text)
    return _GROUPED.sub(MASK, _BEFORE_NUMBER.sub(MASK, text))
