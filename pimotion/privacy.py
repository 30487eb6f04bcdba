"""Privacy: the shutter that closes a camera, and the card that takes its pictures' place."""

from __future__ import annotations

import threading
import time

from pimotion.clock import utc_now_s
from pimotion.config.camera import Camera, camera_name
from pimotion.latest import Latest
from pimotion.render import drawn_name
from pimotion.stream.cards import card
from pimotion.types import CameraState, Frame, NoFrames, Still, Switches

REASON = "privacy: the camera is switched off"
REASON_UNASKED = (
    "privacy: what was set before could not be read, so the camera stays off until somebody "
    "switches privacy off"
)
_OPENING = "the camera is being opened"


def reason_of(switches: Switches) -> str:
    """Return why a closed camera gives no picture, in words."""
    return REASON_UNASKED if switches.unasked else REASON


class Shutter:
    """Stands between a camera and everyone who sees its pictures. Thread-safe.

    Closed, it lets nothing through from that moment on, also while the camera's driver still has
    a picture to give.
    """

    def __init__(self, out: Latest[Frame | NoFrames], switches: Switches) -> None:
        self._out = out
        self._lock = threading.Lock()
        self._is_closed = False
        self._reason = reason_of(switches)
        self._last_loss: NoFrames | None = None
        if switches.privacy:
            self.close()

    @property
    def is_closed(self) -> bool:
        """True while privacy is on."""
        return self._is_closed

    def close(self) -> None:
        """Show nothing from now on; closed already, it stays as it is."""
        with self._lock:
            if self._is_closed:
                return
            self._is_closed = True
            self._out.put(NoFrames(self._reason, CameraState.PRIVACY, time.monotonic()))

    def open(self) -> None:
        """Let pictures through again; until one comes, say what was last known of the camera.

        Open already, it stays as it is: nothing may take the place of a live picture.
        """
        with self._lock:
            if not self._is_closed:
                return
            self._is_closed = False
            lost = self._last_loss
            now_s = time.monotonic()
            self._reason = REASON
            self._out.put(
                NoFrames(_OPENING, CameraState.STARTING, now_s)
                if lost is None
                else NoFrames(lost.reason, lost.state, now_s)
            )

    def put(self, value: Frame | NoFrames) -> None:
        """Hand on what the camera gives, if the shutter is open."""
        with self._lock:
            self._last_loss = value if isinstance(value, NoFrames) else None
            if not self._is_closed:
                self._out.put(value)


def privacy_still(camera_id: str, camera: Camera, reason: str) -> Still:
    """Return a card that replaces the newest still, so that no picture stays on a broker."""
    width, height = _card_size(camera)
    name = drawn_name(camera_name(camera_id, camera), camera_id)
    quality = camera.snapshot.quality
    while True:
        picture = card(name, reason, None, (width, height))
        jpeg = picture.jpeg(quality)
        if len(jpeg) <= camera.snapshot.max_bytes or max(width, height) < _LEAST_PX:
            return Still(camera_id, jpeg, picture.width, picture.height, utc_now_s())
        if quality > _LEAST_QUALITY:
            quality = max(_LEAST_QUALITY, quality // 2)
        else:
            width, height = max(1, width // 2), max(1, height // 2)


_MOST_PX = 1280
_LEAST_PX, _LEAST_QUALITY = 128, 30
"""Smaller or worse a card is not made: it is 2 kB then, and can hardly be read."""


def _card_size(camera: Camera) -> tuple[int, int]:
    """Return width and height like those of a still, but not larger than a card need be, px."""
    height = camera.snapshot.height or camera.height
    width = camera.width * height / camera.height
    shrunk = min(1.0, _MOST_PX / max(width, height))
    return max(1, round(width * shrunk)), max(1, round(height * shrunk))
