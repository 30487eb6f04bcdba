"""Pixels in the forms that cameras give: JPEG bytes, arrays, planes; and how each converts.

`pimotion.picture` is what the rest of the program holds; this is what stands behind it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import cv2
import numpy as np
import numpy.typing as npt

from pimotion import jpeg
from pimotion.errors import PictureError

Pixels = npt.NDArray[np.uint8]
Polygon = tuple[tuple[float, float], ...]
"""Corners as (x, y), each 0..1 of the frame, origin top-left."""

Flip = Literal["none", "horizontal", "vertical", "both"]

_ROTATION = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}
_FLIP_CODE = {"horizontal": 1, "vertical": 0, "both": -1}

# ITU-R BT.601 video range (Y 16..235, chroma 16..240) to the full range that JPEG uses.
_LUMA_GAIN, _CHROMA_GAIN = 255 / 219, 255 / 224


@dataclass(frozen=True, slots=True)
class View:
    """How a camera's pixels become the frame that everyone sees.

    Attributes:
        rotate: Clockwise, degrees: 0, 90, 180 or 270. Comes first.
        flip: Mirrors the rotated picture.
        privacy_masks: Blacked out last, so the corners are those of the picture as seen.
    """

    rotate: int = 0
    flip: Flip = "none"
    privacy_masks: tuple[Polygon, ...] = ()

    @property
    def is_plain(self) -> bool:
        """True when the camera's pixels are the frame, unchanged."""
        return self.rotate == 0 and self.flip == "none" and not self.privacy_masks

    @property
    def swaps_sides(self) -> bool:
        """True when width and height change places."""
        return self.rotate in (90, 270)

    def apply(self, plane: Pixels, black: int = 0) -> Pixels:
        """Return the oriented and masked plane; the same array when nothing is to be done.

        Args:
            plane: Shape (height, width) or (height, width, 3), uint8. Never written to.
            black: What a privacy mask is filled with; 128 in chroma.
        """
        turned = plane
        if self.rotate:
            turned = as_pixels(cv2.rotate(turned, _ROTATION[self.rotate]))
        if self.flip != "none":
            turned = as_pixels(cv2.flip(turned, _FLIP_CODE[self.flip]))
        if not self.privacy_masks:
            return turned
        masked = turned.copy() if turned is plane else turned
        height, width = masked.shape[:2]
        for polygon in self.privacy_masks:  # filled in one go, overlaps would be holes
            cv2.fillPoly(masked, [polygon_px(polygon, width, height)], (black,))
        return masked


PLAIN = View()


@dataclass(frozen=True, slots=True, eq=False)
class Planes:
    """A YUV420 picture, full range (JPEG's), BT.601.

    Attributes:
        y: Luma, shape (height, width), uint8.
        u: Blue chroma, shape ((height + 1) // 2, (width + 1) // 2), uint8, 128 is neutral.
        v: Red chroma, as ``u``.
    """

    y: Pixels
    u: Pixels
    v: Pixels


