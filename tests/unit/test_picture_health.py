"""Frozen, dark, slow: what a camera's pictures say about it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from pimotion.config.camera import Health
from pimotion.picture_health import Finding, PictureHealth
from pimotion.pixels import Pixels
from pimotion.types import CameraState

SHAPE = (18, 32)


def noisy(mean: float) -> Callable[[], Pixels]:
    """A sensor's picture: never twice the same."""
    random = np.random.default_rng(1)
    return lambda: np.clip(random.normal(mean, 1.5, SHAPE), 0, 255).astype(np.uint8)


def still(grey: int) -> Callable[[], Pixels]:
    return lambda: np.full(SHAPE, grey, np.uint8)


def watch(
    watched: PictureHealth, shot: Callable[[], Pixels], times_s: Iterator[float]
) -> list[tuple[float, Finding | None]]:
    """Show the pictures of these times; return what was found at those that were looked at."""
    return [(at_s, watched.look(shot(), at_s)) for at_s in times_s if watched.is_due(at_s)]


def at(fps: float, *, from_s: float = 100.0, for_s: float) -> Iterator[float]:
    return itertools.takewhile(lambda t: t < from_s + for_s, itertools.count(from_s, 1 / fps))


def first(found: list[tuple[float, Finding | None]]) -> tuple[int, CameraState] | None:
    """When something was found first, whole seconds since the start, and what."""
    return next(((int(t - found[0][0]), finding[0]) for t, finding in found if finding), None)


def camera(*, is_live: bool = True) -> PictureHealth:
    return PictureHealth(Health(), fps=10, is_live=is_live)


def test_a_live_picture_is_well() -> None:
    assert first(watch(camera(), noisy(90), at(10, for_s=120))) is None


def test_a_picture_of_which_no_pixel_changes_for_half_a_minute_is_frozen() -> None:
    found = first(watch(camera(), still(90), at(10, for_s=40)))

    assert found == (30, CameraState.FROZEN)


def test_one_changed_pixel_thaws_it() -> None:
    watched = camera()
    watch(watched, still(90), at(10, for_s=40))
    picture = still(90)()
    picture[3, 5] += 1

    assert watch(watched, lambda: picture, at(10, from_s=141, for_s=0.1))[0][1] is None


def test_a_recording_may_stand_still_and_be_slow() -> None:
    assert first(watch(camera(is_live=False), still(90), at(1, for_s=120))) is None


def test_a_covered_lens_is_dark_and_not_frozen() -> None:
    found = first(watch(camera(), still(0), at(10, for_s=70)))

    assert found == (60, CameraState.DARK)


def test_night_with_a_lamp_in_it_is_not_dark() -> None:
    def night() -> Pixels:
        picture = noisy(4)()
        picture[4:8, 10:16] = 200
        picture[0, 0] = next(counter) % 9  # the sensor's noise
        return picture

    counter = itertools.count()
    assert first(watch(camera(), night, at(10, for_s=90))) is None


def test_a_lamp_far_away_in_a_black_night_is_not_dark() -> None:
    """The mean of it is that of a covered lens; the spread is not."""

    def night() -> Pixels:
        picture = noisy(0)()
        picture[4, 10] = 190 + next(counter) % 9
        return picture

    counter = itertools.count()
    assert night().mean() < 8
    assert first(watch(camera(), night, at(10, for_s=90))) is None


def test_under_half_of_the_wanted_frames_is_slow_after_half_a_minute() -> None:
    found = first(watch(camera(), noisy(90), at(4, for_s=60)))

    assert found == (30, CameraState.SLOW)


def test_a_hiccup_is_not_slow() -> None:
    watched = camera()
    times_s = itertools.chain(
        at(3, for_s=20), at(10, from_s=120, for_s=5), at(3, from_s=125, for_s=20)
    )
    assert first(watch(watched, noisy(90), times_s)) is None


def test_a_new_session_begins_anew() -> None:
    watched = camera()
    watch(watched, still(90), at(10, for_s=25))
    watched.restart()

    assert first(watch(watched, still(90), at(10, from_s=125, for_s=25))) is None


def test_it_looks_once_a_second() -> None:
    assert len(watch(camera(), noisy(90), at(10, for_s=20))) == pytest.approx(20, abs=2)
