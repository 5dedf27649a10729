"""Sets up .venv from a lock, or leaves it alone when it already holds what the lock says.

`python3 tools/environment.py runtime` is enough to run Goldline; `dev` adds what tests and checks need. Uses the
standard library alone, and says what is wrong in one sentence.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / ".venv"
PYTHON = HOME / "bin" / "python"
OLDEST = (3, 11)
KINDS = ("runtime", "dev")  # each holds all that the one before it holds


def main(arguments: list[str]) -> int:
    """Set up the kind named on the command line; the exit code."""
    if len(arguments) != 1 or arguments[0] not in KINDS:
        return _fail(f"Say what to set up: {' or '.join(KINDS)}.")
    if sys.version_info < OLDEST:
        found = sys.version.split()[0]
        return _fail(f"Goldline needs Python 3.11 or newer; this is {found}. Try: make PYTHON=python3.12")
    kind = arguments[0]
    if any(_is_ready(each) for each in KINDS[KINDS.index(kind) :]):
        return 0
    return _set_up(kind)


def _set_up(kind: str) -> int:
    print(f"Setting up .venv from requirements/{kind}.txt (once; a minute or two) ...", flush=True)
    if not _works():
        venv.create(HOME, with_pip=True, clear=True)
    install = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    install += ["--root-user-action=ignore"]
    steps = [
        [*install, "--require-hashes", "--only-binary=:all:", "-r", str(ROOT / "requirements" / f"{kind}.txt")],
        [*install, "--no-deps", "--no-build-isolation", "--editable", str(ROOT)],
    ]
    for step in steps:
        if subprocess.run(step, check=False).returncode != 0:
            return _fail("The set-up stopped: pip's message above says why. Nothing else was changed; run it again.")
    _stamp(kind).write_text(_digest(kind), encoding="ascii")
    return 0


def _works() -> bool:
    # A copied or moved .venv keeps its old paths: it must answer for itself, from here.
    if not PYTHON.exists():
        return False
    ask = [str(PYTHON), "-c", "import pip, sys; print(sys.prefix)"]
    answer = subprocess.run(ask, capture_output=True, text=True, check=False)
    return answer.returncode == 0 and Path(answer.stdout.strip()) == HOME


def _is_ready(kind: str) -> bool:
    stamp = _stamp(kind)
    return stamp.exists() and stamp.read_text(encoding="ascii") == _digest(kind) and _works()


def _stamp(kind: str) -> Path:
    return HOME / f"goldline-{kind}.sha256"


def _digest(kind: str) -> str:
    # The place is part of it: an editable install points into the tree it was made from.
    parts = [(ROOT / "requirements" / f"{kind}.txt").read_bytes(), (ROOT / "pyproject.toml").read_bytes()]
    return hashlib.sha256(b"\0".join([*parts, str(ROOT).encode(), sys.version.encode()])).hexdigest()


def _fail(message: str) -> int:
    print(message, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
