"""Real V4L2 drivers: vivid, and uvcvideo over a USB camera that does what it is told.

``PIMOTION_USB_CONTROL`` names the FIFO by which the camera is told.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from hardware.usb_control import plugged_in, tell
from pimotion.cameras import FoundCamera, found_cameras
from pimotion.capture.factory import source_for
from pimotion.capture.source import Captured, Source
from pimotion.capture.v4l2_device import V4l2Device
from pimotion.config.camera import Camera
from pimotion.config.controls import Controls
from pimotion.errors import SourceLost
from pimotion.pixels import View

BRIGHTNESS, CONTRAST = 0x980900, 0x980901
LOST_S = 5.0
"""In this time a camera that is gone or hangs must be lost, and one that is back be live."""
PATIENCE_S = 20.0


def _named(part: str) -> FoundCamera:
    for camera in found_cameras():
        if part in camera.name:
            return camera
    pytest.skip(f"there is no camera called {part}")


@pytest.fixture
def vivid() -> FoundCamera:
    return _named("vivid")


@pytest.fixture
def usb() -> Iterator[FoundCamera]:
    source = plugged_in()
    yield next(each for each in found_cameras() if each.source == source)
    tell("resume")


def opened(camera: FoundCamera, **settings: object) -> Source:
    wanted = {"source": camera.source, "width": 320, "height": 240, "fps": 15, **settings}
    source = source_for(Camera.model_validate(wanted))
    source.open()
    return source


def seconds_until_lost(source: Source) -> float:
    began_s = time.monotonic()
    with suppress(SourceLost):
        while time.monotonic() - began_s < PATIENCE_S:
            source.read()
        pytest.fail("it goes on giving pictures")
    return time.monotonic() - began_s


def seconds_until_live(source: Source) -> float:
    began_s = time.monotonic()
    while time.monotonic() - began_s < PATIENCE_S:
        try:
            source.open()
            source.read()
        except SourceLost:
            source.close()
            time.sleep(0.1)
        else:
            return time.monotonic() - began_s
    pytest.fail("it never came back")


def _many(source: Source, count: int) -> list[Captured]:
    return [source.read() for _ in range(count)]


def test_it_is_listed_with_its_formats_and_controls(vivid: FoundCamera) -> None:
    assert vivid.source.startswith("v4l2:/dev/v4l/by-")
    assert {each.fourcc for each in vivid.formats} >= {"YUYV"}
    assert vivid.controls["brightness"] == "0 to 255"


def test_controls_reach_the_driver_and_are_read_back(
    vivid: FoundCamera, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    source = opened(vivid, controls=Controls(brightness=200, contrast=30))
    try:
        bright = source.read().picture.luma().mean()
        with V4l2Device(Path(vivid.source.removeprefix("v4l2:"))) as device:
            assert (device.value(BRIGHTNESS), device.value(CONTRAST)) == (200, 30)
    finally:
        source.close()
    assert "brightness=200 contrast=30" in caplog.messages[-1]
    source = opened(vivid, controls=Controls(brightness=20, contrast=30))
    try:
        assert source.read().picture.luma().mean() < bright - 50
    finally:
        source.close()


def test_pixels_without_jpeg_come_as_they_are_and_stay(vivid: FoundCamera) -> None:
    """The driver fills its few buffers again and again; a picture must not lie in one."""
    source = opened(vivid, width=640, height=360, controls=Controls(brightness=60))
    try:
        first = source.read().picture
        at_once = first.viewed(View()).luma()
        with V4l2Device(Path(vivid.source.removeprefix("v4l2:"))) as device:
            device.set(BRIGHTNESS, 200)
        later = _many(source, 10)[-1].picture.luma()
    finally:
        source.close()
    assert first.is_planar, "OpenCV has made BGR of it"
    assert later.mean() > at_once.mean() + 20, "the driver's buffers hold other pictures now"
    assert (first.viewed(View()).luma() == at_once).all(), "it was written over"
    assert first.bgr().shape == (360, 640, 3)


def test_what_the_driver_has_not_is_a_reason_in_words(vivid: FoundCamera) -> None:
    with pytest.raises(SourceLost, match=r"brightness must be 0 to 255 at /dev/v4l.*, got 300"):
        opened(vivid, controls=Controls(brightness=300))
    with pytest.raises(SourceLost, match=r"no control focus; it has .*brightness"):
        opened(vivid, controls=Controls(focus=1))


def test_a_usb_camera_s_jpegs_are_passed_on(usb: FoundCamera) -> None:
    source = opened(usb)
    try:
        captured = _many(source, 20)
    finally:
        source.close()
    assert all(each.picture.camera_jpeg is not None for each in captured)
    times = [each.monotonic_s for each in captured]
    assert times == sorted(times)


def test_unplugged_it_is_lost_and_plugged_in_again_it_is_live(
    usb: FoundCamera, record_property: Callable[[str, object], None]
) -> None:
    source = opened(usb)
    source.read()
    tell("unplug")
    lost_s = seconds_until_lost(source)
    source.close()
    tell("plug")
    live_s = seconds_until_live(source)
    source.close()
    record_property("lost_s", lost_s)
    record_property("live_s", live_s)
    assert lost_s < LOST_S
    assert live_s < LOST_S


def test_a_hanging_camera_is_lost_and_comes_back(
    usb: FoundCamera, record_property: Callable[[str, object], None]
) -> None:
    source = opened(usb)
    source.read()
    tell("stall")
    lost_s = seconds_until_lost(source)
    source.close()
    tell("resume")
    live_s = seconds_until_live(source)
    source.close()
    record_property("lost_s", lost_s)
    record_property("live_s", live_s)
    assert lost_s < LOST_S
    assert live_s < LOST_S


@pytest.mark.parametrize("how", ["garbage 3", "truncate 3"])
def test_broken_pictures_are_left_out(usb: FoundCamera, how: str) -> None:
    """OpenCV would give the picture before once more, or mix the two: motion that never was."""
    source = opened(usb)
    try:
        source.read()
        tell(how)
        pictures = [each.picture for each in _many(source, 20)]
    finally:
        source.close()
    for picture in pictures:
        assert picture.bgr().shape == (240, 320, 3)
    half = pictures[0].luma().shape[0] // 2
    tears = [abs(int(p.luma()[half - 1].mean()) - int(p.luma()[half].mean())) for p in pictures]
    assert max(tears) < 40
