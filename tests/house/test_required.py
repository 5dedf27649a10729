"""A run where something is required does not pass by skipping it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def closing_line(folder: Path, text: str, require: str) -> tuple[int, str]:
    """Run one test file under this project's conftest; the exit code and pytest's last line."""
    shutil.copy(ROOT / "tests" / "conftest.py", folder)
    (folder / "pytest.ini").write_text("[pytest]\nmarkers =\n  counted: c\n  browser: b\n  data: d\n")
    (folder / "test_it.py").write_text(text)
    outcome = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", "-p", "no:cacheprovider", str(folder)],
        cwd=folder,
        env={**os.environ, "GOLDLINE_REQUIRE": require, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    return outcome.returncode, outcome.stdout.strip().splitlines()[-1]


SKIPS = "import pytest\n@pytest.mark.{mark}\n@pytest.mark.skipif(True, reason='absent')\ndef test_x(): ...\n"
SKIPS_INSIDE = "import pytest\n@pytest.mark.{mark}\ndef test_x(): pytest.skip('absent')\n"
WHOLE = "import pytest\npytest.skip('absent', allow_module_level=True)\n"
XFAIL = "import pytest\n@pytest.mark.{mark}\n@pytest.mark.xfail\ndef test_x(): assert False\n"


@pytest.mark.parametrize(
    ("text", "require", "passes"),
    [
        (SKIPS.format(mark="counted"), "browser", False),
        (SKIPS_INSIDE.format(mark="counted"), "browser", False),
        (SKIPS.format(mark="browser"), "browser", False),
        (SKIPS.format(mark="data"), "browser,data", False),
        (WHOLE, "browser", False),
        (SKIPS.format(mark="data"), "browser", True),
        (SKIPS.format(mark="browser"), "", True),
        (WHOLE, "", True),
        (XFAIL.format(mark="counted"), "browser", True),
    ],
)
def test_a_required_test_that_is_skipped_fails_the_run(tmp_path: Path, text: str, require: str, passes: bool) -> None:
    """Skipping fails the run where the test's kind is required, and nowhere else."""
    code, line = closing_line(tmp_path, text, require)
    assert (re.search(r"\b(failed|errors?)\b", line) is None) is passes, line
    assert (code in {0, 5}) is passes
