"""Nuisances of light: everything gets brighter or darker, and nothing has moved."""

from __future__ import annotations

import math

import cv2
import numpy as np

from benchmarks.detection.canvas import Canvas, Stage, as_canvas, hot_spot, rough_texture, tint
from benchmarks.detection.nuisance import Nuisance


class Clouds(Nuisance):
    """Shadows of clouds drift over the scene, soft at their edges and down to half the light."""

    SPEED = 0.11
    """Widths a second."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        length = stage.width + math.ceil(self.SPEED * stage.width * stage.seconds) + 2
        sky = rough_texture(
            stage.rng, (length, stage.height), (max(3, length // 140), length // 60)
        )
        self._shade = as_canvas(1 / (1 + np.exp(-5 * (sky - 0.1))))

    def light(self, canvas: Canvas, time_s: float) -> Canvas:
        """Darken what lies under a cloud."""
        offset = self.SPEED * self._stage.width * time_s
        start = int(offset)
        share = np.float32(offset - start)
        width = self._stage.width
        shade = self._shade[:, start : start + width] * (1 - share)
        shade += self._shade[:, start + 1 : start + 1 + width] * share
        return as_canvas(canvas * (1 - 0.5 * shade)[..., None])


class LightSwitch(Nuisance):
    """A ceiling lamp is switched off and on: between visits, and once while somebody is there."""

    DARK = 0.3
    """What comes in by the window when the lamp is off."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self._lamp = (0.55 + 0.5 * hot_spot(stage, 0.45, 0.1, 0.4))[..., None]
        self._window = (self.DARK * (0.7 + 0.6 * hot_spot(stage, 1.0, 0.3, 0.35)))[..., None]
        self._switched_s = sorted([3.6, *stage.quiet_moments(), *_during_last_visit(stage)])

    def light(self, canvas: Canvas, time_s: float) -> Canvas:
        """Light the room by its lamp, or by its window; the camera's exposure follows."""
        done = [moment for moment in self._switched_s if moment <= time_s]
        since_s = time_s - done[-1] if done else math.inf
        on = len(done) % 2 == 0
        flare = 0.5 if on and 0.08 < since_s < 0.2 else 1.0
        settled = 1 - math.exp(-since_s / 0.7)
        # Automatic exposure makes good a part of it, but a room in the dark stays dark.
        gain = (1.0 + 0.5 * (1 - settled)) if on else (1.0 + 0.6 * settled)
        if not done:
            gain = 1.0
        return canvas * ((self._lamp * flare if on else self._window) * np.float32(gain))


def _during_last_visit(stage: Stage) -> list[float]:
    begins = list(stage.visits())
    return [begins[-1] + float(stage.rng.uniform(2.0, 3.0))] if begins else []


class AutoExposure(Nuisance):
    """The camera changes its mind about the exposure every few seconds, within half a second."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        moments = np.arange(3.0, stage.seconds, 3.7) + stage.rng.uniform(-0.6, 0.6)
        stops = stage.rng.uniform(0.35, 0.75, len(moments))
        stops[::2] *= -1
        self._steps = list(zip(moments.tolist(), stops.tolist(), strict=True))

    def camera(self, canvas: Canvas, time_s: float) -> Canvas:
        """Scale all levels; the bright ones are cut off later, as in a camera."""
        stop = 0.0
        for moment, target in self._steps:
            if time_s > moment:
                stop += (target - stop) * (1 - math.exp(-(time_s - moment) / 0.3))
        return canvas * np.float32(2**stop)


class Night(Nuisance):
    """A dark scene: a quarter of the light, and a sensor that hisses."""

    level = 0.25
    noise = 7.0

    def light(self, canvas: Canvas, time_s: float) -> Canvas:  # noqa: ARG002
        """Take the light away."""
        return canvas * np.float32(self.level)


class Dusk(Night):
    """Half dark."""

    level = 0.38
    noise = 3.5


class Headlights(Nuisance):
    """Cars that the camera never sees throw their beams over the scene, left to right or back."""

    LASTS_S = 2.4

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        moments = [3.2, *stage.quiet_moments(), *_during_last_visit(stage)]
        self._passes = [(moment, float(stage.rng.choice((-1, 1)))) for moment in moments]

    def light(self, canvas: Canvas, time_s: float) -> Canvas:
        """Light what a beam falls on, by what it reflects."""
        for moment, direction in self._passes:
            share = (time_s - moment) / self.LASTS_S
            if 0 <= share < 1:
                x = 0.5 + direction * (share - 0.5) * 1.5
                strength = 3.2 * math.sin(math.pi * share)
                beam = hot_spot(self._stage, x, 0.45, 0.11)
                beam += 0.5 * hot_spot(self._stage, x - 0.16 * direction, 0.7, 0.16)
                canvas = canvas * (1 + strength * beam)[..., None]
        return canvas


class InfraredLamp(Nuisance):
    """Night vision: grey, lit by the camera's own lamp, which leaves the corners dark."""

    noise = 4.0

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self._lamp = 0.25 + 0.75 * hot_spot(stage, 0.5, 0.55, 0.36)

    def light(self, canvas: Canvas, time_s: float) -> Canvas:  # noqa: ARG002
        """See infrared: leaves and cloth are brighter in it, colours are gone."""
        return self._infrared(canvas)

    def _infrared(self, canvas: Canvas) -> Canvas:
        reflected = canvas @ tint(0.15, 0.5, 0.35)
        reflected = 255 * np.power(np.clip(reflected / 255, 0, 1), np.float32(0.75))
        return np.repeat((reflected * self._lamp)[..., None], 3, axis=2)


class InfraredCut(InfraredLamp):
    """The filter against infrared moves out at dusk, and in again: black, flash, another world."""

    noise = 2.5

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        moments = stage.quiet_moments()
        self._out_s = moments[0]
        self._in_s = moments[1] if len(moments) > 1 else math.inf

    def light(self, canvas: Canvas, time_s: float) -> Canvas:
        """See colours by day, and infrared at night, a little out of focus."""
        night = self._out_s <= time_s < self._in_s
        since_s = time_s - (self._out_s if night else self._in_s)
        if night:
            canvas = as_canvas(cv2.GaussianBlur(self._infrared(canvas), (3, 3), 0))
        elif since_s < 0:
            return canvas
        if since_s < 0.3:
            return canvas * np.float32(0.04)
        # The exposure of before is far too long, or too short, until it has adapted.
        wrong = 1.3 if night else -0.8
        return canvas * np.float32(2 ** (wrong * math.exp(-(since_s - 0.3) / 0.35)))
