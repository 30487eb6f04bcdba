"""Waits for what is to become true."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


def until(condition: Callable[[], bool], within_s: float = 20.0) -> None:
    """Wait for a condition; AssertionError when it does not come true in time."""
    deadline_s = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline_s, "the condition did not come true in time"
        threading.Event().wait(0.01)
