"""Arrays that are made once, and how fast averages in them follow."""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

from pimotion.pixels import Pixels

Plane = npt.NDArray[np.float32]
Box = tuple[slice, slice]
"""Rows and columns of a part of an array."""

SQUARE_PX = np.ones((3, 3), np.uint8)
_TOGGLE_S = 4.0


def plane(shape: tuple[int, int], value: float = 0.0) -> Plane:
    """Return an array of that shape (height, width), float32, filled with a value."""
    return np.full(shape, value, np.float32)


def mask(shape: tuple[int, int], value: int = 0) -> Pixels:
    """Return an array of that shape (height, width), uint8, filled with a value.

    Limits are such arrays, too: OpenCV is slow with a number in place of one.
    """
    return np.full(shape, value, np.uint8)


def where(mask: Pixels, margin: int) -> Box | None:
    """Return the rows and columns that hold all of a mask and ``margin`` px more; None if empty."""
    x, y, width, height = cv2.boundingRect(mask)
    if not width:
        return None
    rows = slice(max(0, y - margin), y + height + margin)
    return rows, slice(max(0, x - margin), x + width + margin)


def share(step_s: float, time_constant_s: float) -> float:
    """Return the weight of the newest value in an average with that time constant."""
    return 1 - math.exp(-step_s / time_constant_s)


class Toggles:
    """How often each pixel of a mask turns on or off by itself: leaves, water, a flickering lamp.

    Attributes:
        rate: Share of the pictures in which it did, of late, times 255; float32.
    """

    def __init__(self, shape: tuple[int, int]) -> None:
        self.rate = plane(shape)
        self._before, self._toggled = mask(shape), mask(shape)

    def restart(self) -> None:
        """Forget everything."""
        self.rate.fill(0.0)
        self._before.fill(0)

    def learn(self, now: Pixels, free: Pixels, step_s: float) -> None:
        """Take a mask, uint8, 0 or 255, into account where ``free`` is 255."""
        cv2.bitwise_xor(now, self._before, dst=self._toggled)
        cv2.bitwise_and(self._toggled, free, dst=self._toggled)
        cv2.accumulateWeighted(self._toggled, self.rate, share(step_s, _TOGGLE_S))
        np.copyto(self._before, now)
