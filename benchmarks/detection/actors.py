"""Who visits a scene, which way they go, and the exact box of what is seen of them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from benchmarks.detection.canvas import LONGEST_VISIT_S, Canvas, Plane, Stage, as_canvas, texture
from benchmarks.detection.figures import FIGURES, WALKER_M, Figure
from benchmarks.detection.places import Place
from pimotion.types import Box

_FINER = 4
"""Sprites are drawn this much larger and shrunk, which gives them soft edges."""
_TALLEST = 0.42
"""Height of a walker at the lower edge, as a share of the frame's."""


@dataclass(frozen=True)
class Look:
    """How one visitor looks: colours of its parts, and a cloth of 48x48 grey levels."""

    colours: list[list[int]]
    cloth: Plane


@dataclass(frozen=True)
class Visitor:
    """One visitor on its way: from beside the frame to ``turn_x``, a pause, and on or back.

    Attributes:
        begin_s, end_s: When it is in the scene; a share of ``pause`` of it stands still.
        from_x, turn_x, to_x: Shares of the width.
        feet_y, drift_y: Where its feet are at first and how far they move by the end, share of
            the height.
    """

    figure: Figure
    look: Look
    begin_s: float
    end_s: float
    from_x: float
    turn_x: float
    to_x: float
    feet_y: float
    drift_y: float
    pause: float

    def progress(self, time_s: float) -> float:
        """Return the share of its way that is done, 0..1; it pauses half way."""
        share = (time_s - self.begin_s) / (self.end_s - self.begin_s)
        going = (1 - self.pause) / 2
        if share < going:
            return share / going / 2
        return max(0.5, 1 - (1 - share) / going / 2)

    def place(self, time_s: float) -> tuple[float, float]:
        """Return where its feet are, shares of width and height."""
        done = self.progress(time_s)
        first, last = (self.from_x, self.turn_x) if done < 0.5 else (self.turn_x, self.to_x)
        x = first + (last - first) * (2 * done if done < 0.5 else 2 * done - 1)
        return x, self.feet_y + self.drift_y * done


def invite(stage: Stage, place: Place, begin_s: float, *, pause: float) -> list[Visitor]:
    """Return who comes in one visit: one, now and then two, each with a way of its own."""
    late_s = float(stage.rng.uniform(0, 0.8))
    first = _visitor(stage, place, begin_s + late_s, pause)
    if stage.rng.random() > 0.3:
        return [first]
    return [first, _visitor(stage, place, begin_s + late_s + stage.rng.uniform(0, 1.5), pause)]


def _visitor(stage: Stage, place: Place, begin_s: float, pause: float) -> Visitor:
    rng = stage.rng
    kind = str(rng.choice(place.visitors))
    figure = FIGURES[kind]
    # A cat far away covers less than is worth an event, so that it stays near.
    farthest = place.nearest - 0.12 if kind == "cat" else place.farthest
    feet_y = float(rng.uniform(farthest, place.nearest))
    metre = walker_height(place.horizon, feet_y) / WALKER_M * stage.height / stage.width
    speed = rng.uniform(figure.slowest_m_s, figure.fastest_m_s) * metre
    margin = figure.long_m * metre / 2
    start, end = (-margin, 1 + margin) if rng.random() < 0.5 else (1 + margin, -margin)
    moving_s = LONGEST_VISIT_S * (1 - pause) - 2.5
    if abs(end - start) / speed > moving_s:
        # Too far to cross in one visit: goes in, turns round, and leaves where it came from.
        reach = min(0.55, speed * moving_s / 2) * (1 if end > start else -1)
        turn, end = start + max(0.12, abs(reach)) * math.copysign(1, reach), start
        moving_s = 2 * abs(turn - start) / speed
    else:
        turn, moving_s = (start + end) / 2, abs(end - start) / speed
    look = Look([_colour(rng) for _ in range(4)], texture(rng, (48, 48), 12) * 12)
    drift = float(rng.uniform(-0.04, 0.04))
    last_s = begin_s + min(moving_s / (1 - pause), LONGEST_VISIT_S - 1.5)
    return Visitor(figure, look, begin_s, last_s, start, turn, end, feet_y, drift, pause)


def _colour(rng: np.random.Generator) -> list[int]:
    """Return a muted colour, dark or bright: what nobody could tell from the ground is no test."""
    level = rng.uniform(20, 60) if rng.random() < 0.5 else rng.uniform(150, 215)
    return [int(part) for part in np.clip(level + rng.uniform(-32, 32, 3), 5, 250)]


