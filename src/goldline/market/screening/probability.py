"""How likely a hit is what it seems: a small logistic model over what is known about the hit and its surroundings.

The model is data (`model.json`), trained by `tools/train_screening.py` on captions written and labelled for it, with
their hash, the seed and how well it did. Predicting needs NumPy alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from goldline.market.screening.context import EXCUSES, Window
from goldline.market.screening.evidence import Setting
from goldline.market.screening.lexicon import SEVERITIES, Channel, Term

_CUES: Final = {
    "hedged": r"可能|也许|据说|感觉|觉得|仿佛|似的|左右|大概|\bmay\b|\bmight\b|\bcould\b|\bhelps?\b|\bfeels?\b",
    "disclaimed": r"因人而异|仅供参考|不代表|不能代替|请以实物|遵医嘱|咨询医生|results (?:may )?vary|consult|not intended",
    "urged": r"下单|抢|赶紧|点击|链接|加我|扫|私信|速来|快来|\bbuy\b|\border\b|\bclick\b|\bnow\b",
    "asked": r"[吗么呢][？?]?|[？?]|谁说|难道",
    "sworn": r"保证|承诺|绝对|必|百分百|100%|亲测|guarantee|promise|proven",
    "counted": r"\d+\s*(?:天|日|周|月|次|倍|元|斤|%|days?|weeks?|lbs?|pounds)",
    "spoken_of": r"[“”「」『』\"']",
    "ours": r"我们|我家|本店|自家|咱|\bour\b|\bwe\b",
    "negative": r"不|没|无|非|别|勿|拒|\bnot?\b|n't\b|\bnever\b",
}
_CUE: Final = {name: re.compile(cue, re.IGNORECASE) for name, cue in _CUES.items()}
_CATEGORIES: Final = (
    "absolute", "state", "medical", "drug", "health_food", "food", "cosmetics", "promise", "finance", "diversion",
    "price", "prohibited", "vulgar", "superstition", "en_absolute", "en_health", "en_promise", "en_price", "en_diversion", "en_other",
)  # fmt: skip
FEATURES: Final = (
    *(f"channel_{each}" for each in "NACPGS"),
    "gapped",
    *(f"severity_{each}" for each in SEVERITIES),
    *(f"category_{each}" for each in _CATEGORIES),
    "excused",
    *(f"excused_{each}" for each in EXCUSES),
    *(f"near_{each}" for each in _CUE),
    *(f"{each}_unexcused" for each in ("negative", "asked", "ours", "spoken_of", "hedged")),
    "consumer", "title", "goods_known", "long",
)  # fmt: skip
_PLACE: Final = {name: number for number, name in enumerate(FEATURES)}


@dataclass(frozen=True, slots=True)
class Model:
    """Weights by feature, and the card that says where they come from."""

    weights: npt.NDArray[np.float64]
    bias: float
    card: dict[str, Any]


@cache
def model() -> Model:
    """The model that comes with Goldline. ValueError when its features are not these."""
    body = json.loads((files("goldline.market.screening") / "model.json").read_text("utf-8"))
    if tuple(body["features"]) != FEATURES:
        raise ValueError("model.json was trained on other features: run tools/train_screening.py")
    return Model(np.array(body["weights"]), float(body["bias"]), body["card"])


def present(
    term: Term, around: Window, channel: Channel, excused_by: str | None, setting: Setting, *, gapped: bool
) -> list[int]:
    """The places of the features that a hit has."""
    near = f"{around.sentence_before} {around.sentence_after} {around.text[around.end : around.end + 1]}"
    cues = [name for name, cue in _CUE.items() if cue.search(near)]
    names = [f"channel_{channel}", f"severity_{term.severity}", f"category_{term.category}"]
    names += [f"near_{each}" for each in cues]
    if excused_by:
        names += ["excused", f"excused_{excused_by}"]
    else:
        names += [f"{each}_unexcused" for each in cues]
    said = {
        "gapped": gapped, "consumer": setting.voice == "consumer", "title": setting.kind == "title",
        "goods_known": setting.product is not None, "long": len(around.text) > 60,
    }  # fmt: skip
    names += [name for name, so in said.items() if so]
    return [_PLACE[name] for name in names if name in _PLACE]


def chance(features: Sequence[int]) -> float:
    """The model's answer for a hit with these features: how likely it breaks its clause, from 0 to 1."""
    known = model()
    return float(1 / (1 + np.exp(-(known.bias + known.weights[list(features)].sum()))))
