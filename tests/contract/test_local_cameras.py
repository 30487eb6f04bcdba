"""The Pi's and USB cameras, with fakes of picamera2 and OpenCV that do what real ones did.

There is no such hardware here. The fakes behave as measured on real drivers in a virtual machine;
the real ones are tested with the marker `hardware`.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import cv2
import numpy as np
import pytest
from cameras.pi_camera import Picamera2, target_of
from cameras.pictures import SCENE, jpeg, number_of
from waiting import wait_until

from pimotion.capture import picamera, v4l2
from pimotion.capture.auto import AutoSource
from pimotion.capture.factory import found_camera
from pimotion.capture.picamera import PicameraSource
from pimotion.capture.v4l2 import V4l2Source
from pimotion.config.controls import Controls
from pimotion.errors import SourceLost
from pimotion.picture import Picture

WIDTH, HEIGHT = 320, 240


@pytest.fixture
def pi(monkeypatch: pytest.MonkeyPatch) -> type[Picamera2]:
    """A machine with picamera2 and one camera."""
    libcamera, module = ModuleType("libcamera"), ModuleType("picamera2")
    libcamera.ColorSpace = type("ColorSpace", (), {"Sycc": staticmethod(lambda: "Sycc")})  # type: ignore[attr-defined]
    module.Picamera2 = Picamera2  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "libcamera", libcamera)
    monkeypatch.setitem(sys.modules, "picamera2", module)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    monkeypatch.setattr(picamera, "_CLOSE_TIMEOUT_S", 0.2)
    for name, value in list(vars(Picamera2).items()):
        if isinstance(value, int | str) and not name.startswith("__"):
            monkeypatch.setattr(Picamera2, name, value)
    monkeypatch.setattr(Picamera2, "made", [])
    monkeypatch.setattr(Picamera2, "says", {})
    monkeypatch.setattr(Picamera2, "knobs", {})
    return Picamera2


def _pi_source(number: int = 0) -> PicameraSource:
    return PicameraSource(number, width=WIDTH, height=HEIGHT, fps=25)


def test_the_pi_s_pictures_come_in_order_and_every_buffer_goes_back(pi: type[Picamera2]) -> None:
    source = _pi_source()
    source.open()
    captured = [source.read() for _ in range(20)]
    source.close()
    source.close()
    assert [number_of(each) for each in captured] == list(range(20))
    assert pi.made[0].calls == ["start", "cancel", "stop", "close"]
    picture = captured[0].picture
    assert picture.is_planar
    assert not picture.luma().flags.writeable
    assert np.abs(picture.bgr().astype(int) - SCENE.image(0)).mean() < 3, "rows are out of step"


def test_the_pi_makes_the_detector_s_small_picture_itself(pi: type[Picamera2]) -> None:
    """Its planes are used as they come; nothing is scaled."""
    source = PicameraSource(0, width=WIDTH, height=HEIGHT, fps=25, small_width=160)
    source.open()
    picture = source.read().picture
    source.close()
    assert pi.made[0].configuration["lores"]["size"] == (160, 120)
    assert (picture.width, picture.height) == (WIDTH, HEIGHT)
    small = Picture.from_bgr(SCENE.image(0)).yuv(160).y
    assert (picture.luma(160) == small).all()
    assert picture.bgr().shape == (HEIGHT, WIDTH, 3)


@pytest.mark.parametrize(
    ("asked", "agreed"),
    [(None, None), (WIDTH, None), (2 * WIDTH, None), (101, (102, 76)), (64, (64, 48))],
)
def test_the_pi_s_small_picture_is_even_and_never_the_larger_one(
    pi: type[Picamera2], asked: int | None, agreed: tuple[int, int] | None
) -> None:
    source = PicameraSource(0, width=WIDTH, height=HEIGHT, fps=25, small_width=asked)
    source.open()
    source.close()
    lores = pi.made[0].configuration["lores"]
    assert (lores and lores["size"]) == agreed


def test_each_of_the_pi_s_pictures_says_how_it_was_exposed(pi: type[Picamera2]) -> None:
    """The detector tells the camera's own doing from the scene's by it."""
    source = _pi_source()
    source.open()
    captured = [source.read() for _ in range(5)]
    source.close()
    for each in captured:
        assert each.exposure is not None
        assert each.exposure.time_s == pytest.approx(0.010 + number_of(each) / 1e6)
        assert each.exposure.gain == pytest.approx(4.0 * 1.5)
        assert each.exposure.colour_gains == (1.25, 1.75)


@pytest.mark.parametrize("clock", [time.CLOCK_BOOTTIME, time.CLOCK_MONOTONIC])
def test_a_pi_s_picture_is_as_old_as_its_sensor_says(pi: type[Picamera2], clock: int) -> None:
    """Waiting in a queue does not make it younger: latency and age are those of the light."""
    source = _pi_source()
    source.open()
    opened_ns = time.clock_gettime_ns(clock)
    wait_until(lambda: time.clock_gettime_ns(clock) > opened_ns + 30_000_000)
    pi.says = {"SensorTimestamp": opened_ns + 10_000_000}
    first = source.read()
    pi.says = {"SensorTimestamp": opened_ns + 20_000_000}
    second = source.read()
    source.close()
    assert second.monotonic_s - first.monotonic_s == pytest.approx(0.01, abs=0.001)
    assert second.time_s > first.time_s > 0


@pytest.mark.parametrize("stamp", [None, 0, -5, 10**30, 10**400, "1", 1.5, True])
def test_a_pi_s_picture_without_a_sound_time_is_of_now(pi: type[Picamera2], stamp: object) -> None:
    source = _pi_source()
    source.open()
    before_s = time.monotonic()
    pi.says = {"SensorTimestamp": stamp}
    captured = source.read()
    source.close()
    assert before_s <= captured.monotonic_s <= time.monotonic()


def test_time_never_goes_back_whatever_the_sensor_says(pi: type[Picamera2]) -> None:
    source = _pi_source()
    source.open()
    first = source.read()
    pi.says = {"SensorTimestamp": time.monotonic_ns() - 2 * 10**9}
    second = source.read()
    source.close()
    assert second.monotonic_s >= first.monotonic_s
    assert second.time_s >= first.time_s >= 0


@pytest.mark.parametrize("key", ["ExposureTime", "AnalogueGain", "DigitalGain"])
@pytest.mark.parametrize("value", [None, 0, -1, float("nan"), float("inf"), 10**400, "1", (1, 2)])
def test_a_pi_camera_that_says_nothing_sound_of_its_exposure_says_nothing(
    pi: type[Picamera2], key: str, value: object
) -> None:
    pi.says = {key: value}
    source = _pi_source()
    source.open()
    captured = source.read()
    source.close()
    assert number_of(captured) == 0
    assert captured.exposure is None


def test_a_pi_camera_without_any_metadata_still_gives_pictures(
    pi: type[Picamera2], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pi, "metadata", lambda self, number: {})
    source = _pi_source()
    source.open()
    captured = [source.read() for _ in range(5)]
    source.close()
    assert [number_of(each) for each in captured] == list(range(5))
    assert [each.exposure for each in captured] == [None] * 5


@pytest.mark.parametrize("value", [None, (0.0, 0.0), (1.5,), (1.5, float("nan")), 1.5, "ab"])
def test_a_pi_camera_without_a_white_balance_still_says_its_exposure(
    pi: type[Picamera2], value: object
) -> None:
    """So it is with the sensor of a night camera, which knows no colours."""
    pi.says = {"ColourGains": value}
    source = _pi_source()
    source.open()
    exposure = source.read().exposure
    source.close()
    assert exposure is not None
    assert exposure.colour_gains is None


@pytest.mark.parametrize(("fps", "limit_s"), [(25, 5), (0.2, 10)])
def test_a_pi_camera_that_hangs_is_lost_and_can_be_opened_again(
    fps: float, limit_s: int, pi: type[Picamera2]
) -> None:
    """One of a picture in 5 s does not hang after 5 s."""
    pi.frame_us = round(1_000_000 / fps)
    source = PicameraSource(0, width=WIDTH, height=HEIGHT, fps=fps)
    source.open()
    source.read()
    pi.hangs = True
    with pytest.raises(SourceLost, match=f"no picture for {limit_s} s"):
        source.read()
    source.close()
    assert "cancel" in pi.made[0].calls, "stop would block for ever"
    pi.hangs = False
    source.open()
    source.read()
    source.close()


def test_a_pi_camera_that_does_not_even_close_is_said_to_hang(pi: type[Picamera2]) -> None:
    source = _pi_source()
    source.open()
    pi.hangs_when_closed = True
    began_s = time.monotonic()
    source.close()
    with pytest.raises(SourceLost, match="does not let go"):
        source.open()
    assert time.monotonic() - began_s < 2


def test_a_pi_camera_that_opens_too_late_is_closed_again(
    pi: type[Picamera2], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody would own it, and it could never be opened again."""
    opening = threading.Event()
    monkeypatch.setattr(pi, "start", lambda self: opening.wait())
    monkeypatch.setattr(picamera, "OPEN_TIMEOUT_S", 0.2)
    source = _pi_source()
    with pytest.raises(SourceLost, match="hangs while it is being opened"):
        source.open()
    with pytest.raises(SourceLost, match="does not let go"):
        source.open()
    opening.set()
    deadline_s = time.monotonic() + 5
    while pi.made[0].calls != ["cancel", "stop", "close"]:
        assert time.monotonic() < deadline_s
        time.sleep(0.01)


