"""What waits to be sent: each kind within its own bound, with deadlines, every loss counted. Pure.

Kinds do not compete for room: a hundred zones that change at one time cost no event its place.
"""

from __future__ import annotations

import math
from collections import Counter, deque
from dataclasses import dataclass
from enum import StrEnum

from pimotion.types import EventType, MotionEvent

MAX_STEPS = 8
"""Values of one topic. So the configuration, which has the topics, bounds how many states wait."""
MAX_EVENTS = 256
"""A link that no longer answers is noticed after 10 s, in which 20 cameras say at most 10 each."""
MAX_PICTURE_BYTES = 4 * 2**20
"""Some 20 stills; each is of use for 2 s."""


class Kind(StrEnum):
    """What a message is, which decides what may happen to it while it waits."""

    STATE = "state"
    """True until another is said; the steps between matter, and the newest is never dropped."""
    EVENT = "event"
    """Happened once; sent again when the link broke before the broker had it."""
    PICTURE = "picture"
    """Large; a newer one of the same topic makes it worthless."""
    SAMPLE = "sample"
    """Only the newest of a topic is of use, and that is never dropped."""


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
    """

    def __init__(self, counts: Counter[str]) -> None:
        self.counts = counts
        self._waiting: deque[Outgoing] = deque()
        self._held: Counter[str] = Counter()
        """How much waits of all that has a bound, by the name that `_share` gives it."""

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, message: Outgoing) -> None:
        """Queue a message; what does not fit makes the oldest of its own kind go."""
        if message.kind in (Kind.PICTURE, Kind.SAMPLE):
            self._drop_older(message.topic)
        self._waiting.append(message)
        share, amount, most = _share(message)
        self._held[share] += amount
        while self._held[share] > most:
            self._overflow(share)

    def take(self, now_s: float) -> Outgoing | None:
        """Return the next message that is still worth sending; None when there is none."""
        while self._waiting:
            message = self._waiting.popleft()
            self._let_go(message)
            if message.deadline_s >= now_s:
                return message
            self.counts[f"{message.kind}_too_late"] += 1
        return None

    def clear(self) -> list[Outgoing]:
        """Empty it, and return the events that were in it."""
        events = [message for message in self._waiting if message.event is not None]
        self._waiting.clear()
        self._held.clear()
        return events

    def drop_pictures(self) -> None:
        """Forget all pictures, for example because there is no time left to send them."""
        self._drop([message for message in self._waiting if message.kind is Kind.PICTURE])

    def _drop_older(self, topic: str) -> None:
        older = [message for message in self._waiting if message.topic == topic]
        if older:
            self.counts["replaced"] += len(older)
            self._drop(older)

    def _overflow(self, share: str) -> None:
        """Drop the oldest of a share; of events rather an update than a start or a stop."""
        alike = [message for message in self._waiting if _share(message)[0] == share]
        victim = next((each for each in alike if _is_update(each)), alike[0])
        self._drop([victim])
        self.counts[f"{victim.kind}_overflow"] += 1

    def _drop(self, messages: list[Outgoing]) -> None:
        for message in messages:
            self._waiting.remove(message)
            self._let_go(message)

    def _let_go(self, message: Outgoing) -> None:
        share, amount, _ = _share(message)
        self._held[share] -= amount


def _share(message: Outgoing) -> tuple[str, int, float]:
    """Return what a message takes a share of, how much, and how much of that may wait."""
    match message.kind:
        case Kind.STATE:
            return message.topic, 1, MAX_STEPS
        case Kind.EVENT:
            return "events", 1, MAX_EVENTS
        case Kind.PICTURE:
            return "pictures", len(message.payload), MAX_PICTURE_BYTES
        case Kind.SAMPLE:
            return "samples", 0, math.inf  # one of each topic, by `_drop_older`


def _is_update(message: Outgoing) -> bool:
    return message.event is not None and message.event.type is EventType.UPDATE
