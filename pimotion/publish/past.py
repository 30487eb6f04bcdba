"""Events that are over and that the broker does not have: what an outage or an end would lose.

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
IN_FLIGHT_S = 5.0
"""What left less than this ago will most likely arrive: no reason to write to a disk."""


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

    def note(self, event: MotionEvent, now_s: float, *, is_said: bool, age_s: float = 0.0) -> None:
        """Take in the stop of an event.

        Args:
            event: The stop.
            now_s: Monotonic time.
            is_said: It is on its way to the broker.
            age_s: How long ago the event ended.
        """
        self._events[event.id] = _Over(event, now_s - age_s, now_s if is_said else -math.inf)
        while len(self._events) > MAX_EVENTS:
            del self._events[self._least()]
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

    def untold(self, now_s: float, *, is_open: bool) -> list[MotionEvent]:
        """Return what an end of this program would lose, oldest first.

        Args:
            now_s: Monotonic time.
            is_open: There is a connection, on which what has just left will arrive.
        """
        return [
            over.event
            for over in self._events.values()
            if not is_open or now_s - over.said_s > IN_FLIGHT_S
        ]

    def _least(self) -> str:
        """Return the oldest, but of no camera its last: retained attributes are of that."""
        last = {over.event.camera: event_id for event_id, over in self._events.items()}
        rest = (event_id for event_id in self._events if event_id not in last.values())
        return next(rest, next(iter(self._events)))
