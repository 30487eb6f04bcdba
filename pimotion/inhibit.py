"""Ignores motion for a while on command, as for a light that is about to be switched."""

from __future__ import annotations

import math
from dataclasses import replace

from pimotion.types import MOST_REJECTED, Detection, Rejected

RULE = "inhibit"
"""Name of the rule in `Detection.suppressed`."""


class Inhibit:
    """Takes what moves out of detections until its time is over. Not thread-safe.

    It reads no clock: its time begins with the first frame after `begin`, analysed or not. The
    detector goes on learning meanwhile, and a running event ends by its gap, as if nothing moved.
    """

    def __init__(self) -> None:
        self._asked_s: float | None = None
        self._until_s = -math.inf

    def begin(self, seconds: float) -> None:
        """Ignore motion for so long from the next frame on; 0 ends what goes on."""
        self._asked_s = seconds

    def step_to(self, now_s: float) -> None:
        """Take note of the time of a frame."""
        if self._asked_s is not None:
            self._until_s = now_s + self._asked_s
            self._asked_s = None

    def apply(self, detection: Detection) -> Detection:
        """Return what counts of a frame whose time has been noted."""
        if detection.frame.monotonic_s < self._until_s:
            return _without_motion(detection)
        if detection.since_s is not None and detection.since_s < self._until_s:
            # What has moved all along counts from now on, not from back then.
            return replace(detection, since_s=self._until_s)
        return detection


def _without_motion(detection: Detection) -> Detection:
    if not (detection.boxes or detection.motion):
        return detection
    ignored = [Rejected(box, RULE) for box in detection.boxes]
    rejected = sorted([*ignored, *detection.rejected], key=lambda each: -each.box.area)
    return replace(
        detection,
        boxes=(),
        motion=False,
        score=0.0,
        suppressed=RULE,
        zones=(),
        since_s=None,
        rejected=tuple(rejected[:MOST_REJECTED]),
    )
