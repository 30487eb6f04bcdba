"""Where the structure of a picture differs: the contrast of a pixel to what is around it.

Light that falls on a surface changes its grey and not its structure, once the contrast is scaled to
the light that is there now (Retinex: Land and McCann 1971). So this is the question to believe.
"""

from __future__ import annotations

import math

import cv2
import numpy as np

from pimotion.detect.adaptive.planes import SQUARE_PX, Plane, Toggles, mask, plane
from pimotion.pixels import Pixels

_CROSS_PX = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
_AROUND_PX, _POOL_PX = (9, 9), (3, 3)
_POOLED = 4.0
"""Structure is in quarters of a grey level, of which 8 bits hold enough."""
_FACTOR, _LEAST, _MOST = 3.5, 10, 120
_TOGGLE_WEIGHT = 0.3
_FIRST_NOISE, _NOISE_MOST = 6.0, 60
_LIGHT_SHARE = 0.2
"""Structure has to change by a fifth of what the grey around did: the edge of a headlight's cone is
a little curved, and that is no structure."""
_NEIGHBOUR_SHARE = 0.4
"""Least share of a change that a shift by one pixel must not explain: leaves, a shaking camera."""
_HALO = 0.8
"""Structure beside an object changes, too, by up to 0.8 of the mean around it."""
_DARK = 4.0
_SATURATED = 250
_EDGE_WEIGHTS = ((2, 0.3), (5, 0.5))
"""At the border half of what is around is missing: structure counts less there (px, weight)."""
_GUST_S = 60.0
"""How long the tolerance to what moves by itself is kept: leaves rest between two gusts."""
_ORDINARY, _SAMPLE = 2.5, 8
"""Noise of up to 2.5 times the median (of every 64th pixel) is everywhere: rain, darkness."""


