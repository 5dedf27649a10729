"""The example of the documentation, tried out."""

from __future__ import annotations

import re
from pathlib import Path

from goldline.core.policy.case import run_cases
from goldline.core.policy.pack import load
from tests.laws.world import World

DOC = Path(__file__).parents[2] / "docs" / "campaigns.md"


def test_the_example_of_the_documentation_is_right(database_url: str, tmp_path: Path) -> None:
    """The pack of docs/campaigns.md loads, and its cases hold."""
    written, cases = re.findall(r"```toml\n(.*?)```", DOC.read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "policies.toml").write_text(written, encoding="utf-8")
    (tmp_path / "cases.toml").write_text(cases, encoding="utf-8")
    with World(database_url) as world:
        pack = load(tmp_path, world.words)
        assert [each.id for each in pack.campaigns] == ["plain-words-2026"]
        results = run_cases(world.connection, pack)
    assert len(results) == 3
    assert all(each.passed for each in results), [each.as_text() for each in results]
