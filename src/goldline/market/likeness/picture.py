"""Pictures: the perceptual hash PDQ, of 256 bits, with its quality from 0 to 100.

The published algorithm (PDQ, 2017), bit for bit: luma, two passes of a box filter, a sample of 64 x 64, the sixteen
lowest frequencies each way, and of each whether it is above the median. Needs the extra `images`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from goldline.core.errors import GoldlineError

SIDE: Final = 64
FREQUENCIES: Final = 16
WORDS: Final = FREQUENCIES * FREQUENCIES // 64  # of 64 bits in a hash
SMALLEST: Final = 5  # pixels a side; smaller pictures have no hash
_PASSES: Final = 2
# Pixels in each window, by the picture's size: most pictures of a day have one of few sizes.
_COUNTS: Final[dict[tuple[int, int], NDArray[np.float32]]] = {}
_COUNTS_MOST: Final = 16
_LUMA: Final = np.array([0.299, 0.587, 0.114], np.float32)
_MEDIAN_PLACE: Final = (FREQUENCIES * FREQUENCIES - 1) // 2  # the lower of the two in the middle
_WAVES: Final = (
    np.sqrt(2 / SIDE) * np.cos(np.pi / 2 / SIDE * np.outer(np.arange(1, FREQUENCIES + 1), 2 * np.arange(SIDE) + 1))
).astype(np.float32)

Pixels = NDArray[np.uint8]
Bits = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Pdq:
    """A picture's frequencies, from which its hash, and those of its mirror images and turns, follow."""

    frequencies: NDArray[np.float32]
    quality: int

    @property
    def bits(self) -> Bits:
        """The hash as four words."""
        return _bits(self.frequencies)

    @property
    def mirrored(self) -> Bits:
        """The hash of the picture with left and right exchanged."""
        return _bits(self.frequencies * _ODD[None, :])

    def dihedral(self) -> Bits:
        """The hashes of the eight ways to lay the picture down, turned by quarters and mirrored, a row each."""
        rows, columns = self.frequencies * _ODD[:, None], self.frequencies * _ODD[None, :]
        both = rows * _ODD[None, :]
        laid = [self.frequencies, columns, rows, both]
        return np.stack([_bits(each) for each in [*laid, *(each.T for each in laid)]])

    def __str__(self) -> str:
        """As others write it: 64 hexadecimal digits, the highest frequency first."""
        return "".join(f"{int(word):016x}" for word in self.bits[::-1])


# A mirror image changes the sign of every wave that is odd about the middle: the first, the third and so on.
_ODD: Final = np.where(np.arange(FREQUENCIES) % 2 == 0, -1, 1).astype(np.float32)


def opencv() -> Any:
    """OpenCV. Raises GoldlineError('images_missing') where the extra is not installed."""
    try:
        import cv2
    except ImportError as fault:
        raise GoldlineError(
            "Pictures and video cannot be read here: OpenCV is not installed.",
            code="images_missing",
            hint="Install the extra: pip install 'goldline[images]'.",
        ) from fault
    return cv2


def pdq(pixels: Pixels) -> Pdq:
    """The PDQ of a picture: height x width x 3 in the order red, green, blue, or height x width of grey.

    Raises GoldlineError('picture') for one that is no such array, or smaller than five pixels a side.
    """
    if pixels.ndim not in (2, 3) or (pixels.ndim == 3 and pixels.shape[2] != 3) or min(pixels.shape[:2]) < SMALLEST:
        raise GoldlineError(
            f"An array of {' x '.join(map(str, pixels.shape))} is no picture that can be hashed.",
            code="picture",
            hint=f"Give height x width x 3 (red, green, blue) or height x width, {SMALLEST} pixels a side or more.",
        )
    small = _small(_luma(pixels))
    return Pdq(_WAVES @ small @ _WAVES.T, _quality(small))


def distance(left: Bits, right: Bits) -> NDArray[np.int64]:
    """In how many of 256 bits hashes differ; arrays are set against each other as NumPy does."""
    apart: NDArray[np.int64] = np.bitwise_count(left ^ right).sum(axis=-1, dtype=np.int64)
    return apart


def _luma(pixels: Pixels) -> NDArray[np.float32]:
    if pixels.ndim == 2:
        return pixels.astype(np.float32)
    red, green, blue = (pixels[..., channel].astype(np.float32) for channel in range(3))
    luma: NDArray[np.float32] = _LUMA[0] * red + _LUMA[1] * green + _LUMA[2] * blue
    return luma


def _small(luma: NDArray[np.float32]) -> NDArray[np.float32]:
    """Blurred and sampled down to 64 x 64."""
    height, width = luma.shape
    if (height, width) == (SIDE, SIDE):
        return luma
    cv2 = opencv()
    counts = _blurred(np.ones_like(luma), cv2) if (height, width) not in _COUNTS else _COUNTS[height, width]
    if len(_COUNTS) < _COUNTS_MOST:
        _COUNTS[height, width] = counts
    for _ in range(_PASSES):
        # At the edges the mean is of what is there.
        luma = _blurred(luma, cv2) / counts
    steps = np.arange(SIDE) + 0.5
    rows, columns = (steps * height / SIDE).astype(np.int64), (steps * width / SIDE).astype(np.int64)
    small: NDArray[np.float32] = luma[np.ix_(rows, columns)]
    return small


def _blurred(luma: NDArray[np.float32], cv2: Any) -> NDArray[np.float32]:
    """The sum of each pixel's window; an even window has its middle left of and above its centre."""
    height, width = luma.shape
    window = ((width + 2 * SIDE - 1) // (2 * SIDE), (height + 2 * SIDE - 1) // (2 * SIDE))
    anchor = ((window[0] - 1) // 2, (window[1] - 1) // 2)
    sums: NDArray[np.float32] = cv2.boxFilter(
        luma, cv2.CV_32F, window, anchor=anchor, normalize=False, borderType=cv2.BORDER_CONSTANT
    )
    return sums


def _quality(small: NDArray[np.float32]) -> int:
    """How much there is to see: steps of brightness between neighbours, each cut to whole hundredths."""
    steps = sum(int(np.abs((np.diff(small, axis=axis) * 100 / 255).astype(np.int64)).sum()) for axis in (0, 1))
    return min(100, steps // 90)


def _bits(frequencies: NDArray[np.float32]) -> Bits:
    flat = frequencies.ravel()
    above = flat > np.partition(flat, _MEDIAN_PLACE)[_MEDIAN_PLACE]
    words: Bits = np.packbits(above, bitorder="little").view("<u8").astype(np.uint64)
    return words
