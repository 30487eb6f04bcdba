"""Where scenes play: a garden, a street and a room, drawn; and the lawn of the demo recording."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

from benchmarks.detection.canvas import Canvas, Stage, as_canvas, rough_texture, texture, tint
from benchmarks.measure import ROOT

Colour = tuple[float, float, float]
"""Blue, green, red."""

_QUIET_LAWN_FRAMES = range(20, 120, 10)
"""Nobody is on the lawn before 16 s, which is frame 160."""


@dataclass(frozen=True)
class Place:
    """A backdrop, and what may walk in front of it.

    Attributes:
        paint: Draws it.
        horizon: Height of the horizon, share of the height: who stands lower is nearer, larger.
        nearest, farthest: Where feet may be, shares of the height.
        visitors: Who comes by; one named twice comes twice as often.
    """

    paint: Callable[[Stage], Canvas]
    horizon: float
    farthest: float
    nearest: float
    visitors: tuple[str, ...]


def _fill(
    canvas: Canvas, area: tuple[float, float, float, float], colour: Colour, grain: Canvas | float
) -> None:
    """Paint a rectangle given as shares (left, top, right, bottom) of the canvas."""
    height, width = canvas.shape[:2]
    left, right = round(area[0] * width), round(area[2] * width)
    top, bottom = round(area[1] * height), round(area[3] * height)
    part = grain[top:bottom, left:right, None] if isinstance(grain, np.ndarray) else grain
    canvas[top:bottom, left:right] = tint(*colour) + part


def _bricks(stage: Stage, canvas: Canvas, left: float, top: float, bottom: float) -> None:
    """Paint a wall of bricks from ``left`` to the right edge."""
    grain = rough_texture(stage.rng, stage.size, (20, stage.width // 3)) * 9
    _fill(canvas, (left, top, 1, bottom), (78, 92, 138), grain)
    wall = canvas[round(top * stage.height) : round(bottom * stage.height)]
    wall = wall[:, round(left * stage.width) :]
    course = max(4, stage.height // 34)
    mortar = tint(126, 132, 140)
    wall[::course] = mortar
    for row, y in enumerate(range(0, wall.shape[0], course)):
        wall[y : y + course, (row % 2) * course :: 2 * course] = mortar


def _window(canvas: Canvas, area: tuple[float, float, float, float]) -> None:
    left, top, right, bottom = area
    _fill(canvas, area, (205, 208, 210), 0.0)
    _fill(canvas, (left + 0.008, top + 0.014, right - 0.008, bottom - 0.014), (92, 78, 66), 0.0)
    middle = (left + right) / 2
    _fill(canvas, (middle - 0.003, top, middle + 0.003, bottom), (205, 208, 210), 0.0)


def _garden(stage: Stage) -> Canvas:
    canvas = np.empty((stage.height, stage.width, 3), np.float32)
    rng, size = stage.rng, stage.size
    _fill(canvas, (0, 0, 1, 0.2), (214, 190, 168), texture(rng, size, 5) * 10)
    hedge = rough_texture(rng, size, (12, 40, stage.width // 4)) * 20
    _fill(canvas, (0, 0.16, 1, 0.42), (46, 84, 62), hedge)
    lawn = rough_texture(rng, size, (9, 60, stage.width // 2)) * 15
    _fill(canvas, (0, 0.42, 1, 1), (70, 128, 98), lawn)
    for slat in np.arange(0.01, 0.6, 0.026):
        shade = float(rng.uniform(-14, 14))
        wood = (96 + shade, 116 + shade, 136 + shade)
        _fill(canvas, (float(slat), 0.3, float(slat) + 0.018, 0.46), wood, 0.0)
    _bricks(stage, canvas, 0.62, 0.1, 0.5)
    _fill(canvas, (0.7, 0.24, 0.78, 0.5), (64, 70, 96), texture(rng, size, 50) * 5)
    _window(canvas, (0.84, 0.18, 0.94, 0.34))
    path = np.array([(0.72, 0.5), (0.77, 0.5), (0.62, 1.0), (0.3, 1.0)]) * stage.size
    cv2.fillPoly(canvas, [path.astype(np.int32)], (142, 150, 154))
    return canvas + rough_texture(rng, size, (stage.width // 5, stage.width // 2))[..., None] * 5


def _street(stage: Stage) -> Canvas:
    canvas = np.empty((stage.height, stage.width, 3), np.float32)
    rng, size = stage.rng, stage.size
    _bricks(stage, canvas, 0, 0, 0.46)
    for left in (0.06, 0.3, 0.74):
        _window(canvas, (left, 0.08, left + 0.13, 0.3))
    _fill(canvas, (0.54, 0.12, 0.63, 0.46), (52, 66, 54), texture(rng, size, 60) * 4)
    paving = rough_texture(rng, size, (30, stage.width // 3)) * 8
    _fill(canvas, (0, 0.46, 1, 0.6), (140, 142, 146), paving)
    _fill(canvas, (0, 0.59, 1, 0.62), (176, 178, 180), 0.0)
    _fill(canvas, (0, 0.62, 1, 1), (84, 84, 86), rough_texture(rng, size, (7, stage.width)) * 8)
    for left in np.arange(0.02, 1, 0.2):
        _fill(canvas, (float(left), 0.83, min(1.0, float(left) + 0.1), 0.85), (196, 200, 202), 0.0)
    cv2.ellipse(
        canvas,
        (round(0.2 * stage.width), round(0.9 * stage.height)),
        (stage.width // 24, stage.height // 40),
        0, 0, 360, (56, 58, 60), -1,
    )  # fmt: skip
    return canvas


def _room(stage: Stage) -> Canvas:
    canvas = np.empty((stage.height, stage.width, 3), np.float32)
    rng, size = stage.rng, stage.size
    wall = rough_texture(rng, size, (4, stage.width // 3)) * 3
    _fill(canvas, (0, 0, 1, 0.56), (168, 182, 190), wall)
    _fill(canvas, (0, 0.55, 1, 0.58), (214, 218, 220), 0.0)
    boards = rough_texture(rng, (stage.width, stage.height), (6, 30)) * 8
    _fill(canvas, (0, 0.58, 1, 1), (70, 106, 142), boards)
    vanishing = (stage.width // 2, round(0.3 * stage.height))
    for x in range(-2 * stage.width, 3 * stage.width, stage.width // 7):
        _board_edge(canvas, vanishing, (x, stage.height))
    _fill(canvas, (0.06, 0.1, 0.26, 0.55), (58, 72, 92), 0.0)
    for shelf in np.arange(0.12, 0.5, 0.11):
        for book in np.arange(0.07, 0.245, 0.012):
            colour = tuple(float(value) for value in rng.uniform(40, 210, 3))
            area = (float(book), float(shelf), float(book) + 0.01, float(shelf) + 0.09)
            _fill(canvas, area, (colour[0], colour[1], colour[2]), 0.0)
    _fill(canvas, (0.78, 0.12, 0.93, 0.57), (118, 138, 158), texture(rng, size, 40) * 4)
    _fill(canvas, (0.4, 0.14, 0.58, 0.36), (60, 60, 60), 0.0)
    picture = rough_texture(rng, size, (12, 30)) * 30
    _fill(canvas, (0.41, 0.155, 0.57, 0.345), (120, 130, 120), picture)
    return canvas


def _board_edge(canvas: Canvas, vanishing: tuple[int, int], end: tuple[int, int]) -> None:
    floor = round(0.58 * canvas.shape[0])
    share = (floor - vanishing[1]) / (end[1] - vanishing[1])
    start = (round(vanishing[0] + (end[0] - vanishing[0]) * share), floor)
    cv2.line(canvas, start, end, (48, 76, 104), 1, cv2.LINE_AA)


def _lawn(stage: Stage) -> Canvas:
    return as_canvas(cv2.resize(_quiet_lawn(), stage.size, interpolation=cv2.INTER_CUBIC))


@cache
def _quiet_lawn() -> Canvas:
    """Return the demo recording while nobody is on it: the mean of ten frames, free of noise."""
    video = cv2.VideoCapture(str(ROOT / "pimotion/demo/lawn.mp4"))
    frames = []
    for number in range(_QUIET_LAWN_FRAMES.stop):
        more, image = video.read()
        if not more:
            raise SystemExit("pimotion/demo/lawn.mp4 cannot be read")
        if number in _QUIET_LAWN_FRAMES:
            frames.append(image.astype(np.float32))
    video.release()
    return as_canvas(np.mean(frames, axis=0))


PLACES = {
    "garden": Place(_garden, 0.28, 0.6, 0.97, ("walker", "walker", "cat")),
    "street": Place(_street, 0.3, 0.58, 0.97, ("walker", "walker", "car")),
    "room": Place(_room, 0.2, 0.68, 0.99, ("walker", "walker", "cat")),
    "lawn": Place(_lawn, 0.1, 0.5, 0.97, ("walker", "walker", "cat")),
}
