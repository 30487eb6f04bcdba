"""Which method a camera uses: the one place that knows them all."""

from __future__ import annotations

from collections.abc import Mapping

from pimotion.config.camera import Detect, Zone
from pimotion.detect.adaptive.method import Adaptive
from pimotion.detect.classic.background import Background, RunningAverage
from pimotion.detect.classic.method import Classic
from pimotion.detect.classic.mog2 import Mog2
from pimotion.detect.method import Method


def make_method(detect: Detect, zones: Mapping[str, Zone]) -> Method:
    """Return the configured method."""
    if detect.method == "adaptive":
        return Adaptive(detect, zones)
    return Classic(detect, zones, make_background(detect))


def make_background(detect: Detect) -> Background:
    """Return the background of a classic method."""
    if detect.method == "mog2":
        return Mog2(fps=detect.fps, sensitivity=detect.sensitivity)
    return RunningAverage(
        threshold=detect.threshold,
        accum_weight=detect.accum_weight,
        sensitivity=detect.sensitivity,
    )
