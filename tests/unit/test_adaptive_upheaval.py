"""What the method `adaptive` makes of lamps, flashes, glimpses and noise, on a drawn garden."""

from __future__ import annotations

import cv2
import numpy as np
from garden import (
    HEIGHT,
    START_S,
    WALK_PX_S,
    WIDTH,
    Plane,
    Visitor,
    at_s,
    learnt,
    moving,
    shot,
    watch,
)

from pimotion.detect.adaptive.light import Light
from pimotion.detect.adaptive.scene import Scene
from pimotion.detect.adaptive.smooth import Smoother
from pimotion.pixels import Pixels, as_pixels
from pimotion.types import Detection, Exposure, Frame

ACROSS = np.linspace(0, WIDTH, WIDTH, endpoint=False, dtype=np.float32)[None, :]
DOWN = np.linspace(0, HEIGHT, HEIGHT, endpoint=False, dtype=np.float32)[:, None]


def walker(now_s: float, opacity: float = 1.0) -> Visitor:
    """Somebody who comes in at the left at 0 s."""
    return Visitor(x=WALK_PX_S * now_s - 10, opacity=opacity)


def walk(now_s: float) -> Frame:
    return shot(now_s, [walker(now_s)])


def rules_of(told: list[Detection]) -> set[str]:
    return {rule for found in told for rule in found.held_back}


def test_who_walks_in_while_the_light_goes_on_is_reported_since_then() -> None:
    blurred_dark = learnt(shots=lambda t: shot(t, light=0.25, camera=_infrared))
    told = watch(blurred_dark, walk, until_s=4)
    assert "global_change" in rules_of(told)
    first = moving(told)[0]
    assert at_s(first) < 2
    assert first.since_s is not None
    assert first.since_s - START_S < 0.3


def test_the_night_filter_is_no_motion() -> None:
    told = watch(learnt(), lambda t: shot(t, light=1.4, camera=_infrared), until_s=4)
    assert not moving(told)
    assert "global_change" in rules_of(told)


def test_a_flash_leaves_the_scene_as_it_was() -> None:
    """Who stands still in it would else be taken for a part of a new scene."""

    def flash(now_s: float) -> Frame:
        stands = walker(min(now_s, 1.5))
        lit = (0.4 + 2.6 * (ACROSS / WIDTH) * np.ones_like(DOWN)).astype(np.float32)
        return shot(now_s, [stands], light=lit if 3 <= now_s < 3.15 else 1.0)

    told = watch(learnt(), flash, until_s=6)
    assert "global_change" in rules_of(told)
    assert all(len(found.boxes) == 1 for found in told if at_s(found) > 3.5)


def test_a_wide_dark_thing_is_no_exposure_when_the_camera_says_so() -> None:
    """A lorry that covers most of the picture pulls the median; the camera knows better."""
    before = shot(0).picture.luma(WIDTH)
    lorry = before.copy()
    lorry[:, : WIDTH * 2 // 3] //= 3
    same, longer = Exposure(0.01, 2.0), Exposure(0.004, 2.0)

    def ratio(second: Exposure | None) -> float:
        light = Light(np.zeros_like(before))
        light.ratio(before, before, 0.0, same)
        return light.ratio(lorry, before, 0.1, second)

    assert ratio(same) == 1
    assert ratio(longer) < 0.5
    assert ratio(None) < 0.5


def test_what_is_seen_for_a_moment_only_is_no_motion() -> None:
    def glimpse(now_s: float) -> Frame:
        return shot(now_s, [walker(5 * (now_s - 0.95))] if 1 <= now_s < 1.15 else [])

    told = watch(learnt(), glimpse, until_s=3)
    assert not moving(told)
    assert "too_short" in rules_of(told)


def test_what_appears_and_does_not_move_on_is_no_motion() -> None:
    """A poster that is hung up, a light behind a window."""
    there = Visitor(x=150, y=60, width=40, height=50, look=5)
    told = watch(learnt(), lambda t: shot(t, [there]), until_s=5)
    assert not moving(told)
    assert "flicker" in rules_of(told)


def test_sensitivity_decides_about_faint_things_and_works_live() -> None:
    def faint(now_s: float) -> Frame:
        return shot(now_s, [walker(now_s % 4, opacity=0.15)])

    watching = learnt(sensitivity=10)
    assert not moving(watch(watching, faint, until_s=4))
    watching.set_sensitivity(90)
    assert moving(watch(watching, faint, from_s=4, until_s=8))


def test_a_shift_by_a_pixel_is_no_structure_and_other_things_are() -> None:
    """What a mast in the wind does to every edge at once."""
    grey = cv2.resize(shot(0).picture.luma(WIDTH), (160, 90), interpolation=cv2.INTER_AREA)
    scene = Scene(160, 90)
    scene.restart(as_pixels(grey))

    def changed(picture: Pixels) -> float:
        scene.compare(picture, 0.0)
        return float((scene.structure.changed > 0).mean())

    assert changed(as_pixels(np.roll(grey, 1, axis=1))) < 0.01
    assert changed(as_pixels(np.roll(grey, 40, axis=1))) > 0.1


def test_noisy_pictures_are_smoothed_and_clean_ones_are_not() -> None:
    random = np.random.default_rng(3)
    grey = np.full((90, 160), 100, np.uint8)
    for noise, is_smoothed in ((0.3, False), (6.0, True)):
        smoother = Smoother(160, 90)
        for _ in range(30):
            picture = np.clip(grey + random.normal(0, noise, grey.shape), 0, 255).astype(np.uint8)
            smooth = smoother.smooth(picture, 0.1)
        assert (smooth.std() < 0.7 * picture.std()) == is_smoothed


def _infrared(scene: Plane) -> Plane:
    """Less contrast, softer edges, a bright middle."""
    soft: Plane = cv2.GaussianBlur(scene, (0, 0), 2.5).astype(np.float32)
    middle = np.exp(-(((ACROSS - 160) / 160) ** 2 + ((DOWN - 90) / 90) ** 2))
    seen: Plane = ((soft - 105) * 0.5 + 60 + 80 * middle).astype(np.float32)
    return seen
