"""The wall clock: when it is set, and when somebody sets it."""

from __future__ import annotations

import time

import pytest

from pimotion.clock import StepWatch, iso, utc_now_s


def set_wall(monkeypatch: pytest.MonkeyPatch, ahead_s: float) -> None:
    true_time = time.time()
    began_s = time.monotonic()
    monkeypatch.setattr(time, "time", lambda: true_time + ahead_s + time.monotonic() - began_s)


@pytest.mark.parametrize("step_s", [-7200.0, 3.0, 31_536_000.0])
def test_a_step_is_noticed_once(monkeypatch: pytest.MonkeyPatch, step_s: float) -> None:
    watch = StepWatch()
    assert watch.step_s() is None
    set_wall(monkeypatch, step_s)
    assert watch.step_s() == pytest.approx(step_s, abs=0.5)
    assert watch.step_s() is None
    assert watch.steady_s() < 1


def test_nobody_knows_whether_a_clock_is_right_that_was_not_watched_yet() -> None:
    assert StepWatch().steady_s() < 1


def test_small_corrections_are_no_step_even_if_they_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    watch = StepWatch()
    for number in range(1, 6):
        set_wall(monkeypatch, number * 0.5)
        assert watch.step_s() is None
        monkeypatch.undo()


def test_a_clock_of_the_past_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: 1000.0)
    assert utc_now_s() is None
    assert iso(None) is None
