"""One array of a canvas: all three colours, or one of the planes Y, U and V."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from pimotion.pixels import Pixels, as_pixels

Colour = tuple[int, int, int]
"""Blue, green, red, each 0..255."""

FONT = cv2.FONT_HERSHEY_SIMPLEX

_NEUTRAL = 128  # chroma of grey
_TINT = 0.5


class Layer:
    """Draws what all layers of a canvas are told alike, in the colours that this one holds.

    Places are px of the whole canvas; a pixel of chroma stands for 2x2 of them.
    """

    def __init__(self, pixels: Pixels, channel: int | None) -> None:
        """Wrap an array to draw on.

        Args:
            pixels: Shape (height, width, 3), blue-green-red, or (height, width).
            channel: 0, 1, 2 for Y, U, V; None for blue-green-red.
        """
        self.pixels = pixels
        self._channel = channel
        self._is_chroma = channel in (1, 2)
        self._shrink = 2 if self._is_chroma else 1

    def outline(self, corners: npt.NDArray[np.int32], colour: Colour, thickness: int) -> None:
        """Draw a closed line."""
        width = max(1, round(thickness / self._shrink))
        cv2.polylines(self.pixels, [corners // self._shrink], True, self._ink(colour), width)

    def frame(
        self, left: int, top: int, right: int, bottom: int, colour: Colour, thickness: int
    ) -> None:
        """Draw along the inner edge of a part. Takes half the time of a closed line."""
        part, ink = self._part(left, top, right, bottom), self._ink(colour)
        width = max(1, round(thickness / self._shrink))
        part[:width] = part[-width:] = ink
        for column in range(min(width, part.shape[1])):  # one by one is what numpy is quick at
            part[:, column] = part[:, -1 - column] = ink

    def text(self, text: str, at: tuple[int, int], scale: float, thickness: int) -> None:
        """Write in white; the colour under it stays, so that only luma need be written."""
        if not self._is_chroma:
            ink = self._ink((255, 255, 255))
            cv2.putText(self.pixels, text, at, FONT, scale, ink, thickness, cv2.LINE_AA)

    def darken(self, left: int, top: int, right: int, bottom: int) -> None:
        """Make a part dark, and grey where that is cheap."""
        area = self._part(left, top, right, bottom)
        area[:] = _NEUTRAL if self._is_chroma else area // 4

    def fill(self, left: int, top: int, right: int, bottom: int, colour: Colour) -> None:
        """Fill a part."""
        part = self._part(left, top, right, bottom)
        corner = (part.shape[1] - 1, part.shape[0] - 1)
        cv2.rectangle(part, (0, 0), corner, self._ink(colour), cv2.FILLED)

    def inset(self, grey: Pixels, left: int, top: int, right: int, bottom: int) -> None:
        """Put a grey picture into a part, whatever its size."""
        part = self._part(left, top, right, bottom)
        if self._is_chroma:
            part[:] = _NEUTRAL
            return
        size = (part.shape[1], part.shape[0])
        scaled = as_pixels(cv2.resize(grey, size, interpolation=cv2.INTER_AREA))
        part[:] = scaled if self._channel == 0 else cv2.cvtColor(scaled, cv2.COLOR_GRAY2BGR)

    def tint(self, mask: Pixels, colour: Colour) -> None:
        """Colour the pixels that are 255 in ``mask``, which spans the canvas at any size.

        Only the rectangle that holds them is worked on: mostly it is a small part.
        """
        left, top, width, height = cv2.boundingRect(mask)
        if not width:
            return
        rows = _stretch(top, height, mask.shape[0], self.pixels.shape[0])
        columns = _stretch(left, width, mask.shape[1], self.pixels.shape[1])
        part = self.pixels[rows, columns]
        size = (part.shape[1], part.shape[0])
        # Scaled smoothly and cut at the middle: outlines without steps.
        chosen = cv2.resize(mask[top : top + height, left : left + width], size)
        cv2.threshold(chosen, 127, 255, cv2.THRESH_BINARY, dst=chosen)
        cv2.copyTo(cv2.LUT(part, self._tinted(colour)), chosen, part)

    def _part(self, left: int, top: int, right: int, bottom: int) -> Any:
        left, top, right, bottom = max(0, left), max(0, top), max(0, right), max(0, bottom)
        if self._is_chroma:  # a pixel of it that is only half in the part belongs to it
            left, top, right, bottom = left // 2, top // 2, (right + 1) // 2, (bottom + 1) // 2
        return self.pixels[top:bottom, left:right]

    def _tinted(self, colour: Colour) -> Pixels:
        """Return what becomes of each value, shape (1, 256, channels)."""
        values = np.arange(256)[None, :, None]
        table = (1 - _TINT) * values + _TINT * np.array(self._ink(colour))
        return as_pixels(table.astype(np.uint8))

    def _ink(self, colour: Colour) -> tuple[int, ...]:
        if self._channel is None:
            return colour
        return (_yuv_of(colour)[self._channel],)


def _stretch(start: int, length: int, of: int, onto: int) -> slice:
    """Return the pixels onto which a stretch of pixels falls when ``of`` become ``onto``."""
    scale = onto / of
    return slice(math.floor(start * scale), min(onto, math.ceil((start + length) * scale)))


@lru_cache(64)
def _yuv_of(colour: Colour) -> tuple[int, int, int]:
    pixel = as_pixels(np.array([[colour]], np.uint8))
    y, v, u = (int(value) for value in cv2.cvtColor(pixel, cv2.COLOR_BGR2YCrCb)[0, 0])
    return y, u, v
