"""Quantities written in texts: 500g, 1.5 升, 2kg*3袋, 1800W: what they measure, in one unit of each kind."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

Measured = Literal["mass", "volume", "power"]

# Base units: gram, millilitre, watt. A jin (斤) is 500 g and a liang (两) 50 g in trade on the mainland.
_UNITS: Final[dict[str, tuple[Measured, Decimal]]] = {
    "mg": ("mass", Decimal("0.001")), "毫克": ("mass", Decimal("0.001")),
    "g": ("mass", Decimal(1)), "克": ("mass", Decimal(1)),
    "kg": ("mass", Decimal(1000)), "千克": ("mass", Decimal(1000)), "公斤": ("mass", Decimal(1000)),
    "斤": ("mass", Decimal(500)), "两": ("mass", Decimal(50)),
    "ml": ("volume", Decimal(1)), "毫升": ("volume", Decimal(1)),
    "l": ("volume", Decimal(1000)), "升": ("volume", Decimal(1000)),
    "w": ("power", Decimal(1)), "瓦": ("power", Decimal(1)),
    "kw": ("power", Decimal(1000)), "千瓦": ("power", Decimal(1000)),
}  # fmt: skip
_NAMES: Final = "|".join(sorted(_UNITS, key=len, reverse=True))
# A letter after a unit makes it another word (5G手机 is no weight: mobile networks are told by what follows).
_WRITTEN: Final = re.compile(
    rf"(?<![\dA-Za-z.])(\d{{1,6}}(?:\.\d{{1,3}})?)\s*({_NAMES})(?![A-Za-z])(?:\s*[*x×]\s*(\d{{1,4}}))?",
    re.IGNORECASE,
)
_NETWORK: Final = re.compile(r"[2-6]\s*[gG]\s*(?:手机|网|全网|版|芯片|双|流量|通)")
_DENSITY: Final = re.compile(r"\s*(?:重磅|/㎡|/m|每平|/平)")  # grams of a square metre of cloth


@dataclass(frozen=True, slots=True)
class Quantity:
    """What a text says: of one piece in grams, millilitres or watts, how many pieces, and where it stands."""

    measured: Measured
    each: Decimal
    pieces: int
    start: int
    end: int

    @property
    def whole(self) -> Decimal:
        """All pieces together."""
        return self.each * self.pieces


def quantities(text: str) -> Iterator[Quantity]:
    """The quantities of a text, in their order. A network (5G手机) or the weight of a cloth is none."""
    for found in _WRITTEN.finditer(text):
        if _NETWORK.match(text, found.start()) or _DENSITY.match(text, found.end()):
            continue
        measured, unit = _UNITS[found[2].lower()]
        yield Quantity(measured, Decimal(found[1]) * unit, int(found[3] or 1) or 1, found.start(), found.end())
