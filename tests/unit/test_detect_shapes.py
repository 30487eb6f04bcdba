"""Pictures of odd shapes: looked at, or refused in words."""

from __future__ import annotations

import numpy as np
import pytest

from pimotion.config.camera import Detect
from pimotion.detect.detector import Detector
from pimotion.errors import PictureError
from pimotion.picture import Picture
from pimotion.types import Frame


@pytest.mark.parametrize("method", ["adaptive", "running_average", "mog2"])
@pytest.mark.parametrize("size", [(1, 1), (1, 400), (400, 1), (4000, 8), (16, 16)])
def test_a_picture_that_is_too_flat_to_look_at_is_a_broken_one(
    method: str, size: tuple[int, int]
) -> None:
    """It ended the thread, and with it the daemon."""
    watching = Detector(Detect(method=method), zones={})
    with pytest.raises(PictureError, match=rf"{size[0]}x{size[1]} px is too small"):
        watching.detect(pictured(size))


@pytest.mark.parametrize("method", ["adaptive", "running_average", "mog2"])
@pytest.mark.parametrize("size", [(20, 20), (4, 200), (8, 4000), (1280, 16), (5000, 100)])
def test_a_small_or_flat_one_is_looked_at(method: str, size: tuple[int, int]) -> None:
    watching = Detector(Detect(method=method), zones={})
    for index in range(60):
        found = watching.detect(pictured(size, index))
    assert all(box.x + box.width <= size[0] for box in found.boxes)


def pictured(size: tuple[int, int], index: int = 0) -> Frame:
    image = np.random.default_rng(index).integers(90, 110, (size[1], size[0], 3), np.uint8)
    time_s = index / 10
    return Frame(Picture.from_bgr(image), index, time_s, time_s, None, 1)
