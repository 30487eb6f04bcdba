"""Shows what was made of each change in a frame, so that a person sees why nothing counted."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import cv2
import numpy as np

from pimotion.pixels import Pixels, as_pixels
from pimotion.render.canvas import BLUE, ORANGE, WHITE, Area, Canvas, text_width
from pimotion.render.layer import Colour
from pimotion.types import Detection, SceneModel
from pimotion.why_not import label_of

_MAX_RULES = 4
_LEGEND_SCALE = 0.85  # of the usual text height
_LEAST_TEXT_PX = 8.0
_INSET_RATIO = 0.19  # of the width
_LEAST_INSET_PX = 84  # wide enough for its title in the smallest letters
_WHITE_LEVELS = 70
"""The largest threshold that is used, which is drawn white."""

_GREY_OF_THRESHOLD = as_pixels(
    np.minimum(np.arange(256) * 255 // _WHITE_LEVELS, 255).astype(np.uint8)
)


def tint_judged(canvas: Canvas, found: Detection) -> None:
    """Colour each changed pixel: orange in what counts, which is outlined, blue elsewhere."""
    counted = _inside_boxes(found)
    canvas.tint(as_pixels(cv2.subtract(found.foreground, counted)), BLUE)
    canvas.tint(counted, ORANGE)
    for box in found.boxes:
        canvas.box(box, ORANGE, thin=True)


class Panels:
    """The legend at the upper right; background and threshold at the lower right.

    Attributes:
        areas: Where they will be, so that others keep clear.
    """

    def __init__(self, canvas: Canvas, found: Detection) -> None:
        self._canvas = canvas
        self._text_px = max(_LEAST_TEXT_PX, canvas.text_px * _LEGEND_SCALE)
        self._pad_px = max(3, round(self._text_px * 0.6))
        self._lines = _legend_of(found)
        self._legend = self._legend_area()
        self._insets = self._insets_of(found.model) if found.model else []
        self.areas: Sequence[Area] = [self._legend, *(area for _, _, area in self._insets)]

    def draw(self) -> None:
        """Draw them."""
        self._draw_legend()
        for title, grey, area in self._insets:
            self._draw_inset(title, grey, area)

    def _legend_area(self) -> Area:
        widest = max(text_width(text, self._text_px) for _, text in self._lines)
        width = widest + round(self._text_px) + 3 * self._pad_px
        height = len(self._lines) * self._line_px + self._pad_px
        right, top = self._canvas.width - self._pad_px, self._pad_px
        return Area(right - width, top, right, top + height)

    @property
    def _line_px(self) -> int:
        return round(self._text_px) + self._pad_px

    def _draw_legend(self) -> None:
        canvas, size = self._canvas, round(self._text_px)
        canvas.plate(self._legend)
        left = self._legend.left + self._pad_px
        for number, (colour, text) in enumerate(self._lines):
            bottom = self._legend.top + (number + 1) * self._line_px
            canvas.fill(Area(left, bottom - size, left + size, bottom), colour)
            canvas.text(text, (left + size + self._pad_px, bottom), self._text_px)

    def _insets_of(self, model: SceneModel) -> list[tuple[str, Pixels, Area]]:
        height, width = model.background.shape
        inset_width = max(round(self._canvas.width * _INSET_RATIO), _LEAST_INSET_PX)
        inset_height = round(inset_width * height / width)
        bottom = self._canvas.height - self._canvas.caption_px - self._pad_px
        right = self._canvas.width - self._pad_px
        left = right - inset_width
        second = Area(left, bottom - inset_height, right, bottom)
        shift = inset_width + self._pad_px
        first = second._replace(left=left - shift, right=right - shift)
        if first.left <= 0 or first.top <= 0 or inset_height <= self._title_px:
            return []  # a picture so small has no room for them
        threshold = as_pixels(cv2.LUT(model.threshold, _GREY_OF_THRESHOLD))
        return [("background", model.background, first), ("threshold", threshold, second)]

    @property
    def _margin_px(self) -> int:
        return max(2, self._pad_px // 2)

    @property
    def _title_px(self) -> int:
        return round(self._text_px) + 2 * self._margin_px

    def _draw_inset(self, title: str, grey: Pixels, area: Area) -> None:
        canvas, margin = self._canvas, self._margin_px
        left, top, right, bottom = area
        canvas.fill(Area(left - 1, top - 1, right + 1, bottom + 1), WHITE)
        canvas.inset(grey, area)
        strip = area._replace(top=bottom - self._title_px)
        canvas.plate(strip)
        canvas.text(title, (left + margin, bottom - margin), self._text_px)


def _inside_boxes(found: Detection) -> Pixels:
    """Return the foreground inside of what counts, and nothing elsewhere."""
    height, width = found.foreground.shape
    x_scale = width / found.frame.picture.width
    y_scale = height / found.frame.picture.height
    counted = np.zeros_like(found.foreground)
    for box in found.boxes:
        rows = slice(math.floor(box.y * y_scale), math.ceil((box.y + box.height) * y_scale))
        columns = slice(math.floor(box.x * x_scale), math.ceil((box.x + box.width) * x_scale))
        counted[rows, columns] = found.foreground[rows, columns]
    return counted


def _legend_of(found: Detection) -> list[tuple[Colour, str]]:
    """Return the lines of the legend, each with the colour of its square."""
    lines: list[tuple[Colour, str]] = []
    if found.is_learning:
        lines.append((WHITE, "learning the scene"))
    count = len(found.boxes)
    lines.append((ORANGE, f"counts: {count}" if count else "nothing counts"))
    regions = Counter(each.rule for each in found.rejected)
    rules = found.held_back
    for rule in rules[:_MAX_RULES]:
        number = f": {regions[rule]}" if regions[rule] else ""
        lines.append((BLUE, label_of(rule) + number))
    if len(rules) > _MAX_RULES:
        lines.append((BLUE, f"and {len(rules) - _MAX_RULES} reasons more"))
    return lines
