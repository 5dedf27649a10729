"""Train the model of `screening.probability` on the captions written for it: `python tools/train_screening.py`.

Captions that are one in the one spelling are one before anything is split. The figures of the card are of captions the
fitted weights did not see (five parts, each left out in turn); the weights that are kept are of all of them.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss
from sklearn.model_selection import StratifiedGroupKFold

from goldline.market.screening import probability
from goldline.market.screening.context import window
from goldline.market.screening.evidence import Evidence, setting
from goldline.market.screening.normaliser import spellings
from goldline.market.screening.screen import Screen

ROOT = Path(__file__).resolve().parent.parent
CAPTIONS = (ROOT / "tests/screening/captions.txt", ROOT / "tests/screening/captions-en.txt")
MODEL = ROOT / "src/goldline/market/screening/model.json"
SEED = 7
PARTS = 5
STRENGTH = 0.5  # inverse of how strongly weights are held back


@dataclass(frozen=True, slots=True)
class Caption:
    """A text with its label: whether it breaks a norm."""

    breaks: bool
    goods: str | None
    text: str


def captions() -> list[Caption]:
    """Every caption once: two that are spelt as one are one."""
    read = [each for file in CAPTIONS for each in _lines(file.read_text("utf-8"))]
    keys = spellings([each.text for each in read])
    return list({(key, each.goods): each for key, each in zip(keys, read, strict=True)}.values())


def _lines(text: str) -> Iterator[Caption]:
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        rest, goods = line[2:], None
        if rest.startswith("["):
            goods, _, rest = rest[1:].partition("] ")
        yield Caption(line[0] == "+", goods, rest)


def evidence_of(read: list[Caption]) -> list[tuple[Evidence, ...]]:
    """What is found in each."""
    answers = Screen().screen([each.text for each in read], [setting("caption", "seller", each.goods) for each in read])
    return [answer.evidence for answer in answers]


def made() -> dict[str, Any]:
    """The model as it is kept: the same for the same captions, lexicon and seed."""
    read = captions()
    found = evidence_of(read)
    rows: list[list[int]] = []
    labels: list[bool] = []
    groups: list[int] = []
    for number, (caption, hits) in enumerate(zip(read, found, strict=True)):
        for hit in hits:
            asked, around = setting("caption", "seller", caption.goods), window(caption.text, hit.start, hit.end)
            rows.append(probability.present(hit.term, around, hit.channel, hit.excused_by, asked, gapped=hit.gapped))
            labels.append(caption.breaks)
            groups.append(number)
    table = np.zeros((len(rows), len(probability.FEATURES)))
    for number, row in enumerate(rows):
        table[number, row] = 1
    truth = np.array(labels)
    seen = _left_out(table, truth, np.array(groups))
    fitted = _fit(table, truth)
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in CAPTIONS)).hexdigest()[:16]
    card = {
        "captions": len(read), "breaking": sum(each.breaks for each in read), "hits": len(rows), "data": digest,
        "seed": SEED, "parts": PARTS, "brier": round(float(brier_score_loss(truth, seen)), 4),
        "brier_of_the_base_rate": round(float(truth.mean() * (1 - truth.mean())), 4),
        "verdicts": _verdicts(read, found), "verdicts_by_probability": _by_probability(read, np.array(groups), seen),
    }  # fmt: skip
    weights = [round(float(each), 4) for each in fitted.coef_[0]]
    return {
        "features": list(probability.FEATURES), "weights": weights, "bias": round(float(fitted.intercept_[0]), 4),
        "card": card,
    }  # fmt: skip


def _fit(table: np.ndarray[Any, Any], truth: np.ndarray[Any, Any]) -> LogisticRegression:
    return LogisticRegression(C=STRENGTH, max_iter=2_000, random_state=SEED).fit(table, truth)


def _left_out(table: np.ndarray[Any, Any], truth: np.ndarray[Any, Any], groups: np.ndarray[Any, Any]) -> Any:
    """What a model says that never saw the caption."""
    said = np.zeros(len(truth))
    parts = StratifiedGroupKFold(PARTS, shuffle=True, random_state=SEED)
    for known, left in parts.split(table, truth, groups):
        said[left] = _fit(table[known], truth[known]).predict_proba(table[left])[:, 1]
    return said


def _verdicts(read: list[Caption], found: list[tuple[Evidence, ...]]) -> dict[str, int]:
    """A caption is flagged when any hit stands."""
    flagged = [any(hit.status == "stands" for hit in hits) for hits in found]
    return _counted([each.breaks for each in read], flagged)


def _by_probability(read: list[Caption], groups: np.ndarray[Any, Any], said: Any) -> dict[str, int]:
    """A caption is flagged when any hit is more likely than not a breach."""
    flagged = [bool((said[groups == number] >= 0.5).any()) for number in range(len(read))]
    return _counted([each.breaks for each in read], flagged)


def _counted(truth: list[bool], flagged: list[bool]) -> dict[str, int]:
    pairs = list(zip(truth, flagged, strict=True))
    return {
        "true_positive": pairs.count((True, True)), "false_negative": pairs.count((True, False)),
        "false_positive": pairs.count((False, True)), "true_negative": pairs.count((False, False)),
    }  # fmt: skip


def main() -> int:
    """Train, keep, and say the card."""
    model = made()
    MODEL.write_text(json.dumps(model, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(model["card"], indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
