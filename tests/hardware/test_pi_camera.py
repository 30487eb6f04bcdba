"""The real picamera2 and libcamera: on a Pi, or over libcamera's virtual camera.

``PIMOTION_PI_STANDIN`` names a module that lets picamera2 drive a virtual camera, and
``PIMOTION_PI_CONTROL`` a file: while it holds the word ``hang``, no picture comes.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

pytest.importorskip("picamera2")

from pimotion.cameras import found_cameras
from pimotion.capture.factory import source_for
from pimotion.capture.picamera import picamera_models
from pimotion.capture.source import Source
from pimotion.config.camera import Camera
from pimotion.config.controls import Controls
from pimotion.errors import SourceLost

pytestmark = pytest.mark.filterwarnings("ignore:setDaemon:DeprecationWarning")  # picamera2's own


def source(**settings: object) -> Source:
    wanted = {"source": "picamera", "width": 640, "height": 480, "fps": 15, **settings}
    return source_for(Camera.model_validate(wanted))


def test_it_is_listed() -> None:
    assert picamera_models()
    assert found_cameras()[0].source == "picamera"


def test_pictures_come_as_planes_in_order_again_and_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    camera = source()
    for _ in range(3):
        camera.open()
        captured = [camera.read() for _ in range(15)]
        camera.close()
        times = [each.monotonic_s for each in captured]
        assert times == sorted(times)
        picture = captured[-1].picture
        assert picture.is_planar
        assert (picture.width, picture.height) == (640, 480)
        assert picture.luma(320).std() > 5, "a picture of something"
    agreed = "camera agreed device=picamera:0 format=YUV420 size=640x480+320x240"
    assert [each for each in caplog.messages if each.startswith("camera agreed")] == [agreed] * 3


def test_one_that_is_not_there_is_a_reason_in_words() -> None:
    with pytest.raises(SourceLost, match="no Pi camera number 7"):
        source(source="picamera:7").open()


@pytest.mark.skipif("PIMOTION_PI_STANDIN" not in os.environ, reason="a real one may have a lens")
def test_a_control_that_it_has_not_is_a_reason_in_words_and_it_is_let_go() -> None:
    camera = source(controls=Controls(focus=1))
    for _ in range(3):
        with pytest.raises(SourceLost, match="no control focus; it has"):
            camera.open()
    free = source()
    free.open()
    free.read()
    free.close()


@pytest.mark.skipif("PIMOTION_PI_CONTROL" not in os.environ, reason="a real one cannot be told")
def test_a_hanging_one_is_lost_in_time_and_comes_back() -> None:
    control = Path(os.environ["PIMOTION_PI_CONTROL"])
    camera = source()
    camera.open()
    camera.read()
    control.write_text("hang")
    try:
        began_s = time.monotonic()
        with pytest.raises(SourceLost, match="no picture for 5 s"):
            _read_for_ever(camera)
        camera.close()
        assert time.monotonic() - began_s < 9
    finally:
        control.write_text("")
    camera.open()
    camera.read()
    camera.close()


def _read_for_ever(camera: Source) -> None:
    while True:
        camera.read()
