"""What every part of a drawn scene shares: the canvas, the moment, and seeded textures."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Canvas = npt.NDArray[np.float32]
"""Linear in the grey levels of the finished picture, 0..255 and beyond; blue-green-red."""
Plane = npt.NDArray[np.float32]
"""One value a pixel, shape (height, width)."""

FIRST_VISIT_S = 5.0
VISIT_EVERY_S = 12.0
LONGEST_VISIT_S = 7.0
"""Visits begin at 5, 17, 29 s, and last up to 7 s, so that 5 s or more between them are quiet."""


@dataclass(frozen=True, eq=False)
class Stage:
    """Where and how long a scene plays.

    Attributes:
        width, height: px.
        seconds: How long it lasts.
        rng: All chance of the scene comes from here.
    """

    width: int
    height: int
    seconds: float
    rng: np.random.Generator

    @property
    def size(self) -> tuple[int, int]:
        """(width, height), as OpenCV wants it."""
        return self.width, self.height

    def visits(self) -> Iterator[float]:
        """Yield when each visit begins, s; the last ends 1 s or more before the scene."""
        begin_s = FIRST_VISIT_S
        while begin_s + LONGEST_VISIT_S + 1 <= self.seconds:
            yield begin_s
            begin_s += VISIT_EVERY_S

    def quiet_moments(self) -> list[float]:
        """Return one moment in each quiet stretch after the first, s, at some random place."""
        begins = list(self.visits()) or [FIRST_VISIT_S]
        return [begin + LONGEST_VISIT_S + self.rng.uniform(2.0, 3.2) for begin in begins]

    def grid(self) -> tuple[Plane, Plane]:
        """Return each pixel's x and y as shares of the width and of the height, 0..1."""
        across = np.linspace(0, 1, self.width, dtype=np.float32)
        down = np.linspace(0, 1, self.height, dtype=np.float32)
        x, y = np.meshgrid(across, down)
        return x, y


def as_canvas(array: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """Give OpenCV's result its real type."""
    return np.asarray(array, np.float32)


def tint(blue: float, green: float, red: float) -> Canvas:
    """Return a colour, or three factors, to fill or multiply a canvas with."""
    return np.array((blue, green, red), np.float32)


def texture(rng: np.random.Generator, size: tuple[int, int], cells: int) -> Plane:
    """Return smooth noise, mean 0 and deviation near 1, with about ``cells`` cells a width."""
    width, height = size
    rows = max(2, round(cells * height / width))
    coarse = rng.standard_normal((rows, max(2, cells))).astype(np.float32)
    return as_canvas(cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC))


def rough_texture(rng: np.random.Generator, size: tuple[int, int], cells: Sequence[int]) -> Plane:
    """Return noise of several grains at once, as grass, plaster and stone have it."""
    total = np.zeros(size[::-1], np.float32)
    for count in cells:
        total += texture(rng, size, count)
    return as_canvas(total / math.sqrt(len(cells)))


def hot_spot(stage: Stage, x: float, y: float, radius: float) -> Plane:
    """Return a round spot of light, 1 in its middle; place and radius as shares of the width."""
    across, down = stage.grid()
    ratio = stage.height / stage.width
    squared = (across - x) ** 2 + ((down - y) * ratio) ** 2
    return np.exp(-squared / (2 * radius**2)).astype(np.float32)
