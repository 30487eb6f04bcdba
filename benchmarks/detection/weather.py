"""Nuisances that do move, and yet are not what anyone wants to be told of."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from benchmarks.detection.canvas import (
    Canvas,
    Plane,
    Stage,
    as_canvas,
    rough_texture,
    texture,
    tint,
)
from benchmarks.detection.light import InfraredLamp
from benchmarks.detection.nuisance import Nuisance

_FRACTION_BITS = 3
"""OpenCV draws at eighths of a pixel with this shift."""


class Trees(Nuisance):
    """Two crowns of leaves sway in gusts, before the sky and before a part of the ground."""

    FARTHEST = 0.009
    """How far the crowns bend in a gust, share of the width: 4 px of 480."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        columns = np.arange(stage.width, dtype=np.float32)
        rows = np.arange(stage.height, dtype=np.float32)
        self._x, self._y = np.meshgrid(columns, rows)
        crowns = np.zeros((stage.height, stage.width), np.float32)
        for side in (0.16, 0.8):
            middle = (side + stage.rng.uniform(-0.08, 0.08), stage.rng.uniform(0.2, 0.4))
            centre = (round(middle[0] * stage.width), round(middle[1] * stage.height))
            axes = (round(0.17 * stage.width), round(0.3 * stage.height))
            cv2.ellipse(crowns, centre, axes, 0, 0, 360, [1.0], -1)
        soft = as_canvas(cv2.GaussianBlur(crowns, (0, 0), stage.width / 60))
        ragged = texture(stage.rng, stage.size, 40) * 0.35 * np.minimum(1, 3 * soft)
        self._crowns = np.clip((soft + ragged - 0.5) * 5, 0, 1).astype(np.float32)
        leaves = 78 + 34 * rough_texture(stage.rng, stage.size, (50, 130))
        self._leaves = np.clip(leaves, 12, 230)[..., None] * tint(0.55, 1.0, 0.7)
        self._phase = texture(stage.rng, stage.size, 14) * 2

    def backdrop(self, canvas: Canvas, time_s: float) -> Canvas:
        """Bend crowns and leaves, each place with a phase of its own."""
        gust = 0.35 + 0.65 * max(0.0, math.sin(time_s * 0.8)) * (0.6 + 0.4 * math.sin(time_s * 2.3))
        far = self.FARTHEST * self._stage.width * gust
        bend = np.sin(2 * np.pi * 0.55 * time_s + self._phase * 0.4)
        flutter = np.sin(2 * np.pi * 1.9 * time_s + self._phase * 2)
        across = self._x + far * (bend + 0.35 * flutter)
        down = self._y + far * 0.5 * (0.6 * bend - 0.5 * flutter)
        cover = cv2.remap(self._crowns, across, down, cv2.INTER_LINEAR)[..., None]
        leaves = cv2.remap(self._leaves, across, down, cv2.INTER_LINEAR)
        return as_canvas(canvas + (leaves - canvas) * cover)


class Shake(Nuisance):
    """A camera on a pole in the wind: it trembles, now and then it sways by some px."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self._px = stage.width / 480
        self._phases = stage.rng.uniform(0, 2 * math.pi, 6)

    def shift(self, time_s: float) -> tuple[float, float]:
        """Return a tremble of up to 1 px, and gusts of up to 2.5 px at 480."""
        one, two, three, four, five, six = self._phases
        gust = max(0.0, math.sin(time_s * 0.9 + one)) ** 2
        right = 0.7 * math.sin(time_s * 23 + two) + 1.8 * gust * math.sin(time_s * 7.3 + three)
        down = 0.5 * math.sin(time_s * 29 + four) + 0.9 * gust * math.sin(time_s * 9.1 + five + six)
        return right * self._px, down * self._px


class Rain(Nuisance):
    """Streaks that are gone in the next frame: many thin far ones, a few broad ones near by."""

    def air(self, canvas: Canvas, time_s: float) -> Canvas:  # noqa: ARG002
        """Draw this frame's streaks, by chance."""
        far = self._streaks(130, length=0.05, thick=1)
        near = self._streaks(int(self._stage.rng.poisson(3)), length=0.17, thick=3)
        brighter = (
            as_canvas(cv2.GaussianBlur(far, (3, 3), 0)) * 0.3
            + as_canvas(cv2.GaussianBlur(near, (5, 5), 0)) * 0.22
        )
        return canvas + brighter[..., None]

    def _streaks(self, count: int, *, length: float, thick: int) -> npt.NDArray[np.uint8]:
        width, height = self._stage.size
        drawn = np.zeros((height, width), np.uint8)
        for x, y, long, shade in self._stage.rng.random((count, 4)):
            top = (round(x * width), round((1.2 * y - 0.1) * height))
            reach = length * (0.5 + long) * height
            bottom = (round(top[0] + 0.08 * reach), round(top[1] + reach))
            cv2.line(drawn, top, bottom, [110 + 140 * float(shade)], thick, cv2.LINE_AA)
        return drawn


