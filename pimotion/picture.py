"""A picture in the form its camera gave it, which converts itself on demand, once.

Knows pixels only: no time, no camera, no drawing (that is `pimotion.render`).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Protocol, TypeVar, cast

from pimotion.errors import PictureError
from pimotion.jpeg import bare
from pimotion.pixels import (
    PLAIN,
    BgrPayload,
    JpegPayload,
    Pixels,
    Planes,
    View,
    Yuv420Payload,
    encode_bgr,
    encode_planes,
    scaled,
)
from pimotion.yuyv import YuyvPayload

MAX_PIXELS = 4096 * 4096
"""Largest picture that is decoded. A hostile JPEG of 10 kB can declare 65500 x 65500 px, which is
12 GB of BGR; the Pi's largest sensor has 64 MP but its video modes stay under 13 MP."""
_MAX_SIDE_PX = 65500
"""The longest side that a JPEG can have (libjpeg's JPEG_MAX_DIMENSION)."""

_MOST_KEPT = 8
"""Conversions of one picture that are kept; a daemon uses half as many. Without a bound, stills of
all widths would fill the memory."""

_T = TypeVar("_T")


class Payload(Protocol):
    """Pixels as the camera gave them. ``width`` and ``height`` in px, before any `View`.

    The conversions take the least width they must give; they may give more, never less than that
    or the payload's own width.
    """

    width: int
    height: int

    def luma(self, least_width: int) -> Pixels:
        """Return luma, shape (height, width)."""

    def bgr(self, least_width: int) -> Pixels:
        """Return blue-green-red, shape (height, width, 3)."""

    def planes(self, least_width: int) -> Planes:
        """Return full-range YUV420."""


