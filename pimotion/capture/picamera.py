"""The Raspberry Pi's own camera, by picamera2.

picamera2 can block for ever and, after an abandoned `capture_request`, also in `stop` (measured
with 0.3.38; raspberrypi/picamera2 #952, #1264): every call here is bounded, and before stopping
the abandoned requests are cancelled.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from pimotion.capture.bounded import BoundedCall
from pimotion.capture.picamera_controls import agreed, libcamera_controls
from pimotion.capture.picamera_exposure import exposure_of, taken_at_s
from pimotion.capture.source import OPEN_TIMEOUT_S, Captured, patience_s
from pimotion.config.controls import NO_CONTROLS, Controls
from pimotion.errors import SourceLost
from pimotion.picture import Picture
from pimotion.pixels import Pixels, Planes

log = logging.getLogger(__name__)

_CLOSE_TIMEOUT_S = 3.0
_BUFFERS = 4
_FORMAT = "YUV420"

_NOT_INSTALLED = (
    "picamera2 is not installed for this Python: `sudo apt install python3-picamera2`, and make "
    "the environment with `python3 -m venv --system-site-packages`"
)


class PicameraSource:
    """One camera of the Pi; gives YUV420 planes, and smaller ones beside them for the detector.

    Args:
        number: Of the camera, as libcamera counts.
        width, height: To ask of it, px.
        fps: Frames a second.
        small_width: Width at which motion is looked for, px; None: no smaller planes.
        controls: Of the camera.
    """

    is_live = True

    def __init__(
        self,
        number: int,
        *,
        width: int,
        height: int,
        fps: float,
        small_width: int | None = None,
        controls: Controls = NO_CONTROLS,
    ) -> None:
        self._number = number
        self._controls = controls
        self._size = _even(width, height)
        self._small_size = _small_size(self._size, small_width)
        self._fps = fps
        self._patience_s = patience_s(fps)
        self._camera: Any = None
        self._agreed: dict[str, dict[str, Any]] = {}
        self._is_agreed_said = False
        self._opened_s = 0.0
        self._taken_s = 0.0
        self._last_call: BoundedCall[Any] | None = None

    def open(self) -> None:
        """Configure and start the camera."""
        self.close()
        if self._last_call is not None and self._last_call.is_running:
            raise SourceLost("the camera's driver hangs and does not let go of it")
        self._opened_s = self._taken_s = time.monotonic()
        starting = self._last_call = BoundedCall(self._start, undo=_shut)
        try:
            self._camera = starting.result(OPEN_TIMEOUT_S)
        except TimeoutError:
            raise SourceLost("the camera hangs while it is being opened") from None
        self._is_agreed_said = False

    def read(self) -> Captured:
        """Return the next picture."""
        if self._camera is None:
            raise SourceLost("the camera is not open")
        try:
            request = self._camera.capture_request(wait=self._patience_s)
            now_s = time.monotonic()
            try:
                buffers = {name: request.make_buffer(name) for name in self._agreed}
                metadata = request.get_metadata()  # it has come with the pixels
            finally:
                request.release()  # else the camera soon has no buffer left
        except TimeoutError:
            raise SourceLost(
                f"the camera gave no picture for {self._patience_s:g} s; check its cable"
            ) from None
        except (RuntimeError, OSError) as error:
            raise SourceLost(f"the camera failed: {error}") from None
        self._say_agreed(metadata)
        self._taken_s = max(self._taken_s, taken_at_s(metadata, now_s))
        time_s = self._taken_s - self._opened_s
        return Captured(self._picture(buffers), self._taken_s, time_s, exposure_of(metadata))

    def interrupt(self) -> None:
        """Do nothing: the driver cannot be woken, its own time-out ends it."""

    def close(self) -> None:
        """Stop the camera; one that hangs is left behind."""
        camera, self._camera = self._camera, None
        if camera is None:
            return
        closing = self._last_call = BoundedCall(lambda: _shut(camera))
        with suppress(RuntimeError, OSError):  # TimeoutError is an OSError; `open` says so
            closing.result(_CLOSE_TIMEOUT_S)

    def _start(self) -> Any:
        picamera2, sycc = _libraries()
        cameras = len(_pi_cameras(picamera2))
        if self._number >= cameras:
            raise SourceLost(
                f"there is no Pi camera number {self._number}: {cameras} found; check the cable "
                "and `rpicam-hello --list-cameras`"
            )
        camera = picamera2.__new__(picamera2)  # in two steps, so that a failed one is at hand
        try:
            camera.__init__(self._number)
        except (RuntimeError, OSError) as error:
            _take_apart(camera)
            raise SourceLost(f"the Pi camera cannot be opened: {_reason(error)}") from None
        try:
            camera.configure(self._configuration(camera, sycc))
            self._agreed = self._checked(camera.camera_configuration())
            camera.start()
        except (RuntimeError, OSError, SourceLost) as error:
            _shut(camera)
            raise SourceLost(f"the Pi camera cannot be started: {_reason(error)}") from None
        return camera

    def _configuration(self, camera: Any, sycc: Any) -> Any:
        frame_us = round(1_000_000 / self._fps)
        return camera.create_video_configuration(
            main={"size": self._size, "format": _FORMAT},
            lores=self._small_size and {"size": self._small_size, "format": _FORMAT},
            colour_space=sycc,  # full range, BT.601: what a JPEG has and `Planes` promises
            buffer_count=_BUFFERS,
            controls={
                "FrameDurationLimits": (frame_us, frame_us),
                **libcamera_controls(self._controls, camera.camera_controls),
            },
            display=None,
            encode=None,
        )

    @staticmethod
    def _checked(configuration: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
        """Refuse another format than asked for; libcamera chooses one it has and says nothing."""
        agreed = {name: configuration.get(name) for name in ("main", "lores")}
        streams = {name: stream for name, stream in agreed.items() if stream}
        for stream in streams.values():
            if stream["format"] != _FORMAT:
                raise SourceLost(f"it gives {stream['format']}, not {_FORMAT}; is it a USB camera?")
        return streams

    def _say_agreed(self, metadata: Mapping[str, Any]) -> None:
        """Log what became of what was asked for; the controls are known with the first picture."""
        if self._is_agreed_said:
            return
        self._is_agreed_said = True
        sizes = ["x".join(map(str, stream["size"])) for stream in self._agreed.values()]
        told = {"format": _FORMAT, "size": "+".join(sizes)}
        told |= dict(agreed(self._controls, metadata))
        shown = " ".join(f"{name}={value}" for name, value in told.items())
        log.info("camera agreed device=picamera:%d %s", self._number, shown)

    def _picture(self, buffers: Mapping[str, Pixels]) -> Picture:
        pictures = {name: _cut_out(buffers[name], self._agreed[name]) for name in buffers}
        small = pictures.get("lores")
        return pictures["main"] if small is None else pictures["main"].with_small(small)


def _cut_out(buffer: Pixels, agreed: Mapping[str, Any]) -> Picture:
    """Cut the planes out of one buffer; rows are as long as the stride, not as the width."""
    (width, height), stride = agreed["size"], agreed["stride"]
    rows = buffer[: stride * height].reshape(height, stride)
    chroma = buffer[stride * height : stride * height * 3 // 2].reshape(2, height // 2, -1)
    u, v = chroma[:, :, : width // 2]
    return Picture.from_yuv420(Planes(rows[:, :width], u, v), full_range=True)


def _even(width: float, height: float) -> tuple[int, int]:
    """Return a size as planes of half the size need it."""
    return int(width) // 2 * 2, int(height) // 2 * 2


def _small_size(size: tuple[int, int], small_width: int | None) -> tuple[int, int] | None:
    if small_width is None or small_width >= size[0]:
        return None
    # Rounded up, so that nothing has to be enlarged to `small_width`.
    width = (small_width + 1) // 2 * 2
    return _even(width, width * size[1] / size[0] + 1)


def picamera_models() -> list[str]:
    """Return the sensor of each Pi camera that libcamera sees, by number.

    Raises:
        SourceLost: There is no picamera2, it cannot be loaded, or it hangs.
    """
    picamera2, _ = _libraries()
    try:
        cameras = BoundedCall(lambda: _pi_cameras(picamera2)).result(OPEN_TIMEOUT_S)
    except TimeoutError:
        raise SourceLost("libcamera hangs while it looks for cameras") from None
    except (RuntimeError, OSError) as error:
        raise SourceLost(f"libcamera cannot look for cameras: {error}") from None
    return [str(each.get("Model", "camera")) for each in cameras]


def picamera_count() -> int:
    """Return how many Pi cameras libcamera sees; 0 where there is no picamera2, or it hangs."""
    try:
        return len(picamera_models())
    except SourceLost:
        return 0


def _libraries() -> tuple[Any, Any]:
    """Import late: only a Pi has them, and they take a second to load."""
    try:
        from libcamera import ColorSpace  # noqa: PLC0415
        from picamera2 import Picamera2  # noqa: PLC0415
    except ImportError:
        raise SourceLost(_NOT_INSTALLED) from None
    except (ValueError, OSError) as error:  # "numpy.dtype size changed", no access to a device
        raise SourceLost(f"picamera2 cannot be loaded: {error}") from None
    return Picamera2, ColorSpace.Sycc()


def _pi_cameras(picamera2: Any) -> list[Any]:
    """Return the Pi's own cameras. libcamera counts USB ones too, after them; those are v4l2's."""
    return [each for each in picamera2.global_camera_info() if "/usb" not in each["Id"]]


def _reason(error: BaseException) -> str:
    """Return what began it: picamera2 says only that its "sequence did not complete"."""
    while error.__cause__ is not None:
        error = error.__cause__
    return str(error)


def _shut(camera: Any) -> None:
    camera.cancel_all_and_flush()
    camera.stop()
    camera.close()


def _take_apart(camera: Any) -> None:
    """Undo an opening that failed, of which picamera2 keeps a descriptor each time, or the camera.

    A camera that another program has all night would else use up every descriptor.
    """
    # Its close() fails at what the opening did not come to, after it let go of the camera.
    with suppress(AttributeError, RuntimeError, OSError):
        camera.close()
    with suppress(AttributeError):
        if not camera.notifymeread.closed:
            camera.notifymeread.close()
            os.close(camera.notifyme_w)