class Snow(Nuisance):
    """Flakes sink and drift: small ones far away, and near the lens large blurred ones."""

    COUNT = 220

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        rng = stage.rng
        self._where = rng.random((self.COUNT, 2))
        # Most flakes are far: a third as far away means three times the size and the speed.
        self._near = 0.16 / np.clip(rng.random(self.COUNT) ** 0.8, 0.03, 1)
        self._phase = rng.uniform(0, 2 * math.pi, self.COUNT)

    def air(self, canvas: Canvas, time_s: float) -> Canvas:
        """Lay the flakes over the scene, the near ones out of focus."""
        width, height = self._stage.size
        speed = 0.1 + 0.22 * np.minimum(self._near, 4)
        sway = 0.012 * np.sin(time_s * 1.7 + self._phase) * (1 + self._near)
        across = (self._where[:, 0] + 0.05 * time_s * (1 + self._near) + sway) % 1.1 - 0.05
        down = (self._where[:, 1] + speed * time_s) % 1.15 - 0.07
        sharp, soft = (np.zeros((height, width), np.uint8) for _ in range(2))
        for x, y, near in zip(across, down, self._near, strict=True):
            radius = min(0.022, 0.0036 * near) * height
            _dot(soft if radius > 0.009 * height else sharp, x * width, y * height, radius, 235)
        blurred = cv2.GaussianBlur(soft, (0, 0), 0.006 * height)
        cover = (as_canvas(sharp) * 0.8 + as_canvas(blurred) * 0.75)[..., None] / 255
        return canvas + (np.float32(238) - canvas) * np.minimum(cover, 1)


@dataclass(frozen=True)
class _Insect:
    """A bright spot on a crooked way: begins, lasts, place, speed (shares a second), wobble."""

    begin_s: float
    lasts_s: float
    x: float
    y: float
    speed_x: float
    speed_y: float
    wobble: float
    size: float

    def place(self, time_s: float) -> tuple[float, float]:
        age_s = time_s - self.begin_s
        bend = self.wobble * math.sin(age_s * 11 + self.x * 9)
        return self.x + self.speed_x * age_s + bend, self.y + self.speed_y * age_s - bend


class Insects(InfraredLamp):
    """Night vision, whose lamp draws moths: bright streaks past the lens, one or two a second."""

    A_SECOND = 1.3
    SHUTTER_S = 1 / 25

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        count = int(stage.rng.poisson(self.A_SECOND * stage.seconds))
        self._insects = [self._hatch(stage) for _ in range(count)]

    @staticmethod
    def _hatch(stage: Stage) -> _Insect:
        rng = stage.rng
        # One in six does not pass but hovers about the lamp for a while.
        hovers = rng.random() < 1 / 6
        speed, lasts_s = (0.12, (0.8, 2.0)) if hovers else (1.6, (0.1, 0.7))
        return _Insect(
            begin_s=float(rng.uniform(0, stage.seconds)),
            lasts_s=float(rng.uniform(*lasts_s)),
            x=float(rng.uniform(0, 1)),
            y=float(rng.uniform(0, 1)),
            speed_x=float(rng.uniform(-speed, speed)),
            speed_y=float(rng.uniform(-speed, speed)),
            wobble=float(rng.uniform(0.005, 0.05)),
            size=float(rng.uniform(0.012, 0.05)),
        )

    def air(self, canvas: Canvas, time_s: float) -> Canvas:
        """Draw each insect as the streak that it makes while the shutter is open."""
        flying = [i for i in self._insects if i.begin_s <= time_s < i.begin_s + i.lasts_s]
        for insect in flying:
            canvas = canvas + self._streak(insect, time_s)[..., None]
        return canvas

    def _streak(self, insect: _Insect, time_s: float) -> Plane:
        width, height = self._stage.size
        drawn = np.zeros((height, width), np.uint8)
        for share in np.linspace(0, 1, 8):
            x, y = insect.place(time_s - self.SHUTTER_S * float(share))
            _dot(drawn, x * width, y * height, insect.size * height / 2, 225)
        return as_canvas(cv2.GaussianBlur(drawn, (0, 0), max(1.0, 0.3 * insect.size * height)))


def _dot(canvas: npt.NDArray[np.uint8], x: float, y: float, radius: float, level: int) -> None:
    finer = 1 << _FRACTION_BITS
    centre = (round(x * finer), round(y * finer))
    thick = max(1, round(radius * finer))
    cv2.circle(canvas, centre, thick, [level], -1, cv2.LINE_AA, _FRACTION_BITS)
