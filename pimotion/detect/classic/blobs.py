"""Foreground pixels -> the regions that move, and which of them are large enough to count."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from pimotion.pixels import Pixels, as_pixels

_JOIN_WIDTH_RATIO = 0.009
"""Parts that are closer than twice this share of the width are one object: head, trunk and legs of
a person come apart where their grey is that of the ground. At 320 px it bridges 6 px; chosen by eye
on OpenCV's vtest.avi, where 4 px leaves feet behind and 8 px joins people who walk side by side."""


@dataclass(frozen=True, slots=True)
class Blob:
    """A region of the foreground, px at detection size, right and bottom exclusive.

    Attributes:
        area_px: Its foreground pixels, at most the area of its box.
        label: Its number in `Blobs.labels`.
    """

    x: int
    y: int
    right: int
    bottom: int
    area_px: int
    label: int


class Blobs:
    """Finds regions at one detection size. Not thread-safe: owned by one detector.

    The foreground is grown by a few px on all sides, so that close parts touch, and the connected
    pieces of *that* are the regions; their boxes and areas are again those of the foreground
    itself. The margin round the arrays gives growth at the edge the room it needs.
    """

    def __init__(self, width: int, height: int) -> None:
        self._reach = reach = max(1, round(width * _JOIN_WIDTH_RATIO))
        self._kernel = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
        self._grown = np.zeros((height + 2 * reach, width + 2 * reach), np.uint8)
        self._inner = self._grown[reach:-reach, reach:-reach]
        self._labels: npt.NDArray[np.uint16] = np.zeros((height, width), np.uint16)
        self._picked = np.empty((height, width), np.uint8)

    def find(self, foreground: Pixels) -> tuple[Blob, ...]:
        """Return every region, the one with most pixels first."""
        self._grown[:] = 0
        self._inner[:] = foreground
        cv2.dilate(self._grown, self._kernel, dst=self._grown)
        # 16 bit labels take 0.12 ms at 320x240, 32 bit ones 0.31 ms (OpenCV 4.11).
        _, labels, stats, _ = cv2.connectedComponentsWithStats(
            self._grown, connectivity=8, ltype=cv2.CV_16U
        )
        reach = self._reach
        self._labels = labels[reach:-reach, reach:-reach].astype(np.uint16, copy=False)
        areas = np.bincount(self._labels[foreground > 0], minlength=len(stats))
        blobs = [self._blob(stats[n], int(areas[n]), n) for n in range(1, len(stats))]
        return tuple(sorted(blobs, key=lambda blob: (-blob.area_px, blob.label)))

    def pixels_of(self, blobs: tuple[Blob, ...], foreground: Pixels) -> Pixels:
        """Return the foreground of these regions of the last `find`; overwritten by the next."""
        chosen = np.zeros(int(self._labels.max()) + 1, np.uint8)
        chosen[[blob.label for blob in blobs]] = 255
        np.take(chosen, self._labels, out=self._picked, mode="clip")
        return as_pixels(cv2.bitwise_and(self._picked, foreground, dst=self._picked))

    def _blob(self, stats: npt.NDArray[np.int32], area_px: int, label: int) -> Blob:
        # Growing by `reach` and the margin of `reach` cancel out at the left and at the top.
        x, y, width, height = (int(value) for value in stats[:4])
        right, bottom = x + width - 2 * self._reach, y + height - 2 * self._reach
        return Blob(x, y, right, bottom, area_px, label)
