"""Pictures: the hash is PDQ's to the bit, and a copy is recognised through what copyists do."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from goldline.core.errors import GoldlineError
from goldline.market.likeness.gallery import Gallery, cropped, trimmed
from goldline.market.likeness.picture import distance, pdq

cv2: Any = pytest.importorskip("cv2")
Picture = NDArray[np.uint8]

# Height, width, seed, and what pdqhash 0.2.8 (the reference implementation) makes of `waves` of them.
GOLDEN = [
    (640, 640, 0, "90dd738193adf1b8a5624fc887e2298816eaad55a9560fffa8d68f84a9212faa"),
    (720, 1280, 1, "7a20f86252c247d3d2c777d3d44627c46a9737bc6282c2b81ef786b8fc6381cc"),
    (300, 200, 2, "f080a5950ed725a15d0071d58b1f747fdbc3f066a5434c3fa3534456abfc4c39"),
    (1000, 750, 3, "fa02d560fa418097bb0a2a1f10fe7e9e18fc209b1afc7a893af3b0914aaa7a9f"),
    (64, 64, 4, "c7550f1d5aff3341ea51b9aa4b55fe0050aa522a446bf6c0047ffed54484f6c5"),
    (5, 7, 5, "93263d286cd9c2d7487de58b99264a75e6d33d2893263d286cd9c2d7192ce58b"),
    (129, 257, 6, "7f3fd56843cf95688bcd9f69b45de06833526626aca2e16425514f67d801e863"),
    (97, 131, 7, "a7a1066aa7ffed4b78baad6b389e72b491e17a4ed0a1730ed2207244d3805d2e"),
    (128, 128, 8, "ae027bd5aa32f6db5db4fbc0fd8af82692c8040753cdae71a2af061c50ed056c"),
    (33, 640, 9, "0aaeddc8ab9d42770f89752e495d1737894ed23482483e36cbfdaa2e005557d5"),
    (1920, 1080, 10, "009f7d70c107023dd5e883d585eeab142a4583f7fe0db4b8fe22dca8bb7094bc"),
]


def waves(height: int, width: int, seed: int) -> Picture:
    """A picture made of waves in three colours; the same for ever."""
    chance = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    picture = np.zeros((height, width, 3))
    for colour in range(3):
        for _ in range(6):
            across, down, phase = chance.uniform(0.5, 9), chance.uniform(0.5, 9), chance.uniform(0, 6.28)
            strength = chance.uniform(10, 50)
            picture[..., colour] += strength * np.sin(2 * np.pi * (across * x / width + down * y / height) + phase)
    return np.clip(picture + 128, 0, 255).astype(np.uint8)


def patches(seed: int, side: int = 256) -> Picture:
    """A picture of overlapping boxes and discs, more like a scene than waves are."""
    chance = np.random.default_rng(seed)
    picture = np.full((side, side, 3), chance.integers(0, 255, 3), np.uint8)
    for _ in range(30):
        colour = tuple(int(each) for each in chance.integers(0, 255, 3))
        x, y, size = (int(each) for each in chance.integers(0, side, 3))
        if chance.random() < 0.5:
            cv2.rectangle(picture, (x, y), (x + size // 2, y + size // 3), colour, -1)
        else:
            cv2.circle(picture, (x, y), size // 4, colour, -1)
    return picture


@pytest.mark.parametrize(("height", "width", "seed", "golden"), GOLDEN)
def test_the_hash_is_that_of_the_reference(height: int, width: int, seed: int, golden: str) -> None:
    """Square, wide, tall, odd, tiny: all 256 bits."""
    assert str(pdq(waves(height, width, seed))) == golden


def test_quality_tells_a_wall_from_a_scene() -> None:
    """A grey wall has nothing to see; a scene has."""
    assert pdq(np.full((90, 120), 70, np.uint8)).quality == 0
    assert pdq(patches(1)).quality > 50


def test_turns_and_mirrors_need_no_second_look() -> None:
    """The eight hashes worked out from one are near those of the pictures turned and mirrored, and unlike strangers'.

    Not equal: PDQ looks at a pixel a little below and right of each middle, which a turn puts elsewhere.
    """
    picture = patches(2)
    made = pdq(picture).dihedral()
    laid = [np.rot90(way, turn) for way in (picture, picture.swapaxes(0, 1)) for turn in range(4)]
    for each in laid:
        assert distance(made, pdq(np.ascontiguousarray(each)).bits).min() <= 48
    assert distance(pdq(picture).mirrored, pdq(np.ascontiguousarray(picture[:, ::-1])).bits) <= 31


def _jpeg(picture: Picture) -> Picture:
    return np.asarray(cv2.imdecode(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 30])[1], 1), np.uint8)


COPIES: dict[str, Callable[[Picture], Picture]] = {
    "jpeg": _jpeg,
    "a quarter of the size": lambda picture: cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA),
    "brighter": lambda picture: cv2.convertScaleAbs(picture, alpha=1.1, beta=15),
    "cropped by 2 %": lambda picture: cropped(picture, 0.02),
    "cropped by 5 %": lambda picture: cropped(picture, 0.05),
    "mirrored": lambda picture: np.ascontiguousarray(picture[:, ::-1]),
    "framed": lambda picture: cv2.copyMakeBorder(picture, 16, 16, 16, 16, cv2.BORDER_CONSTANT, value=(255, 255, 255)),
    "written on": lambda picture: cv2.putText(picture.copy(), "SALE", (12, 246), 0, 0.6, (255, 255, 255), 1),
}


@pytest.fixture(scope="module")
def gallery() -> Gallery:
    """Thirty pictures."""
    made = Gallery()
    for seed in range(30):
        assert made.add(str(seed), patches(seed))
    return made


@pytest.mark.parametrize("how", COPIES)
def test_copies_are_recognised(gallery: Gallery, how: str) -> None:
    """Of thirty pictures so copied at least 28 are found, and none for another."""
    found = [[sight.name for sight in gallery.find(COPIES[how](patches(seed)))] for seed in range(30)]
    assert sum(names == [str(seed)] for seed, names in enumerate(found)) >= 28
    assert all(set(names) <= {str(seed)} for seed, names in enumerate(found))


def test_strangers_are_not_recognised(gallery: Gallery) -> None:
    """Pictures that were never added, and a wall, are nobody's copy."""
    assert not any(gallery.find(patches(seed)) for seed in range(100, 140))
    assert gallery.find(np.full((90, 120), 70, np.uint8)) == []
    assert Gallery().find(patches(1)) == []


