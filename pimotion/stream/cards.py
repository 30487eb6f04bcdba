"""Draws the card that stands in for the picture of a camera that gives none."""

from __future__ import annotations

import textwrap
import threading
from collections import OrderedDict
from datetime import UTC, datetime

import cv2
import numpy as np

from pimotion.picture import Picture
from pimotion.pixels import Pixels, Planes
from pimotion.render import WHITE, Colour, ascii_of

_BACKGROUND: Colour = (38, 30, 26)
_GREY: Colour = (196, 186, 176)
_AMBER: Colour = (60, 170, 245)
_FONT = cv2.FONT_HERSHEY_DUPLEX
_FONT_HEIGHT_PX = 22  # of that font at scale 1
_MAX_LETTERS = 44  # in a line, so that it is readable on a phone
_MAX_REASON_LINES = 3
_FULL = 0.94
"""A longer line, a name of 50 letters for example, is made smaller."""
_MOST_KEPT_BYTES = 8 * 2**20
"""24 cards of 640x360. One that is larger than all of it is drawn anew for each picture."""

_Asked = tuple[str, str, str | None, tuple[int, int]]


def card(name: str, reason: str, below: str | None, size: tuple[int, int]) -> Picture:
    """Return a picture that says which camera gives no picture, and why.

    Args:
        name: What people call the camera.
        reason: In words.
        below: Lines in small letters: since when, for example. None: nothing.
        size: Width and height, px.
    """
    width, height = size
    image: Pixels = np.full((height, width, 3), _BACKGROUND, np.uint8)
    unit_px = min(height / 18, width / 30)
    _symbol(image, (width // 2, round(height / 2 - 3.6 * unit_px)), unit_px)
    y_px = height / 2
    _centred(image, name, y_px, 1.15 * unit_px, WHITE)
    lines = textwrap.wrap(reason, _MAX_LETTERS)[:_MAX_REASON_LINES]
    for number, line in enumerate(lines):
        y_px += (1.3 if number else 1.9) * unit_px
        _centred(image, line, y_px, 0.75 * unit_px, _AMBER)
    for number, line in enumerate((below or "").splitlines()):
        y_px += (1.1 if number else 1.6) * unit_px
        _centred(image, line, y_px, 0.65 * unit_px, _GREY)
    return Picture.from_bgr(image)


class CardTiles:
    """Keeps the newest cards as planes, for pictures of which they are a part. Thread-safe.

    They are drawn once a minute and put into each picture of all cameras. Who asks for other widths
    gets others: so what they take is bounded, not how many they are.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[_Asked, Planes] = OrderedDict()
        self._bytes = 0

    def get(self, name: str, reason: str, below: str | None, size: tuple[int, int]) -> Planes:
        """Return the card that `card` draws."""
        asked = name, reason, below, size
        with self._lock:
            planes = self._kept.get(asked)
            if planes is not None:
                self._kept.move_to_end(asked)
                return planes
        planes = card(*asked).yuv()
        with self._lock:
            if asked not in self._kept:
                self._kept[asked] = planes
                self._bytes += _bytes_of(planes)
            while self._bytes > _MOST_KEPT_BYTES:
                _, oldest = self._kept.popitem(last=False)
                self._bytes -= _bytes_of(oldest)
        return planes


def _bytes_of(planes: Planes) -> int:
    return planes.y.nbytes + planes.u.nbytes + planes.v.nbytes


def since_text(since_utc_s: float | None, age_s: float) -> str:
    """Return ``since 2026-11-24 10:42:13 (3 min)``; without a wall clock only how long."""
    lasted = _duration(age_s)
    return f"for {lasted}" if since_utc_s is None else f"since {_moment(since_utc_s)} ({lasted})"


def last_text(last_utc_s: float | None, age_s: float) -> str:
    """Return ``last picture 2026-11-24 10:42:08``; without a wall clock how long ago that was."""
    when = f"{_duration(age_s)} ago" if last_utc_s is None else _moment(last_utc_s)
    return f"last picture {when}"


def _duration(age_s: float) -> str:
    if age_s < 60:  # noqa: PLR2004
        return f"{age_s:.0f} s"
    return f"{age_s / 60:.0f} min" if age_s < 2 * 3600 else f"{age_s / 3600:.0f} h"


def _moment(utc_s: float) -> str:
    return f"{datetime.fromtimestamp(utc_s, UTC).astimezone():%Y-%m-%d %H:%M:%S}"


def _symbol(image: Pixels, centre: tuple[int, int], unit_px: float) -> None:
    """Draw a camera, crossed out."""
    x, y = centre
    wide, high = round(1.5 * unit_px), round(1.05 * unit_px)
    line = max(1, round(unit_px / 7))
    cv2.rectangle(image, (x - wide, y - high), (x + wide, y + high), _GREY, line, cv2.LINE_AA)
    cv2.circle(image, centre, round(0.55 * unit_px), _GREY, line, cv2.LINE_AA)
    corners = (
        (x - wide - line * 2, y + high + line * 2),
        (x + wide + line * 2, y - high - line * 2),
    )
    cv2.line(image, *corners, _BACKGROUND, line * 4, cv2.LINE_AA)
    cv2.line(image, *corners, _AMBER, line, cv2.LINE_AA)


def _centred(image: Pixels, text: str, y_px: float, height_px: float, colour: Colour) -> None:
    plain = ascii_of(text)
    scale, room_px = height_px / _FONT_HEIGHT_PX, _FULL * image.shape[1]
    scale *= min(1.0, room_px / max(1, _width_px(plain, scale)))
    at = (round((image.shape[1] - _width_px(plain, scale)) / 2), round(y_px))
    cv2.putText(image, plain, at, _FONT, scale, colour, _thickness(scale), cv2.LINE_AA)


def _width_px(text: str, scale: float) -> int:
    """Return the width of a line, which since OpenCV 5 grows with its thickness, too."""
    (width_px, _), _ = cv2.getTextSize(text, _FONT, scale, _thickness(scale))
    return width_px


def _thickness(scale: float) -> int:
    return max(1, round(scale * 1.2))
