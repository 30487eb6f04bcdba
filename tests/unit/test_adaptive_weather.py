"""The method `adaptive` and what moves by itself: leaves, rain, snow, insects, a shaking camera."""

from __future__ import annotations

import copy
import math
from functools import cache

import numpy as np
import pytest
from garden import (
    BUSH,
    FPS,
    HEIGHT,
    START_S,
    WIDTH,
    Visitor,
    at_s,
    covered,
    learnt,
    moving,
    shot,
    watch,
)

from pimotion.detect.detector import Detector
from pimotion.types import Detection, Frame


def wind_px(now_s: float) -> float:
    """Six px to either side, a bit more than once a second."""
    return 6 * math.sin(2 * math.pi * 1.2 * now_s)


def windy(now_s: float) -> Frame:
    return shot(now_s, wind_px=wind_px(now_s))


def walker(now_s: float, y: float = 80) -> Visitor:
    return Visitor(x=5 - 26 + 60 * now_s, y=y)


def restlessness(told: list[Detection]) -> float:
    """Mean share of the bush that is seen to change."""
    across = slice(BUSH.x // 2, (BUSH.x + BUSH.width) // 2)
    down = slice(BUSH.y // 2, (BUSH.y + BUSH.height) // 2)
    return float(np.mean([found.foreground[down, across] > 0 for found in told]))


def rules(told: list[Detection]) -> set[str]:
    return {rule for found in told for rule in found.held_back}


def test_a_bush_that_begins_to_sway_is_no_motion_and_is_learnt() -> None:
    told = watch(learnt(), windy, until_s=4.5)

    assert not moving(told)
    assert restlessness(told[:10]) > 0.02, "it is to be seen at first"
    assert restlessness(told[30:]) < restlessness(told[:10]) / 3


def test_somebody_who_walks_past_a_swaying_bush_is_motion() -> None:
    """And is seen in front of it, too."""
    watching = learnt(shots=windy, learnt_s=4)
    told = watch(
        watching,
        lambda now_s: shot(now_s, [walker(now_s, 60)], wind_px=wind_px(now_s)),
        until_s=5,
    )

    assert at_s(moving(told)[0]) <= 0.8
    assert all(found.motion for found in told[8:])
    in_front = [found for found in told if BUSH.x < walker(at_s(found)).x < BUSH.x + BUSH.width]
    seen = [
        max((covered(walker(at_s(found), 60).box, box) for box in found.boxes), default=0)
        for found in in_front
    ]
    assert np.mean(seen) > 0.6


def test_a_bush_is_learnt_while_somebody_else_is_in_view() -> None:
    def busy(now_s: float) -> Frame:
        paces = Visitor(x=20 + 60 * abs(now_s % 2 - 1), y=100)
        return shot(now_s, [paces], wind_px=wind_px(now_s))

    watching = learnt(shots=lambda now_s: shot(now_s, [Visitor(x=80, y=100)] * (now_s > -0.3)))
    told = watch(watching, busy, until_s=4.5)
    after = watch(watching, windy, from_s=4.5, until_s=6.5)

    assert all(found.motion for found in told[8:])
    assert restlessness(told[30:]) < restlessness(told[:10]) / 3
    assert not any(found.boxes for found in after)
    assert not any(found.motion for found in after[10:])


def test_a_bush_that_rested_between_two_gusts_is_still_known() -> None:
    watching = learnt()
    first = watch(watching, windy, until_s=4)
    watch(watching, shot, from_s=4, until_s=16, fps=5)
    second = watch(watching, lambda now_s: windy(now_s - 16), from_s=16, until_s=17)

    assert not moving(second)
    assert restlessness(second) < restlessness(first[:10]) / 2


def shaking(now_s: float) -> tuple[int, int]:
    x, y = np.random.default_rng(round(now_s * FPS) + 1000).integers(-1, 2, 2)
    return int(x), int(y)


@pytest.mark.parametrize("always", [True, False], ids=["always", "begins to"])
def test_a_camera_that_shakes_a_little_is_no_motion(always: bool) -> None:
    def shots(now_s: float) -> Frame:
        return shot(now_s, shake=shaking(now_s))

    watching = learnt(shots=shots) if always else learnt()

    assert not moving(watch(watching, shots, until_s=3))


def test_a_person_before_a_camera_that_shakes_is_motion() -> None:
    def shots(now_s: float) -> Frame:
        return shot(now_s, [walker(now_s)] * (now_s >= 0), shake=shaking(now_s))

    told = watch(learnt(shots=shots), shots, until_s=2.5)

    assert at_s(moving(told)[0]) <= 0.8
    assert covered(walker(2.4).box, told[-1].boxes[0]) > 0.7


@cache
def column(number: int, fall: int) -> int:
    """Where a thing falls: somewhere else each time."""
    return int(np.random.default_rng((number, fall)).integers(0, WIDTH))


def falling(now_s: float, *, count: int, px_s: float, width: int, height: int) -> list[Visitor]:
    """Things that fall, each at a pace of its own, and come again from above."""
    things, way = [], HEIGHT + 20
    for number in range(count):
        fallen = 37 * number + px_s * (0.7 + 0.6 * number / count) * (now_s + 10)
        x = column(number, int(fallen // way))
        things.append(Visitor(x, fallen % way - 10, width, height, look=3, opacity=0.7))
    return things


WEATHER = {
    "rain": {"count": 40, "px_s": 300, "width": 2, "height": 8},
    "snow": {"count": 40, "px_s": 100, "width": 4, "height": 4},
    "large flakes": {"count": 20, "px_s": 150, "width": 6, "height": 6},
}


@pytest.mark.parametrize("name", WEATHER)
def test_what_falls_is_no_motion(name: str) -> None:
    def shots(now_s: float) -> Frame:
        return shot(now_s, falling(now_s, **WEATHER[name]))

    told = watch(learnt(shots=shots), shots, until_s=2)

    assert not moving(told)
    assert "clutter" in rules(told)


@pytest.mark.parametrize("name", WEATHER)
def test_a_person_in_it_is_motion(name: str) -> None:
    def shots(now_s: float) -> Frame:
        visitors = [walker(now_s)] * (now_s >= 0)
        return shot(now_s, visitors + falling(now_s, **WEATHER[name]))

    told = watch(learnt(shots=shots), shots, until_s=2)

    first = moving(told)[0]
    assert at_s(first) <= 1.2
    assert first.since_s == pytest.approx(START_S, abs=0.4)
    assert covered(walker(1.9).box, told[-1].boxes[0]) > 0.7


LEARNT_WEATHER_S = 19
"""It takes some seconds to know how what falls at present comes and goes."""


def test_a_cat_that_is_no_larger_than_drops_goes_through_the_rain_as_motion() -> None:
    """Drops are in one picture only, and it is in each, a little further on."""

    def shots(now_s: float) -> Frame:
        cat = Visitor(x=60 * now_s - 5, y=120, width=10, height=10, look=2)
        # Of 40 drops too many touch one of the picture before for it to be told from snow.
        rain = falling(now_s + 10, **(WEATHER["rain"] | {"count": 12}))
        return shot(now_s, [cat] * (now_s >= 0) + rain)

    told = watch(learnt(shots=shots, learnt_s=LEARNT_WEATHER_S), shots, until_s=2)

    assert at_s(moving(told)[0]) <= 1.2
    assert told[-1].boxes[0].area < 3 * 20 * 20


@cache
def learnt_weather(name: str, fps: float = FPS) -> Detector:
    def shots(now_s: float) -> Frame:
        return shot(now_s, falling(now_s + 10, **WEATHER[name]))

    return learnt(shots=shots, learnt_s=LEARNT_WEATHER_S, fps=fps)


@pytest.mark.parametrize("gap_px", [3, 5])
def test_two_flakes_that_fall_side_by_side_are_no_motion(gap_px: int) -> None:
    """Close to the lens they are larger than most, and go on in one direction as a person does."""

    def shots(now_s: float) -> Frame:
        pair = [Visitor(150 + x, 100 * now_s - 10, 9, 9, look=3) for x in (0, 9 + gap_px)]
        return shot(now_s, falling(now_s + 10, **WEATHER["snow"]) + pair)

    told = watch(copy.deepcopy(learnt_weather("snow")), shots, until_s=2.5)

    assert not moving(told)


@pytest.mark.parametrize(
    ("name", "size", "x_px_s", "y_px_s", "fps", "latest_s"),
    [
        pytest.param("snow", (26, 64), 0, 100, FPS, 0.8, id="a person"),
        pytest.param("snow", (20, 20), 0, 90, FPS, 0.8, id="a child below"),
        pytest.param("large flakes", (20, 20), 0, 90, FPS, 0.8, id="a child, large flakes"),
        pytest.param("snow", (16, 16), 0, 56, FPS, 3.1, id="a cat, for long"),
        pytest.param("snow", (18, 18), 0, 25, FPS, 1.4, id="a cat, slowly"),
        pytest.param("snow", (18, 18), 60, 50, FPS, 1.4, id="a cat, aslant"),
        pytest.param("rain", (20, 20), 0, 90, FPS, 0.8, id="a child in rain"),
        pytest.param("rain", (20, 20), 0, 90, 5, 0.8, id="a child in rain, few pictures"),
    ],
)
def test_who_comes_down_the_picture_is_no_flake(
    name: str, size: tuple[int, int], x_px_s: float, y_px_s: float, fps: float, latest_s: float
) -> None:
    """As they do before a camera that looks down from above the door."""

    def shots(now_s: float) -> Frame:
        who = Visitor(100 + x_px_s * now_s, y_px_s * now_s - size[1], *size)
        return shot(now_s, [who, *falling(now_s + 10, **WEATHER[name])])

    watching = copy.deepcopy(learnt_weather(name, fps))
    told = watch(watching, shots, until_s=latest_s + 0.2, fps=fps)

    assert at_s(moving(told)[0]) <= latest_s


def test_snow_after_rain_and_a_dry_time_is_not_taken_for_rain() -> None:
    rain = WEATHER["rain"] | {"count": 12}

    def shots(now_s: float) -> Frame:
        if now_s < -5:
            return shot(now_s, falling(now_s + 20, **rain))
        return shot(now_s, falling(now_s + 20, **WEATHER["snow"]) if now_s >= 0 else [])

    told = watch(learnt(shots=shots, learnt_s=LEARNT_WEATHER_S), shots, until_s=12)

    assert "clutter" in rules(told)
    assert not moving(told[40:]), "in the first seconds nobody knows that it snows"


@pytest.mark.parametrize("px_s", [800, 1600])
def test_an_insect_that_shoots_across_is_no_motion(px_s: float) -> None:
    told = watch(
        learnt(),
        lambda now_s: shot(now_s, [Visitor(px_s * (now_s - 0.2), width=20, height=16)]),
        until_s=1.2,
    )

    assert not moving(told)
    assert rules(told) & {"too_short", "too_fast"}


@pytest.mark.parametrize("fps", [10, 30])
def test_an_insect_in_mid_air_for_a_moment_is_no_motion(fps: float) -> None:
    """0.2 s in the light of the camera: in no more than three pictures at 10 fps."""
    told = watch(
        learnt(fps=fps, learnt_s=20 / fps),
        lambda now_s: shot(
            now_s, [Visitor(100 + 200 * now_s, width=14, height=14)] * (now_s < 0.2)
        ),
        until_s=1,
        fps=fps,
    )

    assert not moving(told)
    assert "too_short" in rules(told)


def test_an_insect_that_stays_longer_is_too_fast_for_its_size() -> None:
    """It circles in view for 0.9 s, longer than what is too short: 300 px/s, at a size of 12."""

    def insect(now_s: float) -> Visitor:
        angle = 6 * now_s
        return Visitor(160 + 50 * math.cos(angle), 80 + 50 * math.sin(angle), 12, 12, look=2)

    told = watch(
        learnt(fps=20),
        lambda now_s: shot(now_s, [insect(now_s)] * (now_s < 0.9)),
        until_s=1.2,
        fps=20,
    )

    assert not moving(told)
    assert "too_fast" in rules(told)
