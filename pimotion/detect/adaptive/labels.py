"""Connected pixels, numbered: where each region is, and how much of it has something more."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from pimotion.detect.adaptive.planes import Box, mask
from pimotion.pixels import Pixels, as_pixels

_BYTE = 256


class Labels:
    """Numbers the regions of one mask after the other. Not thread-safe: owned by one finder.

    Numbers begin at 0. All masks are of the same part of a picture. A picture has few regions,
    mostly: lists of them are quicker than arrays.

    Attributes:
        boxes: Of each region: x, y, right and bottom, px of the whole picture, exclusive.
        areas: Of each region, px.
    """

    def __init__(self, shape: tuple[int, int]) -> None:
        self.boxes: list[tuple[int, int, int, int]] = []
        self.areas: list[int] = []
        self._whole, self._whole8 = np.zeros(shape, np.uint16), mask(shape)
        self._labels: npt.NDArray[np.uint16] = self._whole
        self._labels8: Pixels = self._whole8
        self._centres: list[list[float]] = []
        self._corner = (0, 0)
        self._table = np.zeros(_BYTE, np.uint8)

    def number(self, pixels: Pixels, box: Box) -> None:
        """Number the regions of a mask. Pixels that touch by a corner belong together.

        Args:
            pixels: Shape of the box, uint8, 0 or 255.
            box: Which part of the picture it is.
        """
        _, labels, stats, centres = cv2.connectedComponentsWithStats(
            pixels, labels=self._whole[box], connectivity=8, ltype=cv2.CV_16U
        )
        self._labels = labels.astype(np.uint16, copy=False)
        left, top = self._corner = box[1].start, box[0].start
        rows = stats.tolist()[1:]
        self.boxes = [(left + x, top + y, left + x + w, top + y + h) for x, y, w, h, _ in rows]
        self.areas = [row[4] for row in rows]
        self._centres = centres.tolist()[1:]
        if 1 < len(rows) < _BYTE:
            self._labels8 = self._whole8[box]
            np.copyto(self._labels8, self._labels, casting="unsafe")

    def centre(self, number: int) -> tuple[float, float]:
        """Return x and y of a region's centre of mass, px of the whole picture."""
        x, y = self._centres[number]
        return x + self._corner[0], y + self._corner[1]

    def count(self, part: Pixels) -> list[int]:
        """Return how many pixels each region has of a mask of which all are in regions."""
        regions = len(self.areas)
        if regions == 1:
            return [cv2.countNonZero(part)]
        if regions >= _BYTE:
            return [int(n) for n in np.bincount(self._labels[part > 0], minlength=regions + 1)[1:]]
        counts = cv2.calcHist([self._labels8], [0], part, [regions + 1], [0, regions + 1])
        # OpenCV 5 gives one row, those before one column.
        return [round(count) for count in counts.ravel().tolist()[1:]]

    def pick(self, chosen: Sequence[bool], out: Pixels) -> Pixels:
        """Set ``out`` to 255 where a chosen region is, else to 0."""
        numbers = np.array([False, *chosen])
        if len(chosen) == 1 or len(chosen) >= _BYTE:
            np.take(numbers.view(np.uint8) * np.uint8(255), self._labels, out=out)
            return out
        self._table[: len(numbers)] = 0
        self._table[: len(numbers)][numbers] = 255
        return as_pixels(cv2.LUT(self._labels8, self._table, dst=out))
