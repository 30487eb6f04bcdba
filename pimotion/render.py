"""Draws boxes, zones and the time on a copy of a picture, in the pixels that cost least."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

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
from pimotion.types import Box

Colour = tuple[int, int, int]
"""Blue, green, red, each 0..255."""

RED: Colour = (40, 40, 230)
GREEN: Colour = (80, 200, 60)
YELLOW: Colour = (40, 210, 240)
WHITE: Colour = (255, 255, 255)
BLACK: Colour = (0, 0, 0)

_FONT = cv2.FONT_HERSHEY_SIMPLEX
_FONT_HEIGHT_PX = 22  # of that font at scale 1
_TEXT_HEIGHT_RATIO = 0.028  # of the picture: 20 px at 720 px, readable on a phone


@dataclass(frozen=True, slots=True)
class Overlay:
    """What to draw. Everything is optional; nothing given, nothing drawn.

    Attributes:
        boxes: In px of the full frame, whatever size is drawn at.
        zones: Polygons by id; those in ``active_zones`` are drawn in red.
        caption: One line at the lower left, on a dark strip.
        foreground: Changed pixels to tint, shape (height, width) at any size, uint8, 0 or 255.
    """

    boxes: Sequence[Box] = ()
    zones: Mapping[str, Polygon] = field(default_factory=dict)
    active_zones: Sequence[str] = ()
    caption: str | None = None
    foreground: Pixels | None = None

    @property
    def is_empty(self) -> bool:
        """True when drawing would change nothing."""
        return not self.boxes and not self.zones and not self.caption and self.foreground is None


class Canvas:
    """A copy of a picture that may be drawn on. Not thread-safe.

    Colours are blue-green-red; a picture of planes is drawn on as planes, which spares two
    conversions. ``frame_width`` px of the frame are ``width`` px here.
    """

    def __init__(self, picture: Picture, width: int | None = None) -> None:
        self.width, self.height = picture.size_at(width)
        self._scale = self.width / picture.width
        self._layers: list[_Layer] = _layers_of(picture, width)

    def box(self, box: Box, colour: Colour = RED) -> None:
        """Draw a box given in px of the full frame."""
        x, y = round(box.x * self._scale), round(box.y * self._scale)
        right = round((box.x + box.width) * self._scale) - 1
        bottom = round((box.y + box.height) * self._scale) - 1
        corners = np.array([(x, y), (right, y), (right, bottom), (x, bottom)], np.int32)
        self._outline(corners, colour)

    def polygon(self, polygon: Polygon, colour: Colour) -> None:
        """Draw the outline of a polygon given in 0..1 of the frame."""
        self._outline(polygon_px(polygon, self.width, self.height), colour)

    def caption(self, text: str) -> None:
        """Write one line at the lower left on a dark strip."""
        height_px = max(9.0, self.height * _TEXT_HEIGHT_RATIO)
        margin = round(height_px * 0.4)
        strip = round(height_px) + 2 * margin
        self.text(text, (margin, self.height - margin), height_px, strip_px=strip)

    def text(self, text: str, at: tuple[int, int], height_px: float, *, strip_px: int = 0) -> None:
        """Write a line whose lower left corner is ``at``; a strip of that height lies under it."""
        plain = ascii_of(text)
        scale = height_px / _FONT_HEIGHT_PX
        thickness = max(1, round(scale * 1.6))
        (text_width, _), _ = cv2.getTextSize(plain, _FONT, scale, thickness)
        for layer in self._layers:
            if strip_px:
                layer.strip(self.height - strip_px, text_width + 2 * at[0])
            layer.text(plain, at, scale, thickness)

    def tint(self, foreground: Pixels, colour: Colour = YELLOW) -> None:
        """Colour the pixels that are 255 in ``foreground``, which may have any size."""
        for layer in self._layers:
            layer.tint(foreground, colour)

    def bgr(self) -> Pixels:
        """Return the drawing, shape (height, width, 3), blue-green-red."""
        if len(self._layers) == 1:
            return self._layers[0].pixels
        return Picture.from_yuv420(self._planes()).bgr()

    def jpeg(self, quality: int) -> bytes:
        """Return the drawing as JPEG bytes, ``quality`` 1..100."""
        if len(self._layers) == 1:
            return encode_bgr(self._layers[0].pixels, quality)
        return encode_planes(self._planes(), quality)

    def _planes(self) -> Planes:
        y, u, v = (layer.pixels for layer in self._layers)
        return Planes(y, u, v)

    def _outline(self, corners: npt.NDArray[np.int32], colour: Colour) -> None:
        thickness = max(2, round(self.height / 360))  # one px of red is lost in half-size chroma
        for layer in self._layers:
            layer.outline(corners, colour, thickness)


def draw(picture: Picture, overlay: Overlay, width: int | None = None) -> Canvas:
    """Return a copy of the picture, ``width`` px wide, with the overlay drawn on it."""
    canvas = Canvas(picture, width)
    if overlay.foreground is not None:
        canvas.tint(overlay.foreground)
    for zone, polygon in overlay.zones.items():
        canvas.polygon(polygon, RED if zone in overlay.active_zones else GREEN)
    for box in overlay.boxes:
        canvas.box(box)
    if overlay.caption:
        canvas.caption(overlay.caption)
    return canvas


def cropped(picture: Picture, part: Box) -> Picture:
    """Return a part of a picture as a picture of its own, at full resolution.

    A picture of planes is cut at even pixels, so that its chroma fits: up to 1 px more is shown.
    """
    right, bottom = part.x + part.width, part.y + part.height
    if not picture.is_planar:
        return Picture.from_bgr(picture.bgr()[part.y : bottom, part.x : right])
    planes = picture.yuv()
    x, y = part.x // 2, part.y // 2
    halves = (slice(y, (bottom + 1) // 2), slice(x, (right + 1) // 2))
    luma = planes.y[2 * y : bottom, 2 * x : right]
    return Picture.from_yuv420(Planes(luma, planes.u[halves], planes.v[halves]))


def caption_of(name: str, utc_s: float | None, time_s: float) -> str:
    """Return the line under a picture: the camera's name and the local time.

    Without a wall clock (``utc_s`` None) the seconds since the source opened are shown.
    """
    if utc_s is None:
        minutes, seconds = divmod(time_s, 60)
        return f"{name}  +{minutes:02.0f}:{seconds:04.1f}"
    local = datetime.fromtimestamp(utc_s, UTC).astimezone()
    return f"{name}  {local:%Y-%m-%d %H:%M:%S}"


def ascii_of(text: str) -> str:
    """Return a text in the letters that OpenCV's font has: accents go, the rest becomes ``?``."""
    plain = unicodedata.normalize("NFKD", text.replace("\u00df", "ss"))
    kept = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return kept.encode("ascii", "replace").decode()


