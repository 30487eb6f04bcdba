"""A copy of a picture to draw on: lines, text, tints and small pictures, on planes or on BGR."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import NamedTuple

import cv2

from pimotion.picture import Picture
from pimotion.pixels import (
    Pixels,
    Planes,
    Polygon,
    as_pixels,
    encode_bgr,
    encode_planes,
    polygon_px,
)
from pimotion.render.layer import FONT, Colour, Layer
from pimotion.types import Box

RED: Colour = (40, 40, 230)
GREEN: Colour = (80, 200, 60)
ORANGE: Colour = (30, 140, 255)
BLUE: Colour = (255, 150, 50)
"""With orange the pair that people who see few colours tell apart best."""
WHITE: Colour = (255, 255, 255)

_FONT_HEIGHT_PX = 22  # of that font at scale 1
_TEXT_HEIGHT_RATIO = 0.028  # of the picture: 20 px at 720 px, readable on a phone
_LEAST_TEXT_PX = 9.0


class Area(NamedTuple):
    """A part of a canvas in its px; right and bottom exclusive."""

    left: int
    top: int
    right: int
    bottom: int

    def touches(self, other: Area) -> bool:
        """Tell whether both have a pixel in common."""
        beside = self.right <= other.left or other.right <= self.left
        return not beside and self.top < other.bottom and other.top < self.bottom


class Canvas:
    """A copy of a picture that may be drawn on. Not thread-safe.

    Colours are blue-green-red; a picture of planes is drawn on as planes, which spares two
    conversions. Boxes are given in px of the frame, places and areas in px of the canvas.
    """

    def __init__(self, picture: Picture, width: int | None = None) -> None:
        self.width, self.height = picture.size_at(width)
        self._scale = self.width / picture.width
        self._layers: list[Layer] = _layers_of(picture, width)

    @property
    def text_px(self) -> float:
        """Height of capital letters that are readable on this canvas."""
        return max(_LEAST_TEXT_PX, self.height * _TEXT_HEIGHT_RATIO)

    @property
    def caption_px(self) -> int:
        """Height of the strip under a caption."""
        return round(self.text_px) + 2 * round(self.text_px * 0.4)

    def area_of(self, box: Box) -> Area:
        """Return where a box of the frame lies here."""
        corners = (box.x, box.y, box.x + box.width, box.y + box.height)
        return Area(*(round(corner * self._scale) for corner in corners))

    def box(self, box: Box, colour: Colour = RED, *, thin: bool = False) -> None:
        """Draw a box given in px of the full frame."""
        # One px of colour is all but lost in half-size chroma, which a thin line may be.
        thickness = max(1, round(self.height / 720)) if thin else self._line_px
        area = self.area_of(box)
        for layer in self._layers:
            layer.frame(*area, colour, thickness)

    def polygon(self, polygon: Polygon, colour: Colour) -> None:
        """Draw the outline of a polygon given in 0..1 of the frame."""
        corners = polygon_px(polygon, self.width, self.height)
        for layer in self._layers:
            layer.outline(corners, colour, self._line_px)

    def caption(self, text: str) -> None:
        """Write one line at the lower left on a dark strip."""
        margin = round(self.text_px * 0.4)
        right = min(self.width, text_width(text, self.text_px) + 2 * margin)
        self.plate(Area(0, self.height - self.caption_px, right, self.height))
        self.text(text, (margin, self.height - margin), self.text_px)

    def text(self, text: str, at: tuple[int, int], height_px: float) -> None:
        """Write a white line; ``at`` is the lower left corner of its first letter."""
        scale, thickness = _font_of(height_px)
        letters = ascii_of(text)
        for layer in self._layers:
            layer.text(letters, at, scale, thickness)

    def plate(self, area: Area) -> None:
        """Darken a part, so that text can be read on it."""
        for layer in self._layers:
            layer.darken(*area)

    def fill(self, area: Area, colour: Colour) -> None:
        """Fill a part with a colour."""
        for layer in self._layers:
            layer.fill(*area, colour)

    def tint(self, mask: Pixels, colour: Colour) -> None:
        """Colour the pixels that are 255 in ``mask``, which spans the frame at any size."""
        for layer in self._layers:
            layer.tint(mask, colour)

    def inset(self, grey: Pixels, area: Area) -> None:
        """Put a grey picture, shape (height, width) of any size, into a part."""
        for layer in self._layers:
            layer.inset(grey, *area)

    def bgr(self) -> Pixels:
        """Return the drawing, shape (height, width, 3), blue-green-red."""
        if len(self._layers) == 1:
            return self._layers[0].pixels
        return Picture.from_yuv420(self.planes()).bgr()

    def planes(self) -> Planes:
        """Return the drawing as YUV420 planes, full range."""
        if len(self._layers) == 1:
            return Picture.from_bgr(self._layers[0].pixels).yuv()
        y, u, v = (layer.pixels for layer in self._layers)
        return Planes(y, u, v)

    def jpeg(self, quality: int) -> bytes:
        """Return the drawing as JPEG bytes, ``quality`` 1..100."""
        if len(self._layers) == 1:
            return encode_bgr(self._layers[0].pixels, quality)
        return encode_planes(self.planes(), quality)

    @property
    def _line_px(self) -> int:
        return max(2, round(self.height / 360))


def text_width(text: str, height_px: float) -> int:
    """Return how wide a line of text is, px."""
    scale, thickness = _font_of(height_px)
    (width, _), _ = cv2.getTextSize(ascii_of(text), FONT, scale, thickness)
    return width


@lru_cache(64)
def ascii_of(text: str) -> str:
    """Return a text in the letters that OpenCV's font has: accents go, the rest becomes ``?``."""
    plain = unicodedata.normalize("NFKD", text.replace("\u00df", "ss"))
    kept = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return kept.encode("ascii", "replace").decode()


def drawn_name(name: str, camera_id: str) -> str:
    """Return what to call a camera in its pictures: its id if the font lacks most of its name."""
    unknown = ascii_of(name).count("?") - name.count("?")
    return camera_id if unknown > len(name) / 2 else name


def _font_of(height_px: float) -> tuple[float, int]:
    scale = height_px / _FONT_HEIGHT_PX
    return scale, max(1, round(scale * 1.6))


def _layers_of(picture: Picture, width: int | None) -> list[Layer]:
    if not picture.is_planar:
        return [Layer(as_pixels(picture.bgr(width).copy()), None)]
    planes = picture.yuv(width)
    return [
        Layer(plane.copy(), channel) for channel, plane in enumerate((planes.y, planes.u, planes.v))
    ]
