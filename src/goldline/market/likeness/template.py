"""Templates: what all copies of a cluster have in common, and the slots in which they differ."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final, Literal

from goldline.market.likeness.alignment import aligned

TEXTS_MOST: Final = 100  # different texts aligned; of more, those that come first in the order of their letters
PIECES_MOST: Final = 500  # of each text; of a longer one the beginning tells what is the same
VALUES_SHOWN: Final = 5
_PIECE: Final = re.compile(r"[0-9]+(?:[.,][0-9]+)*|.", re.DOTALL)
_NUMBER: Final = re.compile(r"[0-9]+(?:[.,][0-9]+)*\Z")
_MONEY_BEFORE: Final = re.compile(r"(?:¥|￥|\$|€|£|rmb|cny|usd)\Z")
_MONEY_AFTER: Final = re.compile(r"(?:元|块|圆|折|yuan|rmb|cny|usd|¥|￥|\$|€|£)")

SlotKind = Literal["price", "number", "words"]


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a skeleton: words that stay, or a slot with the values seen in it, the most frequent first."""

    text: str
    slot: SlotKind | None = None
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Template:
    """The skeleton of a cluster. `share` (0 to 1) is how much of its texts' characters is words that stay."""

    parts: tuple[Part, ...]
    share: float

    def __str__(self) -> str:
        return "".join(f"[{part.slot}]" if part.slot else part.text for part in self.parts)


def template(texts: Sequence[str], constant_least: float = 0.8) -> Template:
    """The skeleton of texts in their plain form, one for each item, in any order.

    What the most frequent text shares with at least `constant_least` of the different texts stays; what lies between is
    a slot. Of a long text the beginning is looked at, so that no text makes this slow.
    """
    counted = Counter(text for text in texts if text)
    if not counted:
        return Template((), 0.0)
    model = min(counted, key=lambda text: (-counted[text], text))
    others = sorted(set(counted) - {model})[: TEXTS_MOST - 1]
    pieces = _pieces(model)
    matches = [(aligned(pieces, other), other) for other in map(_pieces, [model, *others])]
    held = Counter(place for found, _ in matches for place in found)
    anchors = [place for place in range(len(pieces)) if held[place] >= constant_least * len(matches)]
    parts = tuple(_parts(pieces, anchors, matches))
    stays = sum(len(part.text) for part in parts if part.slot is None)
    mean = sum(sum(map(len, other)) for _, other in matches) / len(matches)
    return Template(parts, min(1.0, stays / mean))


def _pieces(text: str) -> list[str]:
    return [found[0] for found in islice(_PIECE.finditer(text), PIECES_MOST)]


_Matches = tuple[dict[int, int], list[str]]
"""Which piece of another text each piece of the model is, and the other's pieces."""


def _parts(pieces: list[str], anchors: list[int], matches: list[_Matches]) -> list[Part]:
    parts: list[Part] = []
    held = ""
    for before, after in zip([-1, *anchors], [*anchors, len(pieces)], strict=True):
        values = [value for found, other in matches if (value := _between(found, other, before, after)) is not None]
        told = Counter(value for value in values if value)
        if told and (after - before > 1 or 5 * told.total() > len(matches)) and len(set(values)) > 1:
            parts += [Part(held)] if held else []
            follows = "".join(pieces[after : after + 4])
            parts.append(Part("", _kind(list(told), held, follows), _shown(told)))
            held = ""
        elif after - before > 1:
            held += "".join(pieces[before + 1 : after])
        held += pieces[after] if after < len(pieces) else ""
    return [*parts, Part(held)] if held else parts


def _between(found: dict[int, int], other: list[str], before: int, after: int) -> str | None:
    """What another text has between two pieces that stay; None where it lacks one of them."""
    begin = found.get(before, -1 if before < 0 else None)
    end = found.get(after, len(other) if after not in found and after > max(found, default=-1) else None)
    return None if begin is None or end is None else "".join(other[begin + 1 : end])


def _kind(values: list[str], before: str, after: str) -> SlotKind:
    if not all(_NUMBER.match(value) for value in values):
        return "words"
    return "price" if _MONEY_BEFORE.search(before) or _MONEY_AFTER.match(after) else "number"


def _shown(told: Counter[str]) -> tuple[str, ...]:
    ordered = sorted(told, key=lambda value: (-told[value], value))
    return tuple(ordered[:VALUES_SHOWN])
