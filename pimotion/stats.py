"""Counts what one camera does and reports it once a minute."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable

from pimotion.pace import Rate
from pimotion.types import CameraStats, Detection, Message, Suppressed

_REPORT_EVERY_S = 60.0
_FIRST_REPORT_S = 5.0
"""Soon after the start there is something to show; then once a minute."""


_RECENT_S = 60.0
_MAX_RECENT = 60 * 60
"""Frames of the last minute at the most that `detect.fps` may be."""


class StatsKeeper:
    """Counters of one camera. Owned by its detect thread; `fps`, `suppressed`: from any.

    Attributes:
        last_frame_s: When the last frame came, monotonic; None: there has been none.
        arrived: Frames that came since the start.
        analysed: Frames that were looked at for motion.
    """

    def __init__(
        self,
        camera_id: str,
        *,
        viewers: Callable[[], int | None],
        last_event_utc_s: float | None,
    ) -> None:
        self._id = camera_id
        self._viewers = viewers
        self._frames = Rate()
        self._analysed = Rate()
        self._detect_s: deque[float] = deque(maxlen=100)
        self._latency_s: deque[float] = deque(maxlen=20)
        self._held_back = HeldBack()
        self._is_learning = False
        self._dropped = 0
        self.last_frame_s: float | None = None
        self.arrived = 0
        self.analysed = 0
        self._last_event_utc_s = last_event_utc_s
        self._due_s = time.monotonic() + _FIRST_REPORT_S

    def fps(self) -> float | None:
        """Frames a second that arrive now; None until a second has been seen."""
        return self._frames.per_s(time.monotonic())

    def suppressed(self) -> Suppressed:
        """Return in how many analysed frames each rule kept something from counting."""
        return self._held_back.counts(time.monotonic())

    def frame(self, now_s: float) -> None:
        """Note a frame that arrived."""
        self._frames.count(now_s)
        self.last_frame_s = now_s
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
        self._is_learning = detection.is_learning
        self._held_back.count(time.monotonic(), detection.held_back)

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
        detect_fps = self._analysed.per_s(now_s)
        return CameraStats(
            camera=self._id,
            fps=self._frames.per_s(now_s),
            detect_fps=detect_fps,
            dropped=self._dropped,
            detect_ms=_mean_ms(self._detect_s),
            latency_ms=_mean_ms(self._latency_s),
            viewers=self._viewers(),
            last_event_utc_s=self._last_event_utc_s,
            suppressed=self._held_back.counts(now_s).since_start,
            is_learning=self._is_learning if detect_fps else None,
        )


class HeldBack:
    """Counts the frames in which a rule kept something from counting. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._since_start: Counter[str] = Counter()
        self._recent: deque[tuple[float, tuple[str, ...]]] = deque(maxlen=_MAX_RECENT)

    def count(self, now_s: float, rules: tuple[str, ...]) -> None:
        """Note the rules of one frame, each once; times must not go back."""
        if rules:
            with self._lock:
                self._since_start.update(rules)
                self._recent.append((now_s, rules))

    def counts(self, now_s: float) -> Suppressed:
        """Return the frames of each rule."""
        recent: Counter[str] = Counter()
        with self._lock:
            while self._recent and self._recent[0][0] <= now_s - _RECENT_S:
                self._recent.popleft()
            for _, rules in self._recent:
                recent.update(rules)
            return Suppressed(dict(self._since_start), dict(recent))


def _mean_ms(seconds: deque[float]) -> float | None:
    return None if not seconds else 1000 * sum(seconds) / len(seconds)
