"""The still scene, pixel by pixel: its grey, its structure, and how much both vary by themselves.

Two questions are asked of each pixel. *Did its grey change* by more than it varies here, once the
light as a whole is accounted for? *Did its structure change*: its contrast to the 9x9 pixels around
it, scaled to the light that falls there now? Light on a surface changes the first and not the
second (Retinex: Land and McCann 1971), so the second is the one to believe, and the first only
fills in what is smooth. Thresholds follow the deviation that each pixel shows (as in SuBSENSE,
St-Charles et al. 2015) and how often it toggles (their blinking pixels).
"""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

from pimotion.pixels import Pixels, as_pixels

Plane = npt.NDArray[np.float32]

_K3 = np.ones((3, 3), np.uint8)
_CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
_ROUND_PX = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))
_AROUND_PX = (9, 9)
_POOL_PX = (3, 3)

_SCENE_S = 10.0
"""How fast the scene follows what is not a trusted object; a study's value (time constant)."""
_DEVIATION_S = 3.0
_GUST_S = 60.0
"""How fast the tolerance to what moves by itself is forgotten: leaves rest between two gusts."""
_ORDINARY, _SAMPLE = 2.5, 8
"""Noise of up to 2.5 times the median (of every 64th pixel) is everywhere: rain, darkness."""
_TOGGLE_S = 4.0
_YOUNG_S = 1.5
"""The plain mean of all pictures up to this age: who stands in the first is soon outvoted."""

_GREY_FACTOR, _GREY_LEAST, _GREY_MOST = 4.0, 9.0, 70
_GREY_TOGGLE = 0.6
_STRUCTURE_FACTOR, _STRUCTURE_LEAST, _STRUCTURE_MOST = 3.5, 10, 120
_STRUCTURE_TOGGLE = 0.3
_POOLED = 4.0
"""Structure is in quarters of a grey level, of which 8 bits hold enough."""
_NOISE_MOST = 60
_LIGHT_SHARE = 0.2
"""Structure has to change by a fifth of what the grey around did: the edge of a headlight's cone is
a little curved, and that is no structure."""
_NEIGHBOUR_SHARE = 0.4
"""Least share of a change that a shift by one pixel must not explain: leaves, a shaking camera."""
_AS_EARLIER = 0.5
"""What was there before has to explain a place twice as well as what is there now."""
_HALO = 0.8
"""Structure beside an object changes, too, by up to 0.8 of the mean around it."""
_DARK = 4.0
_SATURATED = 250
_EDGE_WEIGHTS = ((2, 0.3), (5, 0.5))
"""At the border half of what is around is missing: structure counts less there (px, weight)."""


