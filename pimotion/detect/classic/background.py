"""Learns what the scene looks like when nothing moves, and tells what differs from it.

A background knows grey pixels and nothing else: no boxes, no zones, no events, no clock. Whoever
writes another one implements `Background` and adds it to `make_background` in `methods`.
"""

from __future__ import annotations

from typing import Protocol

import cv2
import numpy as np
import numpy.typing as npt

from pimotion.detect.sensitivity import sensitivity_scale
from pimotion.pixels import Pixels, as_pixels
from pimotion.types import SceneModel

_BLUR_PX = (7, 7)
_CLEANING = np.ones((5, 5), np.uint8)
"""Eroding twice by 3x3 and dilating twice, in one go each: specks thinner than 5 px vanish."""
_SLOWER = 10
"""With this the slow average forgets a change of 100 grey levels in 137 frames."""
_YOUNG = 2.0
"""Frames times weight up to which the first picture still shows; 20 frames at the default."""


class Background(Protocol):
    """What a scene looks like without motion. Not thread-safe: owned by one detector.

    For each frame the detector calls `foreground` and then either `learn`, or `restart` when the
    whole scene has changed.
    """

    def restart(self, luma: Pixels) -> None:
        """Forget everything and take this picture for the scene.

        Args:
            luma: Shape (height, width), uint8; the size of all pictures until the next restart.
        """

    def foreground(self, luma: Pixels) -> Pixels:
        """Return what differs from the scene, shape (height, width), uint8, 0 or 255.

        The array is the background's own and is overwritten by the next call.
        """

    def learn(self, luma: Pixels) -> None:
        """Take the picture that was given to `foreground` into account."""

    def set_sensitivity(self, sensitivity: int) -> None:
        """Scale the thresholds, 1..100; 50 leaves them as they are configured."""

    def model(self) -> SceneModel:
        """Return copies of what the last picture was compared with; call it before `learn`."""


class RunningAverage:
    """The classic method: a weighted average of all pictures, and a fixed threshold.

    Differences are taken of blurred luma, against the average as it was before this picture.
    Whatever stays becomes part of the scene: a pixel that changed by 100 grey levels is forgotten
    after 13 frames at the default weight and threshold.

    The classic average also learns what walks by, so that people drag a trail behind them, often
    larger than themselves. A second, slower average does not learn where something is seen: it
    shows the scene without them, and only what differs from both counts. That never adds a pixel
    to the classic method's, it takes trails off; and as whatever stays drops out of the first
    average, the second learns it, too, in the end.

    Args:
        threshold: Least change of a pixel at sensitivity 50, grey levels, 1..255.
        accum_weight: Share of the newest picture in the average, 0..1.
        sensitivity: 1..100.
    """

    def __init__(self, *, threshold: int, accum_weight: float, sensitivity: int = 50) -> None:
        self._configured_threshold = threshold
        self._weight = accum_weight
        self._frames = 0
        self._resize((0, 0))
        self.set_sensitivity(sensitivity)

    def set_sensitivity(self, sensitivity: int) -> None:
        """Scale the threshold; see `sensitivity_scale`."""
        threshold = round(self._configured_threshold * sensitivity_scale(sensitivity))
        self._threshold = min(max(threshold, 1), 254)

    def restart(self, luma: Pixels) -> None:
        """Take this picture for the scene."""
        if luma.shape != self._average.shape:
            self._resize(luma.shape)
        self._blur(luma)
        np.copyto(self._average, self._blurred)
        np.copyto(self._slow_average, self._blurred)
        self._frames = 1

    def foreground(self, luma: Pixels) -> Pixels:
        """Return what differs from both averages, cleaned of specks."""
        self._blur(luma)
        mask = self._mask
        self._compare(self._average, out=mask)
        if cv2.hasNonZero(mask):
            self._compare(self._slow_average, out=self._scratch)
            cv2.bitwise_and(mask, self._scratch, dst=mask)
            cv2.erode(mask, _CLEANING, dst=mask)
            cv2.dilate(mask, _CLEANING, dst=mask)
        return as_pixels(mask)

    def learn(self, luma: Pixels) -> None:  # noqa: ARG002  blurred already by `foreground`
        """Let the averages follow the picture that `foreground` just saw."""
        self._frames += 1
        cv2.accumulateWeighted(self._blurred, self._average, self._weight)
        if self._frames * self._weight < _YOUNG:
            # The plain mean of all pixels: who stands in the first picture is soon outvoted.
            cv2.accumulateWeighted(self._blurred, self._slow_average, 1 / self._frames)
            return
        still = cv2.bitwise_not(self._mask, dst=self._scratch)
        slow_weight = self._weight / _SLOWER
        cv2.accumulateWeighted(self._blurred, self._slow_average, slow_weight, mask=still)

    def model(self) -> SceneModel:
        """Return the classic average, and the threshold, which is the same everywhere."""
        background = as_pixels(cv2.convertScaleAbs(self._average))
        return SceneModel(background, np.full_like(background, self._threshold))

    def _resize(self, shape: tuple[int, ...]) -> None:
        self._average, self._slow_average = (np.empty(shape, np.float32) for _ in range(2))
        self._blurred, self._mask, self._scratch = (np.empty(shape, np.uint8) for _ in range(3))

    def _blur(self, luma: Pixels) -> None:
        cv2.GaussianBlur(luma, _BLUR_PX, 0, dst=self._blurred)

    def _compare(self, average: npt.NDArray[np.float32], *, out: Pixels) -> None:
        cv2.convertScaleAbs(average, dst=out)
        cv2.absdiff(out, self._blurred, dst=out)
        cv2.threshold(out, self._threshold, 255, cv2.THRESH_BINARY, dst=out)
