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
from pimotion.capture.source import OPEN_TIMEOUT_S, READ_TIMEOUT_S, Captured
from pimotion.config.controls import NO_CONTROLS, Controls
from pimotion.errors import SourceLost
from pimotion.picture import Picture
from pimotion.pixels import Pixels, Planes
from pimotion.types import Exposure

log = logging.getLogger(__name__)

_CLOSE_TIMEOUT_S = 3.0
_BUFFERS = 4
_FORMAT = "YUV420"
_BEYOND = 1e9
"""No exposure (us) or gain of a camera comes near it; the longest is the HQ camera's 670 s."""

_NOT_INSTALLED = (
    "picamera2 is not installed for this Python: `sudo apt install python3-picamera2`, and make "
    "the environment with `python3 -m venv --system-site-packages`"
)


class PicameraSource:
    """One camera of the Pi; gives YUV420 planes."""

    is_live = True

    def __init__(
        self,
        number: int,
        *,
        width: int,
        height: int,
        fps: float,
        controls: Controls = NO_CONTROLS,
    ) -> None:
        self._number = number
        self._controls = controls
        self._size = (width // 2 * 2, height // 2 * 2)
        self._fps = fps
        self._camera: Any = None
        self._agreed: dict[str, Any] = {}
        self._is_agreed_said = False
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
        self._is_agreed_said = False

    def read(self) -> Captured:
        """Return the next picture."""
        if self._camera is None:
            raise SourceLost("the camera is not open")
        try:
            request = self._camera.capture_request(wait=READ_TIMEOUT_S)
            now_s = time.monotonic()
            try:
                buffer = request.make_buffer("main")
                metadata = request.get_metadata()  # it has come with the pixels
            finally:
                request.release()  # else the camera soon has no buffer left
        except TimeoutError:
            raise SourceLost(
                f"the camera gave no picture for {READ_TIMEOUT_S:g} s; check its cable"
            ) from None
        except (RuntimeError, OSError) as error:
            raise SourceLost(f"the camera failed: {error}") from None
        self._say_agreed(metadata)
        exposure = _exposure(metadata)
        return Captured(self._picture(buffer), now_s, now_s - self._opened_s, exposure)

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
            self._agreed = self._checked(camera.camera_configuration()["main"])
            camera.start()
        except (RuntimeError, OSError, SourceLost) as error:
            _shut(camera)
            raise SourceLost(f"the Pi camera cannot be started: {_reason(error)}") from None
        return camera

    def _configuration(self, camera: Any, sycc: Any) -> Any:
        frame_us = round(1_000_000 / self._fps)
        return camera.create_video_configuration(
            main={"size": self._size, "format": _FORMAT},
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
    def _checked(agreed: dict[str, Any]) -> dict[str, Any]:
        """Refuse another format than asked for; libcamera chooses one it has and says nothing."""
        if agreed["format"] != _FORMAT:
            raise SourceLost(f"it gives {agreed['format']}, not {_FORMAT}; is it a USB camera?")
        return agreed

    def _say_agreed(self, metadata: Mapping[str, Any]) -> None:
        """Log what became of what was asked for; the controls are known with the first picture."""
        if self._is_agreed_said:
            return
        self._is_agreed_said = True
        width, height = self._agreed["size"]
        told = {"format": self._agreed["format"], "size": f"{width}x{height}"}
        told |= dict(agreed(self._controls, metadata))
        shown = " ".join(f"{name}={value}" for name, value in told.items())
        log.info("camera agreed device=picamera:%d %s", self._number, shown)

    def _picture(self, buffer: Pixels) -> Picture:
        """Cut the planes out of one buffer; rows are as long as the stride, not as the width."""
        (width, height), stride = self._agreed["size"], self._agreed["stride"]
        rows = buffer[: stride * height].reshape(height, stride)
        chroma = buffer[stride * height : stride * height * 3 // 2].reshape(2, height // 2, -1)
        u, v = chroma[:, :, : width // 2]
        return Picture.from_yuv420(Planes(rows[:, :width], u, v), full_range=True)


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
    return [str(camera.get("Model", "camera")) for camera in cameras]


def picamera_count() -> int:
    """Return how many Pi cameras libcamera sees; 0 where there is no picamera2, or it hangs."""
    try:
        return len(picamera_models())
    except SourceLost:
        return 0


def _exposure(metadata: Mapping[str, Any]) -> Exposure | None:
    """Return what libcamera says of one picture; None unless it says all of it, and soundly.

    Half of it would be worse than nothing: a digital gain that is missing from one picture, taken
    for 1, would be a step of the exposure that never was.
    """
    time_us = _positive(metadata.get("ExposureTime"))
    analogue = _positive(metadata.get("AnalogueGain"))
    digital = _positive(metadata.get("DigitalGain"))
    if time_us is None or analogue is None or digital is None:
        return None
    return Exposure(time_us / 1e6, analogue * digital, _colour_gains(metadata.get("ColourGains")))


def _colour_gains(value: Any) -> tuple[float, float] | None:
    """Return (red, blue); None before the white balance knows them, and from a grey sensor."""
    match value:
        case (red, blue) if _positive(red) and _positive(blue):
            return red, blue
    return None


def _positive(value: Any) -> float | None:
    """Return a sane number above 0, not NaN or infinite; None for anything else."""
    return value if isinstance(value, int | float) and 0 < value < _BEYOND else None


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
    return [camera for camera in picamera2.global_camera_info() if "/usb" not in camera["Id"]]


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
