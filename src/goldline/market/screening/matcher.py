"""Where literal patterns stand in a buffer: every place of every pattern, by one of two engines with equal answers."""

from __future__ import annotations

import platform
import threading
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Final, Literal, Protocol

Engine = Literal["hyperscan", "automaton"]
Found = list[tuple[int, int]]  # (pattern, where it ends in bytes)

_NEVER: Final = "\U0010fffd".encode()  # both engines refuse an empty set; this stands in no normal text


class Matcher(Protocol):
    """Finds patterns. Safe to use from many threads at once."""

    def find(self, data: bytes) -> Found:
        """All places, overlapping ones too, by where they end and then by pattern."""
        ...


class HyperscanMatcher:
    """Intel's Hyperscan: pure literals in block mode. Scratch space is each thread's own."""

    def __init__(self, patterns: Sequence[bytes]) -> None:
        import hyperscan

        self._database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
        used = list(patterns) or [_NEVER]
        self._database.compile(expressions=used, ids=list(range(len(used))), elements=len(used), flags=0, literal=True)
        self._own = threading.local()

    def find(self, data: bytes) -> Found:
        """All places, overlapping ones too, by where they end and then by pattern."""
        import hyperscan

        scratch = getattr(self._own, "scratch", None)
        if scratch is None:
            scratch = self._own.scratch = hyperscan.Scratch(self._database)
        found: Found = []
        add = found.append

        def met(pattern: int, _start: int, end: int, _flags: int, _context: object) -> None:
            add((pattern, end))

        if data:
            self._database.scan(data, match_event_handler=met, scratch=scratch)
        found.sort(key=_by_end)
        return found


class AutomatonMatcher:
    """An Aho-Corasick automaton, for machines that Hyperscan does not run on. About half as fast."""

    def __init__(self, patterns: Sequence[bytes]) -> None:
        from ahocorasick_rs import BytesAhoCorasick, Implementation

        self._automaton = BytesAhoCorasick(list(patterns) or [_NEVER], implementation=Implementation.DFA)

    def find(self, data: bytes) -> Found:
        """All places, overlapping ones too, by where they end and then by pattern."""
        met = self._automaton.find_matches_as_indexes(data, overlapping=True)
        return sorted(((pattern, end) for pattern, _start, end in met), key=_by_end)


def _by_end(place: tuple[int, int]) -> tuple[int, int]:
    return place[1], place[0]


def matcher(patterns: Sequence[bytes], engine: Engine | None = None) -> Matcher:
    """The faster engine this machine has, or the one named. No pattern may be empty."""
    if engine == "automaton" or (engine is None and not _hyperscan_runs()):
        return AutomatonMatcher(patterns)
    return HyperscanMatcher(patterns)


def _hyperscan_runs() -> bool:
    return platform.machine() == "x86_64" and find_spec("hyperscan") is not None
