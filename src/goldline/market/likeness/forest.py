"""A forest of things found to be the same: every tree is one cluster, its root the least of its members."""

from __future__ import annotations

import numpy as np

from goldline.market.likeness.shingle import Places


class Forest:
    """Union-find over whole arrays of pairs. The trees do not depend on the order in which pairs come."""

    def __init__(self, size: int) -> None:
        self._above: Places = np.arange(size, dtype=np.int64)

    def roots(self, places: Places) -> Places:
        """The root of each place; what lies between is shortened for the next time."""
        found = self._above[places]
        while True:
            higher = self._above[found]
            if np.array_equal(higher, found):
                self._above[places] = found
                return found
            found = higher

    def join(self, left: Places, right: Places) -> None:
        """Make each pair one tree."""
        while len(left):
            one, other = self.roots(left), self.roots(right)
            apart = one != other
            left, right, one, other = left[apart], right[apart], one[apart], other[apart]
            np.minimum.at(self._above, np.maximum(one, other), np.minimum(one, other))

    def all_roots(self) -> Places:
        """The root of every place."""
        return self.roots(np.arange(len(self._above), dtype=np.int64))