def test_a_pi_camera_that_is_missing_or_busy_is_a_reason_in_words(pi: type[Picamera2]) -> None:
    with pytest.raises(SourceLost, match="no Pi camera number 1: 1 found"):
        _pi_source(1).open()
    pi.is_busy = True
    with pytest.raises(SourceLost, match="Device or resource busy"):
        _pi_source().open()


def test_a_pi_camera_that_stays_busy_costs_no_descriptors(pi: type[Picamera2]) -> None:
    """The real one keeps one each time: a night of attempts would use all of them up."""
    pi.is_busy = True
    source = _pi_source()
    for _ in range(20):
        with pytest.raises(SourceLost):
            source.open()
    still_open = {target_of(descriptor) for descriptor in Path("/proc/self/fd").iterdir()}
    assert len(pi.made) == 20
    assert not still_open & {camera.pipe for camera in pi.made}


def test_a_pi_camera_without_access_to_memory_is_let_go(pi: type[Picamera2]) -> None:
    """The buffers come from a device of its own, which a user may not be allowed to open."""
    pi.has_memory = False
    with pytest.raises(SourceLost, match=r"Permission denied.*dma_heap"):
        _pi_source().open()
    assert pi.made[0].calls == ["close"]


def test_a_pi_camera_whose_buffers_fail_is_lost(pi: type[Picamera2]) -> None:
    source = _pi_source()
    source.open()
    pi.buffers_break = True
    with pytest.raises(SourceLost, match="Input/output error"):
        source.read()
    assert pi.made[0].free_buffers == 4, "the request was kept"
    source.close()


