"""Connected pixels, numbered: where each region is, and how much of it has something more."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from pimotion.detect.adaptive.planes import Box
from pimotion.pixels import Pixels, as_pixels

_BYTE = 256

Chosen = npt.NDArray[np.bool_]


class Labels:
    """Numbers the regions of one mask after the other. Not thread-safe: owned by one finder.

    Region 0 is what is in none. All masks are of the same part of a picture.

    Attributes:
        stats: Of each region: x, y, width, height, px of the whole picture, and its area; int32.
        centres: Of each region: x and y of its centre of mass; float64.
    """

    def __init__(self, shape: tuple[int, int]) -> None:
        self.stats: npt.NDArray[np.int32] = np.zeros((1, 5), np.int32)
        self.centres: npt.NDArray[np.float64] = np.zeros((1, 2))
        self._whole, self._whole8 = np.zeros(shape, np.uint16), np.zeros(shape, np.uint8)
        self._labels: npt.NDArray[np.uint16] = self._whole
        self._labels8: Pixels = self._whole8
        self._table = np.zeros(_BYTE, np.uint8)

    def number(self, mask: Pixels, box: Box) -> None:
        """Number the regions of a mask. Pixels that touch by a corner belong together.

        Args:
            mask: Shape of the box, uint8, 0 or 255.
            box: Which part of the picture it is.
        """
        _, labels, stats, centres = cv2.connectedComponentsWithStats(
            mask, labels=self._whole[box], connectivity=8, ltype=cv2.CV_16U
        )
        self._labels = labels.astype(np.uint16, copy=False)
        self.stats = stats.astype(np.int32, copy=False)
        self.centres = np.asarray(centres, np.float64)
        corner = box[1].start, box[0].start
        self.stats[:, :2] += corner
        self.centres += corner
        if len(stats) <= _BYTE:
            self._labels8 = self._whole8[box]
            np.copyto(self._labels8, self._labels, casting="unsafe")

    def count(self, mask: Pixels) -> npt.NDArray[np.intp]:
        """Return how many pixels of a mask each region has; OpenCV is quick up to 256 of them."""
        regions = len(self.stats)
        if regions > _BYTE:
            return np.bincount(self._labels[mask > 0], minlength=regions)
        counts = cv2.calcHist([self._labels8], [0], mask, [_BYTE], [0, _BYTE])
        return counts.ravel()[:regions].astype(np.intp)

    def pick(self, chosen: Chosen, out: Pixels) -> Pixels:
        """Set ``out`` to 255 where a chosen region is, else to 0."""
        if len(chosen) > _BYTE:
            np.take(chosen.view(np.uint8) * np.uint8(255), self._labels, out=out)
            return out
        self._table[: len(chosen)] = 0
        self._table[: len(chosen)][chosen] = 255
        return as_pixels(cv2.LUT(self._labels8, self._table, dst=out))
