"""Smooths pictures as much as their noise asks for: at night and in rain, and not by day."""

from __future__ import annotations

import cv2
import numpy as np

from pimotion.detect.adaptive.planes import share
from pimotion.pixels import Pixels

_SAMPLE = 8
_CLEAN, _NOISY = 0.5, 0.9
"""Mean change from picture to picture of the calmer half of the pixels, grey levels. Clean: cameras
by day (0.0 to 0.4); noisy: sensors at full gain (1.0) and rain (2.0)."""
_FOLLOW_S = 3.0
_EVERY = 8
"""Noise is measured between one pair of pictures in so many, and between the first ones."""
_KERNEL_PX = (3, 3)


class Smoother:
    """Blends a picture with its blurred self. Not thread-safe: owned by one method.

    The blend changes over seconds, so that no picture jumps against those before.
    """

    def __init__(self, width: int, height: int) -> None:
        self._blurred, self._smooth = (np.zeros((height, width), np.uint8) for _ in range(2))
        self._before = self._blurred[::_SAMPLE, ::_SAMPLE].copy()
        self._noise = 0.0
        self._waited_s = 0.0
        self._pictures = 0

    def smooth(self, picture: Pixels, step_s: float) -> Pixels:
        """Return the picture, or, if it is noisy, a smooth one that the next call overwrites.

        Args:
            picture: Shape (height, width), uint8.
            step_s: Time since the one before.
        """
        self._measure(picture, step_s)
        blend = min(max((self._noise - _CLEAN) / (_NOISY - _CLEAN), 0.0), 1.0)
        if blend == 0.0:
            return picture
        cv2.GaussianBlur(picture, _KERNEL_PX, 0, dst=self._blurred)
        if blend == 1.0:
            return self._blurred
        cv2.addWeighted(picture, 1 - blend, self._blurred, blend, 0, dst=self._smooth)
        return self._smooth

    def _measure(self, picture: Pixels, step_s: float) -> None:
        self._pictures += 1
        self._waited_s += step_s
        is_first = self._pictures <= _EVERY
        turn = self._pictures % _EVERY
        if turn > 1 and not is_first:
            return
        sample = picture[::_SAMPLE, ::_SAMPLE]
        if self._pictures > 1 and (turn == 1 or is_first):
            calmer = np.sort(cv2.absdiff(sample, self._before), axis=None)[: sample.size // 2]
            weight = max(share(self._waited_s, _FOLLOW_S), 1 / (self._pictures - 1))
            self._noise += weight * (float(calmer.mean()) - self._noise)
            self._waited_s = 0.0
        np.copyto(self._before, sample)
