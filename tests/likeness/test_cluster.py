"""Clusters of texts: alike ones meet, strangers do not, and no order changes it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.likeness import b_cubed, captions, recall
from goldline.core.errors import GoldlineError
from goldline.market.likeness.caption import plain
from goldline.market.likeness.cluster import CAREFUL, Method, group
from goldline.market.likeness.shingle import jaccard, shingles
from goldline.market.likeness.signature import agreement, signatures

WORDS = st.text(alphabet="甲乙丙丁 ab", max_size=14)


def grams(text: str) -> set[str]:
    """The shingles of a text, said simply."""
    return {text[at : at + 3] for at in range(len(text) - 2)} if len(text) > 2 else {text}


@given(st.lists(WORDS.filter(bool), min_size=2, max_size=8))
@settings(max_examples=40, deadline=None)
def test_shares_are_exact(texts: list[str]) -> None:
    """The share of two texts is that of their sets of three characters, whatever else is in the batch."""
    held = shingles(texts)
    left, right = np.triu_indices(len(texts), 1)
    wanted = [len(grams(texts[a]) & grams(texts[b])) / len(grams(texts[a]) | grams(texts[b]))
              for a, b in zip(left, right, strict=True)]  # fmt: skip
    assert jaccard(held, left, right).tolist() == pytest.approx(wanted)


def test_empty_texts_among_others_have_no_shingles() -> None:
    """A text that is empty shifts nobody's shingles, first, last or between."""
    held = shingles(["", "甲乙丙丁", "", "甲", "", ""])
    assert held.counts.tolist() == [0, 2, 0, 1, 0, 0]
    assert shingles([]).counts.tolist() == []
    assert shingles([""]).counts.tolist() == [0]


def test_signatures_estimate_the_share() -> None:
    """The estimates are right on average, and scatter as 128 independent looks do: the margin rests on it."""
    texts = plain(captions(3_000).texts)
    held = shingles(texts)
    order = np.array(sorted(range(len(texts)), key=lambda place: texts[place]))
    exact = jaccard(held, order[:-1], order[1:])
    kept = exact > 0.1
    error = (agreement(signatures(held), order[:-1], order[1:]) - exact)[kept]
    assert kept.sum() > 300
    assert abs(error.mean()) < 0.01
    assert error.std() < 1.2 * np.sqrt((exact * (1 - exact))[kept].mean() / 128)


@given(st.randoms(use_true_random=False))
@settings(max_examples=10, deadline=None)
def test_no_order_and_no_doubling_changes_the_clusters(chance: object) -> None:
    """Shuffled and with some texts twice, the same texts are together."""
    texts = plain(captions(120, seed=5).texts)
    before = group(texts).roots
    order = list(range(len(texts))) + chance.choices(range(len(texts)), k=30)  # type: ignore[attr-defined]
    chance.shuffle(order)  # type: ignore[attr-defined]
    after = group([texts[place] for place in order]).roots
    seen: dict[int, int] = {}
    for place, root in zip(order, after.tolist(), strict=True):
        assert seen.setdefault(root, int(before[place])) == before[place]
    assert len(seen) == len(set(before.tolist()))


def test_seeded_floods_are_found() -> None:
    """Against the truth they were made from: nothing foreign in a cluster, and nearly all that belongs."""
    made = captions(5_000)
    precision, found = b_cubed(made.truth, group(plain(made.texts)).roots)
    assert precision > 0.999
    assert found > 0.9


def test_single_copies_are_found_by_strength_of_edit() -> None:
    """One edited copy among strangers: the quick method finds light edits, the careful one heavier ones."""
    assert recall(0.05, Method(), 300) > 0.98
    assert recall(0.1, Method(), 300) > 0.93
    assert recall(0.2, CAREFUL, 300) > 0.95 > recall(0.2, Method(), 300)


def test_short_texts_are_compared_as_wholes() -> None:
    """'好看' under two items is one; '好看吗' is another."""
    assert group(["好看", "好看吗", "好看", ""]).roots.tolist() == [0, 1, 0, 3]
    assert group([]).roots.tolist() == []


def test_an_overfull_band_says_what_it_did_not_look_at() -> None:
    """Where more strangers meet than there are rounds, the pairs left out are counted."""
    texts = [f"{'同样的开头在这里' * 3}{chr(0x4E00 + n) * 40}" for n in range(12)]
    assert group(texts, Method(20, 2, 0.95, rounds_most=2)).unseen > 0
    assert group(texts, Method(20, 2, 0.95, rounds_most=20)).unseen == 0


def test_a_method_beyond_the_signature_is_refused() -> None:
    """100 bands of 2 need 200 numbers; there are 128."""
    with pytest.raises(GoldlineError, match="128"):
        Method(100, 2)
