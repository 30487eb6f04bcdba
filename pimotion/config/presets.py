"""What a preset changes: other defaults for settings of ``detect`` that a file does not name."""

from __future__ import annotations

from collections.abc import Mapping

PRESETS: Mapping[str, Mapping[str, int | float]] = {
    "indoor": {
        "min_area_ratio": 0.0015,  # people are near, and reflections smaller than they are
        "absorb_s": 120,  # someone who sits down to read is still there
    },
    "garden": {
        "sensitivity": 44,  # wind: on drawn trees and clouds it halves what is on for nothing
    },
    "street": {
        "min_area_ratio": 0.0006,  # who walks on the other side is small
        "hold_s": 1.0,  # one car is followed by the next: a long hold would join them
    },
}
"""By name; each value is one that the setting may have in a file."""