class _Layer:
    """One array of a canvas with the colours that it holds: all three, or one of Y, U, V.

    ``shrink`` is 2 for chroma, whose pixels stand for 2x2 of the picture.
    """

    def __init__(self, pixels: Pixels, channel: int | None, shrink: int) -> None:
        self.pixels = pixels
        self._channel = channel
        self._shrink = shrink

    def outline(self, corners: npt.NDArray[np.int32], colour: Colour, thickness: int) -> None:
        width = max(1, round(thickness / self._shrink))
        cv2.polylines(self.pixels, [corners // self._shrink], True, self._ink(colour), width)

    def strip(self, top: int, width: int) -> None:
        area = self.pixels[top // self._shrink :, : width // self._shrink]
        if self._channel in (None, 0):
            area[:] = area // 3
        else:
            area[:] = 128

    def text(self, text: str, at: tuple[int, int], scale: float, thickness: int) -> None:
        if self._channel in (None, 0):
            ink = self._ink(WHITE)
            cv2.putText(self.pixels, text, at, _FONT, scale, ink, thickness, cv2.LINE_AA)

    def tint(self, foreground: Pixels, colour: Colour) -> None:
        size = (self.pixels.shape[1], self.pixels.shape[0])
        chosen = cv2.resize(foreground, size, interpolation=cv2.INTER_NEAREST) > 0
        ink: Any = self._ink(colour)
        self.pixels[chosen] = self.pixels[chosen] // 2 + np.array(ink, np.uint8) // 2

    def _ink(self, colour: Colour) -> tuple[int, ...]:
        if self._channel is None:
            return colour
        return (_yuv_of(colour)[self._channel],)


def _layers_of(picture: Picture, width: int | None) -> list[_Layer]:
    if not picture.is_planar:
        return [_Layer(picture.bgr(width).copy(), None, 1)]
    planes = picture.yuv(width)
    return [
        _Layer(planes.y.copy(), 0, 1),
        _Layer(planes.u.copy(), 1, 2),
        _Layer(planes.v.copy(), 2, 2),
    ]


def _yuv_of(colour: Colour) -> tuple[int, int, int]:
    pixel = as_pixels(np.array([[colour]], np.uint8))
    y, v, u = (int(value) for value in cv2.cvtColor(pixel, cv2.COLOR_BGR2YCrCb)[0, 0])
    return y, u, v
