"""Names for the kinds of array the demo market is made of."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.signedinteger[Any]]
Flags = NDArray[np.bool_]
Letters = NDArray[np.uint8]
"""A matrix of ASCII codes, one text of fixed width a row."""

HOUR_S = 3_600
DAY_S = 86_400
