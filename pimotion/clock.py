"""The wall clock, read here and nowhere else. Ages and durations use `time.monotonic` instead.

A Pi has no battery clock: until the network time arrives it believes some day in the past.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime

_NOT_BEFORE_UTC_S = datetime(2026, 11, 1, tzinfo=UTC).timestamp()
"""pimotion did not exist before; a clock that says so is not set."""

_STEP_S = 2.0
"""What the network time corrects little by little is far less between two looks."""


class StepWatch:
    """Notices that somebody set the wall clock. Not thread-safe; look at least once a minute."""

    def __init__(self) -> None:
        self._ahead_s = _ahead_s()
        self._steady_since_s = time.monotonic()

    def step_s(self) -> float | None:
        """Return by how much the clock was set since the last look, s; None if it was not."""
        ahead_s = _ahead_s()
        step_s, self._ahead_s = ahead_s - self._ahead_s, ahead_s
        if abs(step_s) <= _STEP_S:
            return None
        self._steady_since_s = time.monotonic()
        return step_s

    def steady_s(self) -> float:
        """Return for how long it was watched without being set: nobody knows what was before."""
        return time.monotonic() - self._steady_since_s


def _ahead_s() -> float:
    return time.time() - time.monotonic()


def utc_now_s() -> float | None:
    """Return Unix time in seconds; None while the clock is not set."""
    now_s = time.time()
    return now_s if now_s >= _NOT_BEFORE_UTC_S else None


def as_set_now(noted_utc_s: float | None, *, age_s: float, now_utc_s: float | None) -> float | None:
    """Return when something was by the clock as it is set now, Unix time in seconds.

    Args:
        noted_utc_s: What the clock said then, which is true unless it was set since.
        age_s: How long ago it was.
        now_utc_s: What the clock says now.
    """
    if now_utc_s is None:
        return noted_utc_s
    then_utc_s = now_utc_s - age_s
    is_as_noted = noted_utc_s is not None and abs(then_utc_s - noted_utc_s) <= _STEP_S
    return noted_utc_s if is_as_noted else then_utc_s


def iso(utc_s: float | None) -> str | None:
    """Return Unix time as ``2026-11-22T10:15:30.123+00:00``."""
    if utc_s is None:
        return None
    return datetime.fromtimestamp(utc_s, UTC).isoformat(timespec="milliseconds")
