"""The Raspberry Pi's own camera, by picamera2.

picamera2 can block for ever and, after an abandoned `capture_request`, also in `stop` (measured
with 0.3.38; raspberrypi/picamera2 #952, #1264): every call here is bounded, and before stopping
the abandoned requests are cancelled.
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

from pimotion.capture.bounded import BoundedCall
from pimotion.capture.source import OPEN_TIMEOUT_S, READ_TIMEOUT_S, Captured
from pimotion.errors import SourceLost
from pimotion.picture import Picture
from pimotion.pixels import Pixels, Planes

_CLOSE_TIMEOUT_S = 3.0
_BUFFERS = 4

_NOT_INSTALLED = (
    "picamera2 is not installed for this Python: `sudo apt install python3-picamera2`, and make "
    "the environment with `python3 -m venv --system-site-packages`"
)


class PicameraSource:
    """One camera of the Pi; gives YUV420 planes."""

    is_live = True

    def __init__(self, number: int, *, width: int, height: int, fps: float) -> None:
        self._number = number
        self._size = (width // 2 * 2, height // 2 * 2)
        self._fps = fps
        self._camera: Any = None
        self._stride = 0
        self._opened_s = 0.0
        self._last_call: BoundedCall[Any] | None = None

    def open(self) -> None:
        """Configure and start the camera."""
        self.close()
        if self._last_call is not None and self._last_call.is_running:
            raise SourceLost("the camera's driver hangs and does not let go of it")
        starting = self._last_call = BoundedCall(self._start, undo=_shut)
        try:
            self._camera = starting.result(OPEN_TIMEOUT_S)
        except TimeoutError:
            raise SourceLost("the camera hangs while it is being opened") from None
        self._opened_s = time.monotonic()

    def read(self) -> Captured:
        """Return the next picture."""
        if self._camera is None:
            raise SourceLost("the camera is not open")
        try:
            request = self._camera.capture_request(wait=READ_TIMEOUT_S)
        except TimeoutError:
            raise SourceLost(
                f"the camera gave no picture for {READ_TIMEOUT_S:g} s; check its cable"
            ) from None
        except RuntimeError as error:
            raise SourceLost(f"the camera failed: {error}") from None
        now_s = time.monotonic()
        try:
            buffer = request.make_buffer("main")
        finally:
            request.release()  # else the camera soon has no buffer left
        return Captured(self._picture(buffer), now_s, now_s - self._opened_s)

    def close(self) -> None:
        """Stop the camera; one that hangs is left behind."""
        camera, self._camera = self._camera, None
        if camera is None:
            return
        closing = self._last_call = BoundedCall(lambda: _shut(camera))
        with suppress(TimeoutError, RuntimeError):  # `open` says so
            closing.result(_CLOSE_TIMEOUT_S)

    def _start(self) -> Any:
        picamera2, sycc = _libraries()
        cameras = len(picamera2.global_camera_info())
        if self._number >= cameras:
            raise SourceLost(
                f"there is no Pi camera number {self._number}: {cameras} found; check the cable "
                "and `rpicam-hello --list-cameras`"
            )
        try:
            camera = picamera2(self._number)
        except RuntimeError as error:
            raise SourceLost(
                f"the Pi camera cannot be opened, perhaps another program has it: {error}"
            ) from None
        try:
            camera.configure(self._configuration(camera, sycc))
            self._stride = camera.camera_configuration()["main"]["stride"]
            self._size = tuple(camera.camera_configuration()["main"]["size"])
            camera.start()
        except RuntimeError as error:
            _shut(camera)
            raise SourceLost(f"the Pi camera cannot be started: {error}") from None
        return camera

    def _configuration(self, camera: Any, sycc: Any) -> Any:
        frame_us = round(1_000_000 / self._fps)
        return camera.create_video_configuration(
            main={"size": self._size, "format": "YUV420"},
            colour_space=sycc,  # full range, BT.601: what a JPEG has and `Planes` promises
            buffer_count=_BUFFERS,
            controls={"FrameDurationLimits": (frame_us, frame_us)},
            display=None,
            encode=None,
        )

    def _picture(self, buffer: Pixels) -> Picture:
        """Cut the planes out of one buffer; rows are as long as the stride, not as the width."""
        width, height = self._size
        rows = buffer[: self._stride * height].reshape(height, self._stride)
        chroma = buffer[self._stride * height :].reshape(2, height // 2, -1)[:, :, : width // 2]
        return Picture.from_yuv420(Planes(rows[:, :width], chroma[0], chroma[1]), full_range=True)


def picamera_count() -> int:
    """Return how many cameras libcamera sees; 0 where there is no picamera2."""
    try:
        picamera2, _ = _libraries()
        return len(picamera2.global_camera_info())
    except (SourceLost, RuntimeError):
        return 0


def _libraries() -> tuple[Any, Any]:
    """Import late: only a Pi has them, and they take a second to load."""
    try:
        from libcamera import ColorSpace  # noqa: PLC0415
        from picamera2 import Picamera2  # noqa: PLC0415
    except ImportError:
        raise SourceLost(_NOT_INSTALLED) from None
    return Picamera2, ColorSpace.Sycc()


def _shut(camera: Any) -> None:
    camera.cancel_all_and_flush()
    camera.stop()
    camera.close()
