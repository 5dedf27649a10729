"""The traffic incentive: a day's budget of extra showings shared among good content, fairly and explained.

Shares go by quality, with less for each further piece of one creator and a cap on what one creator gets; a part is kept
for new creators, whom a ranking by past success would never show; what is vetoed gets nothing; and of what would get a
share some, drawn by its id, gets none, so that the effect can be measured. A pure function: no clock, no dice.
"""

from __future__ import annotations

import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec

from goldline.core.errors import GoldlineError

FILE: Final = Path(__file__).with_name("incentive.toml")
QUALITY, EXPLORATION = "quality", "exploration"
HELD_OUT, BELOW, VETOED = "held_out", "below", "vetoed"


class Terms(msgspec.Struct, frozen=True):
    """How a budget is shared; see incentive.toml for each figure. Raises ValueError for what makes no sense."""

    floor: float
    worst_value: float
    power: float
    exploration_share: float
    exploration_floor: float
    new_days: int
    new_items: int
    creator_cap: float
    hold_out: float
    published_days: int
    severity_veto: int
    copies_veto: int

    def __post_init__(self) -> None:
        """Check what types cannot say."""
        if not (0 <= self.power <= 10 and 1 <= self.floor <= 5 and 1 <= self.exploration_floor <= 5):
            raise ValueError("power lies between 0 and 10, floors between 1 and 5")
        if not (0 <= self.exploration_share < 1 and 0 <= self.hold_out < 1 and 0 < self.creator_cap <= 1):
            raise ValueError("shares lie between 0 and 1")


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of content that a share may go to. `veto` says why not, where it may not."""

    content_id: str
    creator_id: str
    points: float
    worst: float
    new_creator: bool = False
    veto: str | None = None

    @property
    def key(self) -> str:
        """What names it: two creators may have content of the same id."""
        return f"{self.creator_id}|{self.content_id}"


@dataclass(frozen=True, slots=True)
class Award:
    """What one piece gets: showings, and from which pool; with none of them, why."""

    piece: Piece
    pool: str
    showings: int


def read(text: str, where: str) -> Terms:
    """Terms from their text. Raises GoldlineError('bad_incentive') with the place."""
    try:
        return msgspec.convert(tomllib.loads(text), Terms)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, ValueError) as fault:
        raise GoldlineError(
            f"The terms of the incentive cannot be read: {fault}.", code="bad_incentive", where=where,
            hint=f"Compare it with {FILE.name} of the package.",
        ) from None  # fmt: skip


@cache
def shipped() -> Terms:
    """The terms that come with the package."""
    return read(FILE.read_text("utf-8"), FILE.name)


def allocate(pieces: Iterable[Piece], budget: int, terms: Terms) -> list[Award]:
    """Share `budget` showings; one award for each piece, by its key. What caps leave over stays unspent.

    Who is held out is drawn by the piece alone, so it is held out all its days: it would measure nothing otherwise.
    """
    ordered = sorted(pieces, key=lambda each: each.key)
    pools: dict[str, list[Piece]] = defaultdict(list)
    for piece in ordered:
        pools[_pool(piece, terms)].append(piece)
    cap = max(1, int(Fraction(str(terms.creator_cap)) * budget))
    got: dict[str, int] = {}
    spent: dict[str, int] = defaultdict(int)
    kept = int(Fraction(str(terms.exploration_share)) * budget)
    # New creators first have what is kept for them; then all that is good has the rest, theirs too.
    good = [*pools[QUALITY], *(piece for piece in pools[EXPLORATION] if _is_good(piece, terms))]
    for sharing, most in ((pools[EXPLORATION], kept), (good, budget)):
        given = _share(sharing, min(most, budget - sum(got.values())), cap, spent, terms)
        for piece in sharing:
            got[piece.key] = got.get(piece.key, 0) + given[piece.key]
            spent[piece.creator_id] += given[piece.key]
    names = {piece.key: pool for pool, each in pools.items() for piece in each}
    return [Award(piece, names[piece.key], got.get(piece.key, 0)) for piece in ordered]


def _pool(piece: Piece, terms: Terms) -> str:
    if piece.veto is not None:
        return VETOED
    new = piece.new_creator and piece.points >= terms.exploration_floor
    if not new and not _is_good(piece, terms):
        return BELOW
    if drawn(piece.key) < terms.hold_out:
        return HELD_OUT
    return EXPLORATION if new else QUALITY


def _is_good(piece: Piece, terms: Terms) -> bool:
    return piece.points >= terms.floor and piece.worst >= terms.worst_value


def drawn(text: str) -> float:
    """A number from 0 to 1 that belongs to a text."""
    return int.from_bytes(sha256(text.encode()).digest()[:8]) / 2**64


def _share(pieces: Sequence[Piece], budget: int, cap: int, spent: Mapping[str, int], terms: Terms) -> dict[str, int]:
    """Whole showings by weight. Creators whom their weight would carry over the cap get what is left of it, and the
    others share the rest; what rounding leaves goes to the largest remainders.
    """
    weights = _weights(pieces, terms)
    creators: dict[str, Fraction] = defaultdict(Fraction)
    for piece in pieces:
        creators[piece.creator_id] += weights[piece.key]
    room = {creator: max(0, cap - spent.get(creator, 0)) for creator in creators}
    exact = _filled(creators, room, budget)
    parts = {p.key: exact[p.creator_id] * weights[p.key] / creators[p.creator_id] for p in pieces}
    given = {ident: int(part) for ident, part in parts.items()}
    left = min(budget, int(sum(exact.values()))) - sum(given.values())
    taken: dict[str, int] = defaultdict(int)
    for piece in pieces:
        taken[piece.creator_id] += given[piece.key]
    for piece in sorted(pieces, key=lambda p: (given[p.key] - parts[p.key], p.key)):
        if left > 0 and taken[piece.creator_id] < room[piece.creator_id]:
            given[piece.key] += 1
            taken[piece.creator_id] += 1
            left -= 1
    return given


def _weights(pieces: Sequence[Piece], terms: Terms) -> dict[str, Fraction]:
    """By quality, and less for each further piece of one creator: the nth best counts 1/n."""
    weights: dict[str, Fraction] = {}
    seen: dict[str, int] = defaultdict(int)
    for piece in sorted(pieces, key=lambda each: (-each.points, each.key)):
        seen[piece.creator_id] += 1
        by_quality = Fraction(max(piece.points - 1, 0) ** terms.power).limit_denominator(1_000_000)
        weights[piece.key] = max(by_quality, Fraction(1, 1_000_000)) / seen[piece.creator_id]
    return weights


def _filled(creators: Mapping[str, Fraction], room: Mapping[str, int], budget: int) -> dict[str, Fraction]:
    """What each creator gets: in proportion, but for those whom that would carry over their room."""
    exact: dict[str, Fraction] = {}
    left, open_ones = Fraction(budget), dict(creators)
    while open_ones:
        whole = sum(open_ones.values())
        full = [creator for creator, weight in open_ones.items() if left * weight / whole >= room[creator]]
        if not full:
            return exact | {creator: left * weight / whole for creator, weight in open_ones.items()}
        for creator in full:
            exact[creator] = Fraction(room[creator])
            open_ones.pop(creator)
        left = Fraction(budget) - sum(exact.values())
    return exact
