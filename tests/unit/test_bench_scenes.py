"""The benchmark's drawn scenes: figures can be made again on them, and their truth is true."""

from __future__ import annotations

from functools import cache
from itertools import islice

import cv2
import numpy as np
import pytest

from benchmarks.detection.canvas import FIRST_VISIT_S, LONGEST_VISIT_S, VISIT_EVERY_S
from benchmarks.detection.contestants import boxes_of_mask
from benchmarks.detection.scenes import SCENES, Shot, scene
from pimotion.types import Box

SIZE = (128, 72)
VISITED = [name for name, plot in SCENES.items() if not plot.empty]
EMPTY = [name for name, plot in SCENES.items() if plot.empty]
RESTLESS = (
    "clouds", "light-switch", "auto-exposure", "ir-cut", "headlights", "tree", "shake", "rain",
    "snow", "insects",
)  # fmt: skip


@cache
def shots_of(name: str) -> list[Shot]:
    """Two visits, at a frame a second; drawn once for all tests."""
    return list(scene(name, seed=1, seconds=26, size=SIZE, fps=1))


@pytest.mark.parametrize("name", SCENES)
def test_a_scene_is_its_name_and_its_seed(name: str) -> None:
    first, again, other = (
        [shot.image for shot in islice(scene(name, seed=seed, size=SIZE), 2)] for seed in (1, 1, 2)
    )
    assert all(np.array_equal(one, two) for one, two in zip(first, again, strict=True))
    assert not np.array_equal(first[0], other[0])
    assert first[0].shape == (SIZE[1], SIZE[0], 3)


@pytest.mark.parametrize("name", EMPTY)
def test_nobody_comes_to_an_empty_scene(name: str) -> None:
    assert not any(shot.visitors or shot.unsure for shot in shots_of(name))


@pytest.mark.parametrize("name", VISITED)
def test_visitors_come_when_they_are_due_and_leave(name: str) -> None:
    """The scorer needs quiet before and between visits, in every scene."""
    seen_s = [shot.time_s for shot in shots_of(name) if shot.visitors]
    second_s = FIRST_VISIT_S + VISIT_EVERY_S
    for begin_s in (FIRST_VISIT_S, second_s):
        assert any(begin_s <= time_s < begin_s + 2.5 for time_s in seen_s)
    assert min(seen_s) >= FIRST_VISIT_S
    assert not any(FIRST_VISIT_S + LONGEST_VISIT_S + 1 < time_s < second_s for time_s in seen_s)


@pytest.mark.parametrize("seed", [1, 2])
def test_the_true_box_holds_what_changed_and_no_more(seed: int) -> None:
    shots = list(scene("plain", seed=seed, seconds=14, size=(192, 108), fps=3))
    empty = cv2.cvtColor(shots[0].image, cv2.COLOR_BGR2GRAY)
    for shot in shots:
        difference = cv2.absdiff(cv2.cvtColor(shot.image, cv2.COLOR_BGR2GRAY), empty)
        changed = (difference > 25).astype(np.uint8)
        allowed = np.zeros_like(changed)
        for box in shot.visitors:
            inside = changed[box.y : box.y + box.height, box.x : box.x + box.width]
            x, y, width, height = cv2.boundingRect(inside)
            assert x <= 3, box
            assert y <= 3, box
            assert width >= box.width - 6, box
            assert height >= box.height - 6, box
            allowed[max(0, box.y - 1) :, max(0, box.x - 1) :][: box.height + 2, : box.width + 2] = 1
        # Of who is only just coming in some px may show that no box is drawn for.
        assert np.count_nonzero(changed & ~allowed & 1) <= 0.001 * changed.size


@pytest.mark.parametrize("name", RESTLESS)
def test_a_nuisance_shows_while_nobody_is_there(name: str) -> None:
    """A nuisance that is not drawn would flatter every detector."""
    shots = shots_of(name)
    quiet = [shot for shot in shots if not shot.visitors and not shot.unsure]
    changed = [np.mean(cv2.absdiff(shot.image, quiet[0].image) > 25) for shot in quiet]
    assert max(changed) > 0.001


def test_the_blob_step_leaves_out_what_a_peer_calls_shadow() -> None:
    mask = np.zeros((100, 200), np.uint8)
    mask[40:60, 20:50] = 255
    mask[40:60, 120:150] = 127
    assert boxes_of_mask(mask, scale=2) == (Box(36, 76, 68, 48),)