def test_a_pi_camera_that_gives_another_format_is_refused(pi: type[Picamera2]) -> None:
    """libcamera replaces a format that it does not have; its bytes would be a wrong picture."""
    pi.format = "NV12"
    with pytest.raises(SourceLost, match="gives NV12, not YUV420"):
        _pi_source().open()
    assert pi.made[0].calls[-1] == "close"


def test_usb_cameras_are_not_the_pi_s(pi: type[Picamera2]) -> None:
    """picamera2 lists those as well, but cannot give their pictures as planes."""
    pi.cameras, pi.usb_cameras = 0, 1
    assert found_camera() != "picamera"
    with pytest.raises(SourceLost, match="no Pi camera number 0: 0 found"):
        _pi_source().open()


def test_a_picamera2_that_does_not_load_is_a_reason_in_words(
    pi: type[Picamera2], monkeypatch: pytest.MonkeyPatch
) -> None:
    """So it is where pip put another numpy over the system's."""

    class Broken(ModuleType):
        def __getattr__(self, name: str) -> object:
            raise ValueError("numpy.dtype size changed")

    monkeypatch.setitem(sys.modules, "picamera2", Broken("picamera2"))
    with pytest.raises(SourceLost, match=r"numpy\.dtype size changed"):
        _pi_source().open()
    assert found_camera() != "picamera"


EXPOSURE = {"ExposureTime": (100, 60000, None), "AnalogueGain": (1.0, 16.0, None)}


