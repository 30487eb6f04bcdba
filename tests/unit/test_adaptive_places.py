"""The method `adaptive` and places: what stays, what left, where not to look, what is too small."""

from __future__ import annotations

from dataclasses import replace

import pytest
from garden import (
    START_S,
    WIDTH,
    Visitor,
    at_s,
    covered,
    detector,
    learnt,
    moving,
    shot,
    watch,
)

from pimotion.config.camera import Zone
from pimotion.detect.detector import Detector
from pimotion.types import Detection, Frame

LEFT_HALF = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))
RIGHT_HALF = ((0.5, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 1.0))
LEFT, RIGHT = 40, 220
FAINT = Visitor(LEFT, opacity=0.17, look=2)


def pacing(visitor: Visitor, now_s: float) -> Visitor:
    """He walks up and down in one half of the picture and never comes near the other."""
    return replace(visitor, x=visitor.x + 40 * abs(now_s % 2 - 1))


def rules(told: list[Detection]) -> set[str]:
    return {rule for found in told for rule in found.held_back}


def seen(*visitors: Visitor, **settings: object) -> list[Detection]:
    """What is told of some who pace."""

    def shots(now_s: float) -> Frame:
        return shot(now_s, [pacing(visitor, now_s) for visitor in visitors])

    return watch(learnt(**settings), shots, until_s=1.6)  # type: ignore[arg-type]


def parks(now_s: float) -> Frame:
    """Comes in at 0 s and stands still from 1 s on."""
    return shot(now_s, [Visitor(x=min(5 - 26 + 120 * now_s, 99), look=2)])


def test_what_comes_and_stands_still_counts_until_it_is_absorbed() -> None:
    watching = learnt(absorb_s=5)
    told = watch(watching, parks, until_s=8, fps=5)

    assert all(found.motion for found in told[4:25]), "still there 4 s after it stopped"
    assert not any(found.motion for found in told[35:])
    assert told[-1].changed_ratio < 0.01, "it is part of the scene"


def test_by_default_it_counts_for_longer() -> None:
    told = watch(learnt(), parks, until_s=9, fps=5)

    assert all(found.motion for found in told[4:])
    assert told[-1].since_s == pytest.approx(START_S, abs=0.21)


def test_what_was_absorbed_and_leaves_is_motion_and_leaves_no_ghost() -> None:
    watching = learnt(absorb_s=5)
    watch(watching, parks, until_s=8, fps=5)
    told = watch(
        watching,
        lambda now_s: shot(now_s, [Visitor(x=99 + 100 * (now_s - 8), look=2)]),
        from_s=8,
        until_s=13,
    )

    assert at_s(moving(told)[0]) < 9
    gone_s = 8 + (WIDTH - 99) / 100
    assert at_s(moving(told)[-1]) < gone_s + 1.5
    assert told[-1].changed_ratio < 0.01


def test_who_was_there_all_the_time_and_leaves_leaves_no_ghost() -> None:
    """The place behind him was never seen, and is new: but it is empty."""
    watching = learnt(shots=lambda now_s: shot(now_s, [Visitor(x=150, look=2)]))
    told = watch(
        watching, lambda now_s: shot(now_s, [Visitor(x=150 + 100 * now_s, look=2)]), until_s=6
    )

    assert at_s(moving(told)[0]) < 1.5, "he himself is motion"
    assert at_s(moving(told)[-1]) < 1.7 + 2.5


def test_who_stood_in_the_very_first_picture_leaves_no_ghost() -> None:
    told = watch(
        detector(),
        lambda now_s: shot(now_s, [Visitor(x=150 + 200 * (now_s + 2))]),
        from_s=-2,
        until_s=3,
    )

    assert not moving(told), "all of it happened while the scene was being learnt"
    assert not any(found.rejected for found in told[15:]), "and he is outvoted by then"
    assert told[-1].changed_ratio < 0.01


@pytest.fixture
def visited() -> Detector:
    """A garden through which somebody has walked, until 3 s."""
    watching = learnt()
    watch(watching, lambda now_s: shot(now_s, [Visitor(5 + 160 * now_s)]), until_s=3)
    return watching


@pytest.mark.parametrize("every_s", [0.1, 0.3, 0.6])
def test_a_screen_that_shows_something_else_again_and_again_is_no_motion(every_s: float) -> None:
    def screen(now_s: float) -> Frame:
        shown = Visitor(x=150, y=60, width=40, height=30, look=int(now_s / every_s) % 7)
        return shot(now_s, [shown])

    told = watch(learnt(), screen, until_s=3)

    assert not moving(told)
    assert "flicker" in rules(told)


def test_who_comes_again_is_motion_again(visited: Detector) -> None:
    told = watch(
        visited,
        lambda now_s: shot(now_s, [Visitor(5 + 160 * (now_s - 4))]),
        from_s=4,
        until_s=5,
    )

    assert at_s(moving(told)[0]) < 4.8


