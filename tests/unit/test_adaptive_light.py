"""The method `adaptive` and light: lamps, clouds, headlights and cameras move nothing."""

from __future__ import annotations

import math
from collections.abc import Callable

import cv2
import numpy as np
import pytest
from garden import (
    COLUMNS,
    HEIGHT,
    ROWS,
    START_S,
    WIDTH,
    Plane,
    Visitor,
    at_s,
    covered,
    lamplight,
    learnt,
    moving,
    shot,
    watch,
)

from pimotion.detect.adaptive.scene import Scene
from pimotion.pixels import as_pixels
from pimotion.types import Detection, Exposure, Frame


def cloud(now_s: float, *, depth: float = 0.35, px_s: float = 80) -> Plane:
    """A band of shadow with soft edges that crosses from the left, as wide as half the picture."""
    front = px_s * now_s - 30

    def inside(edge: float) -> Plane:
        return np.asarray(1 / (1 + np.exp((COLUMNS - edge) / 7)), np.float32)

    return 1 - depth * (inside(front) - inside(front - WIDTH / 2))


def headlights(now_s: float) -> Plane:
    """A cone of light that sweeps along the ground, 80 % brighter in its middle."""
    away = ((COLUMNS - 150 * now_s + 60) / 30) ** 2 + ((ROWS - 110) / 40) ** 2
    return np.asarray(1 + 0.8 * np.exp(-away / 2), np.float32)


def walker(now_s: float) -> Visitor:
    return Visitor(x=5 - 26 + 60 * now_s)


def held_back(told: list[Detection]) -> set[str]:
    return {rule for found in told for rule in found.held_back}


def changed_most(told: list[Detection]) -> float:
    return max(found.changed_ratio for found in told)


@pytest.mark.parametrize("goes_on", [True, False], ids=["on", "off"])
def test_a_switched_lamp_is_no_motion_and_says_that_all_changed(goes_on: bool) -> None:
    before, after = (1.0, lamplight(1.5))[:: 1 if goes_on else -1]
    watching = learnt(shots=lambda now_s: shot(now_s, light=before))
    told = watch(watching, lambda now_s: shot(now_s, light=after), until_s=2)

    assert not moving(told)
    assert told[0].suppressed == "global_change"
    assert told[0].changed_ratio > 0.4
    assert told[0].is_learning
    assert not told[-1].is_learning
    assert told[-1].changed_ratio < 0.02, "the new light is the scene now"


@pytest.mark.parametrize("light", [0.4, 0.65, 1.6])
def test_the_same_light_all_over_being_switched_is_no_motion(light: float) -> None:
    told = watch(learnt(), lambda now_s: shot(now_s, light=light), until_s=1.2)

    assert not moving(told)


@pytest.mark.parametrize("comes_s", [0, 0.3])
def test_who_walks_in_while_the_lamp_goes_on_is_reported_since_then(comes_s: float) -> None:
    """The lamp goes on at 0.1 s; nothing can be told from the light for the next 0.6 s or so."""

    def shots(now_s: float) -> list[Visitor]:
        return [walker(now_s - comes_s)]

    told = watch(
        learnt(),
        lambda now_s: shot(now_s, shots(now_s), light=lamplight(1.5) if now_s > 0.05 else 1),
        until_s=3.5,
    )

    assert "global_change" in held_back(told)
    assert moving(told)
    first = moving(told)[0]
    assert at_s(first) < 2.5
    assert first.since_s is not None
    assert -0.01 <= first.since_s - START_S <= 0.8
    him = walker(3.4 - comes_s).box
    assert max(covered(him, box) for box in told[-1].boxes) > 0.4


def test_a_flash_of_lightning_is_no_motion_and_the_scene_stays_known() -> None:
    told = watch(
        learnt(),
        lambda now_s: shot(now_s, light=lamplight(2) if now_s < 0.15 else 1),
        until_s=2,
    )

    assert not moving(told)
    assert not told[5].is_learning, "a moment after it anybody is seen again"
    assert changed_most(told[8:]) < 0.02