class JpegPayload:
    """JPEG bytes. Decoding scales by 1/2, 1/4 or 1/8 inside the decoder, which skips work."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.width, self.height = jpeg.codec.size(data)

    def luma(self, least_width: int) -> Pixels:
        """Return luma, shape (height, width)."""
        return jpeg.codec.grey(self.data, least_width)

    def bgr(self, least_width: int) -> Pixels:
        """Return blue-green-red, shape (height, width, 3)."""
        return jpeg.codec.bgr(self.data, least_width)

    def planes(self, least_width: int) -> Planes:
        """Return full-range YUV420."""
        return _planes_of(self.bgr(least_width))


_STRIPS = 4
"""Colour is scaled in so many strips: what is made in between is as large as a strip's half. That
is 0.5 MB less at 1280x720, for 4 % more time."""


class BgrPayload:
    """An array of blue-green-red pixels."""

    def __init__(self, image: Pixels) -> None:
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:  # noqa: PLR2004
            got = f"{image.dtype} {image.shape}"
            raise PictureError(f"a picture needs uint8 (height, width, 3) pixels, got {got}")
        self._image = image.view()
        self._image.flags.writeable = False
        self.height, self.width = image.shape[:2]

    def luma(self, least_width: int) -> Pixels:
        """Return luma, shape (height, width)."""
        if least_width >= self.width:
            return as_pixels(cv2.cvtColor(self._image, cv2.COLOR_BGR2GRAY))
        height = max(1, round(self.height * least_width / self.width))
        grey = np.empty((height, least_width), np.uint8)
        strips = _STRIPS if _fits_in_strips(self._image, least_width, height) else 1
        for wide, narrow in zip(np.split(self._image, strips), np.split(grey, strips), strict=True):
            small = scaled(as_pixels(wide), (least_width, height // strips))
            cv2.cvtColor(small, cv2.COLOR_BGR2GRAY, dst=narrow)
        return grey

    def bgr(self, least_width: int) -> Pixels:  # noqa: ARG002  an array has one size
        """Return blue-green-red, shape (height, width, 3)."""
        return self._image

    def planes(self, least_width: int) -> Planes:
        """Return full-range YUV420."""
        return _planes_of(shrunk(self._image, least_width))


class Yuv420Payload:
    """Planes from the Pi's camera or a video decoder."""

    def __init__(self, planes: Planes, *, full_range: bool) -> None:
        self.height, self.width = planes.y.shape
        half = ((self.height + 1) // 2, (self.width + 1) // 2)
        if planes.u.shape != half or planes.v.shape != half:
            raise PictureError(f"chroma of {planes.u.shape} does not fit luma of {planes.y.shape}")
        self._planes = planes
        self._full_range = full_range

    def luma(self, least_width: int) -> Pixels:
        """Return luma, shape (height, width)."""
        y = shrunk(self._planes.y, least_width)
        return y if self._full_range else full_luma(y)

    def bgr(self, least_width: int) -> Pixels:
        """Return blue-green-red, shape (height, width, 3)."""
        planes = self.planes(least_width)
        size = (planes.y.shape[1], planes.y.shape[0])
        u, v = (cv2.resize(plane, size) for plane in (planes.u, planes.v))
        return as_pixels(cv2.cvtColor(cv2.merge([planes.y, v, u]), cv2.COLOR_YCrCb2BGR))

    def planes(self, least_width: int) -> Planes:
        """Return full-range YUV420."""
        y = shrunk(self._planes.y, least_width)
        u, v = (shrunk(p, (y.shape[1] + 1) // 2) for p in (self._planes.u, self._planes.v))
        if self._full_range:
            return Planes(y, u, v)
        return Planes(full_luma(y), _full_chroma(u), _full_chroma(v))


def encode_bgr(image: Pixels, quality: int) -> bytes:
    """Encode pixels of shape (height, width, 3), blue-green-red, as a 4:2:0 JPEG."""
    return jpeg.codec.encode_bgr(image, quality)


def encode_planes(planes: Planes, quality: int) -> bytes:
    """Encode full-range YUV420 planes as a JPEG."""
    return jpeg.codec.encode_planes(planes.y, planes.u, planes.v, quality)


def polygon_px(polygon: Polygon, width: int, height: int) -> npt.NDArray[np.int32]:
    """Return a polygon's corners in px of a picture of that size, shape (corners, 2)."""
    return np.rint(np.array(polygon) * (width, height)).astype(np.int32)


def full_luma(y: Pixels) -> Pixels:
    """Return luma of video range (16..235) as full range, 0..255."""
    # Of all ways to a x + b in 8 bits that OpenCV has, this one is the fastest: 0.4 of a table's.
    return as_pixels(cv2.addWeighted(y, _LUMA_GAIN, y, 0, -16 * _LUMA_GAIN))


def _full_chroma(plane: Pixels) -> Pixels:
    return as_pixels(cv2.addWeighted(plane, _CHROMA_GAIN, plane, 0, 128 - 128 * _CHROMA_GAIN))


def _planes_of(bgr: Pixels) -> Planes:
    # cvtColor's own I420 is video range, which would wash out a JPEG: so full range by YCrCb.
    y, v, u = cv2.split(cv2.cvtColor(bgr, cv2.COLOR_BGR2YCrCb))
    half = ((y.shape[1] + 1) // 2, (y.shape[0] + 1) // 2)
    u, v = (cv2.resize(plane, half, interpolation=cv2.INTER_AREA) for plane in (u, v))
    return Planes(as_pixels(y), as_pixels(u), as_pixels(v))


def scaled(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    """Return pixels at another (width, height): in halves, then what is left in one step.

    OpenCV has fast paths for halves and other whole parts by area average; for what is left, less
    than a half, interpolation does. 1280x720 luma to 638x359 takes 0.2 ms so, and 2.2 ms by area
    average in one go; to 320x180 it is the same average at a third of the cost (OpenCV 4.11).
    """
    width, height = size
    while _is_to_be_halved(pixels, width, height):
        half = pixels.shape[1] // 2, pixels.shape[0] // 2
        pixels = as_pixels(cv2.resize(pixels, half, interpolation=cv2.INTER_AREA))
    if pixels.shape[:2] == (height, width):
        return pixels
    is_little = pixels.shape[1] < 2 * width and pixels.shape[0] < 2 * height
    way = cv2.INTER_LINEAR if is_little else cv2.INTER_AREA
    return as_pixels(cv2.resize(pixels, size, interpolation=way))


def _fits_in_strips(pixels: Pixels, width: int, height: int) -> bool:
    """Tell whether strips that are scaled each for itself come to the same as the whole."""
    across, down = pixels.shape[1], pixels.shape[0]
    return across % width == 0 and down % height == 0 and height % _STRIPS == 0


def _is_to_be_halved(pixels: Pixels, width: int, height: int) -> bool:
    across, down = pixels.shape[1], pixels.shape[0]
    if across < 2 * width or down < 2 * height or across % 2 or down % 2:
        return False
    is_whole = across % width == 0 and down % height == 0
    return not is_whole or (across // width % 2 == 0 and down // height % 2 == 0)


def shrunk(plane: Pixels, width: int) -> Pixels:
    """Scale to ``width`` px, keeping the shape; never enlarges."""
    if width >= plane.shape[1]:
        return plane
    return scaled(plane, (width, max(1, round(plane.shape[0] * width / plane.shape[1]))))


def as_pixels(array: npt.NDArray[Any]) -> Pixels:
    """Give OpenCV's result its real type."""
    return array.view(np.uint8) if array.dtype != np.uint8 else array
