"""The method `adaptive`: what is a lamp, and what is something large or a camera that adapts."""

from __future__ import annotations

import numpy as np
import pytest
from garden import (
    COLUMNS,
    HEIGHT,
    ROWS,
    WIDTH,
    Plane,
    Visitor,
    at_s,
    lamplight,
    learnt,
    moving,
    shot,
    watch,
)

from pimotion.types import Detection, Exposure, Frame

UNCHANGED = Exposure(time_s=0.01, gain=2)


def rules(told: list[Detection]) -> set[str]:
    return {rule for found in told for rule in found.held_back}


def unchanged(now_s: float, visitors: list[Visitor], light: float | Plane = 1.0) -> Frame:
    return shot(now_s, visitors, light=light, exposure=UNCHANGED)


@pytest.mark.parametrize("look", [1, 2])
def test_who_covers_most_of_the_picture_at_once_is_no_lamp(look: int) -> None:
    """A car close by: over half of the picture 0.3 s after it came. The camera changed nothing."""
    watching = learnt(shots=lambda now_s: unchanged(now_s, []))

    def car(now_s: float) -> Frame:
        return unchanged(now_s, [Visitor(-220 + 600 * now_s, 0, 220, HEIGHT, look)])

    told = watch(watching, car, until_s=2.5)

    assert "global_change" not in rules(told)
    assert at_s(moving(told)[0]) <= 0.5
    assert at_s(moving(told)[-1]) < 2


def test_a_lamp_is_a_lamp_before_the_camera_adapts_to_it() -> None:
    watching = learnt(shots=lambda now_s: unchanged(now_s, []))
    told = watch(watching, lambda now_s: unchanged(now_s, [], lamplight(1.5)), until_s=2)

    assert not moving(told)
    assert "global_change" in rules(told)


@pytest.mark.parametrize("top", [80, 120])
def test_a_lamp_that_leaves_most_as_it_was_but_brighter_is_a_lamp(top: int) -> None:
    """Twice the light, but for the sharp shadow of a cupboard on a fifth or an eighth."""
    lit = np.where((COLUMNS > 200) & (top < ROWS), 0.7, 2.0).astype(np.float32)
    watching = learnt(shots=lambda now_s: shot(now_s, light=0.6))
    told = watch(watching, lambda now_s: shot(now_s, light=0.6 * lit), until_s=3)

    assert not moving(told)
    assert told[0].suppressed == "global_change"
    assert told[-1].changed_ratio < 0.02, "the new light is the scene now"


def test_what_was_too_bright_to_see_is_no_motion_when_the_camera_shows_it() -> None:
    """The lamp was switched and half of the picture is white; the camera takes 2 s to adapt."""

    def shots(now_s: float) -> Frame:
        return shot(now_s, light=3.2 - 1.0 * min(max(now_s, 0), 2.2))

    told = watch(learnt(shots=shots), shots, until_s=4)

    assert not moving(told)
    assert "global_change" not in rules(told)
    assert max(found.changed_ratio for found in told) < 0.2


def test_a_night_filter_that_fades_in_from_the_dark_is_no_motion() -> None:
    """It goes dark for 0.4 s, as dark things are alike, and then brightens for 0.8 s."""

    def shots(now_s: float) -> Frame:
        level = 1.0 if now_s < 0 else 0.25 if now_s < 0.4 else min(1.0, 0.5 + 0.6 * (now_s - 0.4))
        return shot(now_s, camera=lambda scene: infrared(scene) * level if now_s >= 0 else scene)

    told = watch(learnt(shots=shots), shots, until_s=3)

    assert not moving(told)


def infrared(scene: Plane) -> Plane:
    """Some leaves are bright that were dark."""
    patch = np.hypot((COLUMNS - WIDTH / 3) / 75, (ROWS - 70) / 65) < 1
    return np.where(patch, 255 - scene, scene * 0.9).astype(np.float32)
