"""Drawn scenes with exact truth: one nuisance each, the same for the same name, seed and size.

    for shot in scene("clouds", seed=1):
        shot.image      # (270, 480, 3), uint8, blue-green-red
        shot.visitors   # boxes of what a person would call moving; a nuisance is never among them

Frames are made one after another and kept nowhere. Python only, no files but the demo recording.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from benchmarks.detection.actors import Seen, Visitor, invite, paint_visitor
from benchmarks.detection.canvas import Canvas, Stage, as_canvas
from benchmarks.detection.light import (
    AutoExposure,
    Clouds,
    Dusk,
    Headlights,
    InfraredCut,
    LightSwitch,
    Night,
)
from benchmarks.detection.nuisance import Nuisance
from benchmarks.detection.places import PLACES
from benchmarks.detection.weather import Insects, Rain, Shake, Snow, Trees
from pimotion.pixels import Pixels
from pimotion.types import Box

SIZE = (480, 270)
FPS = 15.0
SECONDS = 30.0
LEAST_AREA_RATIO = 0.001
"""A visitor of whom less shows is neither motion nor quiet: `detect.min_area_ratio`'s default."""


@dataclass(frozen=True)
class Plot:
    """What a scene is made of.

    Attributes:
        place: A key of `PLACES`.
        nuisances: All at once.
        empty: Nobody comes.
        pause: Share of a visit in which the visitor stands still.
        shadow: How much light visitors' shadows take, 0..1.
    """

    place: str
    nuisances: tuple[type[Nuisance], ...] = (Nuisance,)
    empty: bool = False
    pause: float = 0.0
    shadow: float = 0.0


SCENES = {
    "plain": Plot("garden"),
    "cast-shadow": Plot("lawn", shadow=0.5),
    "stop-and-go": Plot("street", pause=0.4),
    "clouds": Plot("lawn", (Clouds,)),
    "light-switch": Plot("room", (LightSwitch,)),
    "auto-exposure": Plot("street", (AutoExposure,)),
    "ir-cut": Plot("garden", (InfraredCut,)),
    "headlights": Plot("street", (Dusk, Headlights)),
    "tree": Plot("garden", (Trees,)),
    "shake": Plot("lawn", (Shake,)),
    "rain": Plot("street", (Rain,)),
    "snow": Plot("garden", (Snow,)),
    "night": Plot("street", (Night,)),
    "insects": Plot("garden", (Insects,)),
    "empty-lights": Plot("room", (LightSwitch, AutoExposure), empty=True),
    "empty-tree": Plot("garden", (Trees,), empty=True),
    "empty-rain": Plot("street", (Rain,), empty=True),
    "empty-night": Plot("lawn", (Night,), empty=True),
}
"""By name. Every nuisance of the project's list is here, and four scenes in which nobody comes."""


@dataclass(frozen=True, eq=False)
class Shot:
    """One frame of a scene and the truth about it.

    Attributes:
        image: Shape (height, width, 3), uint8, blue-green-red.
        time_s: Since the scene began.
        visitors: What shows of each visitor, px of the frame, without shadows.
        unsure: Something shows that is too small to call: neither motion nor quiet.
    """

    image: Pixels
    time_s: float
    visitors: tuple[Box, ...]
    unsure: bool


def scene(
    name: str,
    *,
    seed: int = 1,
    seconds: float = SECONDS,
    size: tuple[int, int] = SIZE,
    fps: float = FPS,
) -> Iterator[Shot]:
    """Yield the shots of a scene.

    Args:
        name: A key of `SCENES`.
        seed: Another seed has other visitors, ways, textures and moments.
        seconds: 13 s or more, else nobody comes in time. Another length is another scene.
        size: (width, height), px.
        fps: Frames a second.
    """
    plot = SCENES[name]
    rng = np.random.default_rng(zlib.crc32(f"{name} {seed}".encode()))
    stage = Stage(*size, seconds, rng)
    place = PLACES[plot.place]
    backdrop = place.paint(stage)
    visits = [] if plot.empty else list(stage.visits())
    cast = [one for begin in visits for one in invite(stage, place, begin, pause=plot.pause)]
    nuisances = [nuisance(stage) for nuisance in plot.nuisances]
    sensor = _Sensor(stage, max(nuisance.noise for nuisance in nuisances))
    for index in range(round(seconds * fps)):
        time_s = index / fps
        canvas = backdrop.copy()
        for nuisance in nuisances:
            canvas = nuisance.backdrop(canvas, time_s)
        seen = _perform(canvas, cast, time_s, horizon=place.horizon, shadow=plot.shadow)
        canvas = _through(canvas, nuisances, time_s)
        right, down = np.sum([nuisance.shift(time_s) for nuisance in nuisances], axis=0)
        image = sensor.expose(_shifted(canvas, right, down))
        yield _shot(image, time_s, seen, (round(right), round(down)))