@pytest.mark.parametrize("a_second", [0.25, -0.25])
def test_a_dimmer_or_an_auto_exposure_is_no_motion(a_second: float) -> None:
    told = watch(learnt(), lambda now_s: shot(now_s, light=1 + a_second * now_s), until_s=2.5)

    assert not moving(told)
    assert changed_most(told) < 0.1


def test_the_shadow_of_a_cloud_is_no_motion_but_only_light() -> None:
    told = watch(learnt(), lambda now_s: shot(now_s, light=cloud(now_s)), until_s=6)

    assert not moving(told)
    assert changed_most(told) > 0.05, "it is to be seen"
    assert "light" in held_back(told)
    assert "light" in {each.rule for found in told for each in found.rejected}


def test_a_person_in_the_shadow_of_a_cloud_is_motion() -> None:
    """He comes at 1 s, and the shadow is over him when he does."""
    told = watch(
        learnt(),
        lambda now_s: shot(now_s, [walker(now_s - 1)], light=cloud(now_s)),
        until_s=4,
    )

    first = moving(told)[0]
    assert 1 <= at_s(first) < 2.2
    assert first.since_s == pytest.approx(START_S + 1, abs=0.3)
    for found in told[26:]:
        him = walker(at_s(found) - 1).box
        assert max(covered(him, box) for box in found.boxes) > 0.4, "at the shadow's edge a part"


def test_headlights_that_sweep_by_are_no_motion() -> None:
    told = watch(learnt(), lambda now_s: shot(now_s, light=headlights(now_s)), until_s=3)

    assert not moving(told)
    assert changed_most(told) > 0.05
    assert "light" in held_back(told)


def test_what_is_seen_more_clearly_but_is_the_same_is_only_light() -> None:
    """The low sun comes out on a place, or mist lifts there: all contrasts of it are stronger."""

    def shots(now_s: float) -> Frame:
        away = ((COLUMNS - 60 * now_s) / 35) ** 2 + ((ROWS - 100) / 45) ** 2
        gain = 1.8 * np.exp(-away)
        return shot(
            now_s,
            camera=lambda scene: np.asarray(scene + gain * (scene - cv2.blur(scene, (15, 15)))),
        )

    told = watch(learnt(), shots, until_s=2.5)

    assert not moving(told)
    assert "light" in held_back(told)


