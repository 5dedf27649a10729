"""The command line: `goldline …`. One module a group of commands, each thin."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import NoReturn


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and end the process with its exit code."""
    from goldline.surfaces.cli.program import run

    sys.exit(run(arguments))
