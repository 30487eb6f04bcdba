"""Polygons become pixels where a person drew them, and regions are found with exact boxes."""

from __future__ import annotations

import numpy as np
import pytest

from pimotion.config.camera import Detect, Zone
from pimotion.detect.classic.background import RunningAverage
from pimotion.detect.classic.blobs import Blobs
from pimotion.detect.methods import make_background
from pimotion.detect.regions import IgnoredAreas, ZoneAreas, filled
from pimotion.detect.sensitivity import sensitivity_scale
from pimotion.pixels import Pixels

LEFT = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))
MIDDLE = ((0.25, 0.0), (0.75, 0.0), (0.75, 1.0), (0.25, 1.0))


def pixels(*parts: tuple[int, int, int, int], width: int = 100, height: int = 50) -> Pixels:
    """White rectangles (x, y, right, bottom) on black."""
    image = np.zeros((height, width), np.uint8)
    for x, y, right, bottom in parts:
        image[y:bottom, x:right] = 255
    return image


def test_a_polygon_is_filled_where_it_was_drawn() -> None:
    area = filled([LEFT], 100, 50)

    assert area[:, :50].all()
    assert not area[:, 52:].any()


def test_overlapping_masks_cut_no_holes_into_each_other() -> None:
    assert filled([LEFT, MIDDLE], 100, 50)[:, :75].all()


def test_without_masks_everything_is_looked_at() -> None:
    areas = IgnoredAreas((), 100, 50)
    foreground = pixels((10, 10, 20, 20))

    assert areas.seen_px == 5000
    assert np.array_equal(areas.without(foreground), foreground)


def test_masks_take_away_what_is_under_them_and_leave_the_original() -> None:
    areas = IgnoredAreas([LEFT], 100, 50)
    foreground = pixels((40, 10, 60, 20))

    assert areas.seen_px == 49 * 50  # the mask's edge belongs to the mask
    assert np.array_equal(areas.without(foreground), pixels((51, 10, 60, 20)))
    assert foreground[10, 40] == 255


def test_a_zone_moves_from_its_least_area_on() -> None:
    # 100 px are 0.02 of 100x50.
    zones = ZoneAreas({"left": Zone(polygon=LEFT, min_area_ratio=0.02)}, 100, 50)

    assert zones.names == ("left",)
    assert zones.with_motion(pixels((10, 10, 20, 20))) == ("left",)
    assert zones.with_motion(pixels((10, 10, 20, 19))) == ()
    assert zones.with_motion(pixels((60, 10, 90, 40))) == ()


def test_a_zone_without_least_area_still_needs_a_pixel() -> None:
    zones = ZoneAreas({"left": Zone(polygon=LEFT, min_area_ratio=0)}, 100, 50)

    assert zones.with_motion(pixels()) == ()


@pytest.mark.parametrize(
    "part",
    [
        pytest.param((20, 10, 35, 30), id="in the middle"),
        pytest.param((0, 0, 12, 9), id="top left corner"),
        pytest.param((88, 41, 100, 50), id="bottom right corner"),
        pytest.param((1, 1, 99, 49), id="a pixel from every edge"),
    ],
)
def test_a_region_has_the_box_and_the_area_of_its_pixels(part: tuple[int, int, int, int]) -> None:
    x, y, right, bottom = part

    [blob] = Blobs(100, 50).find(pixels(part))

    assert (blob.x, blob.y, blob.right, blob.bottom) == part
    assert blob.area_px == (right - x) * (bottom - y)


@pytest.mark.parametrize(("gap_px", "regions"), [(2, 1), (3, 2)])
def test_parts_are_joined_up_to_twice_the_reach(gap_px: int, regions: int) -> None:
    # A width of 100 px has a reach of 1 px.
    parts = pixels((20, 10, 30, 20), (20, 20 + gap_px, 30, 40))

    assert len(Blobs(100, 50).find(parts)) == regions


def test_regions_come_largest_first_and_can_be_picked() -> None:
    blobs = Blobs(100, 50)
    foreground = pixels((5, 5, 10, 10), (40, 5, 60, 25), (80, 5, 90, 15))

    found = blobs.find(foreground)

    assert [blob.area_px for blob in found] == [400, 100, 25]
    picked = blobs.pixels_of(found[1:], foreground)
    assert np.array_equal(picked, pixels((5, 5, 10, 10), (80, 5, 90, 15)))


def test_what_was_at_the_edge_is_not_found_again_when_it_has_gone() -> None:
    blobs = Blobs(100, 50)
    blobs.find(pixels((0, 0, 12, 9), (90, 40, 100, 50)))

    assert blobs.find(pixels()) == ()


def test_no_pixels_are_no_regions() -> None:
    assert Blobs(100, 50).find(pixels()) == ()


def test_each_25_steps_of_sensitivity_halve_the_threshold() -> None:
    assert [sensitivity_scale(step) for step in (25, 50, 75, 100)] == [2, 1, 0.5, 0.25]


@pytest.mark.parametrize(("sensitivity", "seen"), [(50, False), (100, True)])
def test_the_threshold_is_that_of_the_configuration(sensitivity: int, seen: bool) -> None:
    background = make_background(Detect(threshold=40, sensitivity=sensitivity))
    background.restart(np.full((50, 100), 100, np.uint8))

    assert background.foreground(np.full((50, 100), 130, np.uint8)).all() == seen


def test_thin_lines_are_noise() -> None:
    """A cable in the wind, or the seam of two JPEG blocks."""
    background = RunningAverage(threshold=25, accum_weight=0.1)
    background.restart(pixels())

    assert not background.foreground(pixels((50, 0, 51, 50)) // 2).any()
    assert background.foreground(pixels((50, 0, 60, 50)) // 2).any()


PARKED = pixels((30, 10, 60, 40)) // 255 * 100


def learnt(scene: Pixels, frames: int) -> RunningAverage:
    """A background that has seen nothing but this for so long."""
    background = RunningAverage(threshold=25, accum_weight=0.1)
    background.restart(scene)
    for _ in range(frames):
        background.foreground(scene)
        background.learn(scene)
    return background


def frames_until_learnt(background: RunningAverage, scene: Pixels) -> int:
    frames = 0
    while background.foreground(scene).any():
        background.learn(scene)
        frames += 1
    return frames


def test_what_stays_becomes_part_of_the_scene() -> None:
    assert frames_until_learnt(learnt(pixels(), 32), PARKED) == 13


def test_who_stood_for_long_leaves_no_ghost_for_ever() -> None:
    assert 0 < frames_until_learnt(learnt(PARKED, 400), pixels()) <= 13
