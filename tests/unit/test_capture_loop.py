"""What the capture thread hands on of what its source gave."""

from __future__ import annotations

import logging
import threading
import time

import numpy as np
import pytest

from pimotion.capture.source import Captured
from pimotion.capture_loop import CaptureLoop
from pimotion.config.camera import Camera
from pimotion.errors import SourceLost
from pimotion.latest import Latest
from pimotion.picture import Picture
from pimotion.pixels import as_pixels
from pimotion.privacy import Shutter
from pimotion.types import CameraState, Exposure, Frame, NoFrames, Switches


class OnePicture:
    """A camera that is not asked for a second picture."""

    is_live = True

    def __init__(self, exposure: Exposure | None) -> None:
        self._exposure = exposure
        self.loop: CaptureLoop | None = None

    def open(self) -> None: ...

    def interrupt(self) -> None: ...

    def close(self) -> None: ...

    def read(self) -> Captured:
        assert self.loop is not None
        self.loop.stop()
        picture = Picture.from_bgr(as_pixels(np.zeros((48, 64, 3), np.uint8)))
        return Captured(picture, 100.0, 1.0, self._exposure)


def _frame(exposure: Exposure | None) -> Frame:
    source, out = OnePicture(exposure), Latest[Frame | NoFrames]()
    camera, shutter = Camera(source="synthetic"), Shutter(out, Switches())
    source.loop = CaptureLoop("door", camera, source, shutter)
    source.loop.run()
    frame = out.peek()
    assert isinstance(frame, Frame)
    return frame


def test_the_detector_hears_how_the_camera_exposed_each_picture() -> None:
    exposure = Exposure(time_s=0.01, gain=6.0, colour_gains=(1.25, 1.75))
    assert _frame(exposure).exposure == exposure


def test_of_a_camera_that_does_not_say_no_exposure_is_made_up() -> None:
    assert _frame(None).exposure is None


class NoPicture(OnePicture):
    """A camera that is not there."""

    def open(self) -> None:
        raise SourceLost("not there")


class Pauses(threading.Event):
    """Notes how long it is waited for, and is set after eight times."""

    def __init__(self) -> None:
        super().__init__()
        self.noted_s: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        self.noted_s.append(timeout)
        if len(self.noted_s) == 8:
            self.set()
        return self.is_set()


