"""How drops are told from flakes: by whether they go on from picture to picture."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest

from pimotion.detect.adaptive.labels import Labels
from pimotion.detect.adaptive.weather import Weather

SHAPE = (90, 160)
WHOLE = (slice(0, SHAPE[0]), slice(0, SHAPE[1]))
STEP_S = 0.1
SPECK_PX = 3
SPECKS = 12
CAT = (40, 80)

Places = Iterable[tuple[int, int]]


def shown(weather: Weather, places: Places, step_s: float = STEP_S) -> list[bool]:
    """Show a picture with a speck at each row and column; tell which stand out."""
    foreground = np.zeros(SHAPE, np.uint8)
    for row, column in places:
        foreground[row : row + SPECK_PX, column : column + SPECK_PX] = 255
    labels = Labels(SHAPE)
    labels.number(foreground, WHOLE)
    weather.count(labels.areas, step_s)
    known = [False] * len(labels.areas)
    if not weather.is_bad:
        return known
    return weather.stands_out(labels.areas, foreground, labels, WHOLE, known, step_s)


def drops(index: int) -> list[tuple[int, int]]:
    """Elsewhere in each picture, and never where the cat is."""
    rows = np.random.default_rng(index).permutation(6)[:3] * 6
    columns = np.random.default_rng(-index % 997).permutation(38)[:SPECKS] * 4
    return [(int(rows[n % 3]), int(column)) for n, column in enumerate(columns)]


def flakes(index: int) -> list[tuple[int, int]]:
    """A px further down in each picture."""
    return [((5 * n + index) % 85, 12 * n) for n in range(SPECKS)]


def rained_on(pictures: int = 100, step_s: float = STEP_S) -> Weather:
    weather = Weather(SHAPE)
    for index in range(pictures):
        shown(weather, drops(index), step_s)
    return weather


def test_in_rain_what_goes_on_for_three_pictures_stands_out() -> None:
    weather = rained_on()
    told = [sum(shown(weather, [*drops(1000 + index), CAT])) for index in range(6)]
    assert told[:2] == [0, 0]
    assert min(told[2:]) >= 1
    assert weather.falling(1).is_rain


@pytest.mark.parametrize("area", [SPECK_PX**2, 2 * SPECK_PX**2])
def test_what_is_twice_as_large_may_stand_out_once_it_is_told_what_falls(area: int) -> None:
    """Also where its parts are too far from where they were to be known again."""
    assert rained_on().may_stand_out(area, 0) == (area > SPECK_PX**2)


def test_the_first_specks_do_not_tell_what_falls() -> None:
    weather = Weather(SHAPE)
    pictures = 0
    while not weather.is_bad:
        shown(weather, drops(pictures))
        pictures += 1
    for index in range(2):
        shown(weather, drops(pictures + index))
        assert weather.falling(1).side_by_side_px == 0
        assert not weather.may_stand_out(4 * SPECK_PX**2, 0)


def test_somebody_who_is_not_believed_yet_does_not_turn_rain_into_snow() -> None:
    weather = rained_on()
    for index in range(20):
        shown(weather, [*drops(1000 + index), CAT])
    assert any(shown(weather, [*drops(2000), CAT]))
    assert weather.falling(1).is_rain


def test_in_snow_it_does_not() -> None:
    weather = Weather(SHAPE)
    for index in range(100):
        shown(weather, flakes(index))
    assert not any(sum(shown(weather, [*flakes(100 + index), CAT])) for index in range(6))
    assert not weather.falling(1).is_rain
    assert weather.falling(1).side_by_side_px > 0
    assert [weather.may_stand_out(area, 0) for area in (SPECK_PX**2, 2 * SPECK_PX**2)] == [
        False,
        True,
    ]


@pytest.mark.parametrize("pictures_between", [0, 100])
def test_snow_after_rain_is_told_from_rain(pictures_between: int) -> None:
    """At once after a dry time, in which the rain is forgotten; after 3 s without."""
    weather = rained_on(pictures=3000)
    for _ in range(pictures_between):
        weather.count([], STEP_S)
    told = [any(shown(weather, flakes(index))) for index in range(60)]
    assert not any(told if pictures_between else told[30:])


def test_with_few_pictures_a_second_nothing_is_told() -> None:
    """Neither are flakes where they were in the picture before."""
    weather = rained_on(step_s=0.2)
    assert not any(any(shown(weather, [*drops(index), CAT], 0.2)) for index in range(6))
    assert weather.falling(1).side_by_side_px == 0


def test_with_many_pictures_a_second_a_drop_that_is_in_two_of_them_is_a_drop() -> None:
    weather = Weather(SHAPE)
    for index in range(200):
        shown(weather, drops(index // 2), 1 / 30)
    told = [any(shown(weather, [*drops(1000 + index // 2), CAT], 1 / 30)) for index in range(12)]
    assert not any(told[:4])
    assert all(told[6:])


@pytest.mark.parametrize(
    ("darker_px", "area_px", "stands_out"),
    [(5, 15, True), (2, 15, False), (3, 6, False), (0, 15, False)],
)
def test_among_lit_drops_what_has_something_dark_about_it_may_stand_out(
    darker_px: int, area_px: int, stands_out: bool
) -> None:
    weather = rained_on()
    for _ in range(200):
        weather.learn_darker(100, 1, STEP_S)
    assert weather.falling(1).glows
    assert weather.may_stand_out(area_px, darker_px) == stands_out


def test_before_a_bright_sky_drops_are_dark_themselves() -> None:
    weather = rained_on()
    for _ in range(200):
        weather.learn_darker(100, 30, STEP_S)
    assert not weather.falling(1).glows
    assert not weather.may_stand_out(15, 15)


def test_at_first_nobody_knows_what_drops_look_like_and_no_drop_changes_nothing() -> None:
    weather = rained_on()
    weather.learn_darker(0, 0, 60.0)
    assert not weather.falling(1).glows
    assert not weather.may_stand_out(15, 15)
