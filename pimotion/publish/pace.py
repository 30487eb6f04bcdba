"""How hard to try: pauses between connections, and for pictures on a slow link. Pure."""

from __future__ import annotations

from collections.abc import Callable

STEPS_S = (1.0, 2.0, 4.0, 8.0, 15.0)
"""Pauses between attempts, each +-50 % so that a house full of nodes does not call at once. The
last is short because a longer one is what a user waits for after the broker is back."""

CALM_AFTER_S = 60.0
"""A connection that held this long was a good one; the next pause is the first again."""

SHORT_S = 10.0
THIRD_TIME = 3
"""Three connections in a row of under 10 s: somebody takes them away from us."""


class Backoff:
    """Says how long to wait before the next attempt. Not thread-safe: the mqtt thread owns it."""

    def __init__(self, random: Callable[[], float]) -> None:
        """``random`` gives 0..1."""
        self._random = random
        self._step = 0
        self._short = 0

    @property
    def contested(self) -> bool:
        """True while connections succeed but never last."""
        return self._short >= THIRD_TIME

    def after(self, up_s: float | None, *, is_shared: bool = False) -> float:
        """Return the pause in s before the next connection.

        Args:
            up_s: How long the last one lasted; None: never was one.
            is_shared: Another machine has our name: whoever connects says everything anew, over
                what the other has said.
        """
        if up_s is not None and up_s >= CALM_AFTER_S:
            self._step = 0
        self._short = self._short + 1 if up_s is not None and up_s < SHORT_S else 0
        pause_s = STEPS_S[-1] if self.contested or is_shared else STEPS_S[self._step]
        self._step = min(self._step + 1, len(STEPS_S) - 1)
        return pause_s * (0.5 + self._random())


class PicturePace:
    """Keeps pictures off a link that cannot carry them, so that events are not stuck behind them.

    A picture that the broker did not have within 2 s, or that was on its way when the link broke,
    is forgiven once. The second in a row stops pictures for a minute, each further one for twice
    as long; one of that size that arrives in time ends that, as do six hours without another: no
    picture may ever be as large again. This is also what ends the loop with a broker that hangs up
    on every message over a size that it does not tell, while the pictures of another camera are
    small enough.
    """

    IN_TIME_S = 2.0
    SAME_MOMENT_S = 5.0
    """An event's picture goes to two topics, and one hiccup delays both."""
    FIRST_PAUSE_S = 60.0
    LONGEST_PAUSE_S = 3600.0
    FORGET_S = 6 * 3600.0

    def __init__(self) -> None:
        self._failed = 0
        self._failed_s = -self.SAME_MOMENT_S
        self._failed_bytes = 0
        self._closed_until_s = 0.0

    def is_open(self, now_s: float) -> bool:
        """Tell whether a picture may be sent now."""
        return now_s >= self._closed_until_s

    def arrived(self, took_s: float, now_s: float, *, size_bytes: int) -> None:
        """Note that the broker has a picture."""
        if took_s > self.IN_TIME_S:
            if now_s - self._failed_s >= self.SAME_MOMENT_S:
                self.lost(took_s, now_s, size_bytes=size_bytes)
        elif size_bytes >= self._failed_bytes or now_s - self._failed_s >= self.FORGET_S:
            self._failed = self._failed_bytes = 0

    def lost(self, after_s: float, now_s: float, *, size_bytes: int) -> None:
        """Note that the link broke with pictures on their way.

        Args:
            after_s: For how long the oldest had been on its way.
            now_s: Monotonic time.
            size_bytes: Size of the largest.
        """
        self._failed += 1
        self._failed_bytes = size_bytes
        self._failed_s = now_s
        if self._failed > 1:
            pause_s = max(self.FIRST_PAUSE_S, 10 * after_s) * 2.0 ** (self._failed - 2)
            self._closed_until_s = now_s + min(pause_s, self.LONGEST_PAUSE_S)