def walker_height(horizon: float, feet_y: float) -> float:
    """Return how tall a walker is whose feet are at ``feet_y``; all are shares of the height."""
    return _TALLEST * (feet_y - horizon) / (1 - horizon)


@dataclass(frozen=True)
class Seen:
    """What of a visitor is in the frame: its box, or None, and how many of its pixels show."""

    box: Box | None
    area_px: int


def paint_visitor(
    canvas: Canvas, visitor: Visitor, time_s: float, *, horizon: float, shadow: float
) -> Seen:
    """Draw a visitor, and its shadow if ``shadow`` is over 0, and tell what is seen of it."""
    frame_height, frame_width = canvas.shape[:2]
    x, y = visitor.place(time_s)
    metre_px = walker_height(horizon, y) / WALKER_M * frame_height
    done = visitor.progress(time_s)
    way_px = abs(visitor.to_x - visitor.from_x) + 2 * abs(visitor.turn_x - visitor.from_x)
    steps = done * way_px / 2 * frame_width / metre_px
    heading = visitor.turn_x - visitor.from_x if done < 0.5 else visitor.to_x - visitor.turn_x
    colour, alpha = _sprite(visitor, metre_px, steps * 2 * math.pi / 1.4, heading < 0)
    left = x * frame_width - alpha.shape[1] / 2
    top = y * frame_height - alpha.shape[0]
    if shadow > 0:
        _paint_shadow(canvas, alpha, left, y * frame_height, shadow)
    return _paint(canvas, colour, alpha, left, top)


def _sprite(visitor: Visitor, metre_px: float, phase: float, flip: bool) -> tuple[Canvas, Plane]:
    """Return a figure's colours and how much of each pixel it covers, 0..1."""
    figure = visitor.figure
    size = max(3, round(figure.long_m * metre_px)), max(4, round(figure.tall_m * metre_px))
    large = size[0] * _FINER, size[1] * _FINER
    image = np.zeros((large[1], large[0], 3), np.uint8)
    alpha = np.zeros((large[1], large[0]), np.uint8)
    figure.draw(image, alpha, phase, visitor.look.colours)
    if flip:
        image, alpha = image[:, ::-1], alpha[:, ::-1]
    colour = as_canvas(cv2.resize(image, size, interpolation=cv2.INTER_AREA))
    cover = as_canvas(cv2.resize(alpha, size, interpolation=cv2.INTER_AREA) / np.float32(255))
    # Where half a pixel is the figure's the mean with the black around it is too dark.
    colour /= np.maximum(cover, 0.2)[..., None]
    colour += as_canvas(cv2.resize(visitor.look.cloth, size))[..., None]
    return colour, cover


def _paint(canvas: Canvas, colour: Canvas, cover: Plane, left: float, top: float) -> Seen:
    """Blend a sprite in at a place between pixels, and measure what shows of it."""
    x, y = math.floor(left), math.floor(top)
    move = np.array([[1, 0, left - x], [0, 1, top - y]], np.float32)
    size = cover.shape[1] + 1, cover.shape[0] + 1
    colour = as_canvas(cv2.warpAffine(colour, move, size, borderMode=cv2.BORDER_REPLICATE))
    cover = as_canvas(cv2.warpAffine(cover, move, size))
    height, width = canvas.shape[:2]
    x0, y0, x1, y1 = max(0, x), max(0, y), min(width, x + size[0]), min(height, y + size[1])
    if x0 >= x1 or y0 >= y1:
        return Seen(None, 0)
    cover, colour = (part[y0 - y : y1 - y, x0 - x : x1 - x] for part in (cover, colour))
    under = canvas[y0:y1, x0:x1]
    under += (colour - under) * cover[..., None]
    shown = (cover > 0.5).astype(np.uint8)
    area_px = int(np.count_nonzero(shown))
    if area_px == 0:
        return Seen(None, 0)
    inner_x, inner_y, inner_width, inner_height = cv2.boundingRect(shown)
    return Seen(Box(x0 + inner_x, y0 + inner_y, inner_width, inner_height), area_px)


def _paint_shadow(
    canvas: Canvas, cover: Plane, left: float, feet_y_px: float, strength: float
) -> None:
    """Darken the ground where a low sun throws the figure's shadow, to its right and behind it."""
    height = cover.shape[0]
    lean, squeeze = -1.1, 0.3
    lay_down = np.array(
        [[1, lean, left - lean * height], [0, squeeze, feet_y_px - squeeze * height]], np.float32
    )
    size = canvas.shape[1], canvas.shape[0]
    shade = as_canvas(cv2.GaussianBlur(cv2.warpAffine(cover, lay_down, size), (5, 5), 0))
    canvas *= (1 - strength * shade)[..., None]
