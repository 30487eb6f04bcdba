"""What walkers, cars and cats look like: each drawn into a sprite, from its gait's phase."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from pimotion.pixels import Pixels

WALKER_M = 1.75


@dataclass(frozen=True)
class Figure:
    """What a kind of visitor measures, and how fast it goes, in metres and metres a second.

    Attributes:
        draw: Draws it, heading right: into pixels of shape (height, width, 3), and what it covers
            into those of shape (height, width), 0..255. Takes the phase in radians, two steps a
            turn, and four colours.
    """

    tall_m: float
    long_m: float
    slowest_m_s: float
    fastest_m_s: float
    draw: Callable[[Pixels, Pixels, float, list[list[int]]], None]


def _line(
    image: Pixels,
    alpha: Pixels,
    points: list[tuple[float, float]],
    thick: float,
    colour: list[int],
) -> None:
    """Draw connected limbs; points as shares of the sprite, thickness as a share of its height."""
    height, width = alpha.shape
    corners = np.array([(x * width, y * height) for x, y in points]).astype(np.int32)
    for canvas, paint in ((image, colour), (alpha, [255])):
        cv2.polylines(canvas, [corners], False, paint, max(2, round(thick * height)), cv2.LINE_AA)


def _ellipse(
    image: Pixels,
    alpha: Pixels,
    area: tuple[float, float, float, float],
    colour: list[int],
) -> None:
    """Draw an ellipse: middle x, y and half axes, shares of the sprite."""
    height, width = alpha.shape
    centre = (round(area[0] * width), round(area[1] * height))
    axes = (max(1, round(area[2] * width)), max(1, round(area[3] * height)))
    for canvas, paint in ((image, colour), (alpha, [255])):
        cv2.ellipse(canvas, centre, axes, 0, 0, 360, paint, -1, cv2.LINE_AA)


def _draw_walker(
    image: Pixels,
    alpha: Pixels,
    phase: float,
    colours: list[list[int]],
) -> None:
    trousers, jacket, hair, shoes = colours
    for side in (1.0, -1.0):
        swing = math.sin(phase) * side
        knee = (0.5 + 0.16 * swing + 0.05, 0.74)
        foot = (0.5 + 0.3 * swing, 0.965 - 0.04 * max(0.0, math.cos(phase) * side))
        _line(image, alpha, [(0.5, 0.5), knee, foot], 0.075, trousers)
        _line(image, alpha, [foot, (foot[0] + 0.12, foot[1])], 0.035, shoes)
        elbow = (0.5 - 0.2 * swing, 0.37)
        _line(image, alpha, [(0.5, 0.22), elbow, (0.56 - 0.3 * swing, 0.47)], 0.05, jacket)
    _ellipse(image, alpha, (0.5, 0.35, 0.23, 0.19), jacket)
    _ellipse(image, alpha, (0.53, 0.085, 0.13, 0.08), [150, 172, 208])
    _ellipse(image, alpha, (0.49, 0.065, 0.13, 0.06), hair)


def _draw_car(
    image: Pixels,
    alpha: Pixels,
    phase: float,
    colours: list[list[int]],
) -> None:
    height, width = alpha.shape
    scale = np.array((width, height))
    shell = [(0.02, 0.5), (0.2, 0.44), (0.34, 0.08), (0.7, 0.08), (0.86, 0.44), (0.98, 0.52),
             (0.98, 0.84), (0.02, 0.84)]  # fmt: skip
    glass = [(0.27, 0.42), (0.37, 0.15), (0.67, 0.15), (0.79, 0.42)]
    corners = (np.array(shell) * scale).astype(np.int32)
    cv2.fillPoly(image, [corners], colours[0], cv2.LINE_AA)
    cv2.fillPoly(alpha, [corners], [255], cv2.LINE_AA)
    cv2.fillPoly(image, [(np.array(glass) * scale).astype(np.int32)], [70, 62, 54], cv2.LINE_AA)
    for x in (0.22, 0.78):
        _ellipse(image, alpha, (x, 0.83, 0.085, 0.16), [24, 24, 24])
        hub = (x + 0.03 * math.cos(phase), 0.83 + 0.05 * math.sin(phase), 0.02, 0.04)
        _ellipse(image, alpha, hub, [150, 150, 150])


def _draw_cat(
    image: Pixels,
    alpha: Pixels,
    phase: float,
    colours: list[list[int]],
) -> None:
    fur = colours[0]
    _ellipse(image, alpha, (0.48, 0.48, 0.28, 0.2), fur)
    _ellipse(image, alpha, (0.84, 0.28, 0.11, 0.17), fur)
    for ear in (0.78, 0.89):
        _line(image, alpha, [(ear, 0.2), (ear + 0.01, 0.05)], 0.07, fur)
    for hip, side in ((0.28, 1.0), (0.33, -1.0), (0.64, -1.0), (0.69, 1.0)):
        foot = (hip + 0.07 * math.sin(phase) * side, 0.94)
        _line(image, alpha, [(hip, 0.55), foot], 0.1, fur)
    tail = [(0.22, 0.44), (0.08, 0.3 + 0.08 * math.sin(phase / 2)), (0.06, 0.08)]
    _line(image, alpha, tail, 0.08, fur)


FIGURES = {
    "walker": Figure(WALKER_M, 0.8, 1.1, 1.8, _draw_walker),
    "car": Figure(1.5, 4.2, 5.0, 9.0, _draw_car),
    "cat": Figure(0.42, 0.8, 0.8, 1.6, _draw_cat),
}
