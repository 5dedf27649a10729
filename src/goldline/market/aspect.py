"""What is wrong with the goods, in the words of those who bought them: aspects of defects, found by terms.

The terms are our own, Chinese and English (aspects.toml). A term does not count where a negation stands right before it
in the same clause ("没有异味", "no strong smell"), or inside a longer innocent word ("防触电").
Which aspect a text names is evidence; one voice decides nothing, but for what endangers people.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, get_args

from goldline.market.merchandise import Aspect

ASPECTS: Final[tuple[Aspect, ...]] = get_args(Aspect)

_LEXICON: Final = tomllib.loads(Path(__file__).with_name("aspects.toml").read_text(encoding="utf-8"))
# The gravest first: a text that names several is filed under the first of them.
TERMS: Final[Mapping[str, Sequence[str]]] = _LEXICON["terms"]
_NEGATION: Final = (
    r"(?:没有?|沒有?|无|無|不|未|并无|不会|不是|没见|没啥|没什么|没发现|不存在|不容易|以防|防止|避免|担心|怕"
    r"|有没有|会不会|是不是|\bno|\bnot|\bwithout|\bnever|\bany|isn't|wasn't|didn't|don't|doesn't|hasn't|free of)"
)
# A few characters may stand between: "没有任何异味", "not at all damaged".
_GAP: Final = r"(?:任何|一点|一丝|什么|啥|出现|有|发现|明显|严重|太|很|那么|到|是|\s|at all|been|a|any|the|very){0,3}"
_NEGATED: Final = re.compile(f"{_NEGATION}{_GAP}$", re.IGNORECASE)
_REACH: Final = 16  # characters before a term in which a negation of it may stand
_CLAUSE: Final = re.compile(r"[,，。.!！?？;；、~\n]|但是|但|可是|不过|\bbut\b")


def _words(term: str) -> str:
    """A term as a pattern: English words stand alone."""
    return rf"\b{re.escape(term)}" if term.isascii() else re.escape(term)


_TERM: Final = re.compile(
    "|".join(
        f"(?P<{aspect}>{'|'.join(_words(each) for each in sorted(terms, key=len, reverse=True))})"
        for aspect, terms in TERMS.items()
    ),
    re.IGNORECASE,
)
_SPARED: Final = re.compile("|".join(re.escape(each) for each in _LEXICON["innocent"]), re.IGNORECASE)


def aspects(text: str) -> frozenset[Aspect]:
    """Every aspect that a text names as wrong."""
    spared = [each.span() for each in _SPARED.finditer(text)]
    found = set()
    for each in _TERM.finditer(text):
        start, end = each.span()
        is_spared = any(one < end and start < other for one, other in spared)
        if not is_spared and not _is_negated(text, start):
            found.add(each.lastgroup)
    return frozenset(aspect for aspect in ASPECTS if aspect in found)


def _is_negated(text: str, start: int) -> bool:
    """Whether a negation stands before a term in its own clause."""
    before = text[max(0, start - _REACH) : start]
    return _NEGATED.search(_CLAUSE.split(before)[-1]) is not None


def defect(text: str) -> str | None:
    """The gravest aspect that a text names, or None: what facts keep of the words of buyers."""
    found = aspects(text)
    return next((aspect for aspect in TERMS if aspect in found), None)