def _perform(
    canvas: Canvas, cast: Sequence[Visitor], time_s: float, *, horizon: float, shadow: float
) -> list[Seen]:
    """Draw who is in the scene now, the farthest first."""
    present = [visitor for visitor in cast if visitor.begin_s <= time_s <= visitor.end_s]
    present.sort(key=lambda visitor: visitor.feet_y)
    return [
        paint_visitor(canvas, visitor, time_s, horizon=horizon, shadow=shadow)
        for visitor in present
    ]


def _through(canvas: Canvas, nuisances: Sequence[Nuisance], time_s: float) -> Canvas:
    for nuisance in nuisances:
        canvas = nuisance.light(canvas, time_s)
    for nuisance in nuisances:
        canvas = nuisance.air(canvas, time_s)
    for nuisance in nuisances:
        canvas = nuisance.camera(canvas, time_s)
    return canvas


def _shifted(canvas: Canvas, right: float, down: float) -> Canvas:
    if right == 0 and down == 0:
        return canvas
    move = np.array([[1, 0, right], [0, 1, down]], np.float32)
    size = canvas.shape[1], canvas.shape[0]
    return as_canvas(cv2.warpAffine(canvas, move, size, borderMode=cv2.BORDER_REPLICATE))


def _shot(image: Pixels, time_s: float, seen: Sequence[Seen], shift: tuple[int, int]) -> Shot:
    height, width = image.shape[:2]
    least_px = LEAST_AREA_RATIO * width * height
    shown = [one for one in seen if one.box is not None]
    boxes = [_moved(one.box, shift, width, height) for one in shown if one.area_px >= least_px]
    visitors = tuple(box for box in boxes if box is not None)
    return Shot(image, time_s, visitors, unsure=bool(shown) and not visitors)


def _moved(box: Box | None, shift: tuple[int, int], width: int, height: int) -> Box | None:
    """Return a box that the camera moved, cut at the frame; None if nothing is left of it."""
    if box is None:
        return None
    left, top = max(0, box.x + shift[0]), max(0, box.y + shift[1])
    right = min(width, box.x + box.width + shift[0])
    bottom = min(height, box.y + box.height + shift[1])
    return Box(left, top, right - left, bottom - top) if left < right and top < bottom else None


class _Sensor:
    """Turns light into grey levels, with noise that grows with the light and is nearly white."""

    FIELDS = 12
    MARGIN = 48
    """Fields of noise are made once and cut out at a random place: 12 * 48 * 48 different ones."""

    def __init__(self, stage: Stage, noise: float) -> None:
        self._rng = stage.rng
        self._noise = noise
        shape = (stage.height + self.MARGIN, stage.width + self.MARGIN)
        self._luma = [self._field((*shape, 1)) for _ in range(self.FIELDS)]
        self._colour = [self._field((*shape, 3)) * 0.4 for _ in range(4)]

    def _field(self, shape: tuple[int, int, int]) -> Canvas:
        return self._rng.standard_normal(shape).astype(np.float32)

    def _cut(self, fields: Sequence[Canvas], height: int, width: int) -> Canvas:
        which, x, y = self._rng.integers(0, (len(fields), self.MARGIN, self.MARGIN))
        cut: Canvas = fields[which][y : y + height, x : x + width]
        return cut

    def expose(self, canvas: Canvas) -> Pixels:
        """Return the picture that the camera gives."""
        height, width = canvas.shape[:2]
        levels = np.clip(canvas, 0, 255)
        deviation = self._noise * np.sqrt(0.5 + levels[..., 1:2] / 255)
        noise = self._cut(self._luma, height, width) + self._cut(self._colour, height, width)
        levels += noise * deviation
        return np.clip(levels, 0, 255).astype(np.uint8)
