"""Where cameras hand in what happened and the mqtt thread takes what leaves: one lock, no waiting.

Truth is kept whether or not there is a connection; messages are only queued while there is one.
After an outage the truth of now is said, what was on its way when the link broke, and on a topic of
its own which events are over.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pimotion.clock import utc_now_s
from pimotion.publish.announcer import Announcer
from pimotion.publish.outbox import Outbox, Outgoing
from pimotion.publish.past import Past
from pimotion.types import EventType, Message, MotionEvent, StopReason

_PAST_AT_ONCE = 16
"""What is over waits for room: what is new must never be dropped for it."""


class Desk:
    """The announcer and the outbox behind one lock. Thread-safe."""

    def __init__(self, announcer: Announcer) -> None:
        self._lock = threading.Lock()
        self._announcer = announcer
        self._counts: Counter[str] = Counter()
        self._outbox = Outbox(self._counts)
        self._past = Past(self._counts)
        self._first: deque[Outgoing] = deque()
        """An announcement under way; it goes before the outbox, whose messages are newer."""
        self._lost: list[Outgoing] = []
        self._is_open = False

    def put(self, message: Message) -> None:
        """Take in a message of a camera."""
        now_s = time.monotonic()
        with self._lock:
            if isinstance(message, MotionEvent) and message.type is EventType.STOP:
                self._past.note(message, now_s, is_said=self._is_open)
            self._offer(self._announcer.take(message, now_s))

    def put_late(self, event: MotionEvent, *, is_last: bool) -> None:
        """Take in the stop of an event that ended before this program began.

        Args:
            event: The stop.
            is_last: Its camera has had no event since.
        """
        with self._lock:
            self._past.note(event, time.monotonic(), is_said=False, age_s=_age_s(event))
            if is_last:
                self._offer(self._announcer.take_late(event))

    def untold(self) -> list[MotionEvent]:
        """Return the stops that the broker does not have, oldest first: see `Past.untold`."""
        with self._lock:
            return self._past.untold(time.monotonic(), is_open=self._is_open)

    def count(self, what: str, times: int = 1) -> None:
        """Count something that happened to the connection."""
        with self._lock:
            self._counts[what] += times

    def counts(self) -> Mapping[str, int]:
        """Return how often what happened since the start."""
        with self._lock:
            return {**self._counts, "picture_too_large": self._announcer.too_large}

    @property
    def waiting(self) -> int:
        """How many messages are queued."""
        with self._lock:
            return len(self._first) + len(self._outbox)

    def open(self, *, mqtt5: bool, now_s: float) -> None:
        """Begin to queue: first everything that is true, then what event listeners missed."""
        with self._lock:
            self._is_open = True
            self._announcer.retain_on(mqtt5)
            self._first = deque(self._announcer.everything(now_s))
            again = self._announcer.catch_up(self._lost, now_s)
            for message in again:
                self._outbox.put(message)
            self._past.link_opened([each.event.id for each in again if each.event], now_s)
            self._lost = []

    def close(self, unacked: Sequence[Outgoing]) -> None:
        """Stop queueing; keep the events that were on their way, unless they were so before.

        An event whose start still waited here never began for a listener: the link was dead by
        then, and nobody knew. If it is over when there is a link again, it is history.
        """
        with self._lock:
            self._is_open = False
            self._first.clear()
            waiting = self._outbox.clear()
            unheard = {_event_id(each) for each in waiting if _is_first_start(each)}
            events = [each for each in [*unacked, *waiting] if each.event is not None]
            heard = [each for each in events if _event_id(each) not in unheard]
            self._counts["event_missed"] += len(events) - len(heard)
            on_the_way = [each for each in heard if not each.late]  # the past keeps its own
            self._lost = [replace(each, again=True) for each in on_the_way if not each.again]
            self._counts["event_requeued"] += len(self._lost)
            self._counts["event_lost_twice"] += len(on_the_way) - len(self._lost)

    def announce(self, now_s: float, *, is_alone: bool) -> None:
        """Say everything that is true again, because Home Assistant has started.

        Args:
            now_s: Monotonic time.
            is_alone: Nobody else has our name, so whatever has departed may go as well.
        """
        with self._lock:
            gone = self._announcer.leftovers.farewells(is_alone=is_alone)
            clears = [each for each in self._first if not each.payload]
            self._first = deque([*gone, *self._announcer.everything(now_s), *clears])

    @property
    def filters(self) -> tuple[str, ...]:
        """What to listen to for a moment after connecting; give `found` what is retained there."""
        return self._announcer.leftovers.filters

    def found(self, topic: str, payload: bytes) -> None:
        """Take in what the broker has kept, and queue what clears what is true no more.

        Of what may be another machine's that waits for `clear_out`.
        """
        with self._lock:
            leftovers = self._announcer.leftovers
            self._counts["leftovers"] += leftovers.found(topic, payload)
            # After an announcement, which it changes; an outbox is for what is new.
            self._first.extend(leftovers.clear_own())

    def clear_out(self) -> None:
        """Queue what clears all else that is true no more, as nobody else has our name."""
        with self._lock:
            self._first.extend(self._announcer.leftovers.clear_out())

    def marks(self) -> Mapping[str, str]:
        """Return by what our announcements of now are known again after a restart."""
        return self._announcer.leftovers.marks

    def departed(self) -> Mapping[str, Any]:
        """Return the old announcements to say goodbye with once more, after a restart too."""
        with self._lock:
            return self._announcer.leftovers.departed

    def queue_due(self, now_s: float) -> None:
        """Queue what has to be said again, or has waited long enough."""
        with self._lock:
            self._offer(self._announcer.due(now_s))
            room = _PAST_AT_ONCE - len(self._outbox)
            if self._is_open and room > 0:
                self._offer(self._announcer.history(self._past.due(now_s, room)))

    def queue_online(self) -> None:
        """Queue the heartbeat."""
        with self._lock:
            self._offer([self._announcer.online()])

    def queue_settings(self, camera: str) -> None:
        """Queue the true values of a camera's settings."""
        with self._lock:
            self._offer(self._announcer.settings(camera))

    def queue_farewell(self) -> None:
        """Queue the end: what the cameras said last, then that they and the node are gone."""
        with self._lock:
            is_cut_short = bool(self._first)
            self._first.clear()
            self._outbox.drop_pictures()
            self._offer(self._announcer.farewell(time.monotonic(), is_cut_short=is_cut_short))

    def next(self, now_s: float) -> Outgoing | None:
        """Return the next message to send; None when there is none."""
        with self._lock:
            while self._first:
                message = self._first.popleft()
                if message.deadline_s >= now_s:
                    return message
                self._counts[f"{message.kind}_too_late"] += 1
            return self._outbox.take(now_s)

    def arrived(self, event: MotionEvent) -> None:
        """Note that the broker has a message of an event."""
        with self._lock:
            if event.type is EventType.STOP:
                self._past.arrived(event.id)
            self._announcer.arrived(event)

    def give_up(self, message: Outgoing) -> None:
        """Note that the broker will never take a message."""
        with self._lock:
            if message.event is not None and message.event.type is EventType.STOP:
                self._past.arrived(message.event.id)

    def _offer(self, messages: Sequence[Outgoing]) -> None:
        if not self._is_open:
            self._counts["event_missed"] += sum(1 for each in messages if each.event is not None)
            return
        for message in messages:
            self._outbox.put(message)


def _age_s(event: MotionEvent) -> float:
    """Return how long ago an event ended; 0 if nobody knows, or the machine was off since then."""
    now_utc_s, ended_utc_s = utc_now_s(), event.captured_utc_s
    if now_utc_s is None or ended_utc_s is None or event.reason is StopReason.CRASH:
        return 0.0
    return max(now_utc_s - ended_utc_s, 0.0)


def _event_id(message: Outgoing) -> str | None:
    return None if message.event is None else message.event.id


def _is_first_start(message: Outgoing) -> bool:
    event = message.event
    return event is not None and event.type is EventType.START and not message.again
