"""The rules that decide which changed pixels count as motion, at one detection size."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import cv2

from pimotion.config.camera import Detect, Zone
from pimotion.detect.classic.blobs import Blob, Blobs
from pimotion.detect.regions import IgnoredAreas, ZoneAreas
from pimotion.pixels import Pixels

_LIGHT_RATIO = 0.45
"""Only chooses the name of what `max_area_ratio` holds back: above it is light, below an object.
A study on labelled and drawn scenes took lamps and night filters to change at least so much."""


@dataclass(frozen=True, slots=True, eq=False)
class Findings:
    """What one picture's foreground came to.

    Attributes:
        blobs: The regions that count, largest first.
        zones: Ids of the zones with motion.
        changed_ratio: Changed pixels as a share of the picture, before any rule.
        score: 0..1, of the largest region: ``area / (area + smallest area that counts)``. So 0.5
            is a region that only just counts and 0.9 one of nine times that size.
        held_back: The rules that kept something from counting, the one that kept most first.
        rejected: The regions that do not count, each with its rule, largest first.
    """

    blobs: tuple[Blob, ...] = ()
    zones: tuple[str, ...] = ()
    changed_ratio: float = 0.0
    score: float = 0.0
    held_back: tuple[str, ...] = ()
    rejected: tuple[tuple[Blob, str], ...] = ()


class Rules:
    """Judges foregrounds of one size. Not thread-safe: owned by one detector. Knows no time."""

    def __init__(
        self, detect: Detect, zones: Mapping[str, Zone], *, width: int, height: int
    ) -> None:
        self._size_px = width * height
        self.set_min_area(detect.min_area_ratio)
        self._most_ratio = detect.max_area_ratio
        self._ignored = IgnoredAreas(detect.masks, width, height)
        self._zones = ZoneAreas(zones, width, height)
        self._blobs = Blobs(width, height)

    def set_min_area(self, ratio: float) -> None:
        """Change the smallest region that counts, 0..1 of the picture."""
        self._least_px = max(1.0, ratio * self._size_px)

    def judge(self, foreground: Pixels) -> Findings:
        """Return what counts in a foreground of shape (height, width), uint8, 0 or 255."""
        changed_px = cv2.countNonZero(foreground)
        if changed_px == 0:
            return Findings()
        changed_ratio = changed_px / self._size_px
        visible = self._ignored.without(foreground)
        visible_px = cv2.countNonZero(visible)
        if visible_px > self._most_ratio * self._ignored.seen_px:
            rule = "global_change" if changed_ratio > _LIGHT_RATIO else "too_large"
            return Findings(changed_ratio=changed_ratio, held_back=(rule,))
        return self._judge_blobs(visible, changed_ratio, ignored_px=changed_px - visible_px)

    def _judge_blobs(self, visible: Pixels, changed_ratio: float, *, ignored_px: int) -> Findings:
        found = self._blobs.find(visible)
        moving = tuple(blob for blob in found if blob.area_px >= self._least_px)
        # What is ignored only because of a mask is worth a word when it would have counted.
        held_px: Counter[str] = Counter()
        held_px["masked" if ignored_px >= self._least_px else "too_small"] += ignored_px
        held_px["too_small"] += sum(blob.area_px for blob in found[len(moving) :])
        held_back = tuple(rule for rule, px in held_px.most_common() if px > 0)
        rejected = tuple((blob, "too_small") for blob in found[len(moving) :])
        if not moving:
            return Findings(changed_ratio=changed_ratio, held_back=held_back, rejected=rejected)
        largest_px = moving[0].area_px
        return Findings(
            blobs=moving,
            zones=self._zones_with(moving, visible),
            changed_ratio=changed_ratio,
            score=largest_px / (largest_px + self._least_px),
            held_back=held_back,
            rejected=rejected,
        )

    def _zones_with(self, moving: tuple[Blob, ...], visible: Pixels) -> tuple[str, ...]:
        if not self._zones.names:
            return ()
        return self._zones.with_motion(self._blobs.pixels_of(moving, visible))
