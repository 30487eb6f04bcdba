"""What a source of pictures is, and the rules that every kind of it obeys.

Rules, held by one contract suite over all kinds:

1. `open`, `read` and `close` return or raise within a bounded time, whatever the camera does.
2. Frames come in the order of capture; ``monotonic_s`` and ``time_s`` never go back.
3. Whatever goes wrong with the camera is `SourceLost`, with a reason in words and without
   credentials. After it the source is closed by its owner and may be opened again.
4. `close` may be called at any time and more than once; everything is released.
   `open` of an open source first closes it; `read` of a closed one is `SourceLost`.
5. `interrupt` comes from another thread, before the last `close`: a `read` that waits ends soon,
   with or without a picture, where the driver or library can be woken.
6. A source does not retry, sleep between attempts, log frames, or know what comes after it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from pimotion.picture import Picture
from pimotion.types import Exposure

OPEN_TIMEOUT_S = 5.0
READ_TIMEOUT_S = 5.0
INTERRUPTED = "the camera is being closed"
_PERIODS = 2


def patience_s(fps: float) -> float:
    """Return how long a picture is waited for, at most 10 s: one in 5 s is the slowest rate."""
    return max(READ_TIMEOUT_S, _PERIODS / fps)


@dataclass(frozen=True, slots=True, eq=False)
class Captured:
    """What a source gives: pixels, and when and how they were taken.

    Attributes:
        picture: As the camera gave it; the pipeline turns and masks it.
        monotonic_s: Capture time on the monotonic clock.
        time_s: Seconds since the source opened; in a recording, since its start.
        exposure: Of this very picture; None where the source does not say.
    """

    picture: Picture
    monotonic_s: float
    time_s: float
    exposure: Exposure | None = None


class Source(Protocol):
    """Gives pictures. Not thread-safe, but for `interrupt`: the capture thread owns it."""

    @property
    def is_live(self) -> bool:
        """False for recordings and drawings, which may rightly repeat a picture."""

    def open(self) -> None:
        """Open the camera. Raises `SourceLost`."""

    def read(self) -> Captured:
        """Return the next picture. Raises `SourceLost`."""

    def interrupt(self) -> None:
        """Let a `read` that waits end soon. Thread-safe."""

    def close(self) -> None:
        """Release everything."""
