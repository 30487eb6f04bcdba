"""Rain and snow: many specks at once, and what stands out from them."""

from __future__ import annotations

from collections.abc import Sequence

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
_SHARED = 0.05
"""A region that shares so much of itself with one of the picture before is that one, further on. In
drawn rain 6 % of the drops do so by chance, and 60 to 90 % of what people and cars show; in drawn
snow 40 to 60 % of the flakes, at 10 to 15 pictures a second."""
_STEP_S = 0.15
"""With pictures further apart flakes are as seldom where they just were as drops are."""
_LINGERS, _LINGERS_S = 0.2, 30.0
"""If in a fifth of the pictures, over 30 s, a speck goes on from the two before, these are flakes,
or so many drops that some do by chance."""
_SIDE_BY_SIDE = 8.0
"""Large flakes side by side are up to so many times as large as a large speck."""
_DOUBT = 10
"""As many pictures of flakes are taken to have gone before the first."""


class Weather:
    """Knows what specks are usual at present. Not thread-safe: owned by one finder.

    A drop of rain is in one picture only. So whatever goes on from picture to picture is none,
    however small it is. Flakes of snow do go on: only what is much larger is none.
    """

    def __init__(self, shape: tuple[int, int]) -> None:
        self._specks = 0.0
        self._speck_px = 4.0
        self._lingers = 1.0
        self._is_rain = False
        self._pictures = 0
        self._before, self._going_on, self._shared = (mask(shape) for _ in range(3))

    @property
    def is_bad(self) -> bool:
        """There are so many specks that a region may be one of them."""
        return self._specks > _SPECKS

    @property
    def flakes_px(self) -> float:
        """The area up to which a region that falls may be flakes side by side; 0 if none fall."""
        return _SIDE_BY_SIDE * self._speck_px if self.is_bad and not self._is_rain else 0.0

    def is_bad_with(self, regions: int) -> bool:
        """Tell whether there are, or so many regions would be a beginning of it."""
        return regions > _SPECKS or self.is_bad

    def count(self, areas: Sequence[int], step_s: float) -> None:
        """Take the regions of one picture, but for those of believed things, into account, px."""
        weight = share(step_s, _SPECKS_S)
        self._specks += weight * (len(areas) - self._specks)
        if len(areas) >= 3:  # noqa: PLR2004  fewer say nothing of what is usual
            large_speck = sorted(areas)[int(0.9 * (len(areas) - 1))]
            self._speck_px += weight * (large_speck - self._speck_px)

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
        goes_on = self._follow(areas, foreground, labels, box)
        lingers = any(
            on and not large and not known
            for on, large, known in zip(goes_on, is_large, is_known, strict=True)
        )
        self._pictures += 1
        weight = max(share(step_s, _LINGERS_S), 1 / (_DOUBT + self._pictures))
        self._lingers += weight * (lingers - self._lingers)
        self._is_rain = self._lingers <= _LINGERS and step_s <= _STEP_S
        if not self._is_rain:
            return is_large
        return [on or large for on, large in zip(goes_on, is_large, strict=True)]

    def _follow(
        self, areas: Sequence[int], foreground: Pixels, labels: Labels, box: Box
    ) -> list[bool]:
        """Tell of each region whether it goes on from the two pictures before."""
        shared = self._shared[box]

        def shares_with(earlier: Pixels) -> list[bool]:
            cv2.bitwise_and(foreground[box], earlier[box], dst=shared)
            counts = labels.count(as_pixels(shared))
            return [some > _SHARED * area for some, area in zip(counts, areas, strict=True)]

        goes_on = shares_with(self._going_on)
        is_again = shares_with(self._before)
        np.copyto(self._before, foreground)
        self._going_on.fill(0)
        cv2.bitwise_and(foreground[box], labels.pick(is_again, shared), dst=self._going_on[box])
        return goes_on