def test_the_pi_s_controls_are_set_and_what_became_of_them_is_logged(
    pi: type[Picamera2], caplog: pytest.LogCaptureFixture
) -> None:
    """Here the sensor has steps, and takes the nearest."""
    caplog.set_level("INFO")
    pi.knobs = {
        **EXPOSURE,
        "LensPosition": (0.0, 32.0, 1.0),
        "AfMode": (0, 2, 0),
        "AeFlickerMode": (0, 1, 0),
        "ScalerCrop": ((0, 0, 64, 64), (16, 0, 1000, 800), (0, 0, 1000, 800)),
    }
    pi.says = {"ExposureTime": 9980, "AnalogueGain": 2.0, "LensPosition": 0.5}
    asked = Controls(
        exposure_ms=10,
        gain=2,
        focus=0.5,
        power_line_hz=50,
        crop=((0.25, 0.5), (0.75, 1)),
    )
    source = PicameraSource(0, width=WIDTH, height=HEIGHT, fps=25, controls=asked)
    source.open()
    source.read()
    source.read()
    source.close()
    assert pi.made[0].asked == {
        "FrameDurationLimits": (40000, 40000),
        "ExposureTime": 10000,
        "AnalogueGain": 2.0,
        "AfMode": 0,
        "LensPosition": 0.5,
        "AeFlickerMode": 1,
        "AeFlickerPeriod": 10000,
        "ScalerCrop": (266, 400, 500, 400),
    }
    told = [each for each in caplog.messages if "agreed" in each]
    assert told == [
        "camera agreed device=picamera:0 format=YUV420 size=320x240 exposure_ms=9.98 gain=2 "
        "focus=0.5"
    ]


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        (Controls(focus=1), "no control focus; it has exposure_ms, gain: change controls.focus"),
        (Controls(crop=((0, 0), (1, 1))), "no control crop"),
        (Controls(exposure_ms=100), "controls.exposure_ms must be 0.1 to 60 at this camera, got"),
        (Controls(gain=20), "controls.gain must be 1 to 16 at this camera, got 20"),
    ],
    ids=["no lens", "no crop", "too long", "too much gain"],
)
def test_what_a_pi_camera_cannot_do_is_a_reason_in_words(
    pi: type[Picamera2], asked: Controls, reason: str
) -> None:
    pi.knobs = EXPOSURE
    source = PicameraSource(0, width=WIDTH, height=HEIGHT, fps=5, controls=asked)
    with pytest.raises(SourceLost, match=reason):
        source.open()
    assert pi.made[0].calls[-1] == "close", "the camera is let go"


def test_the_pi_s_own_camera_is_found_first(pi: type[Picamera2]) -> None:
    assert found_camera() == "picamera"
    pi.cameras = 0
    assert found_camera() != "picamera"


class Capture:
    """cv2.VideoCapture on a V4L2 device."""

    opens = True
    formats: tuple[str, ...] = ("BGR3", "MJPG")
    gives_rows = True
    pictures: list[Any] = []  # noqa: RUF012  set by the tests
    released = 0

    def __init__(self, path: str, api: int) -> None:
        assert api == cv2.CAP_V4L2
        self._given = iter(self.pictures)
        self._format = self.formats[0]
        self._converts = True

    def isOpened(self) -> bool:  # noqa: N802
        return self.opens

    def set(self, prop: int, value: float) -> bool:
        if prop == cv2.CAP_PROP_CONVERT_RGB:
            self._converts = bool(value)
        if prop == cv2.CAP_PROP_FOURCC:
            had = [each for each in self.formats if cv2.VideoWriter.fourcc(*each) == value]
            self._format = (had or self.formats)[0]
        return True  # also where the device has no such thing

    def get(self, prop: int) -> float:
        if prop == cv2.CAP_PROP_FOURCC:
            return float(cv2.VideoWriter.fourcc(*self._format))
        sizes = {cv2.CAP_PROP_FRAME_WIDTH: WIDTH, cv2.CAP_PROP_FRAME_HEIGHT: HEIGHT}
        return float({**sizes, cv2.CAP_PROP_FPS: 24}[prop])

    def read(self) -> tuple[bool, Any]:
        picture = next(self._given, None)
        if picture is not None and self._format == "YUYV" and not self._converts:
            picture = cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_YUY2)
        if picture is not None and not self.gives_rows:
            picture = picture.reshape(1, -1)
        return picture is not None, picture

    def release(self) -> None:
        Capture.released += 1


@pytest.fixture
def usb(monkeypatch: pytest.MonkeyPatch) -> V4l2Source:
    """A source over the fake capture; /dev/null stands for the device's node."""
    monkeypatch.setattr(cv2, "VideoCapture", Capture)
    monkeypatch.setattr(v4l2, "_V4L_MAJOR", os.major(Path("/dev/null").stat().st_rdev))
    for name in ("opens", "formats", "gives_rows", "pictures", "released"):
        monkeypatch.setattr(Capture, name, getattr(Capture, name))
    return _usb_source()


def _usb_source() -> V4l2Source:
    return V4l2Source("/dev/null", width=WIDTH, height=HEIGHT, fps=25)


def _buffer(data: bytes) -> Any:
    """The driver's buffer as OpenCV hands it over: one row, with padding after the picture."""
    return np.frombuffer(data + bytes(64), np.uint8).reshape(1, -1)


