"""One viewer's stream, and how many viewers there may be."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from pimotion.latest import Latest
from pimotion.pace import Pacer
from pimotion.stream.multipart import OPENING, OPENING_AHEAD, Part
from pimotion.stream.query import Variant, Wish

REPEAT_SOON_S = 0.15
"""Blink paints a part only when the next one begins (Chromium bug 527446). So a picture without a
successor is sent once more after this time, but with ``advance``, where the next one has begun."""

REPEAT_S = 4.0
"""Home Assistant's proxy gives up after 10 s of silence; promised is a frame every 5 s."""

Parts = Latest[Part]
"""The newest picture of one variant."""

CONNECTION = "pimotion.connection"
"""The name in the WSGI environ of the `HandOver`; other servers have none."""

MARK_EVERY_S = 1.0
"""How often `Viewing.mark` is due."""
_MARKS = 10
"""A viewer's rate is that of the last 10 s."""


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


@dataclass(frozen=True, slots=True)
class ViewerInfo:
    """What is known of a viewer.

    Attributes:
        address: Where he is.
        fps: Pictures a second that he got lately; None during the first second.
        sent: Pictures that he got; repeats do not count.
        skipped: Pictures that were due to him while he was still busy with one before.
        age_s: How long he has been watching.
    """

    address: str
    variant: Variant
    wish: Wish
    fps: float | None
    sent: int
    skipped: int
    age_s: float


class Viewing:
    """One viewer's stream: what he gets, what he got, and the place that he takes.

    It is also the stream itself, as an iterator of bytes for servers that take those. Each step
    gives the newest picture at that moment, so a viewer who is slow to take them gets fewer, never
    older ones, and holds up nobody. A picture is repeated when there is no newer one. The first
    step does not wait. Owned by one thread; `end` and `info` may be called by any.

    Attributes:
        wish: What he asked for.
        parts: Where the pictures come from; it holds one already.
        sent, skipped: Of pictures.
        may_stay: Asked about once a second whether he still may watch.
        stalled: True when he was cut because he took nothing for too long.
        ended: True when the stream is to end.
    """

    def __init__(
        self, parts: Parts, wish: Wish, leave: Callable[[Viewing], None], address: str = ""
    ) -> None:
        """Begin to watch; ``leave`` is called once, when the viewer has gone."""
        self.wish = wish
        self.parts = parts
        self.address = address
        self.may_stay: Callable[[], bool] = lambda: True
        self.since_s = time.monotonic()
        self.sent = 0
        self.skipped = 0
        self.stalled = False
        self.ended = False
        self._leave = leave
        self._left = threading.Lock()
        self._marks: deque[tuple[float, int]] = deque([(self.since_s, 0)], _MARKS)
        self._pacer = Pacer(wish.fps) if wish.fps else None
        self._seen = 0
        self._last: Part | None = None
        self._early: Part | None = None
        self._owed_at_s = math.inf
        self._lag_s = 0.0
        self._repeat_at_s = 0.0

    def __iter__(self) -> Viewing:
        return self

    def __next__(self) -> bytes:
        opening = self.opening if self._last is None else b""
        part = self._next_part()
        if part is None:
            self.close()
            raise StopIteration
        self.mark(time.monotonic())
        framed = self.framed(part)
        return opening + framed if opening else framed

    @property
    def repeat_after_s(self) -> float:
        """When a picture without a successor is sent once more."""
        return REPEAT_S if self.wish.advance else REPEAT_SOON_S

    @property
    def opening(self) -> bytes:
        """What goes before the first picture."""
        return OPENING_AHEAD if self.wish.advance else OPENING

    def framed(self, part: Part) -> bytes:
        """Return a picture as it stands in this stream."""
        return part.framed_ahead if self.wish.advance else part.framed

    def info(self) -> ViewerInfo:
        """Return what is known of him now."""
        now_s = time.monotonic()
        wish = self.wish
        age_s = now_s - self.since_s
        return ViewerInfo(
            self.address, wish.variant, wish, self._fps(), self.sent, self.skipped, age_s
        )

    def mark(self, now_s: float) -> None:
        """Remember how many pictures he has had, and end what he may not see any more.

        More often than due does no harm.
        """
        if now_s - self._marks[-1][0] >= MARK_EVERY_S:
            self._marks.append((now_s, self.sent))
            self.ended = self.ended or not self.may_stay()

    def end(self) -> None:
        """Let the stream end soon, whatever it waits for."""
        self.ended = True
        self.parts.wake()

    def close(self) -> None:
        """Say that the viewer has gone. May be called more than once."""
        self.ended = True
        if self._left.acquire(blocking=False):
            self._leave(self)

    def _fps(self) -> float | None:
        (then_s, then_sent), (last_s, last_sent) = self._marks[0], self._marks[-1]
        return (last_sent - then_sent) / (last_s - then_s) if last_s > then_s else None

    def _next_part(self) -> Part | None:
        """Return the next picture, old or new; None when the stream is to end."""
        while not self.ended:
            at_s = min(self._repeat_at_s, self._owed_at_s)
            taken = self.parts.wait(self._seen, max(0.0, at_s - time.monotonic()))
            now_s = time.monotonic()
            if taken is not None:
                self.skipped += taken.missed if self._seen and self._pacer is None else 0
                self._seen = taken.number
                if self._pacer is None or self._is_due(self._pacer, taken.value):
                    return self._new(taken.value, now_s)
                self._early, self._lag_s = taken.value, now_s - taken.value.monotonic_s
                self._owed_at_s = self._pacer.owed_at_s + self._lag_s
            elif self._pacer is not None and self._early is not None and now_s >= self._owed_at_s:
                self._pacer.is_due(now_s - self._lag_s)
                return self._new(self._early, now_s)
            elif self._last is not None and now_s >= self._repeat_at_s:
                self._repeat_at_s = now_s + REPEAT_S
                return self._last
        return None

    def _is_due(self, pacer: Pacer, part: Part) -> bool:
        return self.wish.gets_all(part.at_fps) or pacer.is_due(part.monotonic_s)

    def _new(self, part: Part, now_s: float) -> Part:
        self._last, self._early, self._owed_at_s = part, None, math.inf
        self._repeat_at_s = now_s + self.repeat_after_s
        self.sent += 1
        return part


class HandOver:
    """Lets a handler give the connection away: its answer is only what goes before the stream."""

    def __init__(self) -> None:
        self.viewing: Viewing | None = None

    def hand_over(self, viewing: Viewing) -> None:
        """Let this stream follow behind the handler's answer, sent by the fan-out."""
        self.viewing = viewing
