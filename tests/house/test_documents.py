"""The documents say what is there: a guarantee or control that names a test names one that exists."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = ["SECURITY.md", "GUARANTEES.md", "CONTRIBUTING.md", "README.md", "ARCHITECTURE.md"]
MENTION = re.compile(r"tests/[\w/]+\.py(?:::(?P<test>\w+))?")


def missing(document: str) -> list[str]:
    """Tests the document names that are not there."""
    text = (ROOT / document).read_text(encoding="utf-8")
    return [match[0] for match in MENTION.finditer(text) if not exists(match[0])]


def exists(mention: str) -> bool:
    """Whether the file, and the function in it, is there."""
    name, _, test = mention.partition("::")
    path = ROOT / name
    if not path.is_file():
        return False
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return not test or any(isinstance(node, ast.FunctionDef) and node.name == test for node in ast.walk(tree))


@pytest.mark.parametrize("document", [name for name in DOCUMENTS if (ROOT / name).is_file()])
def test_every_test_a_document_names_exists(document: str) -> None:
    """A promise of ours names the test that fails without it."""
    assert missing(document) == []


def test_security_names_a_test_for_every_control() -> None:
    """No row of the table of controls is without one."""
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    table = text.partition("## Controls")[2].partition("\n## ")[0]
    rows = [line for line in table.splitlines() if line.startswith("| ")][1:]
    assert [row for row in rows if not MENTION.search(row)] == []
    assert len(rows) > 5


def test_a_missing_test_would_be_seen() -> None:
    """The check itself can fail."""
    assert not exists("tests/house/test_documents.py::test_that_is_not_there")
    assert not exists("tests/house/absent.py")
    assert exists("tests/house/test_documents.py::test_a_missing_test_would_be_seen")


@pytest.mark.parametrize("target", ["help", "demo", "test", "check", "bench", "faults", "docs", "lock", "clean"])
def test_make_has_the_target(target: str) -> None:
    """The Makefile has the documented targets, each with a line of help."""
    assert re.search(rf"^{target}:.*## \S", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)


def test_decisions_are_complete() -> None:
    """Every decision record has the template's sections."""
    records = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
    sections = ["## Context", "## Decision", "## Alternatives", "## Consequences"]
    lacking = [path.name for path in records if not all(each in path.read_text(encoding="utf-8") for each in sections)]
    assert lacking == []
    assert len(records) > 3
