"""Names that go for other names: pictures for words, and the short names of ways to reach a person."""

from __future__ import annotations

from typing import Final

# A picture is read as the word it is used for. Only what is used so in selling: each is a test.
EMOJI: Final[dict[str, str]] = {
    "💊": "药", "🐴": "马", "➕": "加", "🅰": "a", "🅱": "b", "🅾": "o", "💰": "钱", "🐔": "鸡", "🐧": "qq", "🛰": "微",
    "📧": "邮箱", "📞": "电话", "☎": "电话", "📱": "手机", "🥇": "第1", "🔞": "色情", "🚬": "烟", "💉": "针", "🔫": "枪",
    "🐮": "牛", "👃": "鼻", "🦴": "骨", "🫀": "心脏", "🧠": "脑", "👁": "眼", "🦷": "牙", "🩸": "血", "🍬": "糖",
    "💯": "100%", "🈲": "禁", "🉐": "得", "㊙": "秘", "🆓": "免费", "🆕": "新",
}  # fmt: skip

# Short names, written as they are met; each stands for the word in every term that holds it.
SHORT: Final[dict[str, tuple[str, ...]]] = {
    "微信": ("vx", "wx", "v信", "w信", "薇信", "威信", "徽信", "微x", "卫星", "vxin", "weixin", "wechat", "薇芯"),
    "qq": ("扣扣", "企鹅号", "球球号", "q号"),
    "电话": ("dh",),
    "手机号": ("sj号",),
    "淘宝": ("tb", "某宝", "桃宝"),
    "加": ("佳", "家", "茄", "珈", "伽", "jia"),
}  # fmt: skip
