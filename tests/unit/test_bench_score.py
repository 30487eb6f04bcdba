"""The benchmark's scorer: what counts as found, as false and as quiet, on drawn timelines."""

from __future__ import annotations

import pytest

from benchmarks.detection.score import Observed, State, Tally, debounced, tally
from pimotion.types import Box

FPS = 1.0
"""A character is a second: the first three are warm-up, a start may be off by one."""
STATES = {".": State.QUIET, "M": State.MOTION, "?": State.UNSURE}


def scored(truth: str, told: str) -> Tally:
    frames = [
        Observed(STATES[state], (), on == "#", ()) for state, on in zip(truth, told, strict=True)
    ]
    return tally(frames, fps=FPS)


@pytest.mark.parametrize(
    ("truth", "told", "starts", "found", "false_starts", "flaps"),
    [
        pytest.param(
            "........MMMM............",
            "........####............", 1, 1, 0, 0, id="right"),
        pytest.param(
            "........MMMM............",
            ".........#####..........", 1, 1, 0, 0, id="a second late is in time"),
        pytest.param(
            "........MMMM............",
            "..........##............", 1, 0, 0, 1, id="two seconds late is too late"),
        pytest.param(
            "........MMMM............",
            "........................", 1, 0, 0, 0, id="missed"),
        pytest.param(
            "........MMMM............",
            "........####......##....", 1, 1, 1, 0, id="a false start in quiet time"),
        pytest.param(
            "........MMMM............",
            "........#.##............", 1, 1, 0, 1, id="twice for one event is a flap"),
        pytest.param(
            "........MMMM............",
            ".......#.###............", 1, 1, 0, 1, id="twice even if both are in time"),
        pytest.param(
            "........MMMM............",
            "########################", 1, 0, 1, 0, id="always on finds nothing"),
        pytest.param(
            "........MMMM............",
            "##......####............", 1, 1, 0, 0, id="the warm-up is not scored"),
        pytest.param(
            ".....???MMMM............",
            ".....#######............", 1, 1, 0, 0, id="seen while still too small to call"),
        pytest.param(
            "........MM..MM..........",
            "........######..........", 1, 1, 0, 0, id="a gap of 2 s is one event"),
        pytest.param(
            "........MM...MM.........",
            "........#######.........", 2, 1, 0, 0, id="a gap of 3 s makes two"),
        pytest.param(
            "MMMMMMMM................",
            "....#####...............", 0, 0, 0, 0, id="in view from the first frame"),
        pytest.param(
            "........................",
            ".....#..................", 0, 0, 1, 0, id="an empty scene"),
    ],
)  # fmt: skip
def test_starts(
    truth: str, told: str, starts: int, found: int, false_starts: int, flaps: int
) -> None:
    result = scored(truth, told)
    assert (result.starts, result.found) == (starts, found)
    assert (result.false_starts, result.flaps) == (false_starts, flaps)


def test_ratios_are_of_all_scenes_together() -> None:
    right = scored("........MMMM............", ".........###............")
    wrong = scored("........................", ".....#..................")
    total = right + wrong
    assert total.precision == pytest.approx(1 / 2)
    assert total.recall == 1
    assert total.event_f1 == pytest.approx(2 / 3)
    assert total.false_an_hour == pytest.approx(3600 / 42)
    assert total.delay_s == 1
    assert Tally().event_f1 is None


def test_quiet_time_begins_when_a_late_off_is_no_excuse() -> None:
    result = scored("........MMMM............", "...............#########")
    assert result.quiet_frames == 4 + 9
    assert result.quiet_on == 9


def test_boxes() -> None:
    person, cat = Box(10, 10, 20, 40), Box(100, 40, 30, 10)
    near_person, nothing = Box(10, 10, 20, 80), Box(200, 10, 5, 5)
    frames = [Observed(State.MOTION, (person, cat), True, (near_person, nothing))] * 5
    result = tally(frames, fps=FPS)
    assert (result.true_boxes, result.boxes) == (4, 4), "the warm-up's three do not count"
    assert (result.found_boxes, result.right_boxes) == (2, 2)
    assert result.box_f1 == pytest.approx(0.5)
    assert result.overlap == pytest.approx((0.5 + 0) / 2)


@pytest.mark.parametrize(
    ("active", "least", "expected"),
    [
        pytest.param("#..#......", 1, "######....", id="off after two seconds without"),
        pytest.param("#.#.......", 3, "..........", id="two of five are not enough"),
        pytest.param("#.#.#.....", 3, "....###...", id="three of five are"),
        pytest.param("##..#.....", 3, "....###...", id="the gaps may lie together"),
    ],
)
def test_debounce(active: str, least: int, expected: str) -> None:
    states = debounced([mark == "#" for mark in active], fps=FPS, least=least)
    assert "".join("#" if state else "." for state in states) == expected
