"""Plays pictures that have times of their own at the speed of life."""

from __future__ import annotations

import threading
import time

_LONGEST_PAUSE_S = 4.0  # under READ_TIMEOUT_S, and under the 5 s after which a camera is stale
_LATE_S = 1.0


class Playback:
    """Waits until a picture is due. One thread waits; `stop` may come from another.

    When the reader is late by more than a second, the recording goes on from where it is instead
    of being rushed through; a pause of more than 4 s in it is cut to that.
    """

    def __init__(self) -> None:
        self._stopped = threading.Event()
        self._zero_s: float | None = None

    def wait_until_due(self, time_s: float) -> float:
        """Wait for the picture of ``time_s`` seconds since the start.

        Returns:
            When it is taken to be captured, on the monotonic clock; never goes back.
        """
        now_s = time.monotonic()
        if self._zero_s is None:
            self._zero_s = now_s - time_s
        if now_s - (self._zero_s + time_s) > _LATE_S:
            self._zero_s = now_s - time_s
        pause_s = self._zero_s + time_s - now_s
        if pause_s > _LONGEST_PAUSE_S:
            self._zero_s -= pause_s - _LONGEST_PAUSE_S
        due_s = self._zero_s + time_s
        self._stopped.wait(max(0.0, due_s - now_s))
        return due_s

    def stop(self) -> None:
        """Let the waiting thread go on at once."""
        self._stopped.set()
