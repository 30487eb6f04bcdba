"""The method `adaptive` in snow: who goes another way than the flakes is none of them."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
from garden import HEIGHT, WIDTH, Plane, Visitor, at_s, learnt, moving, shot, watch

from pimotion.detect.detector import Detector
from pimotion.types import Frame

CALM, WIND = (0, 100), (80, 40)
"""How flakes go, px a second to the right and down."""
COUNT, FLAKE_PX = 40, 4
LEARNT_S = 19
"""It takes some seconds to know that it snows, and which way."""


@cache
def places() -> list[tuple[float, float, float]]:
    """Where flakes begin, 0..1 of a picture, and how fast each is."""
    table = np.random.default_rng(5).random((COUNT, 3))
    return [(x, y, 0.7 + 0.6 * pace) for x, y, pace in table]


def snow(now_s: float, way: tuple[int, int]) -> list[Visitor]:
    """Flakes that come in again where they go out, at another place."""
    flakes, columns, rows = [], WIDTH + 20, HEIGHT + 20
    for number, (x, y, pace) in enumerate(places()):
        gone = pace * (now_s + 30)
        turns, down = divmod(y * rows + way[1] * gone, rows)
        across = (x * columns + way[0] * gone + 97 * number * turns) % columns
        flakes.append(Visitor(across - 10, down - 10, FLAKE_PX, FLAKE_PX, look=3, opacity=0.7))
    return flakes


@cache
def learnt_snow(way: tuple[int, int]) -> Detector:
    return learnt(shots=lambda now_s: shot(now_s, snow(now_s, way)), learnt_s=LEARNT_S)


def watching(way: tuple[int, int]) -> Detector:
    return copy.deepcopy(learnt_snow(way))


def in_snow(way: tuple[int, int], who: Callable[[float], list[Visitor]]) -> Callable[..., Frame]:
    return lambda now_s: shot(now_s, who(now_s) + snow(now_s, way))


@pytest.mark.parametrize(
    ("way", "px_s"),
    [
        pytest.param(CALM, (70, 0), id="across"),
        pytest.param(CALM, (-70, 0), id="across, from the right"),
        pytest.param(WIND, (-70, 0), id="against the wind"),
        pytest.param(WIND, (30, -60), id="up the picture in wind"),
    ],
)
def test_who_is_little_larger_than_flakes_is_told_by_the_way_he_goes(
    way: tuple[int, int], px_s: tuple[int, int]
) -> None:
    x = 160 - px_s[0] * 1.5
    y = 90 - px_s[1] * 1.5

    def who(now_s: float) -> list[Visitor]:
        return [Visitor(x + px_s[0] * now_s, y + px_s[1] * now_s, 7, 14, look=2)]

    told = watch(watching(way), in_snow(way, who), until_s=2)

    assert at_s(moving(told)[0]) <= 1.0


@pytest.mark.parametrize("way", [CALM, WIND], ids=["calm", "wind"])
@pytest.mark.parametrize("size_px", [6, 8, 10])
def test_who_goes_with_the_flakes_is_one(way: tuple[int, int], size_px: int) -> None:
    """Near ones are larger, and as alone as a cat."""

    def flake(now_s: float) -> list[Visitor]:
        place = (60 + way[0] * now_s, 10 + way[1] * now_s)
        return [Visitor(*place, size_px, size_px, look=3)]

    assert not moving(watch(watching(way), in_snow(way, flake), until_s=1.7))


def test_a_group_of_flakes_is_none_either() -> None:
    """It is larger than most people far away, and full of holes."""

    def group(now_s: float) -> list[Visitor]:
        places = [(0, 0), (12, 9), (24, 0), (12, -9)]
        return [Visitor(150 + x, 100 * now_s - 20 + y, 8, 8, look=3) for x, y in places]

    assert not moving(watch(watching(CALM), in_snow(CALM, group), until_s=2))


def lit(flakes: list[Visitor]) -> Callable[[Plane], Plane]:
    """Flakes in the light of a lamp: they add to what is behind them, and take nothing away."""

    def camera(scene: Plane) -> Plane:
        for flake in flakes:
            box = flake.box
            scene[box.y : box.y + box.height, box.x : box.x + box.width] += 70
        return np.minimum(scene, 250)

    return camera


@cache
def learnt_lit_snow() -> Detector:
    return learnt(shots=lambda now_s: shot(now_s, camera=lit(snow(now_s, CALM))), learnt_s=LEARNT_S)


def watching_lit_snow() -> Detector:
    return copy.deepcopy(learnt_lit_snow())


def test_who_comes_down_with_lit_flakes_is_told_by_what_is_dark_about_him() -> None:
    def place(now_s: float) -> tuple[float, float]:
        return 150, 90 * now_s - 14

    def with_somebody(now_s: float) -> Frame:
        who = Visitor(*place(now_s), 8, 14, look=2)
        return shot(now_s, [who], camera=lit(snow(now_s, CALM)))

    def with_a_flake(now_s: float) -> Frame:
        return shot(now_s, camera=lit([*snow(now_s, CALM), Visitor(*place(now_s), 8, 14)]))

    assert moving(watch(watching_lit_snow(), with_somebody, until_s=1.5))
    assert not moving(watch(watching_lit_snow(), with_a_flake, until_s=1.5))


def test_somebody_dark_changes_nothing_about_what_flakes_look_like() -> None:
    def shots(now_s: float) -> Frame:
        walker = Visitor(100 + 60 * abs(now_s % 2 - 1), 60, 26, 64)
        small = Visitor(250, 90 * (now_s - 8) - 14, 8, 14, look=2)
        return shot(now_s, [walker, small], camera=lit(snow(now_s, CALM)))

    told = watch(watching_lit_snow(), shots, until_s=9.5)

    assert any(box.x > 220 for found in told for box in found.boxes)


def test_a_flake_does_not_go_on_for_somebody_who_has_left() -> None:
    def shots(now_s: float) -> Frame:
        walker = Visitor(WIDTH - 80 + 80 * now_s, 60, 26, 64)
        return shot(now_s, [walker] * (now_s < 1.2) + snow(now_s, CALM))

    told = watch(watching(CALM), shots, until_s=6)

    assert moving(told)
    assert not any(found.motion for found in told if at_s(found) > 1.2 + 3.5)


def test_before_its_way_is_known_nobody_is_told_by_it() -> None:
    def shots(now_s: float) -> Frame:
        return shot(now_s, snow(now_s, WIND))

    assert not moving(watch(learnt(), shots, until_s=12)[40:])
