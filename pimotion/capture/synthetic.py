"""A source that draws its pictures: the same ones each time, for trying things out and for tests.

Each 20 s it shows 15 s of quiet (sensor noise only) and then a bright square that crosses the
picture from left to right within 5 s.
"""

from __future__ import annotations

import cv2
import numpy as np

from pimotion.capture import frame_number
from pimotion.capture.playback import Playback
from pimotion.capture.source import Captured
from pimotion.errors import SourceLost
from pimotion.picture import Picture
from pimotion.pixels import Pixels, as_pixels
from pimotion.types import Box

QUIET_S = 15.0
"""Longer than the default event gap and hold time together, so that each event also ends."""
MOTION_S = 5.0

_NOISE_LEVELS = 6  # uniform 0..5: a standard deviation of 1.7, as of a camera by day
_NOISE_MARGIN_PX = 64


class Scene:
    """What the synthetic camera looks at. Every picture depends on its number alone."""

    def __init__(self, width: int, height: int, fps: float) -> None:
        self.width = width
        self.height = height
        self.fps = fps
        across = np.linspace(60, 110, width, dtype=np.float32)
        down = np.linspace(0, 30, height, dtype=np.float32)
        grey = as_pixels((across + down[:, np.newaxis]).astype(np.uint8))
        self._background = as_pixels(cv2.merge([grey, grey, grey]))
        size = (height + _NOISE_MARGIN_PX, width + _NOISE_MARGIN_PX, 3)
        self._noise = np.random.default_rng(1).integers(0, _NOISE_LEVELS, size, np.uint8)

    def square_at(self, number: int) -> Box | None:
        """Return where the square is in picture ``number``; None in a quiet stretch."""
        into_s = number / self.fps % (QUIET_S + MOTION_S) - QUIET_S
        if into_s < 0:
            return None
        side = max(8, self.height // 5)
        x = round((self.width - side) * into_s / MOTION_S)
        return Box(x, (self.height - side) // 2, side, side)

    def image(self, number: int) -> Pixels:
        """Return picture ``number``, counted from 0: shape (height, width, 3), blue-green-red."""
        # A cut at another place of the same noise is noise again, and costs nothing.
        dx, dy = number * 7 % _NOISE_MARGIN_PX, number * 13 % _NOISE_MARGIN_PX
        noise = self._noise[dy : dy + self.height, dx : dx + self.width]
        image = as_pixels(cv2.add(self._background, noise))
        square = self.square_at(number)
        if square is not None:
            rows = slice(square.y, square.y + square.height)
            image[rows, square.x : square.x + square.width] = (60, 220, 240)
        frame_number.write(image, number)
        return image


class SyntheticSource:
    """Draws a `Scene` at its rate."""

    is_live = False

    def __init__(self, width: int, height: int, fps: float) -> None:
        self._scene = Scene(width, height, fps)
        self._playback: Playback | None = None
        self._number = 0

    def open(self) -> None:
        """Begin at picture 0."""
        self.close()
        self._playback = Playback()
        self._number = 0

    def read(self) -> Captured:
        """Return the next picture when it is due."""
        if self._playback is None:
            raise SourceLost("the synthetic camera is not open")
        time_s = self._number / self._scene.fps
        picture = Picture.from_bgr(self._scene.image(self._number))
        self._number += 1
        return Captured(picture, self._playback.wait_until_due(time_s), time_s)

    def interrupt(self) -> None:
        """Let a `read` that waits for its picture's time give it now."""
        playback = self._playback
        if playback is not None:
            playback.stop()

    def close(self) -> None:
        """Stop."""
        if self._playback is not None:
            self._playback.stop()
            self._playback = None