def test_a_usb_camera_s_jpegs_are_passed_on(usb: V4l2Source) -> None:
    Capture.pictures = [_buffer(jpeg(number)) for number in range(5)]
    usb.open()
    captured = [usb.read() for _ in range(5)]
    usb.close()
    usb.close()
    assert [each.picture.camera_jpeg for each in captured] == [jpeg(n) for n in range(5)]
    assert Capture.released == 1


def test_what_a_usb_camera_agreed_to_is_logged(
    usb: V4l2Source, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    usb.open()
    assert "camera agreed device=/dev/null format=MJPG size=320x240 fps=24" in caplog.messages


def test_a_usb_camera_that_refuses_its_controls_is_let_go(usb: V4l2Source) -> None:
    """/dev/null knows no ioctl, as a device that has gone knows none."""
    source = V4l2Source(
        "/dev/null", width=WIDTH, height=HEIGHT, fps=25, controls=Controls(brightness=1)
    )
    with pytest.raises(SourceLost, match="no control brightness; it has none"):
        source.open()
    assert Capture.released == 1


@pytest.mark.parametrize("formats", [("BGR3",), ("BGR3", "YUYV")], ids=["BGR", "YUYV"])
@pytest.mark.parametrize("gives_rows", [True, False], ids=["rows", "one row"])
def test_a_usb_camera_without_mjpg_gives_pixels(
    usb: V4l2Source, formats: tuple[str, ...], gives_rows: bool
) -> None:
    """OpenCV says that MJPG was set on devices that do not have it.

    Before 4.12 it gives what it does not convert in one row, since then in rows.
    """
    Capture.formats, Capture.gives_rows = formats, gives_rows
    Capture.pictures = [SCENE.image(7)]
    usb.open()
    captured = usb.read()
    assert (captured.picture.width, captured.picture.height) == (WIDTH, HEIGHT)
    assert captured.picture.is_planar == ("YUYV" in formats)
    assert number_of(captured) == 7


def test_a_yuyv_camera_s_grey_is_taken_as_it_comes(
    usb: V4l2Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By way of BGR it would cost ten times as much, and nobody looks at the colours."""
    Capture.formats, Capture.pictures = ("BGR3", "YUYV"), [SCENE.image(7)]
    usb.open()
    picture = usb.read().picture
    monkeypatch.setattr(cv2, "cvtColor", None)
    assert picture.luma(160).shape == (120, 160)


def test_garbage_and_half_pictures_of_a_usb_camera_are_left_out(usb: V4l2Source) -> None:
    """OpenCV's own decoder would give the picture before once more, or mix the two."""
    half = jpeg(1)[: len(jpeg(1)) // 2]
    Capture.pictures = [_buffer(bytes(5000)), _buffer(half), _buffer(jpeg(2))]
    usb.open()
    assert number_of(usb.read()) == 2


def test_a_usb_camera_that_is_unplugged_is_lost_and_let_go(usb: V4l2Source) -> None:
    """While it is held, a camera that is plugged in again gets another number."""
    Capture.pictures = [_buffer(jpeg(0))]
    usb.open()
    usb.read()
    with pytest.raises(SourceLost, match="unplugged"):
        usb.read()
    usb.close()
    assert Capture.released == 1
    usb.open()
    usb.read()


@pytest.mark.parametrize("is_found", [False, True], ids=["named", "found"])
def test_a_driver_that_hangs_costs_one_thread_however_often_it_is_tried(
    is_found: bool, usb: V4l2Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With ``source: auto`` each try left one more behind."""
    answers = threading.Event()
    monkeypatch.setattr(v4l2, "OPEN_TIMEOUT_S", 0.05)
    monkeypatch.setattr(Capture, "isOpened", lambda _: answers.wait(30))
    source = AutoSource(lambda: "usb", lambda _: _usb_source()) if is_found else usb
    before = set(threading.enumerate())
    for words in ("hangs while it is being opened", "does not let go", "does not let go"):
        with pytest.raises(SourceLost, match=words):
            source.open()
        source.close()
    (left,) = set(threading.enumerate()) - before
    answers.set()
    left.join(10)


def test_a_usb_camera_that_another_program_has_says_so(usb: V4l2Source) -> None:
    Capture.opens = False
    with pytest.raises(SourceLost, match="another program has it"):
        usb.open()


def test_a_usb_camera_that_may_not_be_used_names_the_group(
    usb: V4l2Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.access", lambda path, mode: False)
    with pytest.raises(SourceLost, match="group video"):
        usb.open()
    assert Path("/dev/null").exists()
