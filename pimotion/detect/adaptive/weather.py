"""Rain and snow: many specks at once, and what stands out from them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress

import cv2
import numpy as np

from pimotion.detect.adaptive.labels import Labels
from pimotion.detect.adaptive.planes import Box, mask, share
from pimotion.pixels import Pixels, as_pixels

_SPECKS = 6.0
"""More regions than this at once, over 2 s, are weather."""
_SPECKS_S = 2.0
_ABOVE_SPECKS = 4.3
"""A region counts in weather if it is so many times as large as a large speck (9th of 10)."""
_DOUBTFUL = 2.0
"""One that is twice as large may be somebody, by the way it goes, once it is told what falls."""
_GLOW, _DARK, _GLOW_S = 0.05, 0.15, 5.0
"""While less than a twentieth of the specks' pixels is darker than the scene, over 5 s, they are
lit drops or flakes, and what is darker in 0.15 of itself may be somebody, as small as he is."""
_SHARED = 0.05
"""A region that shares so much of itself with one of the picture before is that one, further on. In
drawn rain 6 % of the drops do so by chance, and 60 to 90 % of what people and cars show; in drawn
snow 40 to 60 % of the flakes, at 10 to 15 pictures a second."""
_CLOSEST_S, _FURTHEST_S = 0.06, 0.15
"""Pictures so far apart are compared. In closer ones a drop goes on, too, and in those further
apart a flake does not."""
_RAIN, _SNOW, _EITHER = 0.03, 0.05, 0.04
"""If under 3 % of the specks go on from the two pictures before, it is rain (in drawn rain 0.3 to
1 % do, by chance); if over 5 %, snow (in drawn snow 7 to 50 %, least in wind); so many drops that
some go on by chance may be either."""
_KIND_S = 15.0
"""Over this time it is told; a person who is not believed yet is a speck meanwhile."""
_DOUBT = 100
"""As many specks of either are taken to have fallen besides."""
_OVER = 1.0
"""Fewer regions than this at once, over 2 s: it is over, and may be another kind the next time."""
_SIDE_BY_SIDE = 6.0
"""Near flakes side by side are up to so many times as large as a large speck."""


@dataclass(frozen=True, slots=True)
class Falling:
    """What rain or snow there is.

    Attributes:
        side_by_side_px: Up to this area what falls side by side looks like one thing; 0 if nothing
            does, or it is not told what.
        is_rain: What goes on from picture to picture is none of it.
        glows: It only adds light, as in the light of a lamp or before dark ground.
    """

    side_by_side_px: float = 0.0
    is_rain: bool = False
    glows: bool = False


DRY = Falling()


class Weather:
    """Knows what specks are usual at present. Not thread-safe: owned by one finder.

    A drop of rain is in one picture only. So whatever goes on from picture to picture is none,
    however small it is. Flakes of snow do go on: only what is much larger is none. Where it is not
    clear which of them falls, and with under 7 pictures a second, that is so for both.
    """

    def __init__(self, shape: tuple[int, int]) -> None:
        self._specks = 0.0
        self._speck_px = 4.0
        self._darker = 0.5
        self._before, self._going_on, self._shared = (mask(shape) for _ in range(3))
        self._forget_kind()

    @property
    def is_bad(self) -> bool:
        """There are so many specks that a region may be one of them."""
        return self._specks > _SPECKS

    def falling(self, solid_share: float) -> Falling:
        """Return what falls; of a region's pixels so much is the thing."""
        is_told = self.is_bad and not self._is_either
        side_by_side_px = solid_share * _SIDE_BY_SIDE * self._speck_px if is_told else 0.0
        return Falling(side_by_side_px, self._lingering < _RAIN, self._glows)

    def is_bad_with(self, regions: int) -> bool:
        """Tell whether it is bad, or so many regions may be the beginning of it."""
        return regions > _SPECKS or self.is_bad

    def count(self, areas: Sequence[int], step_s: float) -> None:
        """Take the regions of one picture, px, into account."""
        weight = share(step_s, _SPECKS_S)
        self._specks += weight * (len(areas) - self._specks)
        if len(areas) >= 3:  # noqa: PLR2004  fewer say nothing of what is usual
            large_speck = sorted(areas)[int(0.9 * (len(areas) - 1))]
            self._speck_px += weight * (large_speck - self._speck_px)
        if self._fallen and self._specks < _OVER:
            self._forget_kind()

    def stands_out(
        self,
        areas: Sequence[int],
        foreground: Pixels,
        labels: Labels,
        box: Box,
        is_known: Sequence[bool],
        step_s: float,
    ) -> list[bool]:
        """Tell of each region whether it is no speck.

        Args:
            areas: What each region has of the foreground, px.
            foreground: The regions, uint8, 0 or 255, of the whole picture.
            labels: Where they are numbered.
            box: The part of the picture that they are in.
            is_known: Which of them are believed things.
            step_s: Time since the picture before.
        """
        is_large = [area >= _ABOVE_SPECKS * self._speck_px for area in areas]
        self._since_s += step_s
        if self._since_s > _FURTHEST_S:
            self._going_on.fill(0)
            self._keep(foreground)
            return is_large
        goes_on = self._shares(self._going_on, areas, foreground, labels, box)
        if self._since_s >= _CLOSEST_S:
            are_specks = [
                area > 0 and not large and not known
                for area, large, known in zip(areas, is_large, is_known, strict=True)
            ]
            self._learn_kind(list(compress(goes_on, are_specks)))
            is_again = self._shares(self._before, areas, foreground, labels, box)
            again = as_pixels(labels.pick(is_again, self._shared[box]))
            self._going_on.fill(0)
            cv2.bitwise_and(foreground[box], again, dst=self._going_on[box])
            self._keep(foreground)
        if self._lingering >= _RAIN:
            return is_large
        return [on or large for on, large in zip(goes_on, is_large, strict=True)]

    def learn_darker(self, specks_px: int, darker_px: int, step_s: float) -> None:
        """Take into account how much of the specks is darker than the scene."""
        if specks_px:
            self._darker += share(step_s, _GLOW_S) * (darker_px / specks_px - self._darker)

    def may_stand_out(self, area: int, darker_px: int) -> bool:
        """Tell whether a region that does not is to be followed all the same.

        By what is dark about it; or by its way, as drops have none, and flakes can be followed.
        """
        if self._glows and darker_px > _DARK * area and area >= self._speck_px:
            return True
        return not self._is_either and area >= _DOUBTFUL * self._speck_px

    def _shares(
        self, earlier: Pixels, areas: Sequence[int], foreground: Pixels, labels: Labels, box: Box
    ) -> list[bool]:
        """Tell of each region whether it goes on from one of an earlier foreground."""
        shared = cv2.bitwise_and(foreground[box], earlier[box], dst=self._shared[box])
        counts = labels.count(as_pixels(shared))
        return [some > _SHARED * area for some, area in zip(counts, areas, strict=True)]

    def _keep(self, foreground: Pixels) -> None:
        np.copyto(self._before, foreground)
        self._since_s = 0.0

    def _forget_kind(self) -> None:
        self._fallen, self._lingered = 0.0, 0.0
        self._since_s = math.inf

    def _learn_kind(self, goes_on: Sequence[bool]) -> None:
        """Take the specks of one picture into account, and which of them go on."""
        kept = 1 - share(self._since_s, _KIND_S)
        self._fallen = kept * self._fallen + len(goes_on)
        self._lingered = kept * self._lingered + sum(goes_on)

    @property
    def _glows(self) -> bool:
        return self._darker < _GLOW

    @property
    def _is_either(self) -> bool:
        return _RAIN <= self._lingering <= _SNOW

    @property
    def _lingering(self) -> float:
        return (self._lingered + _EITHER * _DOUBT) / (self._fallen + _DOUBT)
