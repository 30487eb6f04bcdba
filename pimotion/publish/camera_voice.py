"""What one camera has to say: the truth of now, and how a change of it is put into messages.

    MotionState ON --hold--> MotionEvent start:  attributes, ON, zones, pictures, start

The detect thread says a start in the order in which it knows it; Home Assistant needs the
attributes before the state and the picture before the event that names it. So the pieces of a
start are held until its event is there, which comes right behind them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from pimotion.clock import utc_now_s
from pimotion.config.camera import Camera
from pimotion.publish.levels import Levels
from pimotion.publish.outbox import Kind, Outgoing
from pimotion.publish.payloads import (
    attributes_payload,
    encode,
    health_payload,
    presence,
    stats_payload,
)
from pimotion.publish.settings_table import write_value
from pimotion.publish.topics import Topics
from pimotion.types import (
    CameraHealth,
    CameraStats,
    EventType,
    Message,
    MotionEvent,
    MotionState,
    SettingState,
    Still,
)

HOLD_S = 0.5
"""Longest that ON waits for its event: it comes from the same frame, within a millisecond."""
PICTURE_DEADLINE_S = 2.0
"""Longest that an event waits for its picture."""
STILL_DEADLINE_S = 30.0
STATS_DEADLINE_S = 30.0
EVENT_DEADLINE_S = 30.0
"""Nobody should be alarmed by what is older."""
EVENT_EXPIRY_S = 300


@dataclass(slots=True)
class _Running:
    """The event that goes on now."""

    start: MotionEvent
    newest: MotionEvent
    picture: Still | None
    has_left: bool = False


@dataclass(slots=True)
class _Held:
    """Pieces of a start that wait for their event."""

    on_until_s: float | None = None
    still: Still | None = None
    still_until_s: float = -math.inf


class CameraVoice:
    """Knows one camera's truth and puts it into messages. Not thread-safe.

    Most methods return what should leave, in order.

    Attributes:
        levels: Motion now.
        too_large: How many stills were over ``snapshot.max_bytes``.
    """

    def __init__(
        self, camera_id: str, camera: Camera, topics: Topics, health: CameraHealth
    ) -> None:
        zones = {zone: topics.zone_motion(camera_id, zone) for zone in camera.zones}
        self.levels = Levels(topics.motion(camera_id), zones)
        self.too_large = 0
        self._id = camera_id
        self._topics = topics
        self._max_bytes = camera.snapshot.max_bytes
        self._health = health
        self._attributes: bytes | None = None
        self._settings: dict[str, SettingState] = {}
        self._still: Still | None = None
        self._running: _Running | None = None
        self._last_id: str | None = None
        self._held = _Held()

    def take(self, message: Message, now_s: float) -> list[Outgoing]:
        """Take in a message of the camera."""
        match message:
            case MotionEvent():
                return self._event(message, now_s)
            case MotionState():
                return self._state(message, now_s)
            case Still():
                return self._take_still(message, now_s)
            case CameraHealth():
                self._health = message
                return self.health(now_s)
            case SettingState():
                self._settings[message.setting] = message
                return self._setting(message)
            case CameraStats():
                return [self._stats(message, now_s)]

    def take_late(self, event: MotionEvent) -> list[Outgoing]:
        """Take in what ended before us; retained attributes would say for ever that it runs."""
        if self._last_id is not None:
            return []
        self._attributes = encode(attributes_payload(event))
        return self.attributes()

    def due(self, now_s: float) -> list[Outgoing]:
        """Return what has to be said again, or has been held long enough."""
        held = self._held
        out: list[Outgoing] = []
        if held.still is not None and now_s >= held.still_until_s:
            out.append(self._snapshot(held.still, now_s + STILL_DEADLINE_S))
            held.still = None
        if held.on_until_s is not None and now_s < held.on_until_s:
            return out
        held.on_until_s = None
        return [*out, *self.levels.changed(now_s), *self.levels.due(now_s)]

    def health(self, now_s: float) -> list[Outgoing]:
        """Say whether the camera delivers, and how it is."""
        payload = health_payload(self._health, now_utc_s=utc_now_s(), now_monotonic_s=now_s)
        return [
            Outgoing(self._topics.camera_status(self._id), presence(self._health.online)),
            Outgoing(self._topics.health(self._id), encode(payload)),
        ]

    def farewell(self) -> list[Outgoing]:
        """Say that the camera is no longer watched."""
        return [Outgoing(self._topics.camera_status(self._id), presence(False))]

    def attributes(self) -> list[Outgoing]:
        """Say what the current or last event was, once there has been one."""
        if self._attributes is None:
            return []
        return [Outgoing(self._topics.attributes(self._id), self._attributes)]

    def motion(self, now_s: float) -> list[Outgoing]:
        """Say whether there is motion, changed or not."""
        self._held.on_until_s = None
        return self.levels.all(now_s)

    def settings(self) -> list[Outgoing]:
        """Say the true values of the settings."""
        return [message for state in self._settings.values() for message in self._setting(state)]

    def newest_still(self, now_s: float) -> list[Outgoing]:
        """Say the newest still again."""
        if self._still is None:
            return []
        return [self._snapshot(self._still, now_s + STILL_DEADLINE_S)]

    def catch_up(self, lost: Sequence[Outgoing], now_s: float) -> list[Outgoing]:
        """Say after a reconnection what listeners for events need to know.

        A running event is said as ``start`` if that never left, else by its newest message. Of
        those that are over, only what was on its way when the link broke is sent again.
        """
        running = self._running
        running_id = None if running is None else running.start.id
        out = [message for message in lost if message.event and message.event.id != running_id]
        if running is not None and not running.has_left:
            out += self._pictures(running.picture, now_s)
            out.append(self._outgoing(running.start, now_s))
        if running is not None and running.newest is not running.start:
            out.append(self._outgoing(running.newest, now_s))
        return out

    def arrived(self, event: MotionEvent) -> None:
        """Note that the broker has a message of an event."""
        if self._running is not None and event is self._running.start:
            self._running.has_left = True

    def _event(self, event: MotionEvent, now_s: float) -> list[Outgoing]:
        self._attributes = encode(attributes_payload(event))
        out = self.attributes()
        if event.type is EventType.START:
            out += self._begin(event, now_s)
        elif self._running is not None and self._running.start.id == event.id:
            self._running.newest = event
        if event.type is EventType.STOP:
            self._running = None
        return [*out, self._outgoing(event, now_s)]

    def _begin(self, event: MotionEvent, now_s: float) -> list[Outgoing]:
        still = self._held.still
        picture = still if still is not None and still.event_id == event.id else None
        self._held = _Held()
        self._last_id = event.id
        self._running = _Running(event, event, picture)
        return [*self.levels.changed(now_s), *self._pictures(picture, now_s)]

    def _state(self, state: MotionState, now_s: float) -> list[Outgoing]:
        begins = state.motion and not self.levels.motion and self._running is None
        self.levels.set(state)
        if begins:
            self._held.on_until_s = now_s + HOLD_S
        if not state.motion:
            self._held.on_until_s = None
        return [] if self._held.on_until_s is not None else self.levels.changed(now_s)

    def _take_still(self, still: Still, now_s: float) -> list[Outgoing]:
        if len(still.jpeg) > self._max_bytes:
            self.too_large += 1
            return []
        self._still = still
        if still.event_id is None:
            self._held.still = None  # newer than whatever waits, as the card of a closed camera
            return self.newest_still(now_s)
        if still.event_id != self._last_id:
            self._held.still, self._held.still_until_s = still, now_s + PICTURE_DEADLINE_S
            return []
        if self._running is not None:
            self._running.picture = still
        return self._pictures(still, now_s)

    def _pictures(self, still: Still | None, now_s: float) -> list[Outgoing]:
        """Send an event's picture to both topics."""
        if still is None:
            return []
        deadline_s = now_s + PICTURE_DEADLINE_S
        last_motion = Outgoing(
            self._topics.last_motion(self._id),
            still.jpeg,
            Kind.PICTURE,
            retain=False,
            expiry_s=EVENT_EXPIRY_S,
            deadline_s=deadline_s,
            shows=still.event_id,
        )
        return [self._snapshot(still, deadline_s), last_motion]

    def _snapshot(self, still: Still, deadline_s: float) -> Outgoing:
        topic = self._topics.snapshot(self._id)
        if self._is_closed:
            # It takes the place of a retained picture of the room, so it must not be lost.
            return Outgoing(topic, still.jpeg, Kind.SAMPLE)
        return Outgoing(topic, still.jpeg, Kind.PICTURE, deadline_s=deadline_s)

    @property
    def _is_closed(self) -> bool:
        privacy = self._settings.get("privacy")
        return privacy is not None and bool(privacy.value)

    def _outgoing(self, event: MotionEvent, now_s: float) -> Outgoing:
        return Outgoing(
            self._topics.event(self._id),
            b"",
            Kind.EVENT,
            retain=False,
            expiry_s=EVENT_EXPIRY_S,
            deadline_s=now_s + EVENT_DEADLINE_S,
            event=event,
        )

    def _setting(self, state: SettingState) -> list[Outgoing]:
        payload = write_value(state.setting, state.value)
        if payload is None:
            return []
        return [Outgoing(self._topics.setting_state(self._id, state.setting), payload)]

    def _stats(self, stats: CameraStats, now_s: float) -> Outgoing:
        return Outgoing(
            self._topics.camera_stats(self._id),
            encode(stats_payload(stats)),
            Kind.SAMPLE,
            qos=0,
            deadline_s=now_s + STATS_DEADLINE_S,
        )
