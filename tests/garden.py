"""A drawn garden for the method `adaptive`: structure everywhere, a little noise, and visitors.

The garden is empty and is learnt before 0 s (`learnt`); what a test is about begins at 0 s:

    watching = learnt()
    told = watch(watching, lambda at_s: shot(at_s, [Visitor(x=60 * at_s)]), until_s=2)
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
import numpy.typing as npt

from pimotion.config.camera import Detect, Zone
from pimotion.detect.detector import Detector
from pimotion.picture import Picture
from pimotion.pixels import Pixels, Planes, as_pixels
from pimotion.types import Box, Detection, Exposure, Frame

WIDTH, HEIGHT = 320, 180
FPS = 10.0
LEARNT_S = 2.0
"""How long the empty garden is shown before 0 s."""
START_S = 5_000.0
"""Monotonic time of 0 s: as after a while of uptime."""
WALK_PX_S = 60.0
"""A brisk walk: a person of 64 px goes about one height a second."""

BUSH = Box(180, 50, 80, 80)
"""What of the garden moves in the wind."""

_NOISE_LEVELS = 2.0
_NOISE_FIELDS = 7
_SHAKE_PX = 8

Plane = npt.NDArray[np.float32]
COLUMNS: Plane
ROWS: Plane
COLUMNS, ROWS = np.meshgrid(np.arange(WIDTH, dtype=np.float32), np.arange(HEIGHT, dtype=np.float32))
Shots = Callable[[float], Frame]
"""What a camera sees so many seconds after 0 s."""


@dataclass(frozen=True)
class Visitor:
    """Somebody, or something, with a structure of its own; px of the garden of 320x180.

    Attributes:
        x, y: Left and top; may be outside of the picture.
        look: Another number is another one's clothes.
        opacity: 0..1; faint things are hard to tell from what is behind them.
    """

    x: float
    y: float = 80
    width: int = 26
    height: int = 64
    look: int = 1
    opacity: float = 1.0

    @property
    def box(self) -> Box:
        """What of it is in the picture."""
        x, y = max(0, round(self.x)), max(0, round(self.y))
        right = min(WIDTH, round(self.x) + self.width)
        bottom = min(HEIGHT, round(self.y) + self.height)
        return Box(x, y, max(0, right - x), max(0, bottom - y))


def shot(
    at_s: float,
    visitors: Sequence[Visitor] = (),
    *,
    light: float | Plane = 1.0,
    shake: tuple[int, int] = (0, 0),
    wind_px: float = 0.0,
    camera: Callable[[Plane], Plane] | None = None,
    size: tuple[int, int] = (WIDTH, HEIGHT),
    session: int = 1,
    exposure: Exposure | None = None,
) -> Frame:
    """Return the garden as a camera sees it.

    Args:
        at_s: The same time has the same noise.
        visitors: The later ones stand in front.
        light: 1.0 is the learnt one; or one value for each pixel, shape (180, 320).
        shake: By how much the camera points elsewhere, px, up to 8.
        wind_px: By how much the middle of `BUSH` leans to the right; its edges do not move.
        camera: What the camera makes of the light, before its noise; float32, shape (180, 320).
        size: Width and height of the frame, px; the garden is scaled to it.
        session: Of the source.
        exposure: What the camera says.
    """
    scene = (_leaning(round(4 * wind_px)) if wind_px else _garden(shake)).copy()
    for visitor in visitors:
        _draw(scene, visitor)
    if not isinstance(light, float) or light != 1.0:
        scene *= light
    if camera:
        scene = camera(scene)
    noise = _noise(round(at_s * 60) % _NOISE_FIELDS)
    grey = as_pixels(cv2.add(scene, noise, dtype=cv2.CV_8U))
    if size != (WIDTH, HEIGHT):
        grey = as_pixels(cv2.resize(grey, size, interpolation=cv2.INTER_LINEAR))
    return frame_of(grey, at_s, session=session, exposure=exposure)


def frame_of(
    grey: Pixels, at_s: float, *, session: int = 1, exposure: Exposure | None = None
) -> Frame:
    """Return grey pixels, shape (height, width), even sides, as a frame."""
    plain = _no_colour(grey.shape[0] // 2, grey.shape[1] // 2)
    return Frame(
        picture=Picture.from_yuv420(Planes(grey, plain, plain)),
        index=round((at_s + LEARNT_S) * FPS),
        monotonic_s=START_S + at_s,
        time_s=at_s + LEARNT_S,
        utc_s=None,
        session=session,
        exposure=exposure,
    )


def times(from_s: float, until_s: float, fps: float = FPS) -> Iterator[float]:
    """Yield when pictures are taken, the end exclusive."""
    return (from_s + index / fps for index in range(round((until_s - from_s) * fps)))


def detector(zones: Mapping[str, Zone] | None = None, **settings: object) -> Detector:
    """Return a detector that has seen nothing; it holds no motion, unless told to."""
    chosen = {"method": "adaptive", "hold_s": 0, "warmup_frames": 16}
    return Detector(Detect.model_validate(chosen | settings), zones=zones or {})


def learnt(
    zones: Mapping[str, Zone] | None = None,
    *,
    shots: Shots = shot,
    fps: float = FPS,
    learnt_s: float = LEARNT_S,
    **settings: object,
) -> Detector:
    """Return a detector that has been shown the empty garden, or ``shots``, until 0 s."""
    key = (fps, learnt_s, repr(zones), repr(settings))
    if shots is shot and key in _OF_THE_EMPTY_GARDEN:
        return copy.deepcopy(_OF_THE_EMPTY_GARDEN[key])
    watching = detector(zones, **settings)
    watch(watching, shots, from_s=-learnt_s, until_s=0, fps=fps)
    if shots is shot:
        _OF_THE_EMPTY_GARDEN[key] = copy.deepcopy(watching)
    return watching


_OF_THE_EMPTY_GARDEN: dict[tuple[float, float, str, str], Detector] = {}
"""Many tests begin with the same pictures: they are looked at once."""


def watch(
    watching: Detector, shots: Shots, *, until_s: float, from_s: float = 0, fps: float = FPS
) -> list[Detection]:
    """Return what the detector says of each picture, the end exclusive."""
    return [watching.detect(shots(at_s)) for at_s in times(from_s, until_s, fps)]


def at_s(found: Detection) -> float:
    """When a picture was taken, s after 0 s."""
    return found.frame.monotonic_s - START_S


def moving(told: Sequence[Detection]) -> list[Detection]:
    """Those with motion."""
    return [found for found in told if found.motion]


def covered(wanted: Box, box: Box) -> float:
    """Share of what is wanted that a box covers, 0..1."""
    width = min(wanted.x + wanted.width, box.x + box.width) - max(wanted.x, box.x)
    height = min(wanted.y + wanted.height, box.y + box.height) - max(wanted.y, box.y)
    return max(0, width) * max(0, height) / wanted.area


@cache
def lamplight(gain: float) -> Plane:
    """A lamp up on the left, bright nearby, with the shadows of a fence: no even light."""
    bright = gain * np.exp(-((COLUMNS - 60) ** 2 + (ROWS + 20) ** 2) / (2 * 200**2))
    fence = (COLUMNS + ROWS / 2) // 20 % 3 == 0
    return np.where(fence, 1 + bright / 4, 1 + bright).astype(np.float32)


@cache
def _whole_garden() -> Plane:
    """Leaves, stones and grass: structure of all sizes from 2 to 30 px, 30 to 190 grey levels."""
    size = WIDTH + 2 * _SHAKE_PX, HEIGHT + 2 * _SHAKE_PX
    garden = np.full(size[::-1], 105, np.float32)
    for seed, (grain_px, levels) in enumerate(((3, 9), (8, 13), (30, 16))):
        small = size[0] // grain_px + 1, size[1] // grain_px + 1
        random = np.random.default_rng(seed).normal(0, levels, small[::-1]).astype(np.float32)
        garden += cv2.resize(random, size, interpolation=cv2.INTER_LINEAR)
    return np.clip(garden, 30, 190)


@cache
def _garden(shake: tuple[int, int]) -> Plane:
    x, y = _SHAKE_PX + shake[0], _SHAKE_PX + shake[1]
    return np.ascontiguousarray(_whole_garden()[y : y + HEIGHT, x : x + WIDTH])


@cache
def _leaning(quarters_px: int) -> Plane:
    columns, rows = np.meshgrid(np.arange(WIDTH), np.arange(HEIGHT))
    middle_x, middle_y = BUSH.x + BUSH.width / 2, BUSH.y + BUSH.height / 2
    away = np.hypot(columns - middle_x, rows - middle_y) / (BUSH.width / 4)
    source_x = columns - quarters_px / 4 * np.exp(-(away**2) / 2)
    maps = source_x.astype(np.float32), rows.astype(np.float32)
    return np.asarray(cv2.remap(_garden((0, 0)), *maps, cv2.INTER_LINEAR), np.float32)


@cache
def _noise(field: int) -> Plane:
    noise = np.random.default_rng(100 + field).normal(0, _NOISE_LEVELS, (HEIGHT, WIDTH))
    return noise.astype(np.float32)


@cache
def _look(width: int, height: int, look: int) -> Plane:
    """Clothes: a light head, a dark or light body, other legs; creases and patterns on all."""
    random = np.random.default_rng(1000 + look)
    clothes = np.empty((height, width), np.float32)
    head, waist = max(1, height // 6), max(2, height * 11 // 20)
    clothes[:head] = 175
    clothes[head:waist] = random.choice((45, 60, 200))
    clothes[waist:] = random.choice((35, 80))
    small = random.normal(0, 22, (height // 4 + 1, width // 4 + 1)).astype(np.float32)
    clothes += cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
    return clothes


def _draw(scene: Plane, visitor: Visitor) -> None:
    box = visitor.box
    if not box.area:
        return
    left, top = box.x - round(visitor.x), box.y - round(visitor.y)
    look = _look(visitor.width, visitor.height, visitor.look)
    part = scene[box.y : box.y + box.height, box.x : box.x + box.width]
    clothes = look[top : top + box.height, left : left + box.width]
    part += visitor.opacity * (clothes - part)


@cache
def _no_colour(height: int, width: int) -> Pixels:
    return np.full((height, width), 128, np.uint8)
