"""The model: made again from its captions it is the same, and its figures are as the card says."""

from __future__ import annotations

import json
import sys
from importlib.resources import files
from pathlib import Path

import pytest

from goldline.market.screening import probability


def test_trained_again_the_model_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Data, seed and code make the numbers; nobody's hand does."""
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "tools"))
    sys.modules.pop("train_screening", None)
    import train_screening

    kept = json.loads((files("goldline.market.screening") / "model.json").read_text("utf-8"))
    made = train_screening.made()
    assert made["card"] == kept["card"]
    assert made["weights"] == pytest.approx(kept["weights"], abs=2e-3)


def test_the_card_says_how_well_it_does() -> None:
    """On captions left out the probabilities beat the base rate, and no figure is missing."""
    card = probability.model().card
    assert card["brier"] < card["brier_of_the_base_rate"] / 2
    verdicts = card["verdicts"]
    assert sum(verdicts.values()) == card["captions"]
    assert verdicts["true_positive"] > 9 * verdicts["false_negative"]
    assert verdicts["true_negative"] > 9 * verdicts["false_positive"]
