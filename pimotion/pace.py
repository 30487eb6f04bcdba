"""Thins a stream of frames to a rate, and measures the rate of a stream. Both by given times."""

from __future__ import annotations

from collections import deque

_SUCCESSOR_S = 0.15
"""The next frame may be so late before the one that came too early is taken in its place."""

_WINDOW_S = 10.0


class Pacer:
    """Picks the frames that keep a rate, evenly. Not thread-safe: owned by one thread.

    Frames come with jitter, so one that is early by up to a quarter of a period, 50 ms at most, is
    taken: a 15 fps camera thinned to 15 fps must lose nothing.
    """

    def __init__(self, fps: float) -> None:
        self._period_s = 1.0 / fps
        self._early_s = min(self._period_s / 4, 0.05)
        self._due_s: float | None = None

    def is_due(self, now_s: float) -> bool:
        """Tell whether the frame of this time is to be taken; times must not go back."""
        if self._due_s is None:
            self._due_s = now_s
        if now_s < self._due_s - self._early_s:
            return False
        # After a gap the beat starts anew; otherwise it stays even, however the frames jitter.
        late = now_s > self._due_s + self._period_s
        self._due_s = (now_s if late else self._due_s) + self._period_s
        return True

    @property
    def owed_at_s(self) -> float:
        """When a frame that was not due is to be taken all the same, unless another follows.

        In the frames' own time, which is behind a clock by as much as they are old when they come.
        """
        return (self._due_s or 0.0) + _SUCCESSOR_S

    def restart(self) -> None:
        """Take the next frame whenever it comes, because time has begun anew."""
        self._due_s = None


class Rate:
    """Events a second over the last 10 s. Not thread-safe, but `per_s` may be read."""

    def __init__(self) -> None:
        self._times_s: deque[float] = deque()
        self._since_s: float | None = None

    def count(self, now_s: float) -> None:
        """Note one event."""
        if self._since_s is None:
            self._since_s = now_s
        self._times_s.append(now_s)
        self._forget(now_s)

    def per_s(self, now_s: float) -> float | None:
        """Return the rate; None until a second has been seen."""
        if self._since_s is None or now_s - self._since_s < 1.0:
            return None
        recent = sum(1 for time_s in tuple(self._times_s) if time_s > now_s - _WINDOW_S)
        return recent / min(_WINDOW_S, now_s - self._since_s)

    def _forget(self, now_s: float) -> None:
        while self._times_s and self._times_s[0] <= now_s - _WINDOW_S:
            self._times_s.popleft()
