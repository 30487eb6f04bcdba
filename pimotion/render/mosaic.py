"""Many pictures in one: tiles of equal size, in rows."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np

from pimotion.pixels import Pixels, Planes, as_pixels, encode_planes
from pimotion.render.canvas import Area

_GAP_RATIO = 1 / 320  # of the width: 4 px of 1280
_LUMA, _CHROMA = 20, 128  # nearly black


class Mosaic:
    """A picture of planes that others are put into. Not thread-safe.

    Attributes:
        cells: Where the tiles are, row by row from the top left; the last row may not be full.
    """

    def __init__(self, count: int, width: int, aspect: float) -> None:
        """Make room for pictures.

        Args:
            count: How many; at least one.
            width: Of the whole, px.
            aspect: Of a tile, width over height.
        """
        columns = columns_for(count)
        rows = math.ceil(count / columns)
        gap = 2 * round(width * _GAP_RATIO / 2)
        # Everything lies on even pixels, where a pixel of chroma begins.
        tile_width = max(2, (width - gap * (columns - 1)) // columns // 2 * 2)
        tile_height = math.ceil(tile_width / aspect / 2) * 2
        across, down = tile_width + gap, tile_height + gap
        margin = (width + gap - across * columns) // 4 * 2  # what the tiles leave over, left
        corners = [(margin + n % columns * across, n // columns * down) for n in range(count)]
        self.cells: Sequence[Area] = [
            Area(left, top, left + tile_width, top + tile_height) for left, top in corners
        ]
        size = (down * rows - gap, width)
        half = (size[0] // 2, (width + 1) // 2)
        self._planes = Planes(
            np.full(size, _LUMA, np.uint8),
            np.full(half, _CHROMA, np.uint8),
            np.full(half, _CHROMA, np.uint8),
        )

    def put(self, planes: Planes, cell: Area) -> None:
        """Put a picture into the middle of a cell, as large as it fits in."""
        height, width = planes.y.shape
        wide, high = fitting((width, height), cell)
        left = cell.left + (cell.right - cell.left - wide) // 4 * 2
        top = cell.top + (cell.bottom - cell.top - high) // 4 * 2
        _place(planes.y, self._planes.y, (left, top), (wide, high))
        half = ((wide + 1) // 2, (high + 1) // 2)
        _place(planes.u, self._planes.u, (left // 2, top // 2), half)
        _place(planes.v, self._planes.v, (left // 2, top // 2), half)

    def jpeg(self, quality: int) -> bytes:
        """Return all of it as JPEG bytes, ``quality`` 1..100."""
        return encode_planes(self._planes, quality)


def columns_for(count: int) -> int:
    """Return how many tiles stand in a row: as many as there are rows, or one more."""
    return math.ceil(math.sqrt(count))


def fitting(size: tuple[int, int], cell: Area) -> tuple[int, int]:
    """Return the largest (width, height) that a picture of a size can have in a cell, px."""
    width, height = size
    wide, high = cell.right - cell.left, cell.bottom - cell.top
    if width * high > height * wide:
        return wide, max(1, min(high, round(height * wide / width)))
    return max(1, min(wide, round(width * high / height))), high


def _place(plane: Pixels, onto: Pixels, corner: tuple[int, int], size: tuple[int, int]) -> None:
    if (plane.shape[1], plane.shape[0]) != size:
        plane = as_pixels(cv2.resize(plane, size, interpolation=cv2.INTER_LINEAR))
    left, top = corner
    onto[top : top + size[1], left : left + size[0]] = plane
