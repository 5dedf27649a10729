"""Fit the lines of `market.quality.grade` to the captions written for the code-book: `python tools/train_quality.py`.

A cumulative logit with one weight for each sign, held at or above zero for signs that speak for a value and at or below
zero for those against, a little shrinkage, and full gradient steps: no draw, so the same captions give the same lines.
The figures of the card are of captions left out by group. Everything is ours and was labelled once: no agreement of two
people can be given, and the figures flatter.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

from goldline.market.quality.codebook import LEVELS, VALUES, shipped
from goldline.market.quality.grade import Line, counted, expected, found

ROOT = Path(__file__).resolve().parent.parent
CAPTIONS = ROOT / "tests/quality/captions.txt"
MODEL = ROOT / "src/goldline/market/quality/model.json"
STEPS = 3_000
RATE = 0.05
SHRINKAGE = 0.02
TOP = 20
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Caption:
    """A text, the group it was built in, and its level of each value."""

    group: str
    levels: tuple[int, ...]
    text: str


def captions() -> list[Caption]:
    """Every caption once: two that differ in spaces and punctuation alone are one."""
    read: dict[str, Caption] = {}
    for line in CAPTIONS.read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            group, levels, text = (part.strip() for part in line.split("|", 2))
            read.setdefault(re.sub(r"\W", "", text), Caption(group, tuple(map(int, levels.split())), text))
    return list(read.values())


def made() -> dict[str, Any]:
    """The model as it is kept."""
    read, book = captions(), shipped()
    counts = [counted(tuple(found(book, each.text)), each.text) for each in read]
    lines = {value: fit(read, counts, number, value) for number, value in enumerate(VALUES)}
    return {
        "codebook": book.version,
        "lines": {
            value: {"signs": line.signs, "weights": line.weights, "cuts": line.cuts} for value, line in lines.items()
        },
        "card": {
            "captions": len(read), "groups": sorted({each.group for each in read}), "labelled": "once, by the authors",
            "data": hashlib.sha256(CAPTIONS.read_bytes()).hexdigest()[:16], "left_out": _left_out(read, counts),
        },
    }  # fmt: skip


def fit(read: list[Caption], counts: list[dict[str, int]], number: int, value: str) -> Line:
    """The line of one value."""
    signs = shipped().signs_of(value)
    table = np.array([[each.get(sign.id, 0) for sign in signs] for each in counts], float)
    above = np.array([[each.levels[number] > level for level in range(1, LEVELS)] for each in read], float)
    direction = np.array([-1.0 if sign.lowers else 1.0 for sign in signs])
    weights, cuts = direction * 0.1, np.linspace(-2.0, 2.0, LEVELS - 1)
    for _ in range(STEPS):
        chance = 1 / (1 + np.exp(cuts - (table @ weights)[:, None]))
        miss = chance - above
        weights -= RATE * (table.T @ miss.sum(axis=1) / len(read) + SHRINKAGE * weights)
        weights = direction * np.maximum(direction * weights, 0)
        cuts = np.sort(cuts + RATE * miss.mean(axis=0))
    rounded = (tuple(round(float(each), 4) for each in part) for part in (weights, cuts))
    own, parted = rounded
    return Line(tuple(sign.id for sign in signs), own, parted)


def _left_out(read: list[Caption], counts: list[dict[str, int]]) -> dict[str, dict[str, float]]:
    """Figures on captions whose group the line had not seen, beside the length of the text and chance."""
    groups = sorted({each.group for each in read})
    figures: dict[str, dict[str, float]] = {}
    for number, value in enumerate(VALUES):
        said = np.zeros(len(read))
        for group in groups:
            known = [place for place, each in enumerate(read) if each.group != group]
            line = fit([read[n] for n in known], [counts[n] for n in known], number, value)
            for place, each in enumerate(read):
                if each.group == group:
                    said[place] = expected(line, counts[place])
        figures[value] = _figures(np.array([each.levels[number] for each in read], float), said,
                                  np.array([len(each.text) for each in read], float))  # fmt: skip
    return figures


def _figures(truth: Floats, said: Floats, length: Floats) -> dict[str, float]:
    rank = {"by_model": said, "by_length": length}
    found = {f"spearman_{name}": float(spearmanr(truth, by).statistic) for name, by in rank.items()}
    found |= {f"ndcg_{TOP}_{name}": _ndcg(truth, by) for name, by in rank.items()}
    found[f"ndcg_{TOP}_by_chance"] = float(np.mean([_ndcg(truth, by) for by in _shuffled(len(truth))]))
    found["within_one_level"] = float(np.mean(np.abs(truth - said) <= 1))
    return {name: round(figure, 3) for name, figure in found.items()}


def _ndcg(truth: Floats, by: Floats) -> float:
    gain, order = 2**truth - 1, np.argsort(-by, kind="stable")[:TOP]
    fade = 1 / np.log2(np.arange(2, TOP + 2))
    return float((gain[order] * fade).sum() / (np.sort(gain)[::-1][:TOP] * fade).sum())


def _shuffled(count: int) -> list[Floats]:
    draw = np.random.default_rng(7)
    return [draw.random(count) for _ in range(100)]


def main() -> int:
    """Write the model, or with --check say whether the kept one is what the captions give."""
    text = json.dumps(made(), ensure_ascii=False, indent=1) + "\n"
    if "--check" in sys.argv:
        return 0 if MODEL.read_text("utf-8") == text else 1
    MODEL.write_text(text, encoding="utf-8")
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
