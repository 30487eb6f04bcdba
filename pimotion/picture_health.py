"""Tells from a camera's pictures how it is: frozen, covered, or slower than it should be.

Looks at one picture a second. A real sensor always has noise, so a picture of which not one pixel
changes for half a minute is not live, however fresh its time. Thresholds: a fault study's, 2026.
"""

from __future__ import annotations

import cv2
import numpy as np

from pimotion.config.camera import Health
from pimotion.pixels import Pixels
from pimotion.types import CameraState

_LOOK_EVERY_S = 1.0
_DARK_MEAN, _DARK_DEVIATION = 8.0, 3.0
"""Grey levels of 255. A lit scene at night has a mean above the one or a lamp above the other."""
_SLOW_S = 30.0
_SLOW_SHARE = 0.5

Finding = tuple[CameraState, str]


class PictureHealth:
    """Not thread-safe: owned by the detect thread of one camera. Knows only frames' times.

    Args:
        health: The thresholds.
        fps: The rate that is wanted, frames a second.
        is_live: The pictures come from a sensor: a recording may stand still and be slow.
    """

    def __init__(self, health: Health, *, fps: float, is_live: bool) -> None:
        self._health = health
        self._fps = fps
        self._is_live = is_live
        self.restart()

    def restart(self) -> None:
        """Forget everything: the camera was opened anew."""
        self._last: Pixels | None = None
        self._began_s: float | None = None
        self._due_s = 0.0
        self._changed_s = self._lit_s = self._quick_s = 0.0
        self._frames = 0
        self._counted_s = 0.0

    def is_due(self, now_s: float) -> bool:
        """Count a frame; tell whether it is one to `look` at."""
        if self._began_s is None:
            self._begin(now_s)
        self._frames += 1
        return now_s >= self._due_s

    def look(self, luma: Pixels, now_s: float) -> Finding | None:
        """Look at the grey picture of a frame; return what is wrong, the worst first.

        Args:
            luma: Shape (height, width), uint8; kept, so nobody may change it.
            now_s: The frame's monotonic time, s.
        """
        self._measure_rate(now_s)
        self._due_s = now_s + _LOOK_EVERY_S
        if not self._is_same(luma):
            self._changed_s = now_s
        if not _is_dark(luma):
            self._lit_s = now_s
        self._last = luma
        return self._finding(now_s)

    def _begin(self, now_s: float) -> None:
        self._began_s = self._changed_s = self._lit_s = self._quick_s = now_s
        self._counted_s = now_s

    def _is_same(self, luma: Pixels) -> bool:
        last = self._last
        return last is not None and last.shape == luma.shape and bool(np.array_equal(last, luma))

    def _measure_rate(self, now_s: float) -> None:
        passed_s = now_s - self._counted_s
        if passed_s <= 0 or self._frames >= _SLOW_SHARE * self._fps * passed_s:
            self._quick_s = now_s
        self._frames, self._counted_s = 0, now_s

    def _finding(self, now_s: float) -> Finding | None:
        health, is_lit = self._health, self._lit_s == now_s
        # A sensor under a cover may have no noise left: black is dark, even if nothing changes.
        if self._is_live and is_lit and now_s - self._changed_s >= health.frozen_s:
            return CameraState.FROZEN, f"no pixel has changed for {health.frozen_s:g} s"
        if now_s - self._lit_s >= health.dark_s:
            return CameraState.DARK, f"the picture has been black for {health.dark_s:g} s"
        if self._is_live and now_s - self._quick_s >= _SLOW_S:
            return CameraState.SLOW, f"under half of {self._fps:g} frames a second arrive"
        return None


def _is_dark(luma: Pixels) -> bool:
    mean, deviation = cv2.meanStdDev(luma)
    return float(mean[0, 0]) < _DARK_MEAN and float(deviation[0, 0]) < _DARK_DEVIATION
