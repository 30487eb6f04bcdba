"""Where the grey of a picture differs from the scene's by more than it varies by itself."""

from __future__ import annotations

import cv2

from pimotion.detect.adaptive.planes import SQUARE_PX, Toggles, mask, plane, where
from pimotion.pixels import Pixels

_ROUND_PX = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))
_CLOSE_PX = 2
"""What is closed needs so much room around it."""
_FACTOR, _LEAST, _MOST = 4.0, 9.0, 70
_TOGGLE_WEIGHT = 0.6
"""Thresholds in grey levels: 4 times the mean deviation, and 0.6 of the toggle rate; values of a
study on labelled and drawn scenes."""
_FIRST_DEVIATION = 3.0
_DEVIATION_MOST = 40
"""A passing edge must not blow it up."""


class Grey:
    """Compares grey, pixel by pixel, at one size. Not thread-safe: owned by a scene.

    Attributes:
        changed: Where it changed in the last picture, uint8, 0 or 255.
        threshold: Least change that counts, grey levels, uint8.
    """

    def __init__(self, shape: tuple[int, int]) -> None:
        self.changed, self.threshold = mask(shape), mask(shape)
        self._deviation = plane(shape)
        self._most, self._deviation_most = mask(shape, _MOST), mask(shape, _DEVIATION_MOST)
        self._toggles = Toggles(shape)
        self._low, self._high, self._scratch = mask(shape), mask(shape), mask(shape)

    def restart(self) -> None:
        """Forget how pixels vary."""
        self._deviation.fill(_FIRST_DEVIATION)
        self._toggles.restart()

    def refresh(self, background: Pixels, strictness: float) -> None:
        """Set the bounds of what is as before, for the pictures to come."""
        threshold, scratch = self.threshold, self._scratch
        cv2.convertScaleAbs(self._deviation, dst=threshold, alpha=_FACTOR * strictness)
        scratch.fill(round(_LEAST * strictness))
        cv2.max(threshold, scratch, dst=threshold)
        cv2.min(threshold, self._most, dst=threshold)
        cv2.convertScaleAbs(self._toggles.rate, dst=scratch, alpha=_TOGGLE_WEIGHT)
        cv2.add(threshold, scratch, dst=threshold)
        # One pixel of tolerance to a shaking camera and to leaves.
        cv2.dilate(background, SQUARE_PX, dst=self._high)
        cv2.add(self._high, threshold, dst=self._high)
        cv2.erode(background, SQUARE_PX, dst=self._low)
        cv2.subtract(self._low, threshold, dst=self._low)

    def compare(self, picture: Pixels) -> None:
        """Set `changed` for a picture."""
        cv2.inRange(picture, self._low, self._high, dst=self.changed)
        cv2.bitwise_not(self.changed, dst=self.changed)
        box = where(self.changed, _CLOSE_PX)
        if box is not None:
            cv2.morphologyEx(self.changed[box], cv2.MORPH_CLOSE, _ROUND_PX, dst=self.changed[box])

    def learn(
        self, picture: Pixels, background: Pixels, free: Pixels, weight: float, step_s: float
    ) -> None:
        """Learn how pixels vary where ``free`` is 255."""
        cv2.absdiff(picture, background, dst=self._scratch)
        cv2.min(self._scratch, self._deviation_most, dst=self._scratch)
        cv2.accumulateWeighted(self._scratch, self._deviation, weight, mask=free)
        self._toggles.learn(self.changed, free, step_s)
