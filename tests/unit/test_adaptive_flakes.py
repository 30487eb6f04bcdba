"""Which way flakes go, and who is told from them by it."""

from __future__ import annotations

import math

import pytest
from plain_scene import HEIGHT, WIDTH, plain_scene

from pimotion.detect.adaptive.blob import Blob
from pimotion.detect.adaptive.flakes import Flakes
from pimotion.detect.adaptive.tracks import Track, Tracker
from pimotion.detect.adaptive.trust import Trust
from pimotion.detect.adaptive.weather import Falling

SIDE_BY_SIDE_PX = 60.0
STEP_S = 0.1

Way = tuple[float, float]


def blob(
    x: float, y: float, area_px: float, *, filled: float = 0.5, doubtful: bool = False
) -> Blob:
    """A region around a place that fills so much of its box."""
    side = round(math.sqrt(area_px / filled))
    left, top = round(x - side / 2), round(y - side / 2)
    return Blob(left, top, left + side, top + side, area_px, x, y, is_doubtful=doubtful)


def track(
    way: Way, for_s: float, *, area_px: float = 30, filled: float = 0.5, detour: float = 1.0
) -> Track:
    """Something that was seen to go this way, px a second, and went ``detour`` times as far."""
    first = blob(80, 40, area_px, filled=filled)
    last = blob(80 + way[0] * for_s, 40 + way[1] * for_s, area_px, filled=filled)
    made = Track(1, last, first, 0.0, for_s, last, for_s, last, is_inside=True)
    made.largest_px, made.seen_for_s = area_px, for_s + STEP_S
    made.walked = detour * made.moved_from(made.first)
    return made


def flakes(way: Way | None = (0, 40), count: int = 20) -> Flakes:
    """Knows snow that goes this way, px a second."""
    made = Flakes(WIDTH)
    made.falling = Falling(SIDE_BY_SIDE_PX)
    if way is not None:
        made.note([track(way, 0.3)] * count, 1.0)
    return made


@pytest.mark.parametrize(
    ("snow", "who"),
    [
        pytest.param((0, 40), (40, 0), id="across"),
        pytest.param((0, 40), (0, -40), id="upwards"),
        pytest.param((40, 10), (-40, 0), id="against the wind"),
        pytest.param((40, 10), (0, 40), id="downwards in wind"),
    ],
)
def test_who_goes_another_way_is_none(snow: Way, who: Way) -> None:
    assert not flakes(snow).may_be(track(who, 0.5))


@pytest.mark.parametrize(
    ("snow", "what"),
    [
        pytest.param((0, 40), (0, 50), id="down"),
        pytest.param((0, 40), (15, 40), id="aslant"),
        pytest.param((40, 10), (40, 0), id="with the wind"),
        pytest.param((0, 40), (0, 0), id="nowhere"),
        pytest.param((0, 40), (6, 0), id="hardly anywhere"),
    ],
)
def test_what_does_not_may_be_one(snow: Way, what: Way) -> None:
    assert flakes(snow).may_be(track(what, 0.5))


def test_what_goes_to_and_fro_may_be_several() -> None:
    assert flakes().may_be(track((40, 0), 0.5, detour=2))


def test_where_flakes_only_add_light_who_takes_some_away_is_none() -> None:
    """By day, before a bright sky, they are dark themselves."""
    dark, bright = track((0, 40), 0.5), track((0, 40), 0.5)
    dark.is_glow = False
    by_night, by_day = flakes(), flakes()
    by_night.falling = Falling(SIDE_BY_SIDE_PX, glows=True)
    assert [by_night.may_be(each) for each in (dark, bright)] == [False, True]
    assert [by_day.may_be(each) for each in (dark, bright)] == [True, True]


def test_two_that_pass_each_other_are_not_told_at_once() -> None:
    assert flakes().may_be(track((80, 0), 0.2))
    assert flakes().may_be(track((80, 0), 0.2, area_px=55))


def test_before_they_are_known_nobody_is_told_by_his_way() -> None:
    for way in ((40, 0), (0, 40)):
        assert flakes(None).may_be(track(way, 0.5))
    assert flakes(count=9).may_be(track((40, 0), 0.5))


def test_before_they_are_known_they_fall_straight_down() -> None:
    """Somebody larger needs but go another way than that."""
    assert flakes(None).may_be(track((0, 40), 0.5, area_px=55))
    assert not flakes(None).may_be(track((40, 0), 0.5, area_px=55))


def test_those_that_go_all_ways_fall_straight_down() -> None:
    made = flakes(None)
    ways = [(40, 0), (-40, 0), (0, 40), (0, -40), (20, 5)]
    made.note([track(way, 0.3) for way in ways * 4], 1.0)
    assert made.may_be(track((0, 40), 0.5, area_px=55))


def test_who_is_larger_and_comes_down_for_long_is_none() -> None:
    assert flakes().may_be(track((0, 20), 2.0, area_px=55))
    assert not flakes().may_be(track((0, 20), 2.5, area_px=55))


def test_a_loose_group_goes_down_with_them_and_somebody_does_not() -> None:
    assert flakes().may_be(track((0, 40), 0.5, area_px=80, filled=0.25))
    assert not flakes().may_be(track((0, 40), 0.5, area_px=80, filled=0.5))
    assert not flakes().may_be(track((0, 40), 0.5, area_px=100, filled=0.25))


def test_wind_that_turns_is_followed_after_a_minute() -> None:
    made = flakes((40, 0))
    made.note([track((0, 40), 0.3)] * 10, 62.0)
    assert made.may_be(track((0, 40), 0.5))
    assert not made.may_be(track((40, 0), 0.5))


def test_without_snow_there_are_none() -> None:
    assert not Flakes(WIDTH).may_be(track((0, 40), 0.1))


@pytest.mark.parametrize(("area_px", "is_swarm"), [(40, False), (50, True)])
def test_flakes_are_no_swarm_of_insects(area_px: float, is_swarm: bool) -> None:
    trust = Trust(WIDTH, least_px=14, absorb_s=30)
    for now_s in (0.0, 5.0):
        trust.note([track((0, 40), 0.3, area_px=area_px)] * 10, now_s, Falling(SIDE_BY_SIDE_PX))
    trust.note([], 5.0)
    doubt = trust.doubts(track((40, 0), 0.5, area_px=50), plain_scene(), STEP_S)
    assert (doubt == "clutter") == is_swarm


@pytest.mark.parametrize(("away_s", "goes_on"), [(0.3, True), (0.5, False)])
def test_what_may_be_a_flake_is_not_somebody_who_was_lost_before(
    away_s: float, goes_on: bool
) -> None:
    tracker = Tracker(WIDTH, HEIGHT)
    tracker.follow([blob(80, 40, 60)], 0.0, STEP_S)
    tracker.tracks[0].trusted = True
    tracker.follow([blob(80, 42, 40, doubtful=True)], away_s, STEP_S)
    assert (len(tracker.tracks) == 1) == goes_on
