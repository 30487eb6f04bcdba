"""What waits to be recorded: in order, bounded, and without forgetting how an event ended."""

from __future__ import annotations

import queue
import threading
from contextlib import suppress

from pimotion.types import MotionEvent, Still

_MESSAGES = 100
"""At most 100 stills of 200 kB wait while a disk hangs."""
_EVENTS = 100


class Inbox:
    """Takes messages from any thread, gives them to one. Never blocks who puts.

    While it is full, stills are lost, but of each event the newest message is kept, which says all
    that those before it said: else an event whose stop came then would never be over.

    Attributes:
        overflow: Messages that came while it was full.
    """

    def __init__(self) -> None:
        self._queue: queue.Queue[MotionEvent | Still | None] = queue.Queue(_MESSAGES)
        self._lock = threading.Lock()
        self._newest: dict[str, MotionEvent] = {}
        self.overflow = 0

    @property
    def is_empty(self) -> bool:
        """True when nothing waits in order; what `take_newest` gives may."""
        return self._queue.empty()

    def put(self, message: MotionEvent | Still) -> bool:
        """Take a message; False when there is no room for it in the order."""
        with self._lock:
            if isinstance(message, MotionEvent) and message.id in self._newest:
                self._newest[message.id] = message  # in the queue it would overtake
                return True
            try:
                self._queue.put_nowait(message)
            except queue.Full:
                self.overflow += 1
                if isinstance(message, MotionEvent) and len(self._newest) < _EVENTS:
                    self._newest[message.id] = message
                return False
            return True

    def wake(self) -> None:
        """End the current or the next `get`."""
        with suppress(queue.Full):
            self._queue.put_nowait(None)

    def get(self, timeout_s: float) -> MotionEvent | Still | None:
        """Return the next message, None after `wake`. Raises queue.Empty after the time."""
        return self._queue.get(timeout=timeout_s)

    def take_newest(self) -> dict[str, MotionEvent]:
        """Return what found no room, by event; nothing while there is something older to `get`."""
        with self._lock:
            if not self._newest or not self._queue.empty():
                return {}
            taken, self._newest = self._newest, {}
            return taken
