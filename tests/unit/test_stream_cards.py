"""The card in the place of a picture: readable whatever a camera is called."""

from __future__ import annotations

import numpy as np
import pytest

from pimotion.stream.cards import card


@pytest.mark.parametrize("size", [(1280, 720), (320, 180), (240, 320)])
@pytest.mark.parametrize("name", ["Door", "The camera above the door to the garden of number 12"])
def test_no_line_of_it_is_cut(name: str, size: tuple[int, int]) -> None:
    image = card(name, "no route to host " * 4, "since 2026-11-24 10:42:13 (3 min)", size).bgr()
    edges = np.concatenate([image[:, :3], image[:, -3:]], axis=1).reshape(-1, 3)
    assert (edges == edges[0]).all(), "something is written across the border"
    colours = image.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)
    assert len(np.unique(colours)) > 10, "nothing is written at all"
