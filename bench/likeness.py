"""Likeness: a million captions clustered, against the clusters they were made from; and recall by strength of edit."""

from __future__ import annotations

import resource
import time
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bench.place import Place
from bench.row import Row
from goldline.market.likeness.caption import plain
from goldline.market.likeness.cluster import CAREFUL, Method, group

SEED: Final = 20_260_810
CHARACTERS: Final = [chr(point) for point in range(0x4E00, 0x4E00 + 3_000)]
STRENGTHS: Final = (0.05, 0.1, 0.2, 0.3)
FLOOD: Final = 0.6  # of the captions were made from a template; the rest are alone


@dataclass(frozen=True, slots=True)
class Captions:
    """Captions and the number of the template each was made from; one that is alone has a number of its own."""

    texts: list[str]
    truth: NDArray[np.int64]


class Words:
    """Made-up words, some far more frequent than others, so that unrelated captions share some, as real ones do."""

    def __init__(self, chance: np.random.Generator, count: int = 20_000) -> None:
        letters = chance.integers(0, len(CHARACTERS), (count, 4))
        lengths = chance.choice([1, 2, 2, 2, 3, 4], count)
        pairs = zip(letters.tolist(), lengths.tolist(), strict=True)
        self.words = ["".join(CHARACTERS[each] for each in row[:size]) for row, size in pairs]
        weights = 1 / np.arange(10, count + 10)
        self.bounds = np.cumsum(weights / weights.sum())

    def sentences(self, chance: np.random.Generator, count: int) -> list[str]:
        """Sentences of eight to thirty words."""
        lengths = chance.integers(8, 31, count)
        drawn = np.minimum(np.searchsorted(self.bounds, chance.random(int(lengths.sum()))), len(self.words) - 1)
        words = [self.words[each] for each in drawn.tolist()]
        ends = np.cumsum(lengths)
        return ["".join(words[end - size : end]) for size, end in zip(lengths.tolist(), ends.tolist(), strict=True)]


def captions(count: int, seed: int = SEED) -> Captions:
    """Floods of two to a hundredth of all, each copy edited and with a price of its own, and captions that are alone.

    Three in ten templates are copied as they are but for the price; the others with 5, 10 or 20 % of the characters
    edited.
    """
    chance = np.random.default_rng(seed)
    words = Words(chance)
    sizes: list[int] = []
    total = 0
    while total < count * FLOOD:
        sizes.append(int(min(2 + chance.pareto(1.1) * 3, count / 100 + 2)))
        total += sizes[-1]
    templates = words.sentences(chance, len(sizes))
    strengths = chance.choice([0.0, *STRENGTHS[:3]], len(sizes), p=[0.3, 0.3, 0.3, 0.1])
    texts: list[str] = []
    for template, size, strength in zip(templates, sizes, strengths.tolist(), strict=True):
        prices = chance.integers(9, 1_000, size).tolist()
        texts += [f"{edited(template, strength, chance)}只要{price}元" for price in prices]
    alone = max(count - len(texts), 0)
    truth = np.concatenate([np.repeat(np.arange(len(sizes)), sizes), len(sizes) + np.arange(alone)])
    texts += words.sentences(chance, alone)
    order = chance.permutation(len(texts))[:count]
    return Captions([texts[each] for each in order.tolist()], truth[order])


def edited(text: str, strength: float, chance: np.random.Generator) -> str:
    """The text with that share of its characters dropped, changed or followed by another, a third each."""
    hit = np.flatnonzero(chance.random(len(text)) < strength).tolist() if strength else []
    letters = list(text)
    kinds, others = chance.integers(0, 3, len(hit)).tolist(), chance.integers(0, len(CHARACTERS), len(hit)).tolist()
    for place, kind, other in zip(hit, kinds, others, strict=True):
        letters[place] = ("", CHARACTERS[other], letters[place] + CHARACTERS[other])[kind]
    return "".join(letters)


def b_cubed(truth: NDArray[Any], found: NDArray[Any]) -> tuple[float, float]:
    """Precision and recall by item: of its cluster how much is of its truth, and of its truth how much it meets."""
    _, own = np.unique(truth, return_inverse=True)
    _, given = np.unique(found, return_inverse=True)
    together = own.astype(np.int64) * (int(given.max()) + 1) + given
    _, place, shared = np.unique(together, return_inverse=True, return_counts=True)
    meeting = shared[place]
    return float((meeting / np.bincount(given)[given]).mean()), float((meeting / np.bincount(own)[own]).mean())


def recall(strength: float, method: Method, count: int = 2_000) -> float:
    """Of single copies edited so much, among as many strangers, the share found to be their original's."""
    chance = np.random.default_rng(SEED + 1)
    originals = Words(chance).sentences(chance, count)
    copies = [edited(text, strength, chance) for text in originals]
    roots = group(plain(originals + copies), method).roots
    return float((roots[:count] == roots[count:]).mean())


def _gib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def run(place: Place) -> list[Row]:
    """Cluster captions, from their raw words to their clusters; precision and recall, and the memory it took."""
    count = place.pick(1_000_000, 200_000, 3_000)
    place.say(f"likeness: {count:,} captions are made up")
    made, before = captions(count), _gib()
    began, worked = time.perf_counter(), time.process_time()
    grouping = group(plain(made.texts))
    took_s = time.perf_counter() - began
    cpu_s, peak = time.process_time() - worked, _gib()
    precision, found = b_cubed(made.truth, grouping.roots)
    detail = {
        "captions": count, "cpu_s": cpu_s, "clusters_made": len(np.unique(made.truth)),
        "clusters_found": len(np.unique(grouping.roots)), "verified_pairs": grouping.verified,
        "unseen_pairs": grouping.unseen, "gib_before": before, "gib_at_most": peak,
        "precision": precision, "recall": found,
        "recall_by_edit": {each: recall(each, Method(), place.pick(2_000, 2_000, 100)) for each in STRENGTHS},
        "recall_by_edit_careful": {each: recall(each, CAREFUL, place.pick(2_000, 2_000, 100)) for each in STRENGTHS},
    }  # fmt: skip
    both = 2 * precision * found / (precision + found)
    return [
        Row("likeness-captions", f"{count:,} captions clustered", took_s, "s", 60, 30, "less", detail=detail),
        Row("likeness-b3", "their clusters against the truth, B-cubed F", both, "", 0.9, 0.98, "more"),
    ]
