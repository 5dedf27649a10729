"""A forest of things found to be the same: every tree is one cluster, its root the least of its members."""

from __future__ import annotations

import numpy as np

from goldline.market.likeness.shingle import Places


class Forest:
    """Union-find over whole arrays of pairs. The trees do not depend on the order in which pairs come."""

    def __init__(self, size: int) -> None:
        self.roots: Places = np.arange(size, dtype=np.int64)

    def join(self, left: Places, right: Places) -> None:
        """Make each pair one tree."""
        while len(left):
            one, other = self.roots[left], self.roots[right]
            apart = one != other
            left, right, one, other = left[apart], right[apart], one[apart], other[apart]
            np.minimum.at(self.roots, np.maximum(one, other), np.minimum(one, other))
            self._flatten()

    def _flatten(self) -> None:
        while True:
            above = self.roots[self.roots]
            if np.array_equal(above, self.roots):
                return
            self.roots = above
