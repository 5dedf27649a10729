"""A gallery: hashes of pictures with the names of what they show, asked which of them a picture is.

Each picture goes in four times: whole, and with 3, 6 and 9 % cut off every side. It is asked for whole, without its
plain border, and mirrored, so that a crop, a frame around it or a mirror hides nothing. Every hash is looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from goldline.market.likeness.picture import SMALLEST, WORDS, Bits, Pixels, distance, pdq

CROPS: Final = (0.0, 0.03, 0.06, 0.09)  # of each side
DISTANCE_MOST: Final = 40  # bits of 256; unrelated pictures were 94 apart and more
QUALITY_LEAST: Final = 50  # below it a hash says little: a wall, a black frame
_PLAIN: Final = 12  # steps of brightness within which a border is of one colour
_TRIM_MOST: Final = 0.25  # of a side; what would remain of a picture trimmed more is no picture


@dataclass(frozen=True, slots=True)
class Sight:
    """A picture of the gallery that was recognised, and in how many of 256 bits it differed."""

    name: str
    distance: int


class Gallery:
    """Pictures by name, in memory. Adding one again changes no answer."""

    def __init__(self, crops: Sequence[float] = CROPS) -> None:
        self._crops = tuple(crops)
        self._names: list[str] = []
        self._added: list[Bits] = []
        self._bits: Bits = np.empty((0, WORDS), np.uint64)

    def __len__(self) -> int:
        """How many hashes there are."""
        return len(self._names)

    def add(self, name: str, pixels: Pixels) -> bool:
        """Hang a picture; False where there is too little to see in it to recognise it."""
        if pdq(pixels).quality < QUALITY_LEAST:
            return False
        cut = [each for share in self._crops if min((each := cropped(pixels, share)).shape[:2]) >= SMALLEST]
        self._added += [pdq(each).bits for each in cut]
        self._names += [name] * len(cut)
        return True

    def find(self, pixels: Pixels, *, dihedral: bool = False, distance_most: int = DISTANCE_MOST) -> list[Sight]:
        """The pictures this one is, the nearest first; with `dihedral` turned by quarters too. None for a plain one."""
        asked = queries(pixels, dihedral=dihedral)
        bits = self._all()
        if not len(asked) or not len(bits):
            return []
        nearest = np.min([distance(bits, each) for each in asked], axis=0)
        best: dict[str, int] = {}
        for place in np.flatnonzero(nearest <= distance_most).tolist():
            name, apart = self._names[place], int(nearest[place])
            best[name] = min(apart, best.get(name, apart))
        return sorted((Sight(*each) for each in best.items()), key=lambda sight: (sight.distance, sight.name))

    def _all(self) -> Bits:
        if self._added:
            self._bits = np.concatenate([self._bits, np.stack(self._added)])
            self._added = []
        return self._bits


def queries(pixels: Pixels, *, dihedral: bool = False) -> list[Bits]:
    """The hashes a picture is asked for by: as it is and trimmed, each mirrored too, or in all eight ways."""
    hashed = [pdq(each) for each in (pixels, trimmed(pixels)) if min(each.shape[:2]) >= SMALLEST]
    seen = [each for each in hashed if each.quality >= QUALITY_LEAST]
    if dihedral:
        return [bits for each in seen for bits in each.dihedral()]
    return [bits for each in seen for bits in (each.bits, each.mirrored)]


def cropped(pixels: Pixels, share: float) -> Pixels:
    """The picture without that share of its height above and below, and of its width on either side."""
    down, across = (round(side * share) for side in pixels.shape[:2])
    return np.ascontiguousarray(pixels[down : pixels.shape[0] - down, across : pixels.shape[1] - across])


def trimmed(pixels: Pixels) -> Pixels:
    """The picture without a border of one colour, each side by itself, a quarter of it at most."""
    top, bottom = _border(pixels), _border(pixels[::-1])
    turned = pixels.swapaxes(0, 1)
    left, right = _border(turned), _border(turned[::-1])
    return np.ascontiguousarray(pixels[top : pixels.shape[0] - bottom, left : pixels.shape[1] - right])


def _border(pixels: Pixels) -> int:
    """How many of the first rows are of the colour of the first one."""
    most = int(len(pixels) * _TRIM_MOST)
    head = pixels[: most + 1].astype(np.int16)
    apart = np.abs(head - np.median(head[0], axis=0)).reshape(len(head), -1).max(axis=1)
    broken = np.flatnonzero(apart > _PLAIN)
    return int(broken[0]) if len(broken) else 0