class Picture:
    """One picture. Thread-safe and read-only: who wants to draw copies.

    Every conversion is made when it is first asked for, and the last few are kept; arrays that come
    out are not writeable. A conversion of bytes that turn out to be broken raises `PictureError`.

    Attributes:
        width: px, as seen (after the `View`).
        height: px, as seen.
    """

    def __init__(
        self, payload: Payload, view: View = PLAIN, *, small: Payload | None = None
    ) -> None:
        sides = (payload.width, payload.height)
        if not 1 <= min(sides) <= max(sides) <= _MAX_SIDE_PX or sides[0] * sides[1] > MAX_PIXELS:
            raise PictureError(
                f"a picture of {sides[0]}x{sides[1]} px is outside 1 px to "
                f"{MAX_PIXELS // 1_000_000} megapixels, or longer than {_MAX_SIDE_PX} px"
            )
        self._payload = payload
        self._small = small
        self._view = view
        self._made: dict[tuple[Any, ...], Any] = {}
        self._lock = threading.RLock()
        self.width, self.height = sides[::-1] if view.swaps_sides else sides

    @classmethod
    def from_jpeg(cls, data: bytes) -> Picture:
        """Wrap JPEG bytes; only the header is read now.

        Raises:
            PictureError: The header is not a JPEG's, or declares an absurd size.
        """
        return cls(JpegPayload(data))

    @classmethod
    def from_bgr(cls, image: Pixels) -> Picture:
        """Wrap an array of shape (height, width, 3), uint8, blue-green-red; it is not copied."""
        return cls(BgrPayload(image))

    @classmethod
    def from_yuv420(cls, planes: Planes, *, full_range: bool = True) -> Picture:
        """Wrap YUV420 planes, not copied. ``full_range`` False: video range, as H.264 has it."""
        return cls(Yuv420Payload(planes, full_range=full_range))

    @classmethod
    def from_yuyv(cls, packed: Pixels) -> Picture:
        """Wrap an array of shape (height, width, 2), uint8: rows of Y U Y V; it is not copied."""
        return cls(YuyvPayload(packed))

    @property
    def is_planar(self) -> bool:
        """True when planes cost less than BGR, so that drawing should be done on planes."""
        return isinstance(self._payload, Yuv420Payload | YuyvPayload)

    @property
    def is_camera_jpeg(self) -> bool:
        """True when the camera gave a JPEG of just what should be seen: ask for `camera_jpeg`."""
        return self._view.is_plain and isinstance(self._payload, JpegPayload)

    @property
    def camera_jpeg(self) -> bytes | None:
        """The camera's own JPEG if it is exactly what should be seen, else None.

        The very bytes, unless they carry EXIF data or padding, which are taken off.
        """
        if not self.is_camera_jpeg:
            return None
        payload = cast("JpegPayload", self._payload)
        return self._once(("camera",), lambda: bare(payload.data))

    def viewed(self, view: View) -> Picture:
        """Return the same pixels under another view; nothing is converted yet."""
        return Picture(self._payload, view, small=self._small)

    def with_small(self, other: Picture) -> Picture:
        """Return this picture with a smaller one of the same sight, as the camera made it.

        Grey pixels that are no wider than that are taken from it: nothing has to be scaled, and
        of a large picture that nobody watches nothing has to be decoded.
        """
        return Picture(self._payload, self._view, small=other._payload)

    def size_at(self, width: int | None) -> tuple[int, int]:
        """Return (width, height) in px of this picture scaled to ``width``; never enlarged."""
        if width is None or width >= self.width:
            return self.width, self.height
        return width, max(1, round(self.height * width / self.width))

    def luma(self, width: int | None = None) -> Pixels:
        """Return grey pixels, shape (height, width), uint8, full range, ``width`` px wide."""
        return self._once(("luma", self.size_at(width)), lambda: self._make_luma(width))

    def bgr(self, width: int | None = None) -> Pixels:
        """Return colour pixels, shape (height, width, 3), uint8, blue-green-red."""
        return self._once(("bgr", self.size_at(width)), lambda: self._make_bgr(width))

    def yuv(self, width: int | None = None) -> Planes:
        """Return YUV420 planes, full range."""
        return self._once(("yuv", self.size_at(width)), lambda: self._make_yuv(width))

    def jpeg(self, quality: int | None = None, width: int | None = None) -> bytes:
        """Return the picture as JPEG bytes, ``quality`` 1..100.

        ``quality`` None: the camera's own bytes where there are any, else 80.
        """
        own = self.camera_jpeg
        if quality is None and own is not None and self.size_at(width)[0] == self.width:
            return own
        return self._once(
            ("jpeg", self.size_at(width), quality), lambda: self._make_jpeg(quality or 80, width)
        )

    def _once(self, key: tuple[Any, ...], make: Callable[[], _T]) -> _T:
        with self._lock:
            if key not in self._made:
                made = make()
                while len(self._made) >= _MOST_KEPT:
                    del self._made[next(iter(self._made))]
                self._made[key] = made
            kept: _T = self._made[key]
            return kept

    def _raw_size(self, width: int | None) -> tuple[int, int]:
        size = self.size_at(width)
        return size[::-1] if self._view.swaps_sides else size

    def _finish(self, plane: Pixels, size: tuple[int, int], black: int = 0) -> Pixels:
        if (plane.shape[1], plane.shape[0]) != size:
            plane = scaled(plane, size)
        seen = self._view.apply(plane, black)
        if seen.flags.writeable:
            seen.flags.writeable = False
        return seen

    def _make_luma(self, width: int | None) -> Pixels:
        size = self._raw_size(width)
        small = self._small
        payload = self._payload if small is None or small.width < size[0] else small
        return self._finish(payload.luma(size[0]), size)

    def _make_bgr(self, width: int | None) -> Pixels:
        size = self._raw_size(width)
        return self._finish(self._payload.bgr(size[0]), size)

    def _make_yuv(self, width: int | None) -> Planes:
        size = self._raw_size(width)
        half = ((size[0] + 1) // 2, (size[1] + 1) // 2)
        planes = self._payload.planes(size[0])
        return Planes(
            self._finish(planes.y, size),
            self._finish(planes.u, half, black=128),
            self._finish(planes.v, half, black=128),
        )

    def _make_jpeg(self, quality: int, width: int | None) -> bytes:
        if self.is_planar:
            return encode_planes(self.yuv(width), quality)
        return encode_bgr(self.bgr(width), quality)
