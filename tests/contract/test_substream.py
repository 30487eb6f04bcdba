"""Two streams of one camera: one to look for motion in, one to look at."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import pytest
from cameras.http_camera import HttpCamera
from cameras.pictures import number_of

from pimotion.capture.factory import source_for
from pimotion.capture.source import Captured, Source
from pimotion.capture.substream import SubstreamSource
from pimotion.capture.synthetic import SyntheticSource
from pimotion.config.camera import Camera, Detect
from pimotion.detect.detector import Detector
from pimotion.errors import SourceLost
from pimotion.picture import Picture
from pimotion.types import Frame

LIMIT_S = 7.5
"""5 s for a call, and what a busy machine may take on top."""


@pytest.fixture
def camera() -> Iterator[HttpCamera]:
    with HttpCamera() as made:
        yield made


def both(camera: HttpCamera, large: str, small: str) -> Source:
    detect = Detect(source=camera.url(small))
    return source_for(Camera(source=camera.url(large), detect=detect))


def test_grey_is_the_small_stream_s_and_colour_the_large_one_s() -> None:
    source = SubstreamSource(lambda: SyntheticSource(640, 480, 25), SyntheticSource(320, 240, 25))
    source.open()
    try:
        picture = source.read().picture
    finally:
        source.close()
    assert (picture.width, picture.height) == (640, 480)
    assert picture.bgr().shape == (480, 640, 3)
    own = Picture.from_bgr(picture.bgr()).luma(320)
    assert picture.luma(320).shape == own.shape
    assert (picture.luma(320) != own).any(), "it was scaled down from the large one"


@pytest.mark.parametrize(
    ("large", "small", "words"),
    [
        ("404", "plain", "404"),
        ("plain", "404", r"^detect\.source: .*404"),
        ("end", "plain", "ended the stream"),
        ("plain", "end", r"^detect\.source: .*ended the stream"),
        ("stall", "plain", "no picture for"),
        ("plain", "stall", r"^detect\.source: .*no picture for"),
        ("mute", "plain", "does not answer|no picture"),
    ],
)
def test_what_one_stream_loses_the_camera_has_lost(
    camera: HttpCamera, large: str, small: str, words: str
) -> None:
    """Motion that nobody can look at is as useless as a picture that nobody watches."""
    source = both(camera, large, small)
    with pytest.raises(SourceLost, match=words):
        _read_until_lost(source)
    began_s = time.monotonic()
    source.close()
    assert time.monotonic() - began_s < LIMIT_S


@pytest.mark.parametrize(("large", "small"), [("basic", "plain"), ("plain", "basic")])
def test_a_refused_login_of_either_stream_is_not_tried_again_at_once(
    camera: HttpCamera, large: str, small: str
) -> None:
    """Some cameras lock out who tries too often."""
    source = both(camera, large, small)
    with pytest.raises(SourceLost, match="refuses the login") as lost:
        _read_until_lost(source)
    source.close()
    assert lost.value.forbidden


def _read_until_lost(source: Source) -> None:
    source.open()
    while True:
        began_s = time.monotonic()
        source.read()
        assert time.monotonic() - began_s < LIMIT_S


def test_it_comes_back_with_both_streams(camera: HttpCamera) -> None:
    source = both(camera, "plain", "plain")
    for _ in range(3):
        source.open()
        numbers = [number_of(source.read()) for _ in range(5)]
        source.close()
        assert numbers == sorted(set(numbers))


def test_boxes_are_in_px_of_the_picture_that_people_look_at() -> None:
    """The small stream may even be of another form, as with many cameras."""
    detector = Detector(Detect(method="running_average", warmup_frames=5), zones={})
    large = Picture.from_bgr(np.zeros((720, 1280, 3), np.uint8))
    for index in range(30):
        small = np.full((240, 320, 3), 60, np.uint8)
        if index >= 20:
            small[120:180, 160 + index : 220 + index] = 220
        captured = Captured(large.with_small(Picture.from_bgr(small)), index / 10, index / 10)
        detection = detector.detect(_frame(captured, index))
    (box,) = detection.boxes
    assert box.x == pytest.approx((160 + 29) * 4, abs=24)
    assert box.y == pytest.approx(120 * 3, abs=24)
    assert box.height == pytest.approx(60 * 3, abs=36)


def _frame(captured: Captured, index: int) -> Frame:
    return Frame(captured.picture, index, captured.monotonic_s, captured.time_s, None, 1)
