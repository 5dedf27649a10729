"""Checks of listings against themselves: the title against the attributes, quantities, the year, the brand, the price.

What does not fit is evidence with its place in the title, never a verdict: rules and people decide. Listings are
checked in batches, because the prices of a category and the brands of a market are known from the others.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from statistics import median
from typing import Any, Final

from ahocorasick_rs import AhoCorasick, MatchKind

from goldline.market.hit import Hit
from goldline.market.quantity import Quantity, quantities

_FILE: Final = Path(__file__).with_name("listingchecks.toml")
CATEGORY: Final = "listing"
_CONTENT: Final = ("净含量", "净重", "容量", "重量", "规格")
_POWER: Final = ("功率", "额定功率")
_YEAR: Final = re.compile(r"(?<!\d)(20[0-3]\d)(?!\d)(?:年|新款|[春夏秋冬]|早|秋冬|春夏|款)")
_SEASON: Final = ("上市年份季节", "上市时间", "年份季节")
_OLD_YEARS: Final = 2  # a title that is this much younger than the goods
_BRANDLESS: Final = frozenset({"other", "其他", "其它", "other其他", "无品牌", "无", "自主品牌", "设计师品牌"})
_BORROWED: Final = re.compile(r"适用|兼容|通用|适配|专用|配件")
_LIKE: Final = re.compile(r"\s*(?:同款|风格|风|系列适用|适用)")
_LEAST_PRICES: Final = 20
_FAR: Final = 4.0  # robust standard deviations of the logarithm of the price
_MAD: Final = 1.4826  # of a normal distribution, a median absolute deviation is the deviation over this
_LEAST_SPREAD: Final = 0.2


@dataclass(frozen=True, slots=True)
class Offer:
    """A listing to check. The price is in minor units of one currency."""

    listing_id: str
    title: str
    category: str = ""
    brand: str = ""
    price_minor: int | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Mismatch:
    """Where a listing does not fit itself: the check, the place in the title, what is said there and what is stated."""

    check: str
    severity: int
    start: int
    end: int
    said: str
    stated: str
    attribute: str

    @property
    def hit(self) -> Hit:
        """As evidence of an event `listing.checked`."""
        return Hit(self.check, CATEGORY, self.severity, self.start, self.end, text=self.said[:500])

    def plain(self) -> dict[str, Any]:
        """For an answer in JSON."""
        return {"check": self.check, "severity": self.severity, "start": self.start, "end": self.end,
                "said": self.said, "stated": self.stated, "attribute": self.attribute}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Group:
    """Values that exclude each other, the words that mean them, and what they are said by in a title."""

    id: str
    severity: int
    attributes: tuple[str, ...]
    values: Mapping[str, tuple[str, ...]]
    said_by: Mapping[str, tuple[str, ...]]
    also: Mapping[str, tuple[str, ...]]
    unless: tuple[str, ...]


@cache
def checks() -> tuple[str, tuple[Group, ...]]:
    """The version of the tables, and their groups."""
    read = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    return str(read["version"]), tuple(_group(each) for each in read["group"])


def _group(table: Mapping[str, Any]) -> Group:
    values = {name: tuple(words) for name, words in table["values"].items()}
    said = {name: tuple(words) for name, words in table.get("said_by", {}).items()}
    also = {name: tuple(others) for name, others in table.get("also", {}).items()}
    return Group(
        table["id"], table["severity"], tuple(table["attributes"]), values, said or values, also,
        tuple(table.get("unless", ())),
    )  # fmt: skip


def check(offers: Sequence[Offer]) -> list[list[Mismatch]]:
    """What does not fit, for each listing of a batch, in order of the title."""
    _, groups = checks()
    brands, prices = Brands.of(offers), _prices(offers)
    found = []
    for offer in offers:
        own = [*_against_attributes(offer, groups), *_quantities(offer), *_year(offer), *_brand(offer, brands)]
        found.append(sorted([*own, *_price(offer, prices)], key=lambda each: (each.start, each.check)))
    return found


def _against_attributes(offer: Offer, groups: Sequence[Group]) -> Iterator[Mismatch]:
    for group in groups:
        if any(word in offer.title for word in group.unless):
            continue
        said = {name: word for name, words in group.said_by.items() if (word := _first(offer.title, words))}
        if len(said) != 1:
            continue  # nothing is said, or both are: a set, or two variants
        ((value, word),) = said.items()
        for attribute in group.attributes:
            stated = offer.attributes.get(attribute, "")
            meant = {name for name, words in group.values.items() if _first(stated, words)}
            if meant and value not in meant and not meant & set(group.also.get(value, ())):
                start = offer.title.index(word)
                yield Mismatch(group.id, group.severity, start, start + len(word), word, stated, attribute)
                break


def _first(text: str, words: Sequence[str]) -> str:
    """The longest word of these that the text has."""
    return max((word for word in words if word in text), key=len, default="")


def _quantities(offer: Offer) -> Iterator[Mismatch]:
    """Net content and power: what the title says of each kind against what the attributes state of it."""
    stated = [
        (name, text, quantity)
        for name, text in offer.attributes.items()
        if name in _CONTENT or name in _POWER
        for quantity in quantities(text)
    ]
    told = list(quantities(offer.title))
    for name, text, quantity in stated:
        same = [each for each in told if each.measured == quantity.measured]
        if same and not any(_agree(each, quantity) for each in same):
            first = same[0]
            check_id = "power" if quantity.measured == "power" else "net-content"
            yield Mismatch(check_id, 4, first.start, first.end, offer.title[first.start : first.end], text, name)
            return


def _agree(one: Quantity, other: Quantity) -> bool:
    """One piece or all of them may be meant on either side."""
    return bool({one.each, one.whole} & {other.each, other.whole})


def _year(offer: Offer) -> Iterator[Mismatch]:
    """A title that calls goods new which came out years before."""
    found = _YEAR.search(offer.title)
    for name in _SEASON:
        stated = re.search(r"20[0-3]\d", offer.attributes.get(name, ""))
        if found and stated and int(found[1]) - int(stated[0]) >= _OLD_YEARS:
            text = offer.attributes[name]
            yield Mismatch("year", 2, found.start(), found.end(), found[0], text, name)
            return


def _names(brand: str) -> set[str]:
    """The names a declared brand goes by: 'Adidas/阿迪达斯' has two. Too short ones are words of the language."""
    parts = {part.strip() for part in re.split(r"[/（）()|]", brand)}
    return {part for part in parts if part.casefold() not in _BRANDLESS and len(part) >= (4 if part.isascii() else 3)}


@dataclass(frozen=True, slots=True)
class Brands:
    """The names of the brands that at least two listings of a batch declare, and what finds them all in one pass."""

    declared: Mapping[str, str]
    names: tuple[str, ...]
    finder: AhoCorasick

    @classmethod
    def of(cls, offers: Sequence[Offer]) -> Brands:
        """Those of a batch."""
        counted = Counter(offer.brand for offer in offers if offer.brand)
        found = {name.casefold(): brand for brand, count in counted.items() if count >= 2 for name in _names(brand)}
        return cls(found, tuple(found), AhoCorasick(list(found), matchkind=MatchKind.LeftmostLongest))


def _brand(offer: Offer, brands: Brands) -> Iterator[Mismatch]:
    """Another brand in the title than the one declared. What fits a brand, or is made like it, names it rightly."""
    own = {name.casefold() for name in _names(offer.brand)}
    title = offer.title.casefold()
    if any(name in title for name in own) or len(title) != len(offer.title) or _BORROWED.search(title):
        return
    for number, start, end in brands.finder.find_matches_as_indexes(title):
        name = brands.names[number]
        aliases = {each.casefold() for each in _names(brands.declared[name])}
        if aliases & own or _akin(name, offer.brand.casefold()) or not _alone(title, start, name):
            continue
        if _LIKE.match(title, end):
            continue
        check_id, severity = ("brand", 4) if own else ("brand-undeclared", 2)
        yield Mismatch(check_id, severity, start, end, offer.title[start:end], offer.brand, "品牌")
        return


def _akin(name: str, declared: str) -> bool:
    """Whether one is written within the other: 骆驼牌 and 骆驼, 张凯丽足力健 and 足力健."""
    parts = [part.strip() for part in re.split(r"[/（）()|]", declared)]
    return any(len(part) > 1 and (part in name or name in part) for part in parts)


def _alone(title: str, start: int, name: str) -> bool:
    """Latin names are words of their own."""
    if not name.isascii():
        return True
    around = title[start - 1 : start] + title[start + len(name) : start + len(name) + 1]
    return not any(each.isascii() and each.isalnum() for each in around)


def _prices(offers: Sequence[Offer]) -> dict[str, tuple[float, float]]:
    """The middle and the spread of the logarithms of the prices of each category with enough of them."""
    logs: dict[str, list[float]] = {}
    for offer in offers:
        if offer.price_minor:
            logs.setdefault(offer.category, []).append(math.log(offer.price_minor))
    return {category: _spread(own) for category, own in logs.items() if len(own) >= _LEAST_PRICES}


def _spread(logs: Sequence[float]) -> tuple[float, float]:
    middle = median(logs)
    return middle, max(_MAD * median(abs(each - middle) for each in logs), _LEAST_SPREAD)


def _price(offer: Offer, prices: Mapping[str, tuple[float, float]]) -> Iterator[Mismatch]:
    """A price far from those of its category: a slip of the unit, or a decoy."""
    known = prices.get(offer.category)
    if known is None or not offer.price_minor:
        return
    middle, spread = known
    away = (math.log(offer.price_minor) - middle) / spread
    if abs(away) > _FAR:
        stated = f"{round(math.exp(middle))}"
        yield Mismatch("price", 2, 0, 0, str(offer.price_minor), stated, "price_minor")
