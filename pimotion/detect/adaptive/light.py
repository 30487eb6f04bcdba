"""How the light as a whole changes: the camera's exposure, and lamps or filters being switched."""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

from pimotion.pixels import Pixels
from pimotion.types import Exposure

_CELLS_ACROSS = 16
"""The picture as cells of about 20 px at detection width: large enough to be free of noise."""
_FLARE = np.array([6.0], np.float32)
"""Grey levels added to both sides of a ratio: black is not exactly 0, and dark cells are noisy."""
_FREE_ENOUGH = 0.3
"""With fewer free cells than this share, those under objects have to help."""
_HALF, _COVERED, _TOUCHED = 128, 64, 40
"""A cell is ignored from one half of it on, under an object from a quarter on, and touched by a
change from a sixth on."""
_STEP_RATIO = 0.03
"""Brightness that changes by this much from one picture to the next is being adjusted or dimmed."""
_CALM_S = 0.3
"""How long after such a step things are not believed yet: the edges of a fading lamp look new."""
_SAME_EXPOSURE = 0.02
"""Exposures closer than this are the same one, written differently."""
_SCENE_STEP = 1.25
"""With an unchanged exposure, more than this between two pictures is a lamp or something large."""
_AS_BEFORE_RATIO, _AS_BEFORE_CELLS = 0.03, 0.25
"""A lamp lights everything a little. With an unchanged exposure, a quarter of the cells within 3 %
of what they were say that something large is before the camera."""


class Light:
    """Follows how much brighter or darker the whole picture became. Not thread-safe.

    The ratio is the median over cells that no object covers. So an object never pulls it, and
    neither does a shadow on less than half of the picture. What is ``ignored`` (255) is left out.

    Attributes:
        cells: How many cells there are, across and down.
        now, before: The grey of the cells in the newest picture and in the one before it, uint8.
        step: How much brighter the newest picture is than the scene was, 1.0 for the same.
        is_kept: The camera did not change its exposure, and much of the picture is as bright as it
            was: whatever else changed, no lamp did it.
    """

    def __init__(self, ignored: Pixels) -> None:
        height, width = ignored.shape
        self.cells = (_CELLS_ACROSS, max(5, round(_CELLS_ACROSS * height / width)))
        shape = self.cells[::-1]
        self.now, self.before, self._then = (np.zeros(shape, np.uint8) for _ in range(3))
        self._cover = np.zeros(shape, np.uint8)
        cv2.resize(ignored, self.cells, dst=self._cover, interpolation=cv2.INTER_AREA)
        self._seen: npt.NDArray[np.bool_] = self._cover < _HALF
        self._touched_px = _TOUCHED / 255 * ignored.size / self._seen.size
        self._free = self._seen.copy()
        self._count_free()
        self._calm_at_s = -math.inf
        self._exposure: Exposure | None = None
        self.is_kept = False
        self.step = 1.0

    def ratio(self, now: Pixels, then: Pixels, now_s: float, exposure: Exposure | None) -> float:
        """Return how much brighter a picture is than the scene, 1.0 for the same.

        Args:
            now: The picture, shape (height, width), uint8.
            then: The scene, of the same shape.
            now_s: When the picture was taken.
            exposure: What the camera says. When it says that it changed nothing, a jump of the
                median is not taken for its doing: a wide dark thing close by is no exposure.
        """
        self.now, self.before = self.before, self.now
        cv2.resize(now, self.cells, dst=self.now, interpolation=cv2.INTER_AREA)
        cv2.resize(then, self.cells, dst=self._then, interpolation=cv2.INTER_AREA)
        ratios = self.now + _FLARE
        ratios /= self._then + _FLARE
        free = ratios[self._free] if self._are_enough_free else ratios
        ratio = _median(free)
        kept_exposure = _same(exposure, self._exposure)
        self._exposure = exposure
        self.is_kept = kept_exposure and _share_as_before(free) > _AS_BEFORE_CELLS
        is_step = not 1 / _SCENE_STEP < ratio < _SCENE_STEP
        self.step = 1.0 if self.is_kept or (kept_exposure and is_step) else ratio
        if abs(self.step - 1) > _STEP_RATIO:
            self._calm_at_s = now_s + _CALM_S
        return self.step

    def is_calm(self, now_s: float) -> bool:
        """Tell whether the light has kept still for a moment."""
        return now_s > self._calm_at_s

    def cover(self, objects: Pixels) -> None:
        """Say which pixels objects cover, for the next `ratio`: shape (height, width), 0 or 255."""
        cv2.resize(objects, self.cells, dst=self._cover, interpolation=cv2.INTER_AREA)
        np.less(self._cover, _COVERED, out=self._free)
        np.logical_and(self._free, self._seen, out=self._free)
        self._count_free()

    def spread(self, changed: Pixels, changed_px: int) -> float:
        """Return the share of the free cells in which something changed, 0..1; 0 if under half.

        An object is in few cells; a lamp, the night filter or a pushed camera is in nearly all.
        """
        cells = self._free_cells if self._are_enough_free else self._free.size
        if changed_px < _SWITCHED_CELLS * cells * self._touched_px:
            return 0.0
        cv2.resize(changed, self.cells, dst=self._cover, interpolation=cv2.INTER_AREA)
        touched = self._cover > _TOUCHED
        return float((touched[self._free] if self._are_enough_free else touched).mean())

    def _count_free(self) -> None:
        self._free_cells = np.count_nonzero(self._free)
        self._are_enough_free = self._free_cells > _FREE_ENOUGH * self._free.size


