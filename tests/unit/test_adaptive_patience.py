"""For how long a thing has to be seen before it is believed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from plain_scene import HEIGHT, WIDTH, plain_scene

from pimotion.detect.adaptive.blob import Blob
from pimotion.detect.adaptive.scene import Scene
from pimotion.detect.adaptive.tracks import Track, Tracker
from pimotion.detect.adaptive.trust import Trust
from pimotion.pixels import Pixels

LEAST_PX = 14.0
EVEN_S = [0.1] * 20
THINNED_S = [0.133, 0.067] * 10
"""Steps of a camera of 15 frames a second of which 10 are looked at."""
THINNED_SHORT_FIRST_S = [0.067, 0.133] * 10


def blob(x: int, y: int, area_px: float, *, filled: float = 0.5) -> Blob:
    """A region that fills so much of its box."""
    side = round(math.sqrt(area_px / filled))
    return Blob(x, y, x + side, y + side, area_px, x + side / 2, y + side / 2)


def insect_swarm(insects: int = 6, *, watched_s: float = 0.0, leaves: int = 0) -> Trust:
    """Insects that glow, and leaves that are darker than what is behind them."""
    trust = Trust(WIDTH, least_px=LEAST_PX, absorb_s=30)
    fly = blob(50, 40, 90)
    track = Track(1, fly, fly, 0.0, 0.0, fly, 0.0, fly, is_inside=True, largest_px=fly.area_px)
    trust.note([], 0.0)
    swarm = [track] * insects + [replace(track, is_glow=False)] * leaves
    trust.note(swarm, watched_s)
    return trust


def believed_after_s(
    trust: Trust,
    steps_s: Sequence[float],
    *,
    area_px: float,
    x: int,
    filled: float = 0.5,
    is_glow: bool = False,
    px_s: float = 20,
    rules: tuple[str, ...] = ("too_short", "clutter"),
) -> float:
    """Time from the first sighting of something that walks on until none of the rules holds."""
    tracker, now_s, at = Tracker(WIDTH, HEIGHT), 0.0, plain_scene()
    for step_s in steps_s:
        seen = blob(x + round(px_s * now_s), 40, area_px, filled=filled)
        tracker.follow([seen], now_s, step_s)
        tracker.tracks[0].is_glow = is_glow
        if trust.doubts(tracker.tracks[0], at, step_s) not in rules:
            return now_s
        now_s += step_s
    raise AssertionError("never")


def calm() -> Trust:
    return Trust(WIDTH, least_px=LEAST_PX, absorb_s=30)


@pytest.mark.parametrize("steps_s", [THINNED_S, THINNED_SHORT_FIRST_S])
def test_thinned_pictures_take_as_long_as_even_ones(steps_s: Sequence[float]) -> None:
    even_s = believed_after_s(calm(), EVEN_S, area_px=100, x=0)
    thinned_s = believed_after_s(calm(), steps_s, area_px=100, x=0)
    assert abs(thinned_s - even_s) <= 0.034  # a third of a step: when the pictures happen to be


def test_what_is_hardly_large_enough_is_watched_for_longer() -> None:
    small_s = believed_after_s(calm(), EVEN_S, area_px=LEAST_PX, x=0)
    large_s = believed_after_s(calm(), EVEN_S, area_px=8 * LEAST_PX, x=0)
    assert large_s < small_s - 0.05


def test_what_hardly_fills_its_box_is_watched_for_longer() -> None:
    """Leaves are gone by then; somebody with the rim of his long shadow is not."""
    whole_s = believed_after_s(calm(), EVEN_S, area_px=100, x=0)
    hollow_s = believed_after_s(calm(), EVEN_S, area_px=100, x=0, filled=0.1)
    assert whole_s < 0.5
    assert 0.6 < hollow_s < 1.0


@pytest.mark.parametrize("fps", [10, 15, 60])
def test_the_way_of_what_trembles_is_as_long_at_any_frame_rate(fps: int) -> None:
    tracker = Tracker(WIDTH, HEIGHT)
    for number in range(2 * fps):
        now_s = number / fps
        tracker.follow([blob(20 + round(10 * now_s), 40 + number % 2, 100)], now_s, 1 / fps)
    (track,) = tracker.tracks
    assert track.moved_from(track.first) == pytest.approx(20, abs=2)
    assert track.way < 1.4 * track.moved_from(track.first)


@pytest.mark.parametrize("is_late", [False, True])
def test_where_the_smallest_thing_counts_everything_does(is_late: bool) -> None:
    trust = Trust(WIDTH, least_px=LEAST_PX if is_late else 0, absorb_s=30)
    if is_late:
        trust.set_least_px(0)
    needed_s = believed_after_s(calm(), EVEN_S, area_px=LEAST_PX, x=0)
    assert believed_after_s(trust, EVEN_S, area_px=2, x=0) <= needed_s


@pytest.mark.parametrize(
    ("swarm", "x", "is_glow", "least_s", "most_s"),
    [
        pytest.param((0, 0), 0, True, 0.1, 0.4, id="alone, by the border"),
        pytest.param((0, 0), 60, False, 0.3, 0.5, id="alone, in mid-air"),
        pytest.param((0, 0), 60, True, 0.45, 0.75, id="alone, in mid-air, and but a glow"),
        pytest.param((6, 0), 0, False, 0.1, 0.4, id="among insects"),
        pytest.param((6, 0), 60, False, 0.3, 0.5, id="among insects, in mid-air"),
        pytest.param((6, 0), 0, True, 0.45, 0.75, id="among insects, a glow"),
        pytest.param((6, 0), 60, True, 0.75, 0.95, id="among insects, a glow in mid-air"),
        pytest.param((0, 6), 0, False, 0.1, 0.4, id="among leaves"),
        pytest.param((0, 6), 0, True, 0.1, 0.4, id="among leaves, a glow"),
        pytest.param((0, 6), 60, False, 0.75, 0.95, id="among leaves, in mid-air"),
        pytest.param((6, 1), 60, False, 0.75, 0.95, id="among insects and a leaf, in mid-air"),
        pytest.param((9, 1), 60, False, 0.3, 0.5, id="among many insects and a leaf, in mid-air"),
    ],
)
def test_what_might_be_one_of_a_swarm_is_watched_for_longer(
    swarm: tuple[int, int], x: int, is_glow: bool, least_s: float, most_s: float
) -> None:
    """What adds light alone may be an insect, what takes some away a leaf; people mostly do both,
    and come in by the border."""
    trust = insect_swarm(swarm[0], leaves=swarm[1])
    took_s = believed_after_s(trust, EVEN_S, area_px=100, x=x, is_glow=is_glow)
    assert least_s < took_s < most_s


def test_what_is_much_larger_than_a_swarm_is_none_of_it() -> None:
    took_s = believed_after_s(insect_swarm(), EVEN_S, area_px=280, x=0, is_glow=True)
    assert took_s < 0.4


@pytest.mark.parametrize(
    ("insects", "watched_s", "is_swarm"),
    [(2, 2, False), (3, 2, True), (3, 20, False), (4, 9, True), (5, 20, True)],
)
def test_how_many_insects_are_many_depends_on_how_long_one_has_looked(
    insects: int, watched_s: float, is_swarm: bool
) -> None:
    trust = insect_swarm(insects, watched_s=watched_s)
    in_mid_air_s = believed_after_s(trust, EVEN_S, area_px=100, x=60, is_glow=True)
    assert (in_mid_air_s >= 0.75) == is_swarm


@pytest.mark.parametrize(("insects", "took_s"), [(0, 0.5), (6, 1.0)])
def test_a_slow_camera_waits_longer_among_insects(insects: int, took_s: float) -> None:
    trust = insect_swarm(insects)
    assert believed_after_s(trust, [0.5] * 8, area_px=100, x=60, is_glow=True) == took_s


def test_for_a_slow_camera_insects_that_are_taken_for_one_go_to_and_fro() -> None:
    tracker, trust, at = Tracker(WIDTH, HEIGHT), insect_swarm(), plain_scene()
    for number in range(8):
        tracker.follow([blob(60 + 12 * (number % 2), 40, 100)], 0.5 * number, 0.5)
        assert trust.doubts(tracker.tracks[0], at, 0.5) == "clutter"


@pytest.mark.parametrize(
    ("x", "is_glow", "sizes_a_s", "least_s", "most_s"),
    [
        pytest.param(20, True, 3, 0.0, 0.8, id="slow"),
        pytest.param(20, True, 5, 1.9, 2.1, id="fast"),
        pytest.param(20, False, 5, 0.0, 0.5, id="fast and somewhere dark"),
        pytest.param(0, True, 5, 0.0, 0.5, id="fast by the border"),
        pytest.param(0, True, 6.6, 1.9, 2.1, id="faster by the border"),
    ],
)
def test_what_only_adds_light_and_is_fast_is_an_insect_for_two_seconds(
    x: int, is_glow: bool, sizes_a_s: float, least_s: float, most_s: float
) -> None:
    took_s = believed_after_s(
        calm(),
        [0.1] * 30,
        area_px=25,
        x=x,
        is_glow=is_glow,
        px_s=sizes_a_s * math.sqrt(25 / 0.5),
        rules=("too_short", "too_fast"),
    )
    assert least_s <= took_s <= most_s


def test_a_swarm_is_forgotten_when_it_is_over() -> None:
    trust = insect_swarm()
    trust.note([], 12.5)
    assert believed_after_s(trust, EVEN_S, area_px=100, x=0, is_glow=True) < 0.4


def test_what_stays_is_no_insect() -> None:
    trust = insect_swarm(0)
    bush = blob(50, 40, 90)
    track = Track(1, bush, bush, 0.0, 1.3, bush, 0.0, bush, is_inside=True, largest_px=90)
    trust.note([track] * 9, 2.0)
    assert believed_after_s(trust, EVEN_S, area_px=100, x=0, is_glow=True) < 0.4


@pytest.mark.parametrize(("width", "rule"), [(14, None), (40, "clutter")])
def test_a_thing_fills_its_box_and_the_leaves_of_a_gust_do_not(
    width: int, rule: str | None
) -> None:
    tracker, trust, at = Tracker(WIDTH, HEIGHT), calm(), plain_scene()
    for number, step_s in enumerate(EVEN_S[:8]):
        x = 4 * number
        region = Blob(x, 40, x + width, 54, 60, x + width / 2, 47)
        tracker.follow([region], 0.1 * number, step_s)
    assert trust.doubts(tracker.tracks[0], at, 0.1) == rule


def is_glow(before: int, after: Pixels) -> bool:
    """Tell what is thought of something that is 14x14 px in a plain picture, and 6 px around it."""
    picture = np.full((HEIGHT, WIDTH), before, np.uint8)
    at, tracker = Scene(WIDTH, HEIGHT), Tracker(WIDTH, HEIGHT)
    at.restart(picture)
    picture = picture.copy()
    picture[34:60, 54:80] = after
    at.compare(picture, 0.1)
    tracker.follow([Blob(54, 34, 80, 60, 150, 67, 47)], 0.0, 0.1)
    calm().doubts(tracker.tracks[0], at, 0.1)
    return tracker.tracks[0].is_glow


def shape(before: int, inside: int) -> Pixels:
    pixels = np.full((26, 26), before, np.uint8)
    pixels[6:20, 6:20] = inside
    return pixels


@pytest.mark.parametrize(
    ("before", "inside", "expected"),
    [(100, 60, False), (100, 140, True), (100, 250, True), (30, 60, True), (200, 120, False)],
)
def test_what_only_adds_light_is_a_glow(before: int, inside: int, expected: bool) -> None:
    assert is_glow(before, shape(before, inside)) == expected


def test_noise_is_nothing_dark() -> None:
    """Neither between the bright parts of a thing, nor beside it."""
    striped, beside = shape(100, 150), shape(100, 150)
    striped[6:20, 7:20:3] = 96
    beside[:4:3, ::3] = 92
    beside[22::3, ::3] = 92
    beside[:, :4:3] = 92
    assert is_glow(100, striped)
    assert is_glow(100, beside)


def test_who_was_once_darker_is_no_glow_any_more() -> None:
    tracker = Tracker(WIDTH, HEIGHT)
    tracker.follow([blob(60, 40, 100)], 0.0, 0.1)
    tracker.tracks[0].is_glow = False

    calm().doubts(tracker.tracks[0], plain_scene(), 0.1)

    assert not tracker.tracks[0].is_glow


def test_darker_is_what_is_so_by_half_of_what_counts_as_a_change() -> None:
    at = plain_scene()
    half = int(at.grey.threshold[0, 0]) // 2
    steps = (0, half, half + 1, -half - 1)
    row = np.repeat(100 - np.array(steps), WIDTH // 4).astype(np.uint8)
    at.compare(np.tile(row, (HEIGHT, 1)), 0.1)
    everywhere = (slice(None), slice(None))
    assert [bool(at.darker(everywhere)[5, x]) for x in (20, 60, 100, 140)] == [0, 0, 1, 0]
