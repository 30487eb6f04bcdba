"""What a way of finding motion is, and what it says of one picture.

Whoever writes another one implements `Method` and adds it to `make_method` in `methods`. The
detector gives it the pictures of one scene after the other and knows nothing of how it works.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from pimotion.pixels import Pixels
from pimotion.types import Exposure, SceneModel


@dataclass(frozen=True, slots=True)
class Region:
    """A part of the picture, px of `Sight.foreground`, right and bottom exclusive.

    Attributes:
        track: The same number for the same thing from picture to picture; None if not tracked.
    """

    x: int
    y: int
    right: int
    bottom: int
    track: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """What a method made of one picture.

    Attributes:
        regions: What counts, largest first.
        is_in_view: Something that counts is in view, though perhaps hidden for a moment.
        zones: Ids of the zones with motion.
        changed_ratio: Changed pixels as a share of the picture, before any rule, 0..1.
        score: How sure, 0..1.
        held_back: The rules that kept something from counting, the one that kept most first.
        rejected: The regions that did not count, each with its rule, largest first.
        foreground: Of the whole picture at any size, uint8, 0 or 255; overwritten by the next.
        since_s: When the oldest thing in view was first seen; None if the method does not wait.
        is_learning: Nothing can count yet: warm-up, or a new light.
    """

    regions: tuple[Region, ...]
    is_in_view: bool
    zones: tuple[str, ...]
    changed_ratio: float
    score: float
    held_back: tuple[str, ...]
    rejected: tuple[tuple[Region, str], ...]
    foreground: Pixels
    since_s: float | None
    is_learning: bool


class Method(Protocol):
    """Finds motion in the pictures of one scene. Not thread-safe: owned by one detector."""

    def restart(self, luma: Pixels) -> None:
        """Forget everything; the next `look` is the first of a new scene.

        Args:
            luma: Shape (height, width), uint8; the size of all pictures until the next restart.
        """

    def look(self, luma: Pixels, now_s: float, exposure: Exposure | None) -> Sight:
        """Look at one picture and learn from it.

        Args:
            luma: Shape (height, width), uint8.
            now_s: When it was taken, never going back.
            exposure: How the camera took it, where it says.
        """

    def set_sensitivity(self, sensitivity: int) -> None:
        """Scale the thresholds from the next picture on, 1..100."""

    def set_min_area(self, ratio: float) -> None:
        """Change the smallest region that counts from the next picture on, 0..1 of the picture."""

    def show_model(self, wanted: bool) -> None:
        """Say whether `model` will be asked for."""

    def model(self) -> SceneModel | None:
        """Return copies of what the last picture was compared with; None unless wanted before."""
