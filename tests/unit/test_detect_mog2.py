"""The method `mog2`: what it sees in drawn scenes, and what becomes part of the scene."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
import numpy.typing as npt
import pytest
from scenes import Thing, frame, image

from pimotion.config.camera import Detect
from pimotion.detect.classic.mog2 import Mog2
from pimotion.detect.detector import Detector
from pimotion.detect.methods import make_background
from pimotion.pixels import Pixels, as_pixels

WARMUP = 32


def detector(**settings: object) -> Detector:
    return Detector(Detect.model_validate({"method": "mog2", "hold_s": 0} | settings), zones={})


def warmed(**settings: object) -> Detector:
    watching = detector(**settings)
    for index in range(WARMUP):
        watching.detect(frame(index))
    return watching


def yard(index: int, things: Sequence[Thing] = ()) -> Pixels:
    """The drawn yard in grey, shape (180, 320)."""
    return np.ascontiguousarray(image(index, things)[:, :, 0])


def plain(grey: int, index: int, *parts: tuple[int, int, int, int, int]) -> Pixels:
    """A noisy grey wall, shape (50, 100), with rectangles (x, y, right, bottom, grey) on it."""
    wall = np.full((50, 100), grey, np.float32)
    for x, y, right, bottom, shade in parts:
        wall[y:bottom, x:right] = shade
    return as_pixels(np.clip(wall + noise(index % 8), 0, 255).astype(np.uint8))


@cache
def noise(number: int) -> npt.NDArray[np.float32]:
    return np.random.default_rng(number).normal(0, 3, (50, 100)).astype(np.float32)


def learnt(scene: Callable[[int], Pixels], frames: int = 100, **settings: float) -> Mog2:
    """A background that has seen nothing but this scene for so many frames."""
    background = Mog2(**{"fps": 10.0, **settings})  # type: ignore[arg-type]
    background.restart(scene(0))
    for index in range(frames):
        background.foreground(scene(index))
        background.learn(scene(index))
    return background


def share(foreground: Pixels, part: tuple[slice, slice] = (slice(None), slice(None))) -> float:
    return float((foreground[part] > 0).mean())


def test_it_is_chosen_by_the_configuration() -> None:
    assert isinstance(make_background(Detect(method="mog2")), Mog2)


@pytest.mark.parametrize("px_per_frame", [5, 8])
def test_someone_who_walks_through_is_boxed_and_leaves_no_trail(px_per_frame: int) -> None:
    watching = warmed()

    for step in range(25):
        thing = Thing(x=40 + px_per_frame * step, y=60)
        [box] = watching.detect(frame(WARMUP + step, [thing])).boxes
        assert box.x == pytest.approx(thing.x, abs=4)
        assert box.y == pytest.approx(thing.y, abs=4)
        assert box.width == pytest.approx(thing.width, abs=6)
        assert box.height == pytest.approx(thing.height, abs=6)


def test_nothing_is_reported_of_an_empty_noisy_scene() -> None:
    watching = warmed()

    found = [watching.detect(frame(index)) for index in range(WARMUP, 90)]

    assert not any(each.boxes for each in found)


def test_a_lamp_that_blinks_becomes_part_of_the_scene() -> None:
    """Two states of a pixel are what a mixture is for; an average would fire at each of them."""

    def scene(index: int) -> Pixels:
        return plain(100, index, *([(20, 10, 60, 40, 200)] * (index // 5 % 2)))

    background = learnt(scene, 300)

    assert all(share(background.foreground(scene(index))) < 0.01 for index in range(300, 320))
    stranger = plain(100, 320, (20, 10, 60, 40, 20))
    assert share(background.foreground(stranger), np.s_[10:40, 20:60]) > 0.95


@pytest.mark.parametrize("fps", [2, 10, 60])
def test_what_stands_still_becomes_part_of_the_scene_after_5_s_at_any_rate(fps: int) -> None:
    background = learnt(lambda index: plain(100, index), max(200, 30 * fps), fps=fps)
    parked = (20, 10, 60, 40, 200)
    frames = 0
    while frames < 10 * fps and share(background.foreground(plain(100, frames, parked))) > 0.05:
        frames += 1

    assert frames / fps == pytest.approx(5.3, abs=0.6)


@pytest.mark.parametrize(("grey", "seen"), [(90, False), (110, False), (60, True), (220, True)])
def test_a_shadow_is_dropped_and_what_is_darker_than_one_counts(grey: int, seen: bool) -> None:
    background = learnt(lambda index: plain(140, index))

    foreground = background.foreground(plain(140, 1000, (20, 10, 60, 40, grey)))

    assert (share(foreground, np.s_[10:40, 20:60]) > 0.9) == seen
    assert set(np.unique(foreground)) <= {0, 255}


def test_specks_are_noise() -> None:
    background = learnt(lambda index: plain(100, index))

    assert not background.foreground(plain(100, 1000, (50, 0, 52, 50, 220))).any()
    assert background.foreground(plain(100, 1000, (50, 0, 54, 50, 220))).any()


def test_a_restart_takes_the_picture_for_the_scene() -> None:
    background = learnt(lambda index: plain(180, index), 300)
    background.foreground(plain(60, 1000))
    background.restart(plain(60, 1001))

    assert all(share(background.foreground(plain(60, index))) < 0.01 for index in range(10))
    assert share(background.foreground(plain(180, 1003))) > 0.9, "the old light is forgotten"


def test_a_switched_lamp_is_no_motion() -> None:
    watching = warmed()

    found = [watching.detect(frame(index, light=1.8)) for index in range(WARMUP, WARMUP + 30)]

    assert found[0].suppressed == "global_change"
    assert not any(each.motion for each in found)


def test_sensitivity_decides_about_faint_things() -> None:
    faint = Thing(x=100, y=80, grey=110)

    def boxes_at(sensitivity: int) -> int:
        watching = warmed()
        watching.set_sensitivity(sensitivity)
        return len(watching.detect(frame(WARMUP, [faint])).boxes)

    assert boxes_at(50) == 1
    assert boxes_at(5) == 0


@pytest.mark.parametrize(("sensitivity", "seen"), [(10, False), (80, True)])
def test_the_first_sensitivity_is_that_of_the_configuration(sensitivity: int, seen: bool) -> None:
    background = learnt(lambda index: plain(100, index), sensitivity=sensitivity)

    foreground = background.foreground(plain(100, 1000, (20, 10, 60, 40, 118)))

    assert (share(foreground, np.s_[10:40, 20:60]) > 0.5) == seen


def test_the_same_array_is_filled_each_time() -> None:
    """No memory is asked for while frames go by; another size is another start."""
    background = learnt(yard, 5)

    first, second = background.foreground(yard(6)), background.foreground(yard(7))

    assert np.shares_memory(first, second)
    background.restart(plain(100, 0))
    assert background.foreground(plain(100, 1)).shape == (50, 100)


def test_who_looks_sees_the_scene_without_people() -> None:
    background = learnt(yard)
    background.foreground(yard(1000, [Thing(x=100, y=60)]))

    model = background.model()

    assert np.abs(model.background.astype(int) - yard(1000)).mean() < 8
    assert np.abs(model.background[70:120, 105:125].astype(int) - 210).mean() > 60
    assert model.threshold.shape == model.background.shape
    assert np.unique(model.threshold) == 15  # 4 times the square root of OpenCV's first variance
