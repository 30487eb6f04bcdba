"""Counts what one camera does and reports it once a minute."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable

from pimotion.pace import Rate
from pimotion.types import CameraStats, Detection, Message

_REPORT_EVERY_S = 60.0
_FIRST_REPORT_S = 5.0
"""Soon after the start there is something to show; then once a minute."""


class StatsKeeper:
    """Counters of one camera. Owned by its detect thread; `fps` may be read from any.

    Attributes:
        arrived: Frames that came since the start.
        analysed: Frames that were looked at for motion.
    """

    def __init__(self, camera_id: str, *, viewers: Callable[[], int | None]) -> None:
        self._id = camera_id
        self._viewers = viewers
        self._frames = Rate()
        self._analysed = Rate()
        self._detect_s: deque[float] = deque(maxlen=100)
        self._latency_s: deque[float] = deque(maxlen=20)
        self._suppressed: Counter[str] = Counter()
        self._dropped = 0
        self.arrived = 0
        self.analysed = 0
        self._last_event_utc_s: float | None = None
        self._due_s = time.monotonic() + _FIRST_REPORT_S

    def fps(self) -> float | None:
        """Frames a second that arrive now; None until a second has been seen."""
        return self._frames.per_s(time.monotonic())

    def frame(self, now_s: float) -> None:
        """Note a frame that arrived."""
        self._frames.count(now_s)
        self.arrived += 1

    def missed(self, count: int) -> None:
        """Note frames that were replaced by newer ones before anyone looked."""
        self._dropped += count

    def broken(self) -> None:
        """Note a picture that could not be decoded."""
        self._dropped += 1

    def detected(self, cpu_s: float, detection: Detection) -> None:
        """Note an analysed frame and the CPU time that it took."""
        self._analysed.count(time.monotonic())
        self.analysed += 1
        self._detect_s.append(cpu_s)
        if detection.suppressed:
            self._suppressed[detection.suppressed] += 1

    def event(self, started_utc_s: float | None) -> None:
        """Note that an event started."""
        self._last_event_utc_s = started_utc_s

    def latency(self, seconds: float) -> None:
        """Note how long a frame took from capture to its messages."""
        self._latency_s.append(seconds)

    def report_if_due(self, put: Callable[[Message], None]) -> None:
        """Hand on the figures once a minute."""
        now_s = time.monotonic()
        if now_s >= self._due_s:
            self._due_s = now_s + _REPORT_EVERY_S
            put(self.now(now_s))

    def now(self, now_s: float) -> CameraStats:
        """Return the figures as they are."""
        return CameraStats(
            camera=self._id,
            fps=self._frames.per_s(now_s),
            detect_fps=self._analysed.per_s(now_s),
            dropped=self._dropped,
            detect_ms=_mean_ms(self._detect_s),
            latency_ms=_mean_ms(self._latency_s),
            viewers=self._viewers(),
            last_event_utc_s=self._last_event_utc_s,
            suppressed=dict(self._suppressed),
        )


def _mean_ms(seconds: deque[float]) -> float | None:
    return None if not seconds else 1000 * sum(seconds) / len(seconds)
