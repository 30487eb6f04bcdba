"""Where the structure of a picture differs: the contrast of a pixel to what is around it.

Light that falls on a surface changes its grey and not its structure, once the contrast is scaled to
the light that is there now (Retinex: Land and McCann 1971). So this is the question to believe.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from pimotion.detect.adaptive.planes import SQUARE_PX, Box, Plane, Toggles, mask, plane, where
from pimotion.pixels import Pixels

_CROSS_PX = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
AROUND_PX, _POOL_PX = (9, 9), (3, 3)
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
_HALO_PX = 6
"""So far around what may have changed, the mean around it looks."""
_DARK = 4
_SATURATED = 250
_EDGE_WEIGHTS = ((2, 0.3), (5, 0.5))
"""At the border half of what is around is missing: structure counts less there (px, weight)."""
_GUST_S = 60.0
"""How long the tolerance to what moves by itself is kept: leaves rest between two gusts."""
_ORDINARY, _SAMPLE = 2.5, 8
"""Noise of up to 2.5 times the median (of every 64th pixel) is everywhere: rain, darkness."""
_WHOLE: Box = (slice(None), slice(None))
_UNIT = 64
"""Shares in a byte are in 64ths."""


@dataclass(frozen=True, slots=True)
class Contrast:
    """The contrast of pixels to what is around them, made where it is asked for."""

    pixels: Pixels
    around: Pixels

    def __getitem__(self, box: Box) -> Plane:
        """Return that of a part, grey levels, float32."""
        return self.pixels[box].astype(np.float32) - self.around[box]


class Structure:
    """Compares structure, pixel by pixel, at one size. Not thread-safe: owned by a scene.

    The contrast of now and that of then, in the light of now, have the same surroundings. So their
    difference is that of the picture and what the scene makes one expect.

    Attributes:
        changed: Where it changed in the last picture, uint8, 0 or 255.
        contrast_now, contrast_then: Of the last picture, and of the scene in the light of now.
    """

    def __init__(self, shape: tuple[int, int]) -> None:
        self.changed = mask(shape)
        self._noise, self._gusts = plane(shape), plane(shape)
        self._toggles = Toggles(shape)
        self._dark, self._white = mask(shape, _DARK), mask(shape, _SATURATED + _DARK - 1)
        self._noise_most = mask(shape, _NOISE_MOST)
        self._now, self._around_now, self._around_then = mask(shape), mask(shape), mask(shape)
        self._then, self._expected = plane(shape), mask(shape)
        self.contrast_now = Contrast(self._now, self._around_now)
        self.contrast_then = Contrast(self._expected, self._around_now)
        self._residual, self._threshold = mask(shape), mask(shape)
        self._a, self._b, self._scratch = mask(shape), mask(shape), plane(shape)
        weights = _edge_weights(shape)
        self._edge = np.rint(_UNIT * weights).astype(np.uint8)
        self._light_share = np.rint(_UNIT * _POOLED * _LIGHT_SHARE / weights).astype(np.uint8)
        self._toggle_weights = _TOGGLE_WEIGHT / weights
        self._least = np.rint(_LEAST / weights).astype(np.uint8)
        self._most = np.minimum(_MOST / weights, 255).astype(np.uint8)

    def restart(self) -> None:
        """Forget how pixels vary."""
        self._noise.fill(_FIRST_NOISE)
        self._gusts.fill(0.0)
        self._toggles.restart()

    def refresh(self, background: Pixels, strictness: float) -> None:
        """Measure the scene's own contrast, and set thresholds, for the pictures to come."""
        cv2.add(background, self._dark, dst=self._a)
        cv2.blur(self._a, AROUND_PX, dst=self._around_then)
        np.copyto(self._then, self._a)
        np.copyto(self._scratch, self._around_then)
        np.divide(self._then, self._scratch, out=self._then)
        threshold, scratch = self._threshold, self._a
        cv2.max(self._noise, self._gusts, dst=self._scratch)
        cv2.convertScaleAbs(self._scratch, dst=threshold, alpha=_FACTOR * strictness)
        cv2.convertScaleAbs(self._least, dst=scratch, alpha=strictness)
        cv2.max(threshold, scratch, dst=threshold)
        cv2.min(threshold, self._most, dst=threshold)
        cv2.multiply(self._toggles.rate, self._toggle_weights, dst=scratch, dtype=cv2.CV_8U)
        cv2.add(threshold, scratch, dst=threshold)

    def compare(self, picture: Pixels, *, to_learn: bool) -> None:
        """Set `changed` for a picture; only one that is compared ``to_learn`` may be learnt."""
        cv2.add(picture, self._dark, dst=self._now)
        cv2.blur(self._now, AROUND_PX, dst=self._around_now)
        cv2.multiply(self._then, self._around_now, dst=self._expected, dtype=cv2.CV_8U)
        cv2.absdiff(self._now, self._expected, dst=self._residual)
        _pool(self._residual, _POOLED)
        cv2.compare(self._residual, self._threshold, cv2.CMP_GT, dst=self.changed)
        box = where(self.changed, _HALO_PX)
        if to_learn:
            self._explain_by_shift(_WHOLE)
        elif box is not None:
            self._explain_by_shift(box)
        if box is not None:
            self._judge(box)

    def learn(self, free: Pixels, weight: float, step_s: float, *, is_young: bool) -> None:
        """Learn how pixels vary where ``free`` is 255."""
        cv2.min(self._residual, self._noise_most, dst=self._a)
        cv2.accumulateWeighted(self._a, self._noise, weight, mask=free)
        self._toggles.learn(self.changed, free, step_s)
        if is_young:
            self._gusts.fill(0.0)

    def remember_gusts(self, step_s: float) -> None:
        """Keep for long how restless a place has been, beyond what the whole picture is."""
        sample = np.sort(self._noise[::_SAMPLE, ::_SAMPLE], axis=None)
        ordinary = _ORDINARY * float(sample[sample.size // 2])
        np.subtract(self._noise, np.float32(ordinary), out=self._scratch)
        np.multiply(self._gusts, np.float32(math.exp(-step_s / _GUST_S)), out=self._gusts)
        cv2.max(self._gusts, self._scratch, dst=self._gusts)

    def _explain_by_shift(self, box: Box) -> None:
        """Take from a change what a shift by one pixel explains; and all of it in white."""
        now, expected, residual = self._now[box], self._expected[box], self._residual[box]
        nearest, scratch = self._a[box], self._b[box]
        cv2.erode(expected, SQUARE_PX, dst=scratch)
        cv2.max(now, scratch, dst=nearest)
        cv2.dilate(expected, SQUARE_PX, dst=scratch)
        cv2.min(nearest, scratch, dst=nearest)
        cv2.absdiff(now, nearest, dst=nearest)
        _pool(nearest, _POOLED / _NEIGHBOUR_SHARE)
        cv2.min(residual, nearest, dst=residual)
        cv2.compare(now, self._white[box], cv2.CMP_GT, dst=scratch)
        if cv2.countNonZero(scratch):  # what is white all over has no structure to compare
            cv2.dilate(scratch, SQUARE_PX, dst=scratch)
            cv2.subtract(residual, scratch, dst=residual)

    def _judge(self, box: Box) -> None:
        changed, residual = self.changed[box], self._residual[box]
        threshold, scratch = self._a[box], self._b[box]
        cv2.absdiff(self._around_now[box], self._around_then[box], dst=scratch)
        cv2.multiply(scratch, self._light_share[box], dst=scratch, scale=1 / _UNIT)
        cv2.max(self._threshold[box], scratch, dst=threshold)
        cv2.compare(residual, threshold, cv2.CMP_GT, dst=changed)
        cv2.multiply(residual, self._edge[box], dst=threshold, scale=1 / _UNIT)
        cv2.blur(threshold, AROUND_PX, dst=scratch)
        cv2.convertScaleAbs(scratch, dst=scratch, alpha=_HALO)
        cv2.compare(threshold, scratch, cv2.CMP_GT, dst=scratch)
        cv2.bitwise_and(changed, scratch, dst=changed)
        cv2.morphologyEx(changed, cv2.MORPH_OPEN, _CROSS_PX, dst=changed)
        cv2.morphologyEx(changed, cv2.MORPH_CLOSE, SQUARE_PX, dst=changed)


def _pool(change: Pixels, scale: float) -> None:
    """Average a change over 3x3 pixels, which share their noise out, in the given units."""
    cv2.convertScaleAbs(change, dst=change, alpha=scale)
    cv2.blur(change, _POOL_PX, dst=change)


def _edge_weights(shape: tuple[int, int]) -> Plane:
    weights = plane(shape, _EDGE_WEIGHTS[0][1])
    for (margin, _), (_, weight) in zip(_EDGE_WEIGHTS, (*_EDGE_WEIGHTS[1:], (0, 1.0)), strict=True):
        weights[margin:-margin, margin:-margin] = weight
    return weights
