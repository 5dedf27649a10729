"""Video: a bag of its frames' hashes, one a second, and how much of one video is in another.

Of frames that follow each other and hardly differ, one is kept. A bag has no order and no clock, so that cuts, another
order and another speed change little; every frame is also asked for mirrored.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from goldline.core.errors import GoldlineError
from goldline.market.likeness.gallery import QUALITY_LEAST
from goldline.market.likeness.picture import WORDS, Bits, Pixels, distance, opencv, pdq

DISTANCE_MOST: Final = 31  # bits of 256 within which two frames are one
SAME_MOST: Final = 8  # bits within which the next frame says nothing new
MATCH_LEAST: Final = 0.8  # of the other video's frames
FRAMES_MOST: Final = 7_200  # two hours; of a longer one the rest is not looked at


@dataclass(frozen=True, slots=True)
class Footage:
    """A video's different frames, and the same ones mirrored; a row each."""

    frames: Bits
    mirrored: Bits

    def __len__(self) -> int:
        return len(self.frames)


@dataclass(frozen=True, slots=True)
class Match:
    """How much two videos share, from 0 to 1: of the one asked for, and of the other that it is compared with."""

    asked: float
    compared: float

    @property
    def same(self) -> bool:
        """Whether enough of the other video is in the one asked for."""
        return self.compared >= MATCH_LEAST


def footage(path: Path, frames_a_second: float = 1.0) -> Footage:
    """Read a video file. Raises GoldlineError: 'video' for one that cannot be read, 'images_missing'."""
    kept: list[tuple[Bits, Bits]] = []
    for pixels in _frames(path, frames_a_second):
        seen = pdq(pixels)
        if seen.quality >= QUALITY_LEAST and (not kept or distance(kept[-1][0], seen.bits) > SAME_MOST):
            kept.append((seen.bits, seen.mirrored))
    rows = np.array(kept, np.uint64).reshape(-1, 2, WORDS)
    return Footage(rows[:, 0], rows[:, 1])


def match(asked: Footage, compared: Footage, distance_most: int = DISTANCE_MOST) -> Match:
    """How much of two videos is the same, as they are or with the one asked for mirrored, whichever is more."""
    if not len(asked) or not len(compared):
        return Match(0.0, 0.0)
    ways = [_overlap(frames, compared.frames, distance_most) for frames in (asked.frames, asked.mirrored)]
    return max(ways, key=lambda way: (way.compared, way.asked))


def _overlap(asked: Bits, compared: Bits, distance_most: int) -> Match:
    near = distance(asked[:, None, :], compared[None, :, :]) <= distance_most
    return Match(float(near.any(axis=1).mean()), float(near.any(axis=0).mean()))


def _frames(path: Path, frames_a_second: float) -> Iterator[Pixels]:
    """Frames in red, green and blue, so many for each second of the video's own time."""
    cv2 = opencv()
    reel: Any = cv2.VideoCapture(str(path))
    try:
        rate = float(reel.get(cv2.CAP_PROP_FPS)) if reel.isOpened() else 0.0
        if not rate > 0:
            hint = "Give a whole file, as .mp4 or .avi; play it to see whether it is sound."
            raise GoldlineError("This is no video that can be read.", code="video", where=str(path), hint=hint)
        yield from _sampled(reel, rate / frames_a_second)
    finally:
        reel.release()


def _sampled(reel: Any, step: float) -> Iterator[Pixels]:
    """Every frame that lies `step` after the last one taken; the others are passed over without being decoded."""
    number, taken = 0, 0
    while taken < FRAMES_MOST and reel.grab():
        if number >= taken * step:
            sound, pixels = reel.retrieve()
            if not sound:
                return
            taken += 1
            yield np.ascontiguousarray(pixels[..., ::-1]) if pixels.ndim == 3 else pixels
        number += 1
