"""The wall clock, read here and nowhere else. Ages and durations use `time.monotonic` instead.

A Pi has no battery clock: until the network time arrives it believes some day in the past.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime

_NOT_BEFORE_UTC_S = datetime(2026, 11, 1, tzinfo=UTC).timestamp()
"""pimotion did not exist before; a clock that says so is not set."""


def utc_now_s() -> float | None:
    """Return Unix time in seconds; None while the clock is not set."""
    now_s = time.time()
    return now_s if now_s >= _NOT_BEFORE_UTC_S else None


def iso(utc_s: float | None) -> str | None:
    """Return Unix time as ``2026-11-22T10:15:30.123+00:00``."""
    if utc_s is None:
        return None
    return datetime.fromtimestamp(utc_s, UTC).isoformat(timespec="milliseconds")
