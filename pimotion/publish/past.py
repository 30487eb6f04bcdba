"""Events that are over and that the broker does not have: what an outage or a crash would lose.

They are told once there is a connection, on a topic of their own and marked as late, so that
nothing happens because of them and a list of events is still complete. Pure.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from pimotion.types import MotionEvent

MAX_EVENTS = 100
MAX_AGE_S = 3600.0
AGAIN_S = 60.0
"""Twice the time in which a message is sent or not at all: one that has not arrived by then was
dropped on its way."""


@dataclass(slots=True)
class _Over:
    event: MotionEvent
    ended_s: float
    said_s: float


class Past:
    """Remembers the stops that have not arrived. Not thread-safe: `Desk` locks it.

    Attributes:
        counts: How many were given up, by the reason.
    """

    def __init__(self, counts: Counter[str]) -> None:
        self.counts = counts
        self._events: dict[str, _Over] = {}

    def note(self, event: MotionEvent, now_s: float, *, is_said: bool) -> None:
        """Take in the stop of an event; ``is_said``: it is on its way to the broker."""
        self._events[event.id] = _Over(event, now_s, now_s if is_said else -math.inf)
        while len(self._events) > MAX_EVENTS:
            del self._events[next(iter(self._events))]
            self.counts["history_overflow"] += 1

    def arrived(self, event_id: str) -> None:
        """Note that the broker has it."""
        self._events.pop(event_id, None)

    def link_opened(self, on_the_way: Collection[str], now_s: float) -> None:
        """Whatever is not on its way again by itself is to be told as history."""
        for event_id, over in self._events.items():
            over.said_s = now_s if event_id in on_the_way else -math.inf

    def due(self, now_s: float, at_most: int) -> list[MotionEvent]:
        """Return what is to be told now, oldest first."""
        too_old = [key for key, over in self._events.items() if now_s - over.ended_s > MAX_AGE_S]
        for event_id in too_old:
            del self._events[event_id]
        self.counts["history_too_old"] += len(too_old)
        found = [over for over in self._events.values() if now_s - over.said_s > AGAIN_S]
        for over in found[:at_most]:
            over.said_s = now_s
        return [over.event for over in found[:at_most]]
