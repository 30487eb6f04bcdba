"""What is counted of a camera: in how many frames each rule kept something from counting."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from scenes import detection

from pimotion.stats import HeldBack, StatsKeeper
from pimotion.types import Box, Rejected

BOX = Box(0, 0, 9, 9)


def test_a_rule_counts_once_a_frame_however_many_regions_it_held_back() -> None:
    """Ten flakes in one frame are one frame of snow."""
    stats = StatsKeeper("door", viewers=lambda: 0, last_event_utc_s=None)
    found = replace(
        detection(0),
        suppressed="light",
        rejected=(Rejected(BOX, "too_small"), Rejected(BOX, "light"), Rejected(BOX, "too_small")),
    )

    assert found.held_back == ("light", "too_small")
    stats.detected(0.001, found)
    stats.detected(0.001, replace(detection(1), suppressed="masked"))
    stats.detected(0.001, detection(2))

    expected = {"light": 1, "too_small": 1, "masked": 1}
    assert stats.suppressed().since_start == expected
    assert stats.suppressed().last_minute == expected
    assert stats.now(time.monotonic()).suppressed == expected


def test_the_last_minute_forgets_what_is_older() -> None:
    held_back = HeldBack()
    held_back.count(100.0, ("light",))
    held_back.count(130.0, ("light", "shadow"))

    assert held_back.counts(159.0).last_minute == {"light": 2, "shadow": 1}
    assert held_back.counts(161.0).last_minute == {"light": 1, "shadow": 1}
    assert held_back.counts(300.0).last_minute == {}
    assert held_back.counts(300.0).since_start == {"light": 2, "shadow": 1}


@pytest.mark.parametrize("learning", [True, False])
def test_whether_the_scene_is_still_being_learnt_is_told(learning: bool) -> None:
    stats = StatsKeeper("door", viewers=lambda: 0, last_event_utc_s=None)
    soon_s = time.monotonic() + 2.0

    assert stats.now(soon_s).is_learning is None, "nothing has been looked at"
    stats.detected(0.001, replace(detection(0), is_learning=learning))
    assert stats.now(soon_s).is_learning is learning
    assert stats.now(soon_s + 60).is_learning is None, "nothing is looked at any more"


def test_an_event_of_before_the_start_is_the_last_one_until_the_next() -> None:
    """Home Assistant shows the last event also after the machine was updated."""
    stats = StatsKeeper("door", viewers=lambda: 0, last_event_utc_s=1_795_000_000.0)
    assert stats.now(time.monotonic()).last_event_utc_s == 1_795_000_000.0

    stats.event(1_795_000_060.0)
    assert stats.now(time.monotonic()).last_event_utc_s == 1_795_000_060.0
