"""Alignment: the longest pieces in order that two texts have in common, in a time that no text can make long.

The standard library's matcher gives the cleaner blocks for short texts. Its time grows with the cube of what repeats: a
thousand times one character would take minutes. Longer texts are aligned by their longest common subsequence, a whole
row at a time as the bits of one number (Hyyrö, 2004).
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Final

SHORT: Final = 200  # pieces of both texts up to which blocks are matched


def aligned(model: Sequence[str], other: Sequence[str]) -> dict[int, int]:
    """Which place of another text each place of the model is; places of the model that are not there are left out."""
    if model == other:
        return {place: place for place in range(len(model))}
    if max(len(model), len(other)) > SHORT:
        return _subsequence(model, other)
    blocks = SequenceMatcher(None, model, other, autojunk=False).get_matching_blocks()
    return {block.a + step: block.b + step for block in blocks for step in range(block.size)}


def _subsequence(model: Sequence[str], other: Sequence[str]) -> dict[int, int]:
    rows = _rows(model, other)
    found: dict[int, int] = {}
    place, row = len(model), len(other)
    while place and row:
        bit = 1 << (place - 1)
        if rows[row - 1] & bit:
            place -= 1
        elif row > 1 and not rows[row - 2] & bit:
            row -= 1
        else:
            place, row = place - 1, row - 1
            found[place] = row
    return found


def _rows(model: Sequence[str], other: Sequence[str]) -> list[int]:
    """After each piece of the other text: a 0 where the common subsequence grows by the model's piece there."""
    masks: dict[str, int] = {}
    for place, piece in enumerate(model):
        masks[piece] = masks.get(piece, 0) | 1 << place
    whole = (1 << len(model)) - 1
    row, rows = whole, []
    for piece in other:
        met = row & masks.get(piece, 0)
        row = ((row + met) | (row - met)) & whole
        rows.append(row)
    return rows