@pytest.mark.parametrize("light", [0.4, 1.3])
def test_light_on_a_strong_pattern_is_no_structure(light: float) -> None:
    """A fence in black and white: its contrasts are as strong as the light on it."""
    fence = np.where(np.arange(160) // 4 % 2, 180, 40).astype(np.uint8)
    grey = as_pixels(np.repeat(fence[None, :], 90, axis=0))
    scene = Scene(160, 90)
    scene.restart(grey)
    for _ in range(20):
        scene.compare(grey, 0.1)
        scene.learn(grey, np.zeros_like(grey))

    scene.compare(as_pixels(cv2.convertScaleAbs(grey, alpha=light)), 0.1)

    assert (scene.grey.changed > 0).mean() > 0.4
    assert (scene.structure.changed > 0).mean() < 0.01


def dull(scene: Plane) -> Plane:
    return np.asarray(70 + 0.45 * cv2.GaussianBlur(scene, (5, 5), 0), np.float32)


def steep(scene: Plane) -> Plane:
    return np.asarray(255 - 255 * (1 - scene / 255) ** 1.8, np.float32)


def infrared(scene: Plane) -> Plane:
    """Leaves are as bright as walls are, and what is far from the lamp is dark."""
    return np.asarray((0.5 * scene + 0.5 * cv2.flip(scene, 1)) * lamplight(0.8) - 20, np.float32)


@pytest.mark.parametrize("camera", [dull, steep, infrared])
def test_an_infrared_filter_that_switches_is_no_motion(
    camera: Callable[[Plane], Plane],
) -> None:
    watching = learnt()
    told = watch(watching, lambda now_s: shot(now_s, camera=camera), until_s=2)
    told += watch(watching, shot, from_s=2, until_s=3.5)

    assert not moving(told)


def test_somebody_large_does_not_darken_the_rest() -> None:
    """Once he is known, the light is measured beside him, though he is over 60 % of the picture."""
    told = watch(
        learnt(),
        lambda now_s: shot(
            now_s, [Visitor(min(-190 + 250 * now_s, 0), 0, width=205, height=HEIGHT, look=2)]
        ),
        until_s=2,
    )

    assert all(found.motion for found in told[6:])
    assert all(found.changed_ratio < 0.75 for found in told)
    assert "global_change" not in held_back(told)


UNCHANGED = Exposure(time_s=0.01, gain=2)


def large_and_dark(now_s: float) -> Visitor:
    """Somebody in black close to the camera, over 60 % of the picture from 0.7 s on."""
    return Visitor(x=min(-190 + 300 * now_s, 10), y=0, width=220, height=HEIGHT, look=2)


def test_somebody_large_is_no_exposure_when_the_camera_says_that_it_changed_nothing() -> None:
    watching = learnt(shots=lambda now_s: shot(now_s, exposure=UNCHANGED))
    told = watch(
        watching,
        lambda now_s: shot(now_s, [large_and_dark(now_s)], exposure=UNCHANGED),
        until_s=2,
    )

    assert at_s(moving(told)[0]) <= 0.5
    assert all(found.motion for found in told[5:])
    assert "global_change" not in held_back(told)
    assert covered(large_and_dark(1.9).box, told[-1].boxes[0]) > 0.85
    assert told[-1].boxes[0].x + told[-1].boxes[0].width < WIDTH - 50, "the rest is as it was"


@pytest.mark.parametrize("says", [True, False])
def test_an_exposure_that_changes_is_no_motion(says: bool) -> None:
    """A jump, and then a ramp; with a camera that tells of it, and with one that does not."""

    def light(now_s: float) -> float:
        return 1.0 if now_s < 0 else 1.5 + 0.2 * max(0, now_s - 1)

    def shots(now_s: float) -> Exposure | None:
        return Exposure(time_s=0.01 * light(now_s), gain=2) if says else None

    watching = learnt(shots=lambda now_s: shot(now_s, exposure=shots(now_s)))
    told = watch(
        watching,
        lambda now_s: shot(now_s, light=light(now_s), exposure=shots(now_s)),
        until_s=2.5,
    )

    assert not moving(told)
    assert changed_most(told) < 0.1


def test_a_white_balance_that_changes_hides_nobody() -> None:
    """All is a third brighter in the grey, of one picture: the camera says that it did it."""

    def pacing(now_s: float) -> Frame:
        is_warm = now_s >= 1
        exposure = Exposure(0.01, 2, (2.3, 1.9) if is_warm else (1.5, 1.6))
        visitors = [Visitor(x=60 * now_s)] if now_s >= 0 else []
        return shot(now_s, visitors, light=1.33 if is_warm else 1.0, exposure=exposure)

    told = watch(learnt(shots=pacing), pacing, until_s=2)

    assert all(found.motion for found in told[7:])
    assert "global_change" not in held_back(told)


@pytest.mark.parametrize("beat_s", [0.25, 0.7])
def test_light_that_goes_on_changing_makes_nobody_invisible(beat_s: float) -> None:
    """A fire, a dying tube: whoever walked past while it flickered was held for light."""

    def light(now_s: float) -> float:
        return 1 + 0.2 * math.sin(2 * math.pi * now_s / beat_s) + 1e-9

    watching = learnt()
    watch(watching, lambda now_s: shot(now_s, light=light(now_s)), until_s=6)
    told = watch(
        watching,
        lambda now_s: shot(now_s, [walker(now_s - 6)], light=light(now_s)),
        from_s=6,
        until_s=10,
    )

    assert at_s(moving(told)[0]) < 7.2
    assert len({box.track for found in told for box in found.boxes}) == 1
