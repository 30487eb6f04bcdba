"""USB cameras and other V4L2 devices, by OpenCV."""

from __future__ import annotations

import logging
import os
import stat
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import cv2

from pimotion.capture.bounded import BoundedCall
from pimotion.capture.jpeg_stream import jpeg_of
from pimotion.capture.source import OPEN_TIMEOUT_S, READ_TIMEOUT_S, Captured
from pimotion.capture.v4l2_controls import set_controls
from pimotion.config.controls import NO_CONTROLS, Controls
from pimotion.errors import PictureError, SourceLost
from pimotion.picture import Picture
from pimotion.pixels import Pixels, as_pixels

log = logging.getLogger(__name__)

# How long OpenCV waits for a camera that hangs, s: its own 10 are longer than a camera may be
# silent. It can only be said in the environment, before the first device is read.
os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", "2")

_CLOSE_TIMEOUT_S = 3.0
_V4L_MAJOR = 81
"""Of every V4L2 device (Documentation/admin-guide/devices.txt of Linux 6.12)."""
_MJPG, _YUYV = cv2.VideoWriter.fourcc(*"MJPG"), cv2.VideoWriter.fourcc(*"YUYV")


class V4l2Source:
    """One V4L2 device. MJPG is passed on undecoded, YUYV as it is; the rest comes as BGR."""

    is_live = True

    def __init__(
        self,
        path: str,
        *,
        width: int,
        height: int,
        fps: float,
        controls: Controls = NO_CONTROLS,
    ) -> None:
        self._path = path
        self._controls = controls
        self._size = (width, height)
        self._fps = fps
        self._capture: cv2.VideoCapture | None = None
        self._format = 0  # as a fourcc; 0: OpenCV makes BGR of it
        self._agreed_size = (0, 0)
        self._opened_s = 0.0
        self._last_call: BoundedCall[Any] | None = None

    def open(self) -> None:
        """Open the device and agree on format, size and rate."""
        self.close()
        if self._last_call is not None and self._last_call.is_running:
            raise SourceLost(f"the driver of {self._path} hangs and does not let go of it")
        _check_device(Path(self._path))
        connecting = BoundedCall(self._connect, undo=cv2.VideoCapture.release)
        self._last_call = connecting
        try:
            self._capture = connecting.result(OPEN_TIMEOUT_S)
        except TimeoutError:
            raise SourceLost(f"{self._path} hangs while it is being opened") from None
        self._opened_s = time.monotonic()

    def read(self) -> Captured:
        """Return the next picture. Raises `SourceLost` at the first failure: see below."""
        if self._capture is None:
            raise SourceLost(f"{self._path} is not open")
        deadline_s = time.monotonic() + READ_TIMEOUT_S
        while time.monotonic() < deadline_s:
            # After False the device never comes back under this handle, and while the handle is
            # held a replugged camera gets another number: so once is enough.
            good, array = self._capture.read()
            if not good or array is None:
                raise SourceLost(f"{self._path} gives no pictures; was it unplugged?")
            now_s = time.monotonic()
            try:
                return Captured(self._picture(as_pixels(array)), now_s, now_s - self._opened_s)
            except PictureError:
                continue
        raise SourceLost(f"{self._path} gives broken pictures only")

    def interrupt(self) -> None:
        """Do nothing: the driver cannot be woken, its own time-out ends it."""

    def close(self) -> None:
        """Release the device; a driver that hangs is left behind."""
        capture, self._capture = self._capture, None
        if capture is None:
            return
        releasing = self._last_call = BoundedCall(capture.release)
        with suppress(TimeoutError):  # `open` says so
            releasing.result(_CLOSE_TIMEOUT_S)

    def _connect(self) -> cv2.VideoCapture:
        capture = cv2.VideoCapture(self._path, cv2.CAP_V4L2)
        if not capture.isOpened():
            capture.release()
            raise SourceLost(
                f"{self._path} cannot be opened: another program has it, or it is no camera"
            )
        self._format = next((each for each in (_MJPG, _YUYV) if self._agree(capture, each)), 0)
        width = int(capture.get(cv2.CAP_PROP_FRAME_WIDTH))
        height = int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT))
        self._agreed_size = (width, height)
        try:
            self._say_agreed(capture, set_controls(Path(self._path), self._controls))
        except SourceLost:
            capture.release()
            raise
        return capture

    def _agree(self, capture: cv2.VideoCapture, fourcc: int) -> bool:
        """Ask for a format; tell whether the device gives it and OpenCV passes it on as it is."""
        capture.set(cv2.CAP_PROP_FOURCC, fourcc)
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, self._size[0])
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, self._size[1])
        capture.set(cv2.CAP_PROP_FPS, self._fps)
        # set() says True also for a format that the device has not: what is read back counts.
        is_given = int(capture.get(cv2.CAP_PROP_FOURCC)) == fourcc
        return is_given and capture.set(cv2.CAP_PROP_CONVERT_RGB, 0)

    def _say_agreed(self, capture: cv2.VideoCapture, controls: Mapping[str, str]) -> None:
        """Log what became of what was asked for: drivers take the nearest that they have."""
        width, height = self._agreed_size
        code = int(capture.get(cv2.CAP_PROP_FOURCC))
        fourcc = "".join(chr(code >> shift & 0x7F) for shift in (0, 8, 16, 24)).strip("\0 ")
        fps = capture.get(cv2.CAP_PROP_FPS)
        agreed = {"format": fourcc, "size": f"{width}x{height}", "fps": f"{fps:g}", **controls}
        shown = " ".join(f"{name}={value}" for name, value in agreed.items())
        log.info("camera agreed device=%s %s", self._path, shown)

    def _picture(self, array: Pixels) -> Picture:
        if self._format == _MJPG and _is_flat(array):
            # Drivers may pad the JPEG, and a picture that was cut off has no end.
            return Picture.from_jpeg(jpeg_of(array.reshape(-1).data))
        channels = 2 if self._format == _YUYV else 3
        width, height = self._agreed_size
        if _is_flat(array) and array.size == width * height * channels:
            # OpenCV before 4.12 gives what needs no conversion as one row of bytes.
            array = array.reshape(height, width, channels)
        return Picture.from_yuyv(array) if channels == 2 else Picture.from_bgr(array)  # noqa: PLR2004


def _is_flat(array: Pixels) -> bool:
    return array.ndim == 1 or 1 in array.shape[:2]


def _check_device(path: Path) -> None:
    """Say in words why a device cannot be opened; OpenCV only says that it cannot."""
    try:
        status = path.stat()
    except OSError:
        raise SourceLost(f"{path} is not there; is the camera plugged in?") from None
    if not stat.S_ISCHR(status.st_mode) or os.major(status.st_rdev) != _V4L_MAJOR:
        raise SourceLost(f"{path} is no camera")  # OpenCV would try it and put warnings in the log
    if not os.access(path, os.R_OK | os.W_OK):
        raise SourceLost(f"{path} may not be used by this user; add it to the group video")
