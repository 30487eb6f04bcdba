"""Polygons of the frame as pixels at detection size: where to look, and which zone is where."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import cv2
import numpy as np

from pimotion.config.camera import Zone
from pimotion.pixels import Pixels, Polygon, as_pixels, polygon_px


def filled(polygons: Iterable[Polygon], width: int, height: int) -> Pixels:
    """Return pixels of shape (height, width), uint8: 255 inside any of the polygons, else 0.

    Each polygon is filled for itself, so overlapping ones do not cut holes into each other.
    """
    image = np.zeros((height, width), np.uint8)
    for polygon in polygons:
        cv2.fillPoly(image, [polygon_px(polygon, width, height)], (255,))
    return image


class IgnoredAreas:
    """The polygons in which nothing is looked for, at one detection size.

    Attributes:
        pixels: 255 where nothing is looked for, shape (height, width), uint8.
        seen_px: How many pixels are looked at.
    """

    def __init__(self, masks: Iterable[Polygon], width: int, height: int) -> None:
        self.pixels = filled(masks, width, height)
        self._any = bool(self.pixels.any())
        self._visible = cv2.bitwise_not(self.pixels)
        self._kept = np.empty_like(self.pixels)
        self.seen_px = cv2.countNonZero(self._visible)

    def without(self, foreground: Pixels) -> Pixels:
        """Return the foreground outside of the polygons; overwritten by the next call."""
        if not self._any:
            return foreground
        return as_pixels(cv2.bitwise_and(foreground, self._visible, dst=self._kept))


class ZoneAreas:
    """The zones of a camera at one detection size.

    Attributes:
        names: Their ids, in the order of the configuration.
    """

    def __init__(self, zones: Mapping[str, Zone], width: int, height: int) -> None:
        self._inside = {name: filled([zone.polygon], width, height) for name, zone in zones.items()}
        self._least_px = {
            name: max(1.0, zone.min_area_ratio * width * height) for name, zone in zones.items()
        }
        self.names = tuple(zones)
        self._overlap = np.empty((height, width), np.uint8)

    def with_motion(self, moving: Pixels) -> tuple[str, ...]:
        """Return the ids of the zones that hold enough of the moving pixels, in their order.

        Args:
            moving: Pixels of accepted regions, shape (height, width), uint8, 0 or 255. Only these
                count, so that a zone never moves while its camera does not.
        """
        return tuple(name for name in self.names if self._holds(name, moving))

    def _holds(self, name: str, moving: Pixels) -> bool:
        cv2.bitwise_and(moving, self._inside[name], dst=self._overlap)
        return cv2.countNonZero(self._overlap) >= self._least_px[name]
