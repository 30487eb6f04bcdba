"""What waits to be sent: bounded in number and bytes, with deadlines, every loss counted. Pure."""

from __future__ import annotations

import math
from collections import Counter, deque
from dataclasses import dataclass
from enum import StrEnum

from pimotion.types import MotionEvent

MAX_ITEMS = 64
MAX_BYTES = 4 * 2**20
"""A minute of motion on a handful of cameras, or some 20 stills; more is of no use to anybody."""


class Kind(StrEnum):
    """What a message is, which decides what may happen to it while it waits."""

    STATE = "state"
    """True until another is said, and the steps between matter; kept when the outbox is full."""
    EVENT = "event"
    """Happened once; sent again when the link broke before the broker had it."""
    PICTURE = "picture"
    """Large; a newer one of the same topic makes it worthless."""
    SAMPLE = "sample"
    """Small, and only the newest of a topic is of use."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message for the broker.

    Attributes:
        expiry_s: MQTT 5: the broker forgets it after this time; None: never.
        deadline_s: Monotonic time after which it is no longer worth sending.
        shows: Id of the event that this picture shows to those who listen for events.
        event: What `payload` is made of at the moment it is sent, for events.
        again: It was sent before, over a link that then broke.
        late: It tells of an event that is over, and nothing should happen because of it.
    """

    topic: str
    payload: bytes
    kind: Kind = Kind.STATE
    retain: bool = True
    qos: int = 1
    expiry_s: int | None = None
    deadline_s: float = math.inf
    shows: str | None = None
    event: MotionEvent | None = None
    again: bool = False
    late: bool = False


class Outbox:
    """A queue that forgets what is not worth sending. Not thread-safe: `Desk` locks it.

    Attributes:
        counts: How many were lost, by what happened to them.
        lost_state: A state was dropped, so all of it should be said again; whoever does clears it.
    """

    def __init__(self, counts: Counter[str]) -> None:
        self.counts = counts
        self.lost_state = False
        self._waiting: deque[Outgoing] = deque()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, message: Outgoing) -> None:
        """Queue a message; what does not fit makes the oldest of least worth go."""
        if message.kind in (Kind.PICTURE, Kind.SAMPLE):
            self._drop_older(message.topic)
        self._waiting.append(message)
        self._bytes += len(message.payload)
        while len(self._waiting) > MAX_ITEMS or self._bytes > MAX_BYTES:
            self._overflow()

    def take(self, now_s: float) -> Outgoing | None:
        """Return the next message that is still worth sending; None when there is none."""
        while self._waiting:
            message = self._waiting.popleft()
            self._bytes -= len(message.payload)
            if message.deadline_s >= now_s:
                return message
            self.counts[f"{message.kind}_too_late"] += 1
        return None

    def clear(self) -> list[Outgoing]:
        """Empty it, and return the events that were in it."""
        events = [message for message in self._waiting if message.event is not None]
        self._waiting.clear()
        self._bytes = 0
        self.lost_state = False
        return events

    def drop_pictures(self) -> None:
        """Forget all pictures, for example because there is no time left to send them."""
        self._keep([message for message in self._waiting if message.kind is not Kind.PICTURE])

    def _drop_older(self, topic: str) -> None:
        others = [message for message in self._waiting if message.topic != topic]
        if len(others) < len(self._waiting):
            self.counts["replaced"] += len(self._waiting) - len(others)
            self._keep(others)

    def _keep(self, messages: list[Outgoing]) -> None:
        self._waiting = deque(messages)
        self._bytes = sum(len(message.payload) for message in messages)

    def _overflow(self) -> None:
        """Drop the oldest event or picture; what is state only when nothing else is left."""
        lossy = (Kind.EVENT, Kind.PICTURE)
        victim = next((each for each in self._waiting if each.kind in lossy), None)
        if victim is None:
            victim = self._waiting[0]
            self.lost_state = True
        self._waiting.remove(victim)
        self._bytes -= len(victim.payload)
        self.counts[f"{victim.kind}_overflow"] += 1
