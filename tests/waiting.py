"""Waits for what is to become true."""

from __future__ import annotations

import time
from collections.abc import Callable

_TICK_S = 0.01


def wait_until(
    holds: Callable[[], object], what: str = "what is waited for", at_most_s: float = 30.0
) -> float:
    """Wait until a condition holds; return how long that took, s.

    Raises:
        AssertionError: It did not in time.
    """
    began_s = time.monotonic()
    while not holds():
        assert time.monotonic() - began_s < at_most_s, f"{at_most_s:g} s and not yet: {what}"
        time.sleep(_TICK_S)
    return time.monotonic() - began_s


def passes(seconds: float) -> None:
    """Let time pass, where nothing is to happen meanwhile."""
    end_s = time.monotonic() + seconds
    wait_until(lambda: time.monotonic() > end_s, "time passes", seconds + 5)