class Scene:
    """The model of one still scene at one size. Not thread-safe: owned by one method.

    Attributes:
        background: Its grey under the light of now, shape (height, width), uint8.
        grey, structure: Where they changed, uint8, 0 or 255.
        contrast_now, contrast_then: Contrast to what is around, grey levels, float32; of the
            picture, and of the scene in the light of now.
    """

    def __init__(self, width: int, height: int) -> None:
        shape = (height, width)
        self._mean, self._earlier, self._deviation, self._toggles = _planes(shape, 4)
        self._noise, self._gusts, self._structure_toggles = _planes(shape, 3)
        self._factor = 1.0
        self._age_s = 0.0
        self._pictures = 0
        self.background, self.grey, self.structure = _masks(shape, 3)
        self._grey_before, self._structure_before = _masks(shape, 2)
        self._threshold8, self._low, self._high, self._scratch8, self._mask8 = _masks(shape, 5)
        self._around_now8, self._around_then8 = _masks(shape, 2)
        self.contrast_now, self.contrast_then = _planes(shape, 2)
        self._around_now, self._around_then = _planes(shape, 2)
        self._a, self._b = _planes(shape, 2)
        self._residual8, self._structure_threshold8 = _masks(shape, 2)
        self._edge = _edge_weights(shape)

    def restart(self, picture: Pixels) -> None:
        """Take a picture of shape (height, width), uint8, for the scene; forget all else."""
        self.replace(picture)
        self._deviation.fill(3.0)
        for plane in (self._noise, self._gusts):
            plane.fill(6.0)
        for plane in (self._toggles, self._structure_toggles):
            plane.fill(0.0)
        self._grey_before.fill(0)
        self._structure_before.fill(0)
        self._age_s = 0.0
        self._pictures = 1

    def replace(self, picture: Pixels) -> None:
        """Take a picture for the scene and keep what was learnt about how pixels vary."""
        np.copyto(self._mean, picture)
        np.copyto(self._earlier, picture)
        np.copyto(self.background, picture)

    def set_strictness(self, factor: float) -> None:
        """Multiply all thresholds; see `sensitivity_scale`."""
        self._factor = factor

    def scale(self, ratio: float) -> None:
        """Make the scene this much brighter."""
        for plane in (self._mean, self._earlier):
            np.multiply(plane, np.float32(ratio), out=plane)

    def compare(self, picture: Pixels) -> None:
        """Set `grey`, `structure` and the contrasts for a picture."""
        cv2.convertScaleAbs(self._mean, dst=self.background)
        self._compare_grey(picture)
        self._compare_structure(picture)

    def learn(self, picture: Pixels, objects: Pixels, step_s: float) -> None:
        """Follow the picture that `compare` was given, but not where objects are.

        Args:
            picture: The one that `compare` was given.
            objects: What must not be learnt, shape (height, width), uint8, 0 or 255.
            step_s: Time since the picture before.
        """
        self._age_s += step_s
        self._pictures += 1
        free = as_pixels(cv2.bitwise_not(objects, dst=self._mask8))
        if self._age_s < _YOUNG_S:
            cv2.accumulateWeighted(picture, self._mean, 1 / self._pictures)
        else:
            cv2.accumulateWeighted(picture, self._mean, _share(step_s, _SCENE_S), mask=free)
        share = max(_share(step_s, _DEVIATION_S), 1 / self._pictures)
        cv2.absdiff(picture, self.background, dst=self._scratch8)
        np.minimum(self._scratch8, 40, out=self._scratch8)  # a passing edge must not blow it up
        cv2.accumulateWeighted(self._scratch8, self._deviation, share, mask=free)
        np.minimum(self._residual8, _NOISE_MOST, out=self._scratch8)
        cv2.accumulateWeighted(self._scratch8, self._noise, share, mask=free)
        self._remember_gusts(step_s)
        share = _share(step_s, _TOGGLE_S)
        self._learn_toggles(self.grey, self._grey_before, self._toggles, free, share)
        self._learn_toggles(
            self.structure, self._structure_before, self._structure_toggles, free, share
        )

    def absorb(self, picture: Pixels, x: int, y: int, right: int, bottom: int) -> None:
        """Take what is in a box for the scene from now on; right and bottom exclusive."""
        box = slice(y, bottom), slice(x, right)
        self._earlier[box] = self._mean[box]
        self._mean[box] = picture[box]

    def is_as_earlier(self, picture: Pixels, x: int, y: int, right: int, bottom: int) -> bool:
        """Tell whether a box looks as it did before it was absorbed: what stood there has left."""
        box = slice(y, bottom), slice(x, right)
        changed = self.structure[box] > 0
        now = picture[box][changed].astype(np.float32)
        off_earlier = float(np.abs(now - self._earlier[box][changed]).sum())
        return off_earlier < _AS_EARLIER * float(np.abs(now - self._mean[box][changed]).sum())

    def threshold(self) -> Pixels:
        """Return the least change of grey that counts, of each pixel: a copy, uint8."""
        return as_pixels(self._threshold8.copy())

    def _compare_grey(self, picture: Pixels) -> None:
        threshold, scratch = self._threshold8, self._scratch8
        factor = _GREY_FACTOR * self._factor
        cv2.convertScaleAbs(self._deviation, dst=threshold, alpha=factor)
        np.maximum(threshold, round(_GREY_LEAST * self._factor), out=threshold)
        np.minimum(threshold, _GREY_MOST, out=threshold)
        cv2.convertScaleAbs(self._toggles, dst=scratch, alpha=_GREY_TOGGLE)
        cv2.add(threshold, scratch, dst=threshold)
        # One pixel of tolerance to a shaking camera and to leaves.
        cv2.dilate(self.background, _K3, dst=self._high)
        cv2.add(self._high, threshold, dst=self._high)
        cv2.erode(self.background, _K3, dst=self._low)
        cv2.subtract(self._low, threshold, dst=self._low)
        cv2.inRange(picture, self._low, self._high, dst=self.grey)
        cv2.bitwise_not(self.grey, dst=self.grey)
        if cv2.hasNonZero(self.grey):
            cv2.morphologyEx(self.grey, cv2.MORPH_CLOSE, _ROUND_PX, dst=self.grey)

    def _compare_structure(self, picture: Pixels) -> None:
        self._measure_contrasts(picture)
        self._measure_residual(picture)
        self._set_structure_threshold()
        residual, threshold = self._residual8, self._structure_threshold8
        cv2.compare(residual, threshold, cv2.CMP_GT, dst=self.structure)
        if not cv2.hasNonZero(self.structure):
            return
        cv2.blur(residual, _AROUND_PX, dst=self._scratch8)
        cv2.convertScaleAbs(self._scratch8, dst=self._scratch8, alpha=_HALO)
        cv2.compare(residual, self._scratch8, cv2.CMP_GT, dst=self._scratch8)
        cv2.bitwise_and(self.structure, self._scratch8, dst=self.structure)
        cv2.morphologyEx(self.structure, cv2.MORPH_OPEN, _CROSS, dst=self.structure)
        cv2.morphologyEx(self.structure, cv2.MORPH_CLOSE, _K3, dst=self.structure)

    def _measure_contrasts(self, picture: Pixels) -> None:
        """Contrast of the picture, and of the scene in the light that falls there now."""
        cv2.blur(picture, _AROUND_PX, dst=self._around_now8)
        cv2.blur(self.background, _AROUND_PX, dst=self._around_then8)
        cv2.subtract(picture, self._around_now8, dst=self.contrast_now, dtype=cv2.CV_32F)
        cv2.subtract(self.background, self._around_then8, dst=self.contrast_then, dtype=cv2.CV_32F)
        np.add(self._around_now8, _DARK, out=self._around_now, dtype=np.float32)
        np.add(self._around_then8, _DARK, out=self._around_then, dtype=np.float32)
        cv2.divide(self._around_now, self._around_then, dst=self._a)
        cv2.multiply(self.contrast_then, self._a, dst=self.contrast_then)

    def _measure_residual(self, picture: Pixels) -> None:
        """What of the contrast is new, and not explained by a shift of one pixel."""
        now, then, residual = self.contrast_now, self.contrast_then, self._residual8
        cv2.absdiff(now, then, dst=self._a)
        self._pool(self._a, _POOLED, residual)
        cv2.dilate(then, _K3, dst=self._a)
        cv2.subtract(now, self._a, dst=self._a)
        cv2.erode(then, _K3, dst=self._b)
        cv2.subtract(self._b, now, dst=self._b)
        cv2.max(self._a, self._b, dst=self._a)
        np.maximum(self._a, np.float32(0), out=self._a)
        self._pool(self._a, _POOLED / _NEIGHBOUR_SHARE, self._mask8)
        cv2.min(residual, self._mask8, dst=residual)
        cv2.threshold(picture, _SATURATED - 1, 255, cv2.THRESH_BINARY, dst=self._scratch8)
        if cv2.hasNonZero(self._scratch8):  # what is white all over has no structure to compare
            cv2.dilate(self._scratch8, _K3, dst=self._scratch8)
            cv2.subtract(residual, self._scratch8, dst=residual)

    def _pool(self, change: Plane, scale: float, out: Pixels) -> None:
        """Average a change over 3x3 pixels, which share their noise out, in the given units."""
        cv2.multiply(change, self._edge, dst=change)
        cv2.convertScaleAbs(change, dst=out, alpha=scale)
        cv2.blur(out, _POOL_PX, dst=out)

    def _set_structure_threshold(self) -> None:
        threshold, scratch = self._structure_threshold8, self._scratch8
        cv2.max(self._noise, self._gusts, dst=self._a)
        cv2.convertScaleAbs(self._a, dst=threshold, alpha=_STRUCTURE_FACTOR * self._factor)
        np.maximum(threshold, round(_STRUCTURE_LEAST * self._factor), out=threshold)
        np.minimum(threshold, _STRUCTURE_MOST, out=threshold)
        cv2.convertScaleAbs(self._structure_toggles, dst=scratch, alpha=_STRUCTURE_TOGGLE)
        cv2.add(threshold, scratch, dst=threshold)
        cv2.absdiff(self._around_now8, self._around_then8, dst=scratch)
        cv2.convertScaleAbs(scratch, dst=scratch, alpha=_LIGHT_SHARE * _POOLED)
        cv2.max(threshold, scratch, dst=threshold)

    def _remember_gusts(self, step_s: float) -> None:
        """Keep for long how restless a place has been, beyond what the whole picture is."""
        sample = np.sort(self._noise[::_SAMPLE, ::_SAMPLE], axis=None)
        ordinary = _ORDINARY * float(sample[sample.size // 2])
        np.subtract(self._noise, np.float32(ordinary), out=self._a)
        forgotten = math.exp(-step_s / _GUST_S) if self._age_s > _DEVIATION_S else 0.0
        np.multiply(self._gusts, np.float32(forgotten), out=self._gusts)
        cv2.max(self._gusts, self._a, dst=self._gusts)

    def _learn_toggles(
        self, mask: Pixels, before: Pixels, toggles: Plane, free: Pixels, share: float
    ) -> None:
        cv2.bitwise_xor(mask, before, dst=self._scratch8)
        cv2.bitwise_and(self._scratch8, free, dst=self._scratch8)
        cv2.accumulateWeighted(self._scratch8, toggles, share)
        np.copyto(before, mask)


def _share(step_s: float, time_constant_s: float) -> float:
    return 1 - math.exp(-step_s / time_constant_s)


def _planes(shape: tuple[int, int], count: int) -> list[Plane]:
    return [np.zeros(shape, np.float32) for _ in range(count)]


def _masks(shape: tuple[int, int], count: int) -> list[Pixels]:
    return [np.zeros(shape, np.uint8) for _ in range(count)]


def _edge_weights(shape: tuple[int, int]) -> Plane:
    weights = np.full(shape, _EDGE_WEIGHTS[0][1], np.float32)
    inner = _EDGE_WEIGHTS[0][0]
    weights[inner:-inner, inner:-inner] = _EDGE_WEIGHTS[1][1]
    inner = _EDGE_WEIGHTS[1][0]
    weights[inner:-inner, inner:-inner] = 1.0
    return weights
