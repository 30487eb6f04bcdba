"""A fake of picamera2, as far as pimotion uses it; `real_picamera2` is what it is held to.

It behaves as picamera2 0.3.38 did over libcamera's virtual camera, in `tests/hardware`.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

import numpy as np

from cameras.pictures import SCENE
from pimotion.picture import Picture
from pimotion.pixels import Pixels

STRIDE = 384
"""Length of a row in memory, bytes; the pictures are 320 px wide."""


class Request:
    """A completed request: one buffer with rows longer than the picture is wide."""

    def __init__(self, camera: Picamera2, number: int) -> None:
        self._camera = camera
        self._number = number
        self._released = False

    def make_buffer(self, name: str) -> Pixels:
        width, height = self._camera.configuration[name]["size"]
        stride = self._camera.configuration[name]["stride"]
        planes = Picture.from_bgr(SCENE.image(self._number)).yuv(width)
        assert planes.y.shape == (height, width)
        rows = [np.full((height, stride), 7, np.uint8)]
        rows += [np.full((height // 2, stride // 2), 7, np.uint8) for _ in range(2)]
        for padded, plane in zip(rows, (planes.y, planes.u, planes.v), strict=True):
            padded[:, : plane.shape[1]] = plane
        if self._camera.buffers_break:
            raise OSError(5, "Input/output error")
        return np.concatenate([padded.reshape(-1) for padded in rows] + [np.zeros(64, np.uint8)])

    def get_metadata(self) -> dict[str, Any]:
        assert not self._released, "its metadata went back to the camera with its buffer"
        return self._camera.metadata(self._number)

    def release(self) -> None:
        self._released = True
        self._camera.free_buffers += 1


class Picamera2:
    """picamera2 as far as it is used; class attributes say what is wrong with the camera."""

    cameras = 1
    usb_cameras = 0
    is_busy = False
    has_memory = True
    format = "YUV420"
    frame_us = 40_000
    buffers_break = False
    hangs = False
    hangs_when_closed = False
    says: dict[str, Any] = {}  # noqa: RUF012  replaced by the tests
    knobs: dict[str, tuple[Any, Any, Any]] = {}  # noqa: RUF012  replaced by the tests
    made: list[Picamera2] = []  # noqa: RUF012  reset by the fixture

    def __init__(self, camera_num: int = 0, verbose_console: int | None = None) -> None:
        self.made.append(self)
        self.calls: list[str] = []
        self.is_open = False
        reading, self.notifyme_w = os.pipe2(os.O_NONBLOCK)
        self.notifymeread = os.fdopen(reading, "rb")
        self.pipe = target_of(Path(f"/proc/self/fd/{self.notifyme_w}"))
        if self.is_busy:
            busy = RuntimeError("Failed to acquire camera: Device or resource busy")
            raise RuntimeError("Camera __init__ sequence did not complete.") from busy
        self.is_open = True
        if not self.has_memory:
            raise PermissionError(13, "Permission denied", "/dev/dma_heap/linux,cma")
        self.allocator = object()
        self.free_buffers = 0
        self.numbers = iter(range(1000))
        self.configuration: dict[str, Any] = {}
        self.asked: dict[str, Any] = {}
        self.camera_controls = dict(self.knobs)

    @staticmethod
    def global_camera_info() -> list[dict[str, Any]]:
        own = [f"/base/soc/i2c0mux/i2c@{n}/imx708@1a" for n in range(Picamera2.cameras)]
        usb = [f"/base/scb/usb@{n}-1:1.0-046d:0825" for n in range(Picamera2.usb_cameras)]
        return [{"Id": each, "Num": n} for n, each in enumerate(own + usb)]

    def create_video_configuration(  # noqa: PLR0917  the real one's signature
        self,
        main: dict[str, Any],
        lores: dict[str, Any] | None = None,
        raw: dict[str, Any] | None = None,
        transform: object = None,
        colour_space: object = None,
        buffer_count: int = 6,
        controls: dict[str, Any] | None = None,
        display: str | None = "main",
        encode: str | None = "main",
        queue: bool = True,
        sensor: dict[str, Any] | None = None,
        use_case: str = "video",
    ) -> dict[str, Any]:
        assert colour_space == "Sycc"
        assert controls is not None
        assert controls["FrameDurationLimits"] == (self.frame_us, self.frame_us)
        self.asked = controls
        self.free_buffers = buffer_count
        return {"main": main, "lores": lores, "raw": None}

    def configure(self, camera_config: dict[str, Any]) -> None:
        self.configuration = camera_config
        self.configuration["main"] |= {"stride": STRIDE, "format": self.format}
        if self.configuration["lores"]:
            self.configuration["lores"] |= {"stride": 192}

    def camera_configuration(self) -> dict[str, Any]:
        return self.configuration

    def start(self, config: object = None, show_preview: bool = False) -> None:
        self.calls.append("start")

    def capture_request(
        self,
        wait: float | None = None,
        signal_function: object = None,
        flush: bool | None = None,
    ) -> Request:
        assert wait is not None, "without a limit it blocks for ever when the camera hangs"
        if self.hangs:
            raise TimeoutError
        assert self.free_buffers > 0, "requests were not released: no picture ever again"
        self.free_buffers -= 1
        return Request(self, next(self.numbers))

    def metadata(self, number: int) -> dict[str, Any]:
        """What a Pi's camera says of a picture, the exposure going up with its number."""
        return {
            "SensorTimestamp": 775637527000 + number,
            "ExposureTime": 10000 + number,
            "AnalogueGain": 4.0,
            "DigitalGain": 1.5,
            "ColourGains": (1.25, 1.75),
        } | self.says

    def cancel_all_and_flush(self) -> None:
        self.calls.append("cancel")

    def stop(self) -> None:
        if self.hangs_when_closed:
            threading.Event().wait()
        self.calls.append("stop")

    def close(self) -> None:
        if not self.is_open:
            return  # and the pipe stays
        self.calls.append("close")
        self.is_open = False
        self.notifymeread.close()
        os.close(self.notifyme_w)
        del self.allocator


def target_of(descriptor: Path) -> str | None:
    """What a descriptor is open on; None if another thread has closed it meanwhile."""
    try:
        return str(descriptor.readlink())
    except FileNotFoundError:
        return None
