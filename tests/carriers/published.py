"""Where the public data about carriers lies, which is not part of the project."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def carriers() -> Path:
    """The folder of public carrier data, or a skip."""
    folder = Path(os.environ.get("GOLDLINE_DATA", str(ROOT.parent / "shared" / "data"))) / "carriers"
    if not folder.is_dir():
        pytest.skip("data: the carriers' vocabularies are not here; name their place in GOLDLINE_DATA")
    return folder
