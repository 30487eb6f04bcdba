"""A region of changed pixels that may be an object."""

from __future__ import annotations

import math
from dataclasses import dataclass

_LARGE_PX = 400
"""Boxes of 20x20 px are judged by every other row and column, of 40x40 px by every third."""
_LEAST_ASPECT = 0.5


@dataclass(frozen=True, slots=True)
class Blob:
    """A region at half size, px, right and bottom exclusive.

    Attributes:
        area_px: What of it is the object, about.
        centre_x, centre_y: Its centre of mass.
        is_doubtful: It may be a drop or a flake.
    """

    x: int
    y: int
    right: int
    bottom: int
    area_px: float
    centre_x: float
    centre_y: float
    is_doubtful: bool = False

    @property
    def box_px(self) -> int:
        """Area of its box."""
        return (self.right - self.x) * (self.bottom - self.y)

    @property
    def sample(self) -> tuple[slice, slice]:
        """Its rows and columns; of a large one some are enough to judge it by."""
        width, height = self.right - self.x, self.bottom - self.y
        step = 1 + math.isqrt(width * height // _LARGE_PX)
        return slice(self.y, self.bottom, step), slice(self.x, self.right, step)


def area_with_hidden_px(blob: Blob, width: int, height: int) -> float:
    """Return an area, px; of what the border cuts, as much as it will have at least.

    It is taken to be half as wide as what is seen of it is long: people are slimmer, buses wider.
    """
    across = blob.right - blob.x if blob.y == 0 or blob.bottom == height else 0
    down = blob.bottom - blob.y if blob.x == 0 or blob.right == width else 0
    edge_px = max(across, down)
    return max(blob.area_px, _LEAST_ASPECT * edge_px * min(edge_px, width, height))
