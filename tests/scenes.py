"""Drawn scenes for tests: a noisy yard with things in it, and detections without any picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
import numpy.typing as npt

from pimotion.picture import Picture
from pimotion.pixels import Pixels, as_pixels
from pimotion.types import Box, Detection, Frame

WIDTH, HEIGHT = 320, 180
FPS = 10.0
UTC_S = 1_795_000_000.0
"""Wall time of a scene's first frame: 2026-11-18."""
MONOTONIC_S = 5_000.0
"""Monotonic time of a scene's first frame: as after a while of uptime, not zero."""

_NOISE_LEVELS = 4
_NOISE_FIELDS = 8


@dataclass(frozen=True)
class Thing:
    """A rectangle in the scene, px of the frame, with a pattern so that it has edges inside."""

    x: int
    y: int
    width: int = 30
    height: int = 70
    grey: int = 210

    @property
    def box(self) -> Box:
        """Where it is."""
        return Box(self.x, self.y, self.width, self.height)


def image(
    index: int,
    things: Sequence[Thing] = (),
    *,
    light: float = 1.0,
    size: tuple[int, int] = (WIDTH, HEIGHT),
) -> Pixels:
    """Return the scene as shape (height, width, 3), uint8; the same index has the same noise."""
    yard = _yard(size).copy()
    for thing in things:
        part = yard[thing.y : thing.y + thing.height, thing.x : thing.x + thing.width]
        part[:] = thing.grey
        part[::6] -= 20
    noisy = yard * light + _noise(size, index % _NOISE_FIELDS)
    grey = np.clip(noisy, 0, 255).astype(np.uint8)
    return as_pixels(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR))


def frame_of(
    picture: Picture, index: int, *, session: int = 1, fps: float = FPS, utc: bool = True
) -> Frame:
    """Return a picture as a frame of a scene that runs at ``fps``."""
    time_s = index / fps
    return Frame(
        picture=picture,
        index=index,
        monotonic_s=MONOTONIC_S + time_s,
        time_s=time_s,
        utc_s=UTC_S + time_s if utc else None,
        session=session,
    )


def frame(
    index: int,
    things: Sequence[Thing] = (),
    *,
    light: float = 1.0,
    size: tuple[int, int] = (WIDTH, HEIGHT),
    session: int = 1,
) -> Frame:
    """Return a frame of the scene."""
    picture = Picture.from_bgr(image(index, things, light=light, size=size))
    return frame_of(picture, index, session=session)


def detection(
    index: int,
    *,
    boxes: Sequence[Box] = (),
    motion: bool | None = None,
    zones: Sequence[str] = (),
    score: float = 0.7,
    since_s: float | None = None,
    on: Frame | None = None,
) -> Detection:
    """Return what a detector would say; of a small grey picture unless a frame is given."""
    frame = on or frame_of(_grey_picture(), index)
    return Detection(
        frame=frame,
        boxes=tuple(boxes),
        motion=bool(boxes) if motion is None else motion,
        changed_ratio=0.05 if boxes else 0.0,
        score=score if boxes else 0.0,
        suppressed=None,
        zones=tuple(zones),
        since_s=since_s,
        luma=frame.picture.luma(160),
        foreground=np.zeros((90, 160), np.uint8),
    )


@cache
def _grey_picture() -> Picture:
    return Picture.from_bgr(np.full((48, 64, 3), 120, np.uint8))


@cache
def _yard(size: tuple[int, int]) -> npt.NDArray[np.float32]:
    width, height = size
    rows, columns = np.mgrid[0:height, 0:width]
    yard = 60 + 60 * rows / height + 12 * np.sin(columns / 9)
    return np.asarray(yard, np.float32)


@cache
def _noise(size: tuple[int, int], number: int) -> npt.NDArray[np.float32]:
    noise = np.random.default_rng(number).normal(0, _NOISE_LEVELS, size[::-1])
    return noise.astype(np.float32)
