"""The method `adaptive` and starts: how long it learns a scene, and when it begins anew."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest
from garden import FPS, Visitor, detector, learnt, moving, shot, times, watch

from pimotion.config.camera import Detect
from pimotion.detect.detector import Detector
from pimotion.detect.methods import make_method
from pimotion.types import Detection, Frame


def pacing(now_s: float) -> Frame:
    """Somebody who is seen whenever the scene is known."""
    return shot(now_s, [Visitor(x=100 + 60 * abs(now_s % 2 - 1))])


def learning(told: list[Detection]) -> list[bool]:
    return [found.is_learning for found in told]


def test_nothing_counts_while_the_scene_is_learnt() -> None:
    told = watch(detector(warmup_frames=12), pacing, until_s=3)

    assert all(learning(told[:12]))
    assert not any(learning(told[12:]))
    assert not moving(told[:12])
    assert moving(told[12:])
    assert {found.suppressed for found in told[2:12]} == {"warmup"}


def test_an_empty_noisy_garden_is_still() -> None:
    told = watch(learnt(), shot, until_s=4)

    assert not [found for found in told if found.motion or found.suppressed or found.rejected]
    assert max(found.changed_ratio for found in told) < 0.001


@pytest.mark.parametrize(("fps", "most_s"), [(10, 2.1), (2, 2.1), (1, 4.1), (0.5, 8.1)], ids=str)
def test_a_slow_camera_is_not_blind_for_long(fps: float, most_s: float) -> None:
    """32 pictures would be 16 s at 2 fps: 2 s are enough, or 4 pictures."""
    watching = detector(warmup_frames=32)
    told = watch(watching, shot, until_s=10, fps=fps)

    pictures = learning(told).index(False)
    assert pictures >= 4
    assert pictures / fps <= most_s


def test_a_slow_camera_reports_somebody() -> None:
    watching = learnt(fps=1, learnt_s=6, warmup_frames=32)

    assert watching.detect(shot(0, [Visitor(x=100)])).boxes


def recalibrated(watching: Detector, now_s: float) -> Frame:
    watching.recalibrate()
    return shot(now_s)


ANEW: dict[str, tuple[Callable[[Detector, float], Frame], float]] = {
    "a command": (recalibrated, 0),
    "a new session": (lambda _, now_s: shot(now_s, session=2), 0),
    "another resolution": (lambda _, now_s: shot(now_s, size=(640, 360)), 0),
    "a gap of ten seconds": (lambda _, now_s: shot(now_s), 10),
}


@pytest.mark.parametrize("why", ANEW)
def test_the_scene_is_learnt_anew_after(why: str) -> None:
    next_frame, pause_s = ANEW[why]
    watching = learnt()
    assert not any(learning(watch(watching, shot, until_s=0.5)))

    found = watching.detect(next_frame(watching, 0.5 + pause_s))

    assert found.is_learning
    assert not found.motion


@pytest.mark.parametrize("pause_s", [1, 4])
def test_a_short_pause_is_no_new_start(pause_s: float) -> None:
    watching = learnt()

    assert not watching.detect(shot(pause_s)).is_learning


def test_who_stands_there_at_a_new_start_is_part_of_the_scene() -> None:
    watching = learnt()
    watch(watching, pacing, until_s=1)
    watching.recalibrate()

    told = watch(watching, lambda now_s: shot(now_s, [Visitor(x=100)]), from_s=1, until_s=4)

    assert not moving(told)
    assert told[-1].changed_ratio < 0.001


def test_numbers_of_things_go_on_after_a_new_start() -> None:
    """Two people never have the same one."""
    watching = learnt()
    first = {box.track for found in watch(watching, pacing, until_s=1) for box in found.boxes}
    watching.recalibrate()
    watch(watching, shot, from_s=1, until_s=3)
    told = watch(watching, pacing, from_s=3, until_s=4)
    second = {box.track for found in told for box in found.boxes}

    assert first
    assert second
    assert not first & second


def test_a_quiet_camera_asks_for_no_memory() -> None:
    """All pixels that the method works on are there from the start; only samples are taken anew.

    At 640x360 a few thousand samples and cells are below 40 kB; one more picture at half size
    would be 58 kB for bytes and 230 kB for floats. It is asked without its detector, which gives
    each detection a foreground of its own, as viewers keep it.
    """
    method = make_method(Detect(width=640), {})
    lumas = [np.array(shot(now_s, size=(640, 360)).picture.luma()) for now_s in times(0, 0.7)]
    method.restart(lumas[0])
    for index in range(40):
        method.look(lumas[index % 7], index / FPS, None)

    tracemalloc.start()
    try:
        sight = method.look(lumas[0], 4, None)
        tracemalloc.reset_peak()
        before, _ = tracemalloc.get_traced_memory()
        for index in range(41, 80):
            sight = method.look(lumas[index % 7], index / FPS, None)
        after, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert sight.changed_ratio == 0
    assert most - before < 40_000
    assert after - before < 5_000


def test_a_quiet_camera_keeps_no_memory() -> None:
    """Nor does its detector, for each picture, once the detection is gone."""
    watching = learnt()
    frames = [shot(index / FPS) for index in range(40)]
    for each in frames:
        each.picture.luma(320)

    tracemalloc.start()
    try:
        watching.detect(frames[0])
        before, _ = tracemalloc.get_traced_memory()
        for each in frames[1:]:
            watching.detect(each)
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert after - before < 5_000
