"""YUYV, as uncompressed USB cameras give it, is the picture that OpenCV makes of it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from pimotion.errors import PictureError
from pimotion.picture import Picture
from pimotion.pixels import Pixels, View, as_pixels

RIGHT, DOWN = np.meshgrid(np.linspace(40, 220, 128), np.linspace(30, 200, 96))
BGR = np.dstack([RIGHT, DOWN, 255 - RIGHT]).astype(np.uint8)
"""Red on the left, blue on the right, greener further down."""


def packed(bgr: Pixels = BGR) -> Pixels:
    return as_pixels(cv2.cvtColor(bgr, cv2.COLOR_BGR2YUV_YUY2))


def difference(ours: Pixels, theirs: Pixels) -> float:
    """Mean, in levels of 255."""
    return float(np.abs(ours.astype(int) - theirs).mean())


def test_its_colours_are_opencv_s() -> None:
    picture = Picture.from_yuyv(packed())
    assert (picture.width, picture.height) == (128, 96)
    assert picture.is_planar
    assert (picture.bgr() == cv2.cvtColor(packed(), cv2.COLOR_YUV2BGR_YUY2)).all()


@pytest.mark.parametrize("width", [None, 64, 50])
def test_its_grey_is_that_of_the_picture(width: int | None) -> None:
    """Video range: taken for full range, it would be flat, and motion harder to see."""
    ours, theirs = Picture.from_yuyv(packed()).luma(width), Picture.from_bgr(BGR).luma(width)
    assert ours.shape == theirs.shape
    assert difference(ours, theirs) < 1.5


@pytest.mark.parametrize("height", [96, 95, 1])
@pytest.mark.parametrize("width", [None, 64, 50])
def test_its_planes_are_those_of_the_picture(width: int | None, height: int) -> None:
    bgr = BGR[:height]
    ours, theirs = Picture.from_yuyv(packed(bgr)).yuv(width), Picture.from_bgr(bgr).yuv(width)
    for name in ("y", "u", "v"):
        plane, expected = getattr(ours, name), getattr(theirs, name)
        assert plane.shape == expected.shape, name
        assert difference(plane, expected) < 2, name


def test_a_view_and_a_jpeg_of_it() -> None:
    view = View(rotate=90, flip="horizontal", privacy_masks=(((0, 0), (0.5, 0), (0.5, 0.5)),))
    seen, expected = (
        each.viewed(view) for each in (Picture.from_yuyv(packed()), Picture.from_bgr(BGR))
    )
    assert (seen.width, seen.height) == (96, 128)
    decoded = Picture.from_jpeg(seen.jpeg(90)).bgr()
    assert difference(decoded, expected.bgr()) < 6
    assert (decoded[2:20, 30:46] < 12).all(), "the mask is black"


def test_nobody_can_write_on_it_and_it_is_not_copied() -> None:
    pixels = packed()
    picture = Picture.from_yuyv(pixels)
    for made in (picture.bgr(), picture.luma(), picture.yuv().u):
        assert not made.flags.writeable
    assert pixels.flags.writeable, "whose it is may go on"


@pytest.mark.parametrize(
    "wrong",
    [
        np.zeros((4, 5, 2), np.uint8),
        np.zeros((4, 4, 3), np.uint8),
        np.zeros((4, 8), np.uint8),
        np.zeros((4, 4, 2), np.uint16),
        np.zeros((0, 4, 2), np.uint8),
    ],
    ids=["odd width", "three channels", "one row", "16 bits", "nothing"],
)
def test_what_is_no_yuyv_is_an_error_of_ours(wrong: Pixels) -> None:
    with pytest.raises(PictureError):
        Picture.from_yuyv(wrong)
