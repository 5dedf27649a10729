"""Captions that nothing was tuned on: what is found and what is not, at its true and lower level."""

from __future__ import annotations

from pathlib import Path

import pytest

from goldline.market.screening.evidence import setting
from goldline.market.screening.normaliser import spellings
from goldline.market.screening.screen import desk

HERE = Path(__file__).parent
# (file, breaches, of which found at least, clean, of which flagged at most): as measured when they were written, and a
# little more. A change that makes it worse must be seen; tuning the lexicon to these lines makes them worthless.
LEVELS = (("captions-unseen.txt", 70, 41, 87, 9), ("captions-unseen-en.txt", 25, 10, 23, 1))


def captions(name: str) -> list[tuple[bool, str | None, str]]:
    """Label, goods and text of every line."""
    read = []
    for line in (HERE / name).read_text("utf-8").splitlines():
        if line.startswith("#"):
            continue
        goods, _, text = line[3:].partition("] ") if line.startswith("[", 2) else ("", "", line[2:])
        read.append((line[0] == "+", goods or None, text))
    return read


@pytest.mark.parametrize(("name", "breaches", "found", "clean", "flagged"), LEVELS)
def test_unseen_captions_are_judged_no_worse_than_was_measured(
    name: str, breaches: int, found: int, clean: int, flagged: int
) -> None:
    """Not how it ought to be but how it is: more than a third of free wordings is still missed."""
    read = captions(name)
    asked = [setting("caption", "seller", goods) for _, goods, _ in read]
    stands = [bool(a.standing) for a in desk().screen().screen([text for *_, text in read], asked)]
    pairs = [(breaks, stood) for (breaks, *_), stood in zip(read, stands, strict=True)]
    assert (pairs.count((True, True)) + pairs.count((True, False)), len(read)) == (breaches, breaches + clean)
    assert pairs.count((True, True)) >= found
    assert pairs.count((False, True)) <= flagged


def test_nothing_unseen_was_trained_on() -> None:
    """No spelling of one set is in the other, and none comes twice."""
    unseen = spellings([text for name, *_ in LEVELS for *_, text in captions(name)])
    seen = spellings([text for name in ("captions.txt", "captions-en.txt") for *_, text in captions(name)])
    assert len(set(unseen)) == len(unseen)
    assert not set(unseen) & set(seen)
