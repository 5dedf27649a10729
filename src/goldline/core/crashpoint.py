"""Named points at which a fault test may kill the process, to prove that dying there loses and doubles nothing.

In production nothing is set and a point costs one dictionary look-up.
"""

from __future__ import annotations

import os
import signal
from collections import Counter
from pathlib import Path
from threading import Lock

_hits: Counter[str] = Counter()
_lock = Lock()


def crashpoint(name: str) -> None:
    """Kill this process with SIGKILL if `GOLDLINE_CRASH_AT` names this point ('name' or 'name:nth')."""
    target = os.environ.get("GOLDLINE_CRASH_AT")
    if target is None:
        return
    with _lock:
        _hits[name] += 1
        hit = _hits[name]
        _log(name)
    wanted, _, nth = target.partition(":")
    if wanted == name and hit == int(nth or 1):
        os.kill(os.getpid(), signal.SIGKILL)


def _log(name: str) -> None:
    path = os.environ.get("GOLDLINE_CRASH_LOG")
    if path:
        with Path(path).open("a", encoding="utf-8") as log:
            log.write(f"{name}\n")
            log.flush()
            os.fsync(log.fileno())