class Structure:
    """Compares structure, pixel by pixel, at one size. Not thread-safe: owned by a scene.

    Attributes:
        changed: Where it changed in the last picture, uint8, 0 or 255.
        contrast_now, contrast_then: Contrast to what is around, grey levels, float32; of the
            picture, and of the scene in the light of now.
    """

    def __init__(self, shape: tuple[int, int]) -> None:
        self.changed = mask(shape)
        self.contrast_now, self.contrast_then = plane(shape), plane(shape)
        self._noise, self._gusts = plane(shape), plane(shape)
        self._toggles = Toggles(shape)
        self._around_now, self._around_then = mask(shape), mask(shape)
        self._light_then, self._contrast = plane(shape), plane(shape)
        self._residual, self._own_threshold, self._threshold = (mask(shape) for _ in range(3))
        self._mask, self._a, self._b = mask(shape), plane(shape), plane(shape)
        self._edge = _edge_weights(shape)

    def restart(self) -> None:
        """Forget how pixels vary."""
        self._noise.fill(_FIRST_NOISE)
        self._gusts.fill(0.0)
        self._toggles.restart()

    def refresh(self, background: Pixels, strictness: float) -> None:
        """Measure the scene's own contrast, and set thresholds, for the pictures to come."""
        cv2.blur(background, _AROUND_PX, dst=self._around_then)
        cv2.subtract(background, self._around_then, dst=self._contrast, dtype=cv2.CV_32F)
        np.add(self._around_then, _DARK, out=self._light_then, dtype=np.float32)
        threshold, scratch = self._own_threshold, self._mask
        cv2.max(self._noise, self._gusts, dst=self._a)
        cv2.convertScaleAbs(self._a, dst=threshold, alpha=_FACTOR * strictness)
        np.clip(threshold, round(_LEAST * strictness), _MOST, out=threshold)
        cv2.convertScaleAbs(self._toggles.rate, dst=scratch, alpha=_TOGGLE_WEIGHT)
        cv2.add(threshold, scratch, dst=threshold)

    def compare(self, picture: Pixels) -> None:
        """Set `changed` and the contrasts for a picture."""
        self._measure_contrasts(picture)
        self._measure_residual(picture)
        residual, scratch = self._residual, self._mask
        cv2.absdiff(self._around_now, self._around_then, dst=scratch)
        cv2.convertScaleAbs(scratch, dst=scratch, alpha=_LIGHT_SHARE * _POOLED)
        cv2.max(self._own_threshold, scratch, dst=self._threshold)
        cv2.compare(residual, self._threshold, cv2.CMP_GT, dst=self.changed)
        if not cv2.hasNonZero(self.changed):
            return
        cv2.blur(residual, _AROUND_PX, dst=scratch)
        cv2.convertScaleAbs(scratch, dst=scratch, alpha=_HALO)
        cv2.compare(residual, scratch, cv2.CMP_GT, dst=scratch)
        cv2.bitwise_and(self.changed, scratch, dst=self.changed)
        cv2.morphologyEx(self.changed, cv2.MORPH_OPEN, _CROSS_PX, dst=self.changed)
        cv2.morphologyEx(self.changed, cv2.MORPH_CLOSE, SQUARE_PX, dst=self.changed)

    def learn(self, free: Pixels, weight: float, step_s: float, *, is_young: bool) -> None:
        """Learn how pixels vary where ``free`` is 255."""
        np.minimum(self._residual, _NOISE_MOST, out=self._mask)
        cv2.accumulateWeighted(self._mask, self._noise, weight, mask=free)
        self._toggles.learn(self.changed, free, step_s)
        if is_young:
            self._gusts.fill(0.0)

    def remember_gusts(self, step_s: float) -> None:
        """Keep for long how restless a place has been, beyond what the whole picture is."""
        sample = np.sort(self._noise[::_SAMPLE, ::_SAMPLE], axis=None)
        ordinary = _ORDINARY * float(sample[sample.size // 2])
        np.subtract(self._noise, np.float32(ordinary), out=self._a)
        np.multiply(self._gusts, np.float32(math.exp(-step_s / _GUST_S)), out=self._gusts)
        cv2.max(self._gusts, self._a, dst=self._gusts)

    def _measure_contrasts(self, picture: Pixels) -> None:
        """Contrast of the picture, and of the scene in the light that falls there now."""
        cv2.blur(picture, _AROUND_PX, dst=self._around_now)
        cv2.subtract(picture, self._around_now, dst=self.contrast_now, dtype=cv2.CV_32F)
        np.add(self._around_now, _DARK, out=self._a, dtype=np.float32)
        cv2.divide(self._a, self._light_then, dst=self._a)
        cv2.multiply(self._contrast, self._a, dst=self.contrast_then)

    def _measure_residual(self, picture: Pixels) -> None:
        """What of the contrast is new, and not explained by a shift of one pixel."""
        now, then, residual = self.contrast_now, self.contrast_then, self._residual
        cv2.absdiff(now, then, dst=self._a)
        self._pool(self._a, _POOLED, residual)
        cv2.dilate(then, SQUARE_PX, dst=self._a)
        cv2.subtract(now, self._a, dst=self._a)
        cv2.erode(then, SQUARE_PX, dst=self._b)
        cv2.subtract(self._b, now, dst=self._b)
        cv2.max(self._a, self._b, dst=self._a)
        np.maximum(self._a, np.float32(0), out=self._a)
        self._pool(self._a, _POOLED / _NEIGHBOUR_SHARE, self._mask)
        cv2.min(residual, self._mask, dst=residual)
        cv2.threshold(picture, _SATURATED - 1, 255, cv2.THRESH_BINARY, dst=self._mask)
        if cv2.hasNonZero(self._mask):  # what is white all over has no structure to compare
            cv2.dilate(self._mask, SQUARE_PX, dst=self._mask)
            cv2.subtract(residual, self._mask, dst=residual)

    def _pool(self, change: Plane, scale: float, out: Pixels) -> None:
        """Average a change over 3x3 pixels, which share their noise out, in the given units."""
        cv2.multiply(change, self._edge, dst=change)
        cv2.convertScaleAbs(change, dst=out, alpha=scale)
        cv2.blur(out, _POOL_PX, dst=out)


def _edge_weights(shape: tuple[int, int]) -> Plane:
    weights = plane(shape, _EDGE_WEIGHTS[0][1])
    for (margin, _), (_, weight) in zip(_EDGE_WEIGHTS, (*_EDGE_WEIGHTS[1:], (0, 1.0)), strict=True):
        weights[margin:-margin, margin:-margin] = weight
    return weights
