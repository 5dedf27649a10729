"""Who sells and who carries in the demo market: they differ, so that measures and rankings have something to find."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from goldline.market.demo.array import Floats, Ints
from goldline.market.demo.place import ABROAD, PROVINCES, SHIP_RULES

CARRIER_NAMES: Final = tuple(b"swift crane cloud river tiger lotus stone maple comet otter".split())
_ABROAD_SHARE: Final = 0.06
_RULE_SHARES: Final = (0.12, 0.18, 0.55, 0.15)
_GIVEN: Final = ["青禾", "云栖", "小满", "南山", "一叶", "晴川", "百味", "半夏", "长乐", "知秋", "星河", "木棉"]
_GOODS: Final = ["茶铺", "食品", "家居", "服饰", "美妆", "数码", "童装", "果园", "书店", "运动", "厨具", "花店"]


@dataclass(frozen=True, slots=True)
class Merchants:
    """One row a merchant. `cumulative` is for drawing them by size, which falls as Zipf's law says."""

    cumulative: Floats
    skill: Floats  # 0 always in trouble, 1 never
    rule: Ints  # of SHIP_RULES
    zone: Ints  # of ZONES
    region: Ints  # of REGIONS
    names: tuple[str, ...]

    @classmethod
    def draw(cls, random: np.random.Generator, count: int) -> Merchants:
        """So many merchants, most of them at home."""
        weight = 1 / np.arange(1, count + 1) ** 0.9
        abroad = np.where(random.random(count) < _ABROAD_SHARE, random.integers(1, len(ABROAD) + 1, count), 0)
        region = np.where(abroad > 0, len(PROVINCES) - 1 + abroad, spread(random, len(PROVINCES), count))
        return cls(
            cumulative=np.cumsum(weight) / weight.sum(),
            skill=random.beta(5, 2, count),
            rule=random.choice(len(SHIP_RULES), count, p=_RULE_SHARES),
            zone=abroad,
            region=region,
            names=tuple(_name(number) for number in range(count)),
        )


@dataclass(frozen=True, slots=True)
class Carriers:
    """One row a carrier: its share of the parcels, how slow it is, and how often it stalls or skips a scan."""

    cumulative: Floats
    slowness: Floats  # 1 is the usual
    stall_rate: Floats
    gap_rate: Floats

    @classmethod
    def draw(cls, random: np.random.Generator, count: int) -> Carriers:
        """So many carriers, up to as many as there are names."""
        weight = random.uniform(0.4, 1.6, count)
        return cls(
            cumulative=np.cumsum(weight) / weight.sum(),
            slowness=random.uniform(0.75, 1.4, count),
            stall_rate=random.uniform(0.004, 0.03, count),
            gap_rate=random.uniform(0.002, 0.02, count),
        )


def spread(random: np.random.Generator, kinds: int, count: int) -> Ints:
    """`count` draws of `kinds`, the first the most often."""
    return (kinds * random.random(count) ** 1.7).astype(np.int64)


def _name(number: int) -> str:
    round_, place = divmod(number, len(_GIVEN) * len(_GOODS))
    given, goods = divmod(place, len(_GOODS))
    return f"{_GIVEN[given]}{_GOODS[goods]}" + (f"{round_ + 1}店" if round_ else "")
