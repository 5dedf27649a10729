"""docs/rulebook.md says what the pack says, rule by rule."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from goldline.core.errors import GoldlineError
from goldline.core.policy.pack import load
from goldline.market.vocabulary import vocabulary
from goldline.surfaces.cli.rulebook import page, rules

ROOT = Path(__file__).parents[2]


def test_the_page_is_not_stale() -> None:
    """What is written is what would be written now; `make docs` writes it."""
    assert (ROOT / "docs/rulebook.md").read_text(encoding="utf-8") == page(load("douyin", vocabulary()))


def test_every_rule_has_a_policy_or_a_reason() -> None:
    """No row is left open in silence, and each has a grade."""
    found = rules(load("douyin", vocabulary()))
    assert len(found) >= 40
    assert [rule.text for rule in found if not rule.policies and not rule.why] == []
    assert {rule.grade for rule in found} <= {"A", "A2", "K", "U"}


def test_a_policy_that_carries_no_rule_is_seen(tmp_path: Path) -> None:
    """Rows that name no policy of the pack, and policies no row names, are refused."""
    folder = Path(shutil.copytree(load("douyin", vocabulary()).path.parent, tmp_path / "douyin"))
    book = folder / "rulebook.toml"
    book.write_text(book.read_text(encoding="utf-8").replace('["genuine"]', '["genuin"]'), encoding="utf-8")
    with pytest.raises(GoldlineError, match="'genuin' is no policy"):
        rules(load(folder, vocabulary()))
