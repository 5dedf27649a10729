"""The locks: everything pinned, by hash, from nowhere in particular."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ["runtime", "dev"]
PIN = re.compile(r"^(?P<name>[a-z0-9._-]+)(?:\[[a-z,]+\])?==(?P<version>[^ ;\\]+)")


def blocks(kind: str) -> list[str]:
    """The lock's requirements, each with its continuation lines."""
    text = (ROOT / "requirements" / f"{kind}.txt").read_text(encoding="utf-8")
    lines = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    return [block for block in re.split(r"\n(?=\S)", lines) if block.strip()]


@pytest.mark.parametrize("kind", LOCKS)
def test_every_requirement_is_pinned_by_hash(kind: str) -> None:
    """No requirement without an exact version and at least one SHA-256."""
    loose = [block for block in blocks(kind) if not PIN.match(block) or "--hash=sha256:" not in block]
    assert loose == []
    assert len(blocks(kind)) > 20


@pytest.mark.parametrize("kind", LOCKS)
def test_the_lock_names_no_host(kind: str) -> None:
    """No address and no index option: the reader's own installer decides where from."""
    text = (ROOT / "requirements" / f"{kind}.txt").read_text(encoding="utf-8")
    assert not re.search(r"://|--(extra-)?index|--find-links|--trusted-host| @ ", text)


def test_the_lock_holds_what_the_project_declares() -> None:
    """Every declared dependency is in the lock: `make lock` was run after the last change."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    declared = {"runtime": project["project"]["dependencies"] + project["build-system"]["requires"]}
    declared["dev"] = declared["runtime"] + project["dependency-groups"]["dev"]
    for kind, wanted in declared.items():
        pinned = {match["name"] for block in blocks(kind) if (match := PIN.match(block))}
        names = {re.split(r"[\[<>=~ ]", each, maxsplit=1)[0].replace("_", "-").lower() for each in wanted}
        assert names - pinned == set()


def test_both_locks_agree() -> None:
    """What runs is what is tested: no package has one version in one lock and another in the other."""
    runtime, dev = ({line for block in blocks(kind) for line in [block.split("\\")[0].strip()]} for kind in LOCKS)
    assert runtime - dev == set()
