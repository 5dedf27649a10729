"""The house rules hold in this tree, and the tool that says so can see."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools import tidy

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.counted
def test_the_tree_keeps_the_house_rules() -> None:
    """No breach stands anywhere in the project."""
    assert [str(breach) for breach in tidy.inspect(ROOT).breaches] == []


@pytest.mark.counted
def test_imports_run_one_way() -> None:
    """Every import contract of the rooms is kept."""
    program = Path(sys.executable).with_name("lint-imports")
    environ = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    outcome = subprocess.run([program], cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
    assert outcome.returncode == 0, outcome.stdout


def rules(root: Path, path: str, text: str) -> list[str]:
    """The rules broken by a tree that holds this one file."""
    (root / path).parent.mkdir(parents=True)
    (root / path).write_text(text, encoding="utf-8")
    return [breach.rule for breach in tidy.inspect(root).breaches]


BODY = "\n".join("    x = 1" for _ in range(80))


@pytest.mark.parametrize(
    ("path", "text", "rule"),
    [
        ("src/goldline/core/long.py", f'"""A."""\ndef _f():\n{BODY}\n', "function-length"),
        ("src/goldline/core/long.py", '"""A."""\n' + "\n" * 500, "module-length"),
        ("tests/test_long.py", '"""A."""\n' + "\n" * 800, "module-length"),
        ("src/goldline/core/utils.py", '"""A."""\n', "name"),
        ("src/goldline/helpers/x.py", '"""A."""\n', "name"),
        ("src/goldline/core/x.py", '"""A."""\nimport random\n', "world"),
        ("src/goldline/core/x.py", '"""A."""\n_A = datetime.now(UTC)\n', "world"),
        ("src/goldline/core/x.py", '"""A."""\n_A = uuid4()\n', "world"),
        ("src/goldline/core/ledger/x.py", '"""A."""\n_A = float(3)\n', "float"),
        ("src/goldline/core/policy/x.py", '"""A."""\n_A = 3 * 0.5\n', "float"),
        ("src/goldline/core/x.py", "A = 1\n", "docstring"),
        ("src/goldline/core/x.py", "", "docstring"),
        ("src/goldline/core/x.py", '"""A."""\ndef f():\n    pass\n', "docstring"),
        ("src/goldline/core/x.py", '"""A."""\nclass C:\n    """C."""\n    def f(self):\n        pass\n', "docstring"),
        ("src/goldline/core/x.py", '"""A."""\n  x = (\n', "syntax"),
        ("docs/x.md", "Fetch it from " + "py" + "pi.org.", "word"),
    ],
)
def test_each_rule_is_seen_when_broken(tmp_path: Path, path: str, text: str, rule: str) -> None:
    """A tree that breaks one rule is told so."""
    assert rule in rules(tmp_path, path, text)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("src/goldline/surfaces/x.py", '"""A."""\n_A = datetime.now(UTC)\n'),
        ("src/goldline/core/doctor.py", '"""A."""\n_A = datetime.now(UTC)\n'),
        ("src/goldline/study/x.py", '"""A."""\n_A = 3 * 0.5\n'),
        ("tests/test_x.py", "def test_x():\n    pass\n"),
    ],
)
def test_what_is_allowed_is_left_alone(tmp_path: Path, path: str, text: str) -> None:
    """A rule of one room does not reach into another."""
    assert rules(tmp_path, path, text) == []


def test_a_line_may_allow_itself_a_rule_with_a_reason(tmp_path: Path) -> None:
    """An escape with a reason is counted; one without is no escape."""
    allowed = '"""A."""\n_A = 3 * 0.5  # tidy: allow float - a share for display\n_B = 3 * 0.5  # tidy: allow float\n'
    assert rules(tmp_path, "src/goldline/core/policy/x.py", allowed) == ["float"]
    assert tidy.inspect(tmp_path).allowed == {"float": 1}


def test_too_many_escapes_are_a_breach(tmp_path: Path) -> None:
    """A rule with many exceptions is the wrong rule."""
    lines = "".join(f"_A{n} = 3 * 0.5  # tidy: allow float - because\n" for n in range(tidy.ALLOWED_MAX + 1))
    assert rules(tmp_path, "src/goldline/core/policy/x.py", f'"""A."""\n{lines}') == ["escapes"]


def test_the_median_function_is_short(tmp_path: Path) -> None:
    """A tree of middling functions breaks the bar though none is too long."""
    body = "\n".join("    x = 1" for _ in range(20))
    assert rules(tmp_path, "src/goldline/study/x.py", f'"""A."""\ndef _f():\n{body}\n') == ["function-median"]