def test_a_turned_picture_is_found_when_asked_for(gallery: Gallery) -> None:
    """By quarters, with `dihedral`; without it a picture on its side is another."""
    turned = np.ascontiguousarray(np.rot90(patches(3)))
    assert [sight.name for sight in gallery.find(turned, dihedral=True)] == ["3"]
    assert gallery.find(turned) == []


def test_a_frame_is_trimmed_and_a_scene_is_not() -> None:
    """Only rows and columns of one colour go, a quarter of a side at most."""
    picture = waves(80, 60, 1)
    framed = cv2.copyMakeBorder(picture, 6, 9, 3, 0, cv2.BORDER_CONSTANT, value=(0, 0, 0))
    assert np.array_equal(trimmed(framed), picture)
    assert trimmed(np.zeros((40, 40), np.uint8)).shape == (40, 40)


@pytest.mark.parametrize("shape", [(4, 90, 3), (90, 90, 4), (90,)])
def test_what_is_no_picture_is_refused(shape: tuple[int, ...]) -> None:
    """Too small, with transparency, or no area at all: one sentence that says what to give."""
    with pytest.raises(GoldlineError, match="no picture"):
        pdq(np.zeros(shape, np.uint8))


def test_without_opencv_the_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever installed without the extra reads how to add it."""
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(GoldlineError, match="not installed") as said:
        pdq(waves(200, 200, 1))
    assert said.value.code == "images_missing"
    assert "goldline[images]" in str(said.value)
