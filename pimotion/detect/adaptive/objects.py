"""Changed pixels -> the regions that may be objects.

Light is left out: a region of changed grey counts only if enough of it changed its structure, too.
Rain and snow are left out: when there are many specks at once, a region has to be much larger than
they are.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from pimotion.detect.adaptive.labels import Chosen, Labels
from pimotion.detect.adaptive.planes import SQUARE_PX, Box, mask, share, where
from pimotion.detect.adaptive.scene import Scene
from pimotion.pixels import Pixels, as_pixels

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


class ObjectFinder:
    """Finds regions at one size. Not thread-safe: owned by one method.

    It looks only at the part of the picture that holds all that changed.

    Attributes:
        foreground: The pixels of the last picture's regions, without light and specks, uint8, 0 or
            255, shape (height, width); overwritten by the next.
    """

    def __init__(self, width: int, height: int, *, least_px: float) -> None:
        shape = (height, width)
        self.foreground, self._changed, self._beside, self._both = (mask(shape) for _ in range(4))
        self._labels = Labels(shape)
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
        self.foreground.fill(0)
        grey, structure = scene.grey.changed, scene.structure.changed
        cv2.bitwise_or(grey, structure, dst=self._changed)
        box = where(self._changed, self._reach + 1)
        if box is None:
            self._count_specks(0, 0.0, step_s)
            return Found((), (), (), 0)
        foreground = self.foreground[box]
        np.copyto(foreground, structure[box])
        light = self._add_smooth(grey[box], foreground, box)
        specks = self._drop_specks(foreground, box, step_s)
        blobs, small_px = self._join(foreground, box)
        return Found(blobs, light, specks, small_px)

    def _add_smooth(self, grey: Pixels, foreground: Pixels, box: Box) -> tuple[Blob, ...]:
        """Fill the foreground with changed grey that has structure; return what has none."""
        if not cv2.hasNonZero(grey):
            return ()
        labels, beside = self._labels, self._beside[box]
        cv2.dilate(foreground, SQUARE_PX, dst=beside)
        cv2.bitwise_and(grey, beside, dst=beside)
        labels.number(grey, box)
        areas = labels.stats[:, 4]
        is_object = labels.count(beside) >= _STRUCTURED_SHARE * areas
        is_object[0] = False
        if is_object.any():
            cv2.bitwise_or(foreground, labels.pick(is_object, beside), dst=foreground)
        is_light = (areas >= self._least_px) & ~is_object
        return self._blobs(is_light)

    def _drop_specks(self, foreground: Pixels, box: Box, step_s: float) -> tuple[Blob, ...]:
        """In weather, take regions that are like all the others out of the foreground."""
        labels = self._labels
        labels.number(foreground, box)
        areas = labels.stats[:, 4]
        count = len(areas) - 1
        large_speck = float(np.sort(areas[1:])[int(0.9 * (count - 1))]) if count else 0.0
        self._count_specks(count, large_speck, step_s)
        if self._specks <= _SPECKS:
            return ()
        stands_out = areas >= _ABOVE_SPECKS * self._speck_px
        stands_out[0] = False
        labels.pick(stands_out, foreground)
        return self._blobs(~stands_out & (areas >= self._least_px))

    def _count_specks(self, count: int, large_speck: float, step_s: float) -> None:
        weight = share(step_s, _SPECKS_S)
        self._specks += weight * (count - self._specks)
        if count >= 3:  # noqa: PLR2004  fewer say nothing of what is usual
            self._speck_px += weight * (large_speck - self._speck_px)

    def _join(self, foreground: Pixels, box: Box) -> tuple[tuple[Blob, ...], int]:
        """Return close regions as one, and the pixels of those that are too small."""
        labels, grown = self._labels, self._both[box]
        cv2.dilate(foreground, self._kernel, dst=grown)
        labels.number(grown, box)
        areas = labels.count(foreground)
        large = areas >= self._least_px
        small_px = int(areas[1:][~large[1:]].sum())
        large[0] = False
        largest = np.argsort(-areas * large, kind="stable")[: min(_MOST, np.count_nonzero(large))]
        return tuple(
            self._joined(int(n), _SOLID_SHARE * float(areas[n])) for n in largest
        ), small_px

    def _joined(self, number: int, area_px: float) -> Blob:
        """Take the growth off a box again, but not at the border, where nothing could grow."""
        x, y, width, height = (int(value) for value in self._labels.stats[number, :4])
        right, bottom, reach = x + width, y + height, self._reach
        rows, columns = self.foreground.shape
        centre_x, centre_y = self._labels.centres[number]
        return Blob(
            x + reach if x else 0,
            y + reach if y else 0,
            right - reach if right < columns else right,
            bottom - reach if bottom < rows else bottom,
            area_px,
            float(centre_x),
            float(centre_y),
        )

    def _blobs(self, chosen: Chosen) -> tuple[Blob, ...]:
        """Return the chosen ones of the regions numbered last."""
        chosen[0] = False
        return tuple(self._blob(int(n)) for n in np.flatnonzero(chosen))

    def _blob(self, number: int) -> Blob:
        x, y, width, height, area = (int(value) for value in self._labels.stats[number])
        centre_x, centre_y = self._labels.centres[number]
        return Blob(x, y, x + width, y + height, float(area), float(centre_x), float(centre_y))

    def pixels_in(self, boxes: list[tuple[int, int, int, int]], out: Pixels) -> Pixels:
        """Copy the foreground inside boxes (x, y, right, bottom) to ``out``; 0 elsewhere."""
        out.fill(0)
        for x, y, right, bottom in boxes:
            out[y:bottom, x:right] = self.foreground[y:bottom, x:right]
        return as_pixels(out)
