"""Thinning to a rate keeps the rate, loses nothing at the same rate, and survives gaps."""

from __future__ import annotations

import random

import pytest

from pimotion.pace import Pacer, Rate


def taken(times_s: list[float], fps: float) -> list[float]:
    pacer = Pacer(fps)
    return [time_s for time_s in times_s if pacer.is_due(time_s)]


@pytest.mark.parametrize(
    ("camera_fps", "wanted_fps", "expected_fps"),
    [(30, 10, 10), (15, 10, 10), (25, 10, 10), (15, 15, 15), (10, 15, 10), (60, 0.5, 0.5)],
)
def test_the_rate_is_kept(camera_fps: float, wanted_fps: float, expected_fps: float) -> None:
    times_s = [index / camera_fps for index in range(round(60 * camera_fps))]

    assert len(taken(times_s, wanted_fps)) / 60 == pytest.approx(expected_fps, rel=0.02, abs=0.02)


def test_jitter_of_a_camera_at_the_wanted_rate_loses_nothing() -> None:
    random.seed(1)
    times_s = [index / 15 + random.uniform(-0.01, 0.01) for index in range(1, 900)]

    assert taken(times_s, 15) == times_s


def test_a_frame_that_was_too_early_is_owed_a_little_after_its_turn() -> None:
    pacer = Pacer(2)
    assert [pacer.is_due(time_s) for time_s in (1.0, 1.2)] == [True, False]
    assert pacer.owed_at_s == pytest.approx(1.65)


def test_after_a_gap_frames_do_not_come_in_a_burst() -> None:
    times_s = [index / 30 for index in range(30)] + [100 + index / 30 for index in range(30)]

    late = [time_s for time_s in taken(times_s, 10) if time_s >= 100]

    assert len(late) == 10


def test_rate_counts_the_window_only() -> None:
    rate = Rate()
    for index in range(200):
        rate.count(index / 10)

    assert rate.per_s(20.0) == pytest.approx(10, abs=0.2)
    assert rate.per_s(25.0) == pytest.approx(5, abs=0.2)
    assert rate.per_s(60.0) == 0


def test_rate_forgets_what_is_long_over() -> None:
    """Else each frame since the start would be kept."""
    rate = Rate()
    for second in range(1000):
        rate.count(second)

    assert len(rate._times_s) == 10


def test_rate_is_unknown_in_the_first_second() -> None:
    rate = Rate()
    assert rate.per_s(0.0) is None
    rate.count(0.0)
    assert rate.per_s(0.5) is None
