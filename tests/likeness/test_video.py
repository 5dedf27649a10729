"""Video: clips that were cut, sped up, mirrored or written on are recognised, in files that are really written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from goldline.core.errors import GoldlineError
from goldline.market.likeness.video import Footage, footage, match
from tests.likeness.test_picture import Picture, patches

cv2: Any = pytest.importorskip("cv2")
RATE = 8
SHOTS = range(200, 206)


def scene(seed: int, frames: int = 2 * RATE) -> list[Picture]:
    """A shot of two seconds over which the camera moves a little."""
    wide = patches(seed, 176)
    return [np.ascontiguousarray(wide[4:164, step // 4 : 160 + step // 4]) for step in range(frames)]


def film(seeds: Sequence[int]) -> list[Picture]:
    """Shots one after the other."""
    return [frame for seed in seeds for frame in scene(seed)]


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Callable[[list[Picture]], Footage]:
    """Write frames to a file and read it back."""
    folder = tmp_path_factory.mktemp("video")

    def write(frames: list[Picture]) -> Footage:
        path = folder / f"{len(list(folder.iterdir()))}.avi"
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), RATE, frames[0].shape[1::-1])
        for frame in frames:
            writer.write(frame)
        writer.release()
        return footage(path)

    return write


@pytest.fixture(scope="module")
def original(shown: Callable[[list[Picture]], Footage]) -> Footage:
    """Six shots of two seconds."""
    return shown(film(SHOTS))


def _written_on(frame: Picture) -> Picture:
    return np.asarray(cv2.putText(frame.copy(), "SALE", (6, 152), 0, 0.4, (255, 255, 255), 1), np.uint8)


CHANGES: dict[str, Callable[[], list[Picture]]] = {
    "as it is": lambda: film(SHOTS),
    "in another order": lambda: film([*SHOTS][::-1]),
    "half as fast again": lambda: [frame for place, frame in enumerate(film(SHOTS)) if place % 3],
    "mirrored": lambda: [np.ascontiguousarray(frame[:, ::-1]) for frame in film(SHOTS)],
    "written on": lambda: [_written_on(frame) for frame in film(SHOTS)],
    "within a longer one": lambda: film([300, *SHOTS, 301]),
    "smaller": lambda: [cv2.resize(frame, (96, 96), interpolation=cv2.INTER_AREA) for frame in film(SHOTS)],
}


@pytest.mark.parametrize("how", CHANGES)
def test_a_copy_is_recognised(shown: Callable[[list[Picture]], Footage], original: Footage, how: str) -> None:
    """At least four fifths of the original's frames are in the copy."""
    assert match(shown(CHANGES[how]()), original).same


def test_a_clip_says_how_much_it_took(shown: Callable[[list[Picture]], Footage], original: Footage) -> None:
    """Half of a film among other shots is half of it, and half of the clip."""
    found = match(shown(film([200, 201, 202, 310, 311, 312])), original)
    assert not found.same
    assert 0.3 < found.compared < 0.7
    assert 0.3 < found.asked < 0.7


def test_strangers_share_nothing(shown: Callable[[list[Picture]], Footage], original: Footage) -> None:
    """Another film, and one in which there is nothing to see."""
    assert match(shown(film(range(320, 326))), original).compared == 0
    black = shown([np.zeros((160, 160, 3), np.uint8)] * 2 * RATE)
    assert (len(black), match(black, original).compared) == (0, 0)


def test_frames_that_say_nothing_new_are_kept_once(shown: Callable[[list[Picture]], Footage]) -> None:
    """Ten seconds of one picture are one frame."""
    assert len(shown([patches(330, 160)] * 10 * RATE)) == 1


def test_what_is_no_video_is_refused(tmp_path: Path) -> None:
    """A text file with the name of a film: one sentence, with its place."""
    path = tmp_path / "film.mp4"
    path.write_text("no film")
    with pytest.raises(GoldlineError, match=r"film\.mp4: This is no video"):
        footage(path)
