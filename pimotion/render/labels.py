"""Short texts beside boxes, placed so that none covers another."""

from __future__ import annotations

from collections.abc import Sequence

from pimotion.render.canvas import Area, Canvas, text_width
from pimotion.types import Box

_SMALLER = 0.75
"""Of the usual text height: labels come in numbers."""
_LEAST_TEXT_PX = 8.0


class Labels:
    """The labels of one drawing. Those added first get the best places; who finds none is left out.

    Args:
        canvas: What is drawn on.
        taken: Where no label may be.
    """

    def __init__(self, canvas: Canvas, taken: Sequence[Area] = ()) -> None:
        self._canvas = canvas
        self._taken = list(taken)
        self._placed: list[tuple[Area, str]] = []
        self._text_px = max(_LEAST_TEXT_PX, canvas.text_px * _SMALLER)
        self._margin_px = max(2, round(self._text_px * 0.3))

    def add(self, box: Box, text: str) -> None:
        """Find a place beside a box given in px of the frame: above it, below it, or in it."""
        width = text_width(text, self._text_px) + 2 * self._margin_px
        height = round(self._text_px) + 2 * self._margin_px
        around = self._canvas.area_of(box)
        left = max(0, min(around.left, self._canvas.width - width))
        for top in (around.top - height, around.bottom, around.top):
            area = Area(left, top, left + width, top + height)
            if self._is_free(area):
                self._taken.append(area)
                self._placed.append((area, text))
                return

    def draw(self) -> None:
        """Draw all that found a place."""
        for area, text in self._placed:
            self._canvas.plate(area)
            at = (area.left + self._margin_px, area.bottom - self._margin_px)
            self._canvas.text(text, at, self._text_px)

    def _is_free(self, area: Area) -> bool:
        inside = area.top >= 0 and area.bottom <= self._canvas.height
        return inside and not any(area.touches(other) for other in self._taken)