@pytest.mark.parametrize(
    ("source", "pauses_s"),
    [
        ("v4l2:/dev/v4l/by-id/webcam", [1, 2, 3, 3, 3, 3, 3, 3]),
        ("imagezmq:tcp://127.0.0.1:5555", [1, 2, 3, 3, 3, 3, 3, 3]),
        ("http://10.0.0.9/video", [1, 2, 4, 8, 16, 30, 30, 30]),
    ],
)
def test_a_webcam_that_is_plugged_in_again_is_not_waited_for_half_a_minute(
    source: str, pauses_s: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is live within 5 s, however long it was away; a network camera is spared the knocking."""
    camera, out = Camera(source=source), Latest[Frame | NoFrames]()
    loop = CaptureLoop("door", camera, NoPicture(None), Shutter(out, Switches()))
    pauses = Pauses()
    monkeypatch.setattr(loop, "_stopping", pauses)
    loop.run()
    assert pauses.noted_s == pauses_s


class Opens(OnePicture):
    """A camera, or an address where a sender may come, that opens and then gives nothing."""

    def read(self) -> Captured:
        raise SourceLost("no picture for 5 s")


def test_a_camera_that_only_opens_is_not_said_to_be_there_at_each_try(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A sender that was away for a night left ten thousand lines that it had been opened."""
    caplog.set_level(logging.INFO)
    out = Latest[Frame | NoFrames]()
    camera = Camera(source="imagezmq:tcp://127.0.0.1:5555")
    loop = CaptureLoop("door", camera, Opens(None), Shutter(out, Switches()))
    monkeypatch.setattr(loop, "_stopping", Pauses())
    loop.run()
    assert [each.getMessage() for each in caplog.records] == ["camera opened camera=door"]


def test_a_camera_that_stays_silent_for_long_has_not_earned_to_be_asked_again_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One of a picture in 5 s is waited for for 10 s, and was asked again each second for ever."""
    now_s = [0.0]

    class Patient(OnePicture):
        def read(self) -> Captured:
            now_s[0] += 10.5
            raise SourceLost("no picture for 10 s")

    out = Latest[Frame | NoFrames]()
    camera = Camera(source="http://10.0.0.9/video", fps=0.2)
    loop = CaptureLoop("door", camera, Patient(None), Shutter(out, Switches()))
    pauses = Pauses()
    monkeypatch.setattr(loop, "_stopping", pauses)
    monkeypatch.setattr(time, "monotonic", lambda: now_s[0])
    loop.run()
    assert pauses.noted_s == [1, 2, 4, 8, 16, 30, 30, 30]


def test_a_camera_that_was_there_for_long_is_asked_again_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now_s = [0.0]

    class Breaks(OnePicture):
        def read(self) -> Captured:
            if now_s[0] % 22 >= 11:
                now_s[0] += 11
                raise SourceLost("it broke the connection")
            now_s[0] += 11
            picture = Picture.from_bgr(as_pixels(np.zeros((48, 64, 3), np.uint8)))
            return Captured(picture, now_s[0], now_s[0])

    out = Latest[Frame | NoFrames]()
    loop = CaptureLoop("door", Camera(source="http://cam/"), Breaks(None), Shutter(out, Switches()))
    pauses = Pauses()
    monkeypatch.setattr(loop, "_stopping", pauses)
    monkeypatch.setattr(time, "monotonic", lambda: now_s[0])
    loop.run()
    assert pauses.noted_s == [1] * 8


@pytest.mark.parametrize(("fps", "hangs"), [(15, True), (0.2, False)])
def test_a_camera_of_one_picture_in_five_seconds_is_waited_for_longer(
    fps: float, hangs: bool
) -> None:
    """Both of its streams are, one after the other: that is no thread that hangs."""
    camera, out = Camera(source="rtsp://10.0.0.9/", fps=fps), Latest[Frame | NoFrames]()
    loop = CaptureLoop("door", camera, NoPicture(None), Shutter(out, Switches()))
    assert (loop.beat.overdue_s(time.monotonic() + 21) > 0) == hangs


class Silent(OnePicture):
    """A camera that is waited for until the wait is interrupted."""

    def __init__(self) -> None:
        super().__init__(None)
        self.waiting, self.interrupted = threading.Event(), threading.Event()

    def interrupt(self) -> None:
        self.interrupted.set()

    def read(self) -> Captured:
        self.waiting.set()
        assert self.interrupted.wait(5), "it would have to be left behind"
        raise SourceLost("interrupted")


def test_a_stop_does_not_wait_for_a_camera_that_is_silent_and_calls_it_no_loss() -> None:
    source, out = Silent(), Latest[Frame | NoFrames]()
    loop = CaptureLoop("door", Camera(source="synthetic"), source, Shutter(out, Switches()))
    running = threading.Thread(target=loop.run)
    running.start()
    assert source.waiting.wait(5)
    loop.stop()
    running.join(5)
    assert not running.is_alive()
    assert out.peek() is None, "a running event would end with the reason source_lost"


class Steps(OnePicture):
    """A camera that notes what is done with it; each read is told what happens meanwhile."""

    def __init__(self, *reads: str) -> None:
        super().__init__(None)
        self._reads = iter(reads)
        self.done: list[str] = []

    def open(self) -> None:
        self.done.append("open")

    def close(self) -> None:
        self.done.append("close")

    def read(self) -> Captured:
        assert self.loop is not None
        match next(self._reads):
            case "lost":
                raise SourceLost("the cable is out")
            case "ended":
                raise SourceLost("it is over", ended=True)
            case "reopen":
                self.loop.reopen()
            case "stop":
                self.loop.stop()
        picture = Picture.from_bgr(as_pixels(np.zeros((48, 64, 3), np.uint8)))
        return Captured(picture, time.monotonic(), 1.0)


def _loop(
    source: OnePicture, switches: Switches | None = None
) -> tuple[CaptureLoop, Shutter, Latest[Frame | NoFrames]]:
    out = Latest[Frame | NoFrames]()
    shutter = Shutter(out, switches or Switches())
    source.loop = CaptureLoop("door", Camera(source="http://cam/"), source, shutter)
    return source.loop, shutter, out


def test_a_lost_camera_is_said_to_be_lost_and_closed_before_it_is_opened_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source = Steps("lost", "stop")
    loop, _, out = _loop(source)
    told: list[object] = []
    out.listen(lambda: told.append(out.peek()))
    monkeypatch.setattr("pimotion.capture_loop._FIRST_RETRY_S", 0.0)
    loop.run()
    assert source.done == ["open", "close"] * 2
    lost, frame = told
    assert isinstance(lost, NoFrames)
    assert (lost.reason, lost.state) == ("the cable is out", CameraState.LOST)
    assert isinstance(frame, Frame)
    assert frame.session == 2, "what was learnt before is void"


def test_a_camera_is_opened_anew_once_when_that_is_asked_for() -> None:
    source = Steps("reopen", "give", "stop")
    loop, _, _ = _loop(source)
    loop.run()
    assert source.done == ["open", "close"] * 2


class Hours(threading.Event):
    """Lets time pass while it is waited for, and notes who would be taken to hang meanwhile."""

    def __init__(self, now_s: list[float], loop: CaptureLoop, end_s: float) -> None:
        super().__init__()
        self._now_s, self._loop, self._end_s = now_s, loop, end_s
        self.overdue_s: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self._now_s[0] += 3600 if timeout is None else max(timeout, 1)
        self.overdue_s.append(self._loop.beat.overdue_s(self._now_s[0]))
        if self._now_s[0] >= self._end_s:
            self.set()
        return self.is_set()


@pytest.mark.parametrize(
    ("source", "is_private"),
    [
        pytest.param(NoPicture(None), False, id="away"),
        pytest.param(Steps("ended"), False, id="ended"),
        pytest.param(Steps(), True, id="private"),
    ],
)
def test_a_thread_that_has_nothing_to_do_does_not_hang(
    source: OnePicture, is_private: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process would end with exit code 70 within a quarter of a minute."""
    now_s = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now_s[0])
    loop, _, _ = _loop(source, Switches(privacy=is_private))
    hours = Hours(now_s, loop, end_s=600)
    monkeypatch.setattr(loop, "_stopping", hours)
    loop.run()
    assert hours.overdue_s
    assert max(hours.overdue_s) < 0


def test_a_camera_that_hangs_after_privacy_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now_s[0])
    overdue_s: list[float] = []

    class Hangs(OnePicture):
        def open(self) -> None:
            overdue_s.append(loop.beat.overdue_s(now_s[0] + 16))
            loop.stop()
            raise SourceLost("it hung")

    loop, shutter, _ = _loop(Hangs(None), Switches(privacy=True))
    stopping = threading.Event()
    monkeypatch.setattr(loop, "_stopping", stopping)
    monkeypatch.setattr(stopping, "wait", lambda _: shutter.open())
    loop.run()
    assert overdue_s[0] > 0
