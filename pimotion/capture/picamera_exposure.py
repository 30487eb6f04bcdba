"""How a Pi camera took a picture, read from the picture's metadata."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from pimotion.types import Exposure

_BEYOND = 1e9
"""No exposure (us) or gain of a camera comes near it; the longest is the HQ camera's 670 s."""

_OLDEST_S = 5.0
"""No picture waits longer: by then the camera is lost. An older time stamp is another clock's."""


def taken_at_s(metadata: Mapping[str, Any], now_s: float) -> float:
    """Return when a picture was taken, on the monotonic clock; ``now_s`` where it does not say.

    libcamera's ``SensorTimestamp`` is when the first row was exposed, ns since the boot, time
    asleep included. Drivers give the monotonic clock; on a Pi, which does not sleep, both are one.
    """
    stamp_ns = metadata.get("SensorTimestamp")
    if not isinstance(stamp_ns, int) or abs(stamp_ns) >= 2**63:  # it has 64 bits
        return now_s
    asleep_s = time.clock_gettime(time.CLOCK_BOOTTIME) - time.monotonic()
    ages_s = (now_s - stamp_ns / 1e9 + offset_s for offset_s in (asleep_s, 0.0))
    return now_s - next((age_s for age_s in ages_s if 0 <= age_s <= _OLDEST_S), 0.0)


def exposure_of(metadata: Mapping[str, Any]) -> Exposure | None:
    """Return what libcamera says of one picture; None unless it says all of it, and soundly.

    Half of it would be worse than nothing: a digital gain that is missing from one picture, taken
    for 1, would be a step of the exposure that never was.
    """
    time_us = _positive(metadata.get("ExposureTime"))
    analogue = _positive(metadata.get("AnalogueGain"))
    digital = _positive(metadata.get("DigitalGain"))
    if time_us is None or analogue is None or digital is None:
        return None
    return Exposure(time_us / 1e6, analogue * digital, _colour_gains(metadata.get("ColourGains")))


def _colour_gains(value: Any) -> tuple[float, float] | None:
    """Return (red, blue); None before the white balance knows them, and from a grey sensor."""
    match value:
        case (red, blue) if _positive(red) and _positive(blue):
            return red, blue
    return None


def _positive(value: Any) -> float | None:
    """Return a sane number above 0, not NaN or infinite; None for anything else."""
    return value if isinstance(value, int | float) and 0 < value < _BEYOND else None
