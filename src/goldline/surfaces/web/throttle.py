"""Throttle: how often one caller may ask, by a bucket of tokens that fills again with time.

The buckets live in this process: with several web processes each has its own, and a restart fills them all. It keeps
one reader from wearing the database out; it is no defence against a flood from many places, which is the proxy's.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field
from math import ceil

CALLERS_MAX = 10_000


@dataclass(slots=True)
class Throttle:
    """Lets `burst` requests through at once and then one every `1 / per_s` seconds, for each caller apart."""

    burst: int
    per_s: float
    callers_max: int = CALLERS_MAX
    _buckets: OrderedDict[Hashable, tuple[float, float]] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def wait_s(self, caller: Hashable, now_s: float) -> int:
        """0 and one token spent, or the whole seconds to wait for the next. `now_s` is a monotonic clock's."""
        with self._lock:
            left, seen_s = self._buckets.pop(caller, (float(self.burst), now_s))
            left = min(self.burst, left + max(0.0, now_s - seen_s) * self.per_s)
            wait = 0 if left >= 1 else max(1, ceil((1 - left) / self.per_s))
            self._buckets[caller] = (left if wait else left - 1, now_s)
            while len(self._buckets) > self.callers_max:
                self._buckets.popitem(last=False)  # whoever has been quiet longest
            return wait

    def forget(self) -> None:
        """Fill every bucket again."""
        with self._lock:
            self._buckets.clear()