def _median(values: npt.NDArray[np.float32]) -> float:
    """As numpy's, which takes ten times as long for so few values."""
    return float(np.sort(values, axis=None)[values.size // 2])


def _share_as_before(ratios: npt.NDArray[np.float32]) -> float:
    return np.count_nonzero(np.abs(ratios - 1) < _AS_BEFORE_RATIO) / ratios.size


def _same(one: Exposure | None, other: Exposure | None) -> bool:
    if one is None or other is None:
        return False
    # White balance changes no light, but what red and blue weigh in the grey: that is the camera's.
    now = (one.time_s * one.gain, *(one.colour_gains or ()))
    before = (other.time_s * other.gain, *(other.colour_gains or ()))
    return len(now) == len(before) and all(
        abs(new - old) <= _SAME_EXPOSURE * old for new, old in zip(now, before, strict=True)
    )


_SWITCHED_RATIO = 0.45
"""Share of the pixels, or half of the cells, that change at once when a lamp or filter switches. A
study on labelled and drawn scenes took lamps and night filters to change at least so much."""
_SWITCHED_CELLS = 0.5
_JUMP, _JUMP_CHANGED = 1.5, 0.1
"""No camera changes its exposure by half from one picture to the next and a tenth of the picture by
something else. A lamp does: it falls elsewhere than the light that was there."""
_SETTLE_S = 0.6
"""Lamps flare up and cameras correct their exposure; the value is that study's."""
_STILL_MOVING = 0.01
"""While the median cell changes by more than this share from picture to picture, wait on."""
_AS_BEFORE, _LITTLE = 2, 0.15
"""So many pictures as bright as the old scene, with little that differs: it was but a flash."""
_LONGEST_S = 3.0
"""However restless it stays, look again after this time."""


class Upheaval:
    """Holds everything back while the whole picture changes at once. Not thread-safe.

        CALM --nearly all changed--> HOLDING --0.6 s, and the picture stands still--> NEW SCENE
          ^----as before again: a flash,-----+------------------3 s at most------------^
               lightning, a jolt

    Attributes:
        began_s, ended_s: When the running or the last one began, and when it ends or ended.
        is_new_scene: The picture that `judge` was just given is the first of a new scene.
    """

    def __init__(self) -> None:
        self.began_s = self.ended_s = -math.inf
        self.is_new_scene = False
        self._is_holding = False
        self._as_before = 0
        self._brighter = 1.0

    def judge(self, light: Light, now_s: float, *, changed_ratio: float, spread: float) -> bool:
        """Look at one picture, whose light is given; tell whether nothing in it may be believed."""
        self.is_new_scene = False
        is_most = changed_ratio > _SWITCHED_RATIO or spread > _SWITCHED_CELLS
        is_jump = _is_jump(light.step) and changed_ratio > _JUMP_CHANGED
        is_all = is_jump or (is_most and not light.is_kept)
        if not self._is_holding and is_all:
            self._is_holding = True
            self._as_before = 0
            self._brighter = light.step
            self.began_s, self.ended_s = now_s, now_s + _SETTLE_S
        elif self._is_holding:
            self._hold_on(light, now_s, is_little=changed_ratio < _LITTLE)
        return self._is_holding

    def _hold_on(self, light: Light, now_s: float, *, is_little: bool) -> None:
        self._brighter *= light.step
        is_as_before = is_little and not _is_jump(self._brighter)
        self._as_before = self._as_before + 1 if is_as_before else 0
        if self._as_before >= _AS_BEFORE:
            self._is_holding = False
            self.ended_s = now_s
            return
        step = float(np.median(cv2.absdiff(light.now, light.before)))
        if step > _STILL_MOVING * max(4.0, float(light.now.mean())):
            self.ended_s = max(self.ended_s, min(now_s + _CALM_S, self.began_s + _LONGEST_S))
        if now_s > self.ended_s:
            self._is_holding = False
            self.is_new_scene = True


def _is_jump(ratio: float) -> bool:
    return not 1 / _JUMP < ratio < _JUMP