def test_nothing_counts_in_an_ignored_area() -> None:
    told = seen(Visitor(LEFT), masks=[LEFT_HALF])

    assert not moving(told)
    assert rules(told) == {"masked"}
    assert all(found.changed_ratio > 0.01 for found in told), "the change itself is told"
    assert all(found.foreground.any() for found in told), "and shown"


def test_beside_an_ignored_area_all_is_as_always() -> None:
    told = seen(Visitor(LEFT), Visitor(RIGHT, look=2), masks=[LEFT_HALF])

    assert moving(told)
    for found in moving(told):
        assert all(box.x >= WIDTH // 2 - 2 for box in found.boxes)
    assert covered(pacing(Visitor(RIGHT), 1.5).box, told[-1].boxes[0]) > 0.8


def test_light_is_told_beside_a_large_ignored_area() -> None:
    """A lamp that lights all that is looked at is a lamp, though most of the picture is ignored."""
    most = ((0.0, 0.0), (0.7, 0.0), (0.7, 1.0), (0.0, 1.0))
    told = watch(learnt(masks=[most]), lambda now_s: shot(now_s, light=1.6), until_s=2)

    assert not moving(told)


def test_zones_with_motion_are_named_in_their_order() -> None:
    zones = {"b": Zone(polygon=LEFT_HALF), "a": Zone(polygon=RIGHT_HALF)}

    def zones_with(*xs: int) -> set[tuple[str, ...]]:
        return {found.zones for found in seen(*[Visitor(x) for x in xs], zones=zones)[10:]}

    assert zones_with() == {()}
    assert zones_with(LEFT) == {("b",)}
    assert zones_with(RIGHT) == {("a",)}
    assert zones_with(RIGHT, LEFT) == {("b", "a")}


def test_a_zone_needs_its_own_least_area() -> None:
    zones = {
        "easy": Zone(polygon=LEFT_HALF, min_area_ratio=0.001),
        "hard": Zone(polygon=LEFT_HALF, min_area_ratio=0.1),
    }

    assert {found.zones for found in seen(Visitor(LEFT), zones=zones)[10:]} == {("easy",)}


@pytest.mark.parametrize(
    ("setting", "rule"),
    [({"min_area_ratio": 0.06}, "too_small"), ({"max_area_ratio": 0.01}, "too_large")],
)
def test_what_is_smaller_or_larger_than_allowed_does_not_count(
    setting: dict[str, float], rule: str
) -> None:
    """A person is 26x64 px of 320x180, which is 0.029 of it."""
    assert moving(seen(Visitor(LEFT), min_area_ratio=0.01, max_area_ratio=0.1))

    told = seen(Visitor(LEFT), **setting)

    assert not moving(told)
    assert rule in rules(told)


@pytest.mark.parametrize("sensitivity", [10, 90])
def test_a_faint_figure_is_seen_by_a_high_sensitivity_only(sensitivity: int) -> None:
    assert bool(moving(seen(FAINT, sensitivity=sensitivity))) == (sensitivity == 90)


def test_sensitivity_works_live_and_outlasts_a_new_start() -> None:
    watching = learnt(sensitivity=10)

    def faint(now_s: float) -> Frame:
        return shot(now_s, [pacing(FAINT, now_s)])

    assert not moving(watch(watching, faint, until_s=1.6))
    watching.set_sensitivity(90)
    watch(watching, shot, from_s=1.6, until_s=2)
    assert moving(watch(watching, faint, from_s=2, until_s=3.6))
    watching.recalibrate()
    watch(watching, shot, from_s=3.6, until_s=6)
    assert moving(watch(watching, faint, from_s=6, until_s=7.6))


def test_motion_is_held_for_as_long_as_told() -> None:
    def last_motion_s(hold_s: float) -> float:
        watching = learnt(hold_s=hold_s)
        told = watch(
            watching,
            lambda now_s: shot(now_s, [pacing(Visitor(LEFT), now_s)] * (now_s < 1)),
            until_s=5,
        )
        return at_s(moving(told)[-1])

    assert last_motion_s(2) == pytest.approx(last_motion_s(0) + 2, abs=0.25)


def test_a_bus_that_is_larger_than_allowed_counts_neither_in_part_nor_whole() -> None:
    """It comes in by the border, and was motion before it was seen to be a bus."""
    told = watch(
        learnt(max_area_ratio=0.15),
        lambda now_s: shot(now_s, [Visitor(100 * now_s - 180, 20, width=180, height=140, look=2)]),
        until_s=5,
    )

    assert not moving(told)
    assert "too_large" in {rule for found in told for rule in found.held_back}


def test_who_grows_larger_than_allowed_counts_no_longer() -> None:
    told = watch(
        learnt(max_area_ratio=0.1),
        lambda now_s: shot(
            now_s,
            [Visitor(60 + 40 * now_s, 60, width=round(20 + 30 * now_s), height=80, look=2)],
        ),
        until_s=3,
    )

    assert moving(told)
    assert not told[-1].boxes
    assert told[-1].suppressed == "too_large"
