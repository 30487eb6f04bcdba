"""How one camera is: notices what is wrong, and says it once for each change."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import replace

from pimotion.clock import utc_now_s
from pimotion.config.camera import Camera
from pimotion.log import Repeated
from pimotion.picture_health import PictureHealth
from pimotion.types import CameraHealth, CameraState, Frame

log = logging.getLogger(__name__)

_PERIODS_UNTIL_STALE = 5
"""A camera of one frame in 3 s is not stale after 5 s."""

_AWAY = (CameraState.STALE, CameraState.LOST)
_CLOSED = (CameraState.ENDED, CameraState.PRIVACY)


class Vitals:
    """One camera's health. Owned by its detect thread; `now` may be read from any.

    Args:
        camera_id: Whose.
        camera: Its settings.
        is_live: It has a sensor, so a picture that never changes is no picture of now.
        put: Takes each change.
    """

    def __init__(
        self,
        camera_id: str,
        camera: Camera,
        *,
        is_live: bool,
        put: Callable[[CameraHealth], None],
    ) -> None:
        self._id = camera_id
        self._put = put
        self._width_px = camera.detect.width
        self._stale_s = max(camera.health.stale_s, _PERIODS_UNTIL_STALE / camera.fps)
        self._pictures = PictureHealth(camera.health, fps=camera.fps, is_live=is_live)
        self._repeated = Repeated(log)
        self._arrived_s = self._seen_s = time.monotonic()
        """When a frame came last, and when one came last that could be looked at."""
        self._broken_s: float | None = None
        """Since when there come only frames that cannot be decoded; None: not so."""
        self.now = self._health(CameraState.STARTING, None)

    def begin(self) -> None:
        """Start to wait for frames."""
        self._arrived_s = self._seen_s = time.monotonic()
        self._broken_s = None

    def frame_came(self, *, is_readable: bool) -> None:
        """Note a frame; one that is not decoded for anything counts as the one before it."""
        self._arrived_s = time.monotonic()
        if is_readable:
            self._seen_s, self._broken_s = self._arrived_s, None
        elif self._broken_s is None:
            self._broken_s = self._arrived_s

    def why_stale(self) -> str | None:
        """Return why no live picture is to be had any more; None: there is one, or it is said."""
        is_fresh = time.monotonic() - self._seen_s <= self._stale_s
        if is_fresh or self.now.state in _CLOSED:
            return None
        if self.now.state in _AWAY and not self._is_back_broken():
            return None
        is_silent = self._arrived_s <= self._seen_s
        what = "no frame" if is_silent else "no frame that can be decoded"
        return f"{what} for {self._stale_s:g} s"

    def _is_back_broken(self) -> bool:
        """Tell whether a camera that was away has long sent again, and nothing but broken."""
        return self._broken_s is not None and self._arrived_s - self._broken_s > self._stale_s

    def look_due(self, frame: Frame) -> bool:
        """Tell whether this frame is one to `look` at: about one a second is."""
        return self._pictures.is_due(frame.monotonic_s)

    def look(self, frame: Frame) -> tuple[CameraState, str | None]:
        """Return how the camera is, judged by a picture, and why.

        Raises:
            PictureError: It cannot be decoded.
        """
        luma = frame.picture.luma(self._width_px)
        return self._pictures.look(luma, frame.monotonic_s) or (CameraState.OK, None)

    def forget_pictures(self) -> None:
        """The camera was opened anew: what was seen before says nothing about it."""
        self._pictures.restart()

    def set(self, state: CameraState, reason: str | None, *, attention: bool = False) -> None:
        """Change the health, and say so if that is a change."""
        before = self.now
        if state is CameraState.LOST:
            self._broken_s = None
        if (state, reason) == (before.state, before.reason):
            return
        self.now = replace(self._health(state, reason), attention=attention)
        if state is before.state:  # another reason for the same: it goes on since then
            self.now = replace(
                self.now,
                since_utc_s=before.since_utc_s,
                since_monotonic_s=before.since_monotonic_s,
            )
        self._log()
        self._put(self.now)

    def _log(self) -> None:
        now = self.now
        if now.problem:
            text = f"camera is {now.state.value} camera={self._id} reason={now.reason}"
            self._repeated.warning(now.state.value, text)
        else:
            log.info("camera is %s camera=%s", now.state.value, self._id)

    def _health(self, state: CameraState, reason: str | None) -> CameraHealth:
        return CameraHealth(self._id, state, reason, utc_now_s(), time.monotonic())
