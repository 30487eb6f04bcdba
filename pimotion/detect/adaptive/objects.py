"""Changed pixels -> the regions that may be objects.

Light is left out: a region of changed grey counts only if enough of it changed its structure, too.
Rain and snow are left out: when there are many specks at once, a region has to be much larger than
they are.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from pimotion.detect.adaptive.planes import SQUARE_PX, share
from pimotion.detect.adaptive.scene import Scene
from pimotion.pixels import Pixels, as_pixels

_BYTE = 256
_LARGE_PX = 400
"""Boxes of more than 20x20 px are judged by every other row and column."""
_MOST = 32
"""Regions that are followed: whoever is among more than so many larger ones is not seen either."""
_STRUCTURED_SHARE = 0.4
"""Least share of a region of changed grey that is on or beside changed structure. Less is light."""
_SOLID_SHARE = 0.6
"""A region is grown by the size of what structure is measured with; so much of it is the object."""
_HALF_SHOWN = 0.6
"""Regions of over 0.6 of the least area are followed: people leave parts of themselves behind."""
_SPECKS = 6.0
"""More regions than this at once, over 2 s, are weather."""
_SPECKS_S = 2.0
_ABOVE_SPECKS = 3.5
"""A region counts in weather if it is so many times as large as a large speck (9th of 10)."""
_JOIN_WIDTH_RATIO = 0.006
"""Parts closer than twice this share of the width are one object."""


@dataclass(frozen=True, slots=True)
class Blob:
    """A region at half size, px, right and bottom exclusive.

    Attributes:
        area_px: What of it is the object, about.
        centre_x, centre_y: Its centre of mass.
    """

    x: int
    y: int
    right: int
    bottom: int
    area_px: float
    centre_x: float
    centre_y: float

    @property
    def sample(self) -> tuple[slice, slice]:
        """Its rows and columns; of a large one every other is enough to judge it by."""
        width, height = self.right - self.x, self.bottom - self.y
        step = 2 if width * height > _LARGE_PX else 1
        return slice(self.y, self.bottom, step), slice(self.x, self.right, step)


@dataclass(frozen=True, slots=True)
class Found:
    """What the pixels of one picture came to.

    Attributes:
        blobs: What may be an object.
        light: Regions that only changed their light.
        specks: Regions too small in weather.
        small_px: Pixels in regions too small to look at.
    """

    blobs: tuple[Blob, ...]
    light: tuple[Blob, ...]
    specks: tuple[Blob, ...]
    small_px: int


_Stats = npt.NDArray[np.int32]


class ObjectFinder:
    """Finds regions at one size. Not thread-safe: owned by one method.

    Attributes:
        foreground: The pixels of the last picture's regions, without light and specks, uint8, 0 or
            255, shape (height, width); overwritten by the next.
    """

    def __init__(self, width: int, height: int, *, least_px: float) -> None:
        shape = (height, width)
        self.foreground, self._beside, self._both, self._grown = (
            np.zeros(shape, np.uint8) for _ in range(4)
        )
        self._labels, self._labels8 = np.zeros(shape, np.uint16), np.zeros(shape, np.uint8)
        self.set_least_px(least_px)
        self._reach = max(1, round(width * _JOIN_WIDTH_RATIO))
        self._kernel = np.ones((2 * self._reach + 1, 2 * self._reach + 1), np.uint8)
        self._specks = 0.0
        self._speck_px = 4.0

    def set_least_px(self, least_px: float) -> None:
        """Change the area of the smallest object that is looked at, px of this size."""
        self._least_px = max(1.5, _HALF_SHOWN / _SOLID_SHARE * least_px)

    def find(self, scene: Scene, step_s: float) -> Found:
        """Return the regions of what `scene` compared last."""
        np.copyto(self.foreground, scene.structure.changed)
        light = self._add_smooth(scene) if cv2.hasNonZero(scene.grey.changed) else ()
        if not cv2.hasNonZero(self.foreground):
            self._count_specks(0, 0.0, step_s)
            return Found((), light, (), 0)
        specks = self._drop_specks(step_s)
        blobs, small_px = self._join()
        return Found(blobs, light, specks, small_px)

    def _add_smooth(self, scene: Scene) -> tuple[Blob, ...]:
        """Fill the foreground with changed grey that has structure; return what has none."""
        cv2.dilate(scene.structure.changed, SQUARE_PX, dst=self._beside)
        cv2.bitwise_and(scene.grey.changed, self._beside, dst=self._both)
        stats, centres = self._label(scene.grey.changed)
        structured = self._count(self._both, len(stats))
        is_object = structured >= _STRUCTURED_SHARE * stats[:, 4]
        is_object[0] = False
        if is_object.any():
            self._pick(is_object, self._both)
            cv2.bitwise_or(self.foreground, self._both, dst=self.foreground)
        large = stats[:, 4] >= self._least_px
        large[0] = False
        return tuple(_blob(stats[n], centres[n]) for n in np.flatnonzero(large & ~is_object))

    def _drop_specks(self, step_s: float) -> tuple[Blob, ...]:
        """In weather, take regions that are like all the others out of the foreground."""
        stats, centres = self._label(self.foreground)
        areas = stats[1:, 4]
        large_speck = float(np.sort(areas)[int(0.9 * (len(areas) - 1))]) if len(areas) else 0.0
        self._count_specks(len(areas), large_speck, step_s)
        if self._specks <= _SPECKS:
            return ()
        stands_out = stats[:, 4] >= _ABOVE_SPECKS * self._speck_px
        stands_out[0] = False
        self._pick(stands_out, self.foreground)
        dropped = ~stands_out & (stats[:, 4] >= self._least_px)
        dropped[0] = False
        return tuple(_blob(stats[n], centres[n]) for n in np.flatnonzero(dropped))

    def _count_specks(self, count: int, large_speck: float, step_s: float) -> None:
        weight = share(step_s, _SPECKS_S)
        self._specks += weight * (count - self._specks)
        if count >= 3:  # noqa: PLR2004  fewer say nothing of what is usual
            self._speck_px += weight * (large_speck - self._speck_px)

    def _join(self) -> tuple[tuple[Blob, ...], int]:
        """Return close regions as one, and the pixels of those that are too small."""
        cv2.dilate(self.foreground, self._kernel, dst=self._grown)
        stats, centres = self._label(self._grown)
        areas = self._count(self.foreground, len(stats))
        large = areas >= self._least_px
        small_px = int(areas[1:][~large[1:]].sum())
        large[0] = False
        blobs = []
        largest = np.argsort(-areas * large, kind="stable")[: min(_MOST, np.count_nonzero(large))]
        for n in largest:
            blob = self._shrunk(stats[n])
            area_px = _SOLID_SHARE * float(areas[n])
            blobs.append(Blob(*blob, area_px, float(centres[n][0]), float(centres[n][1])))
        return tuple(blobs), small_px

    def _shrunk(self, stats: _Stats) -> tuple[int, int, int, int]:
        """Take the growth off a box again, but not at the border, where nothing could grow."""
        x, y, width, height = (int(value) for value in stats[:4])
        right, bottom, reach = x + width, y + height, self._reach
        rows, columns = self._grown.shape
        return (
            x + reach if x else 0,
            y + reach if y else 0,
            right - reach if right < columns else right,
            bottom - reach if bottom < rows else bottom,
        )

    def _label(self, mask: Pixels) -> tuple[_Stats, npt.NDArray[np.float64]]:
        _, labels, stats, centres = cv2.connectedComponentsWithStats(
            mask, labels=self._labels, connectivity=8, ltype=cv2.CV_16U
        )
        self._labels = labels.astype(np.uint16, copy=False)
        if len(stats) <= _BYTE:
            np.copyto(self._labels8, self._labels, casting="unsafe")
        return stats.astype(np.int32, copy=False), np.asarray(centres, np.float64)

    def _count(self, mask: Pixels, regions: int) -> npt.NDArray[np.intp]:
        """Return how many pixels of a mask each region has; OpenCV is quick up to 256 of them."""
        if regions > _BYTE:
            return np.bincount(self._labels[mask > 0], minlength=regions)
        counts = cv2.calcHist([self._labels8], [0], mask, [_BYTE], [0, _BYTE])
        return counts.ravel()[:regions].astype(np.intp)

    def _pick(self, chosen: npt.NDArray[np.bool_], out: Pixels) -> None:
        """Set ``out`` to 255 where a chosen region is, else to 0."""
        if len(chosen) > _BYTE:
            np.take(chosen.view(np.uint8) * np.uint8(255), self._labels, out=out)
            return
        table = np.zeros(_BYTE, np.uint8)
        table[: len(chosen)][chosen] = 255
        cv2.LUT(self._labels8, table, dst=out)

    def pixels_in(self, boxes: list[tuple[int, int, int, int]], out: Pixels) -> Pixels:
        """Copy the foreground inside boxes (x, y, right, bottom) to ``out``; 0 elsewhere."""
        out.fill(0)
        for x, y, right, bottom in boxes:
            out[y:bottom, x:right] = self.foreground[y:bottom, x:right]
        return as_pixels(out)


def _blob(stats: _Stats, centre: npt.NDArray[np.float64]) -> Blob:
    x, y, width, height, area = (int(value) for value in stats)
    return Blob(x, y, x + width, y + height, float(area), float(centre[0]), float(centre[1]))
