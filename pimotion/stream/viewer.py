"""One viewer's stream, and how many viewers there may be."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from pimotion.latest import Latest
from pimotion.pace import Pacer
from pimotion.stream.multipart import OPENING, Part

_REPEAT_SOON_S = 0.25
"""Blink paints a part only when the next one begins (Chromium bug 527446). So a picture without a
successor is sent once more after this time."""

_REPEAT_S = 4.0
"""Home Assistant's proxy gives up after 10 s of silence; promised is a frame every 5 s."""


class Places:
    """Counts viewers up to a limit. Thread-safe."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._taken = 0
        self._lock = threading.Lock()

    def take(self) -> bool:
        """Take a place; False when all are taken."""
        with self._lock:
            if self._taken >= self.limit:
                return False
            self._taken += 1
            return True

    def give_back(self) -> None:
        """Return a place that was taken."""
        with self._lock:
            self._taken -= 1


class Viewing:
    """One viewer's stream as an iterator of bytes. Owned by one thread; `end` may come from any.

    Each step gives the newest picture at that moment, so a viewer who is slow to take them gets
    fewer, never older ones, and holds up nobody. A picture is repeated when there is no newer one.
    The first step does not wait.
    """

    def __init__(
        self, parts: Latest[Part], fps: float | None, leave: Callable[[Viewing], None]
    ) -> None:
        """Begin to watch.

        Args:
            parts: Where the pictures come from; it must hold one already.
            fps: Most pictures a second; None: all.
            leave: Called once, when the viewer has gone.
        """
        self.fps = fps
        self._parts = parts
        self._leave = leave
        self._pacer = Pacer(fps) if fps else None
        self._seen = 0
        self._last: Part | None = None
        self._repeat_at_s = 0.0
        self._ended = threading.Event()
        self._left = threading.Lock()

    def __iter__(self) -> Viewing:
        return self

    def __next__(self) -> bytes:
        opening = OPENING if self._last is None else b""
        part = self._next_part()
        if part is None:
            self.close()
            raise StopIteration
        return opening + part.framed if opening else part.framed

    def end(self) -> None:
        """Let the stream end soon, whatever it waits for."""
        self._ended.set()
        self._parts.wake()

    def close(self) -> None:
        """Say that the viewer has gone. May be called more than once."""
        self._ended.set()
        if self._left.acquire(blocking=False):
            self._leave(self)

    def _next_part(self) -> Part | None:
        """Return the next picture, old or new; None when the stream is to end."""
        while not self._ended.is_set():
            now_s = time.monotonic()
            taken = self._parts.wait(self._seen, max(0.0, self._repeat_at_s - now_s))
            if taken is not None:
                self._seen = taken.number
                if self._pacer is None or self._pacer.is_due(taken.value.monotonic_s):
                    self._last = taken.value
                    self._repeat_at_s = time.monotonic() + _REPEAT_SOON_S
                    return self._last
            elif self._last is not None and time.monotonic() >= self._repeat_at_s:
                self._repeat_at_s = time.monotonic() + _REPEAT_S
                return self._last
        return None
