"""How well a frame shows what moves: large, sharp, and not cut by the edge of the picture."""

from __future__ import annotations

import numpy as np

from pimotion.pixels import Pixels
from pimotion.types import Box, Detection

_LARGE_ENOUGH_RATIO = 0.25
"""From a quarter of the frame up, larger is not better: a face in the lens says less."""
_CUT_FACTOR = 0.4
"""Someone who is half out of the picture must be 2.5 times as large to be worth as much."""
_EDGE_PX = 2  # at detection width


def merit_of(detection: Detection) -> float:
    """Return how well a frame shows its largest moving object; 0 without any.

    Only figures of one event compare: the object's share of the frame (up to 0.25), times its
    mean contrast from pixel to pixel in grey levels (motion blur and defocus lower it), times 0.4
    if it touches the edge.
    """
    if not detection.boxes:
        return 0.0
    picture, box = detection.frame.picture, detection.boxes[0]
    scale = detection.luma.shape[1] / picture.width
    edge = _EDGE_PX / scale
    is_cut = (
        min(box.x, box.y) < edge
        or box.x + box.width > picture.width - edge
        or box.y + box.height > picture.height - edge
    )
    size = min(box.area / (picture.width * picture.height), _LARGE_ENOUGH_RATIO)
    return size * _contrast(_cut_out(detection.luma, box, scale)) * (_CUT_FACTOR if is_cut else 1.0)


def _cut_out(luma: Pixels, box: Box, scale: float) -> Pixels:
    rows = slice(int(box.y * scale), round((box.y + box.height) * scale) + 1)
    columns = slice(int(box.x * scale), round((box.x + box.width) * scale) + 1)
    return luma[rows, columns]


def _contrast(luma: Pixels) -> float:
    """Return the mean difference between neighbouring pixels, grey levels."""
    levels = luma.astype(np.int16)
    if min(levels.shape) < 2:  # noqa: PLR2004  a neighbour in each direction
        return 0.0
    across, down = np.abs(np.diff(levels, axis=1)), np.abs(np.diff(levels, axis=0))
    return float(across.mean() + down.mean())
