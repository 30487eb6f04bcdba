"""Motion that a command asked to ignore, by the clock of the frames."""

from __future__ import annotations

from dataclasses import replace

import pytest
from scenes import FPS, detection

from pimotion.inhibit import Inhibit
from pimotion.types import Box, Detection, Rejected

SOMEONE, CAT = Box(10, 10, 40, 90), Box(200, 100, 20, 20)


def pass_by(inhibit: Inhibit, found: Detection) -> Detection:
    inhibit.step_to(found.frame.monotonic_s)
    return inhibit.apply(found)


def moving(index: int, *, since_s: float | None = None) -> Detection:
    return detection(index, boxes=[SOMEONE, CAT], zones=["yard"], since_s=since_s)


def test_without_a_command_everything_counts() -> None:
    found = moving(0, since_s=1.0)

    assert pass_by(Inhibit(), found) is found


def test_nothing_counts_until_the_time_is_over() -> None:
    inhibit = Inhibit()
    inhibit.begin(0.5)

    counted = [bool(pass_by(inhibit, moving(index)).boxes) for index in range(8)]

    assert counted == [False] * round(0.5 * FPS) + [True] * 3


def test_what_moved_meanwhile_says_why_it_does_not_count() -> None:
    inhibit = Inhibit()
    inhibit.begin(60)
    leaf = Rejected(Box(0, 0, 30, 30), "flicker")

    found = pass_by(inhibit, replace(moving(0, since_s=4999.0), rejected=(leaf,)))

    assert (found.boxes, found.zones, found.since_s, found.score) == ((), (), None, 0)
    assert not found.motion
    assert found.suppressed == "inhibit"
    assert found.held_back == ("inhibit", "flicker")
    assert found.rejected == (Rejected(SOMEONE, "inhibit"), leaf, Rejected(CAT, "inhibit"))
    assert found.changed_ratio > 0, "the change itself is still told"


def test_motion_that_is_only_held_does_not_count_either() -> None:
    inhibit = Inhibit()
    inhibit.begin(60)

    assert not pass_by(inhibit, detection(0, motion=True)).motion


def test_a_still_frame_keeps_its_own_reason() -> None:
    inhibit = Inhibit()
    inhibit.begin(60)
    small = replace(detection(0), suppressed="too_small")

    assert pass_by(inhibit, small) is small


def test_zero_ends_it() -> None:
    inhibit = Inhibit()
    inhibit.begin(60)
    pass_by(inhibit, moving(0))
    inhibit.begin(0)

    assert pass_by(inhibit, moving(1)).boxes


def test_a_second_command_counts_from_itself() -> None:
    inhibit = Inhibit()
    inhibit.begin(60)
    pass_by(inhibit, moving(0))
    inhibit.begin(0.2)

    assert [bool(pass_by(inhibit, moving(index)).boxes) for index in (1, 2, 3)] == [0, 0, 1]


def test_its_time_runs_while_nothing_is_analysed() -> None:
    """Detection that is switched on hours later must not be blind for a minute then."""
    inhibit = Inhibit()
    inhibit.begin(1)
    inhibit.step_to(detection(0).frame.monotonic_s)

    assert pass_by(inhibit, moving(round(2 * FPS))).boxes


def test_what_moved_all_along_began_when_it_was_allowed_to() -> None:
    """The event must not start in the time that was to be ignored."""
    inhibit = Inhibit()
    inhibit.begin(0.5)
    first = moving(0)
    began_s = first.frame.monotonic_s
    pass_by(inhibit, first)

    assert pass_by(inhibit, moving(6, since_s=began_s)).since_s == pytest.approx(began_s + 0.5)
    assert pass_by(inhibit, moving(9, since_s=began_s + 0.8)).since_s == began_s + 0.8


def test_at_most_16_regions_are_named() -> None:
    inhibit = Inhibit()
    inhibit.begin(1)
    many = detection(0, boxes=[Box(index, 0, 5, 5) for index in range(40)])

    assert len(pass_by(inhibit, many).rejected) == 16
