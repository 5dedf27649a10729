"""The traffic incentive: laws that hold for any content and any budget."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldline.core.errors import GoldlineError
from goldline.market.quality.incentive import (
    BELOW,
    EXPLORATION,
    FILE,
    HELD_OUT,
    QUALITY,
    VETOED,
    Piece,
    allocate,
    read,
    shipped,
)

TERMS = shipped()


@st.composite
def stocks(draw: st.DrawFn) -> list[Piece]:
    """Up to forty pieces of up to eight creators; a creator is new in all of its pieces or in none."""
    count = draw(st.integers(0, 40))
    new = draw(st.sets(st.integers(0, 7)))
    pieces = []
    for number in range(count):
        creator = draw(st.integers(0, 7))
        points = draw(st.floats(1, 5))
        worst = draw(st.floats(1, points))
        veto = draw(st.sampled_from([None, None, None, "hits"]))
        pieces.append(Piece(f"v{number}", f"c{creator}", points, worst, creator in new, veto))
    return pieces


@given(stocks(), st.integers(0, 100_000), st.sampled_from([0.05, 0.3, 1.0]))
def test_the_budget_is_kept(pieces: list[Piece], budget: int, cap: float) -> None:
    """Never more than the budget, never more than its cap for a creator, nothing for what gets none."""
    terms = replace_terms(creator_cap=cap)
    awards = allocate(pieces, budget, terms)
    assert sum(each.showings for each in awards) <= budget
    by_creator: dict[str, int] = defaultdict(int)
    for each in awards:
        by_creator[each.piece.creator_id] += each.showings
        assert each.showings >= 0
        if each.pool in (VETOED, HELD_OUT, BELOW):
            assert each.showings == 0
        if each.piece.veto:
            assert each.pool == VETOED
    assert all(got <= max(1, int(cap * budget + 1e-9)) + 1 for got in by_creator.values())
    sharing = {each.piece.creator_id for each in awards if each.pool in (QUALITY, EXPLORATION)}
    if cap == 1.0 and any(each.pool == QUALITY for each in awards) and len(sharing) > 1:
        assert sum(each.showings for each in awards) == budget


@given(stocks(), st.randoms(use_true_random=False))
def test_order_does_not_matter(pieces: list[Piece], draw: object) -> None:
    """The same content in another order gets the same."""
    shuffled = list(pieces)
    draw.shuffle(shuffled)  # type: ignore[attr-defined]
    assert allocate(pieces, 10_000, TERMS) == allocate(shuffled, 10_000, TERMS)


@given(stocks(), st.integers(0, 39), st.floats(0, 2))
def test_better_content_gets_no_less(pieces: list[Piece], which: int, more: float) -> None:
    """Where one piece of a creator with no other gets better, it gets no less, but for the rounding of one."""
    if which >= len(pieces):
        return
    chosen = pieces[which]
    alone = [each for each in pieces if each.creator_id != chosen.creator_id] + [chosen]
    better = replace(chosen, points=min(5, chosen.points + more), worst=min(5, chosen.worst + more))
    raised = [better if each is chosen else each for each in alone]

    def got(stock: list[Piece]) -> int:
        return next(a.showings for a in allocate(stock, 10_000, TERMS) if a.piece.content_id == chosen.content_id)

    assert got(raised) >= got(alone) - 1


def test_new_creators_have_their_share() -> None:
    """Whatever the old ones' quality, the new ones get what is kept for them, as far as their caps go."""
    terms = replace_terms(hold_out=0.0, creator_cap=0.2)
    old = [Piece(f"o{n}", f"old{n}", 4.9, 4.0) for n in range(50)]
    new = [Piece(f"n{n}", f"new{n}", 2.6, 1.5, new_creator=True) for n in range(3)]
    awards = allocate([*old, *new], 10_000, terms)
    assert sum(each.showings for each in awards if each.pool == EXPLORATION) == 1_500
    assert sum(each.showings for each in awards) == 10_000


def test_who_is_held_out_stays_so() -> None:
    """About a tenth, drawn by the piece alone: whatever else is there, and on all its days."""
    stock = [Piece(f"v{n}", f"c{n}", 4.0, 3.0) for n in range(1_000)]
    held = {a.piece.key for a in allocate(stock, 1_000, TERMS) if a.pool == HELD_OUT}
    assert 60 < len(held) < 140
    again = {a.piece.key for a in allocate(stock[:500], 7, TERMS) if a.pool == HELD_OUT}
    assert again == held & {each.key for each in stock[:500]}


def test_two_creators_may_have_content_of_one_id() -> None:
    """Each has its own award, and the budget is kept."""
    stock = [Piece(f"v{n % 3}", f"c{n}", 4.0, 3.0) for n in range(60)]
    awards = allocate(stock, 1_000, TERMS)
    assert len({each.piece.key for each in awards}) == 60
    assert sum(each.showings for each in awards) <= 1_000


POWER = FILE.read_text("utf-8").replace("power             = 2.0", "power = nan")


def replace_terms(**given_terms: float) -> object:
    """The shipped terms with some figures changed."""
    import msgspec

    return msgspec.structs.replace(TERMS, **given_terms)


@pytest.mark.parametrize("text", ["floor = 3", "floor = 'x'", "hold_out = 2", "][", POWER])
def test_bad_terms_are_refused(text: str) -> None:
    """With the file's name and what to do."""
    with pytest.raises(GoldlineError, match="cannot be read") as refused:
        read(text, "mine.toml")
    assert refused.value.where == "mine.toml"
