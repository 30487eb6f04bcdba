"""Changed pixels -> the regions that may be objects.

Light is left out: a region of changed grey counts only if enough of it changed its structure, too.
Rain and snow are left out: when there are many specks at once, a region has to stand out from them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import combinations

import cv2
import numpy as np

from pimotion.detect.adaptive.blob import Blob
from pimotion.detect.adaptive.labels import Labels
from pimotion.detect.adaptive.planes import SQUARE_PX, Box, mask, where
from pimotion.detect.adaptive.scene import Scene
from pimotion.detect.adaptive.weather import DRY, Falling, Weather
from pimotion.pixels import Pixels, as_pixels

_MOST = 32
"""Regions that are followed: whoever is among more than so many larger ones is not seen either."""
_FEW = 8
"""Up to so many regions are compared with each other."""
_STRUCTURED_SHARE = 0.4
"""Least share of a region of changed grey that is on or beside changed structure. Less is light."""
_SOLID_SHARE = 0.6
"""A region is grown by the size of what structure is measured with; so much of it is the object."""
_HALF_SHOWN = 0.6
"""Regions of over 0.6 of the least area are followed: people leave parts of themselves behind."""
_KNOWN_SHARE = 0.25
"""A region of which a quarter lies where a believed thing was is that thing, and no speck."""
_JOIN_WIDTH_RATIO = 0.012
"""Parts closer than twice this share of the width are one object."""


@dataclass(frozen=True, slots=True)
class Found:
    """What the pixels of one picture came to.

    Attributes:
        blobs: What may be an object.
        light: Regions that only changed their light.
        specks: Regions that are rain or snow.
        small_px: Pixels in regions too small to look at.
        falling: The rain or snow; areas as `Blob.area_px`.
    """

    blobs: tuple[Blob, ...]
    light: tuple[Blob, ...]
    specks: tuple[Blob, ...]
    small_px: int
    falling: Falling = DRY


class ObjectFinder:
    """Finds regions at one size. Not thread-safe: owned by one method.

    It looks only at the part of the picture that holds all that changed.

    Attributes:
        foreground: The pixels of the last picture's regions, without light and specks, uint8, 0 or
            255, shape (height, width); overwritten by the next.
    """

    def __init__(self, width: int, height: int, *, least_px: float) -> None:
        shape = (height, width)
        self.foreground, self._changed, self._scratch = (mask(shape) for _ in range(3))
        self._labels = Labels(shape)
        self.set_least_px(least_px)
        self._reach = max(1, round(width * _JOIN_WIDTH_RATIO))
        self._kernel = np.ones((2 * self._reach + 1, 2 * self._reach + 1), np.uint8)
        self._weather = Weather(shape)

    def set_least_px(self, least_px: float) -> None:
        """Change the area of the smallest object that is looked at, px of this size."""
        self._least_px = max(1.5, _HALF_SHOWN / _SOLID_SHARE * least_px)

    def find(self, scene: Scene, known: Pixels, step_s: float, *, is_crowd: bool) -> Found:
        """Return the regions of what `scene` compared last.

        Args:
            scene: What the picture was compared with.
            known: 255 where believed things were in the picture before: a crowd is no weather.
            step_s: Time since the picture before.
            is_crowd: They are several: one alone, in snow, does not change what weather is.
        """
        self.foreground.fill(0)
        cv2.bitwise_or(scene.grey.changed, scene.structure.changed, dst=self._changed)
        box = where(self._changed, self._reach + 1)
        if box is None:
            self._weather.count([], step_s)
            return Found((), (), (), 0)
        self._labels.number(self._changed[box], box)
        areas, light = self._without_light(scene, box)
        specks, doubtful = self._drop_specks(scene, areas, known, box, step_s, is_crowd=is_crowd)
        if self._are_apart(areas):
            sizes = [(area, n) for n, area in enumerate(areas) if area]
        else:
            sizes = self._join(box)
        blobs, small_px = self._largest(sizes)
        blobs = (blobs + doubtful)[:_MOST]
        return Found(blobs, light, specks, small_px, self._weather.falling(_SOLID_SHARE))

    def _without_light(self, scene: Scene, box: Box) -> tuple[list[int], tuple[Blob, ...]]:
        """Set the foreground: changed structure, and changed grey that has some of it.

        Return what is left of each region, px, and the regions that have no structure.
        """
        labels, beside, foreground = self._labels, self._scratch[box], self.foreground[box]
        changed, structure = self._changed[box], scene.structure.changed[box]
        cv2.dilate(structure, SQUARE_PX, dst=beside)
        cv2.bitwise_and(changed, beside, dst=beside)
        structured = labels.count(beside)
        is_object = [
            some >= _STRUCTURED_SHARE * area
            for some, area in zip(structured, labels.areas, strict=True)
        ]
        if all(is_object):
            np.copyto(foreground, changed)
            return list(labels.areas), ()
        cv2.bitwise_or(structure, labels.pick(is_object, beside), dst=foreground)
        light = self._blobs(
            not of_object and area >= self._least_px
            for of_object, area in zip(is_object, labels.areas, strict=True)
        )
        if any(
            some and not of_object for some, of_object in zip(structured, is_object, strict=True)
        ):
            return labels.count(foreground), light
        return [
            of_object * area for of_object, area in zip(is_object, labels.areas, strict=True)
        ], light

    def _drop_specks(
        self,
        scene: Scene,
        areas: list[int],
        known: Pixels,
        box: Box,
        step_s: float,
        *,
        is_crowd: bool,
    ) -> tuple[tuple[Blob, ...], tuple[Blob, ...]]:
        """In weather, take specks out of the foreground and of the areas.

        Return them, and those that are to be followed all the same.
        """
        weather, labels = self._weather, self._labels
        is_known = [False] * len(areas)
        if weather.is_bad_with(len(areas)):
            is_known = self._are_known(areas, known[box], box)
        new = [
            area
            for area, of_known in zip(areas, is_known, strict=True)
            if area and not (is_crowd and of_known)
        ]
        weather.count(new, step_s)
        if not weather.is_bad:
            return (), ()
        stands_out = weather.stands_out(areas, self.foreground, labels, box, is_known, step_s)
        foreground, scratch = self.foreground[box], self._scratch[box]
        darker = cv2.bitwise_and(foreground, scene.darker(box), dst=scratch)
        darker_px = labels.count(as_pixels(darker))
        fallen = [n for n, at in enumerate(zip(stands_out, is_known, strict=True)) if not any(at)]
        specks_px = sum(areas[n] for n in fallen)
        weather.learn_darker(specks_px, sum(darker_px[n] for n in fallen), step_s)
        cv2.bitwise_and(foreground, labels.pick(stands_out, scratch), dst=foreground)
        return self._take_out(areas, stands_out, darker_px)

    def _take_out(
        self, areas: list[int], stands_out: list[bool], darker_px: list[int]
    ) -> tuple[tuple[Blob, ...], tuple[Blob, ...]]:
        specks, doubtful = [], []
        for number, stands in enumerate(stands_out):
            area = areas[number]
            if not stands and area >= self._least_px:
                if self._weather.may_stand_out(area, darker_px[number]):
                    blob = self._blob(number, _SOLID_SHARE * area)
                    doubtful.append(replace(blob, is_doubtful=True))
                else:
                    specks.append(self._blob(number, area))
            if not stands:
                areas[number] = 0
        return tuple(specks), tuple(doubtful)

    def _are_known(self, areas: list[int], known: Pixels, box: Box) -> list[bool]:
        """Tell of each region whether it is a believed thing."""
        on_known = cv2.bitwise_and(self.foreground[box], known, dst=self._scratch[box])
        overlaps = self._labels.count(as_pixels(on_known))
        return [
            overlap >= _KNOWN_SHARE * area for area, overlap in zip(areas, overlaps, strict=True)
        ]

    def _are_apart(self, areas: list[int]) -> bool:
        """Tell whether the regions are whole, and too far from each other to be joined."""
        labels, reach = self._labels, 2 * self._reach
        left = [n for n, area in enumerate(areas) if area]
        if len(left) > _FEW or any(areas[n] != labels.areas[n] for n in left):
            return False
        boxes = [labels.boxes[n] for n in left]
        return not any(_are_close(one, other, reach) for one, other in combinations(boxes, 2))

    def _join(self, box: Box) -> list[tuple[int, int]]:
        """Number close regions as one; return the area and number of each."""
        foreground, grown, reach = self.foreground[box], self._scratch[box], self._reach
        cv2.dilate(foreground, self._kernel, dst=grown)
        self._labels.number(grown, box)
        rows, columns = self.foreground.shape
        # Take the growth off again, but not at the border, where nothing could grow.
        self._labels.boxes = [
            (
                x + reach if x else 0,
                y + reach if y else 0,
                right - reach if right < columns else right,
                bottom - reach if bottom < rows else bottom,
            )
            for x, y, right, bottom in self._labels.boxes
        ]
        return [(area, number) for number, area in enumerate(self._labels.count(foreground))]

    def _largest(self, sizes: list[tuple[int, int]]) -> tuple[tuple[Blob, ...], int]:
        """Return the largest regions, and the pixels of those that are too small."""
        large = sorted((-area, n) for area, n in sizes if area >= self._least_px)[:_MOST]
        small_px = sum(area for area, _ in sizes if area < self._least_px)
        return tuple(self._blob(n, _SOLID_SHARE * -area) for area, n in large), small_px

    def _blobs(self, chosen: Iterable[bool]) -> tuple[Blob, ...]:
        """Return the chosen ones of the regions numbered last."""
        return tuple(
            self._blob(number, self._labels.areas[number])
            for number, is_chosen in enumerate(chosen)
            if is_chosen
        )

    def _blob(self, number: int, area_px: float) -> Blob:
        return Blob(*self._labels.boxes[number], area_px, *self._labels.centre(number))

    def pixels_in(self, boxes: list[tuple[int, int, int, int]], out: Pixels) -> Pixels:
        """Copy the foreground inside boxes (x, y, right, bottom) to ``out``; 0 elsewhere."""
        out.fill(0)
        for x, y, right, bottom in boxes:
            out[y:bottom, x:right] = self.foreground[y:bottom, x:right]
        return as_pixels(out)


def _are_close(
    one: tuple[int, int, int, int], other: tuple[int, int, int, int], reach: int
) -> bool:
    return (
        one[0] - other[2] <= reach
        and other[0] - one[2] <= reach
        and one[1] - other[3] <= reach
        and other[1] - one[3] <= reach
    )
