"""What is said and heard over one connection, from the broker's welcome to our farewell."""

from __future__ import annotations

import logging
import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

from pimotion.clock import utc_now_s
from pimotion.config.settings import Settings
from pimotion.log import Repeated
from pimotion.publish.answers import Received, Settled
from pimotion.publish.desk import Desk
from pimotion.publish.link import Link
from pimotion.publish.outbox import Kind, Outgoing
from pimotion.publish.pace import PicturePace
from pimotion.publish.payloads import ONLINE, encode, event_payload
from pimotion.publish.settings_table import (
    COMMANDS,
    NODE_COMMANDS,
    is_reset,
    read_value,
)
from pimotion.publish.topics import Topics
from pimotion.publish.twin import TwinWatch
from pimotion.settable import BadValue
from pimotion.types import NODE, Command, Reset

log = logging.getLogger(__name__)

HEARTBEAT_S = 10.0
AFTER_BIRTH_S = 3.0
"""All nodes hear the same birth message; each answers at a random moment of this time."""
READ_BACK_S = 5.0
"""So long what is retained may take to come; then nobody else's discovery is listened to."""
COMMANDS_PER_S = 5
"""Of one setting; a scene in Home Assistant may switch many of them at one time."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What outlives a connection and every session needs."""

    settings: Settings
    topics: Topics
    desk: Desk
    pace: PicturePace
    twin: TwinWatch
    commands: Callable[[Command | Reset], None]
    random: Callable[[], float]
    repeated: Repeated


class Session:
    """Speaks over one `Link`. Not thread-safe: the mqtt thread owns it.

    Attributes:
        birth_s: When Home Assistant last said that it has started, monotonic; None before that.
    """

    def __init__(self, link: Link, around: Surroundings) -> None:
        self.birth_s: float | None = None
        self._link = link
        self._around = around
        self._desk = around.desk
        self._topics = around.topics
        self._birth_topic = around.settings.mqtt.birth_topic
        self._set_topics = _set_topics(around.settings, around.topics)
        self._heartbeat_due_s = math.inf
        self._announce_due_s = math.inf
        self._read_back_until_s = math.inf
        self._has_cleared_out = False
        self._shown: dict[str, str | None] = {}
        """For each `last_motion` topic the event whose picture the broker was given last."""
        self._obeyed_s: dict[str, deque[float]] = {}
        self._refused: dict[str, str] = {}
        """For each topic on which the broker took our last message for none, why."""
        self._cut: dict[str, float] = {}
        """For each camera of which commands were cut off, when its true values are due."""

    @property
    def complaint(self) -> str | None:
        """What is wrong though there is a connection, in words; None while all is well."""
        if self._around.twin.is_live:
            return f"another machine is live as node {self._topics.node}"
        for topic, why in self._refused.items():
            return f"the broker refuses what we publish: {why} topic={topic}"
        return None

    def begin(self) -> None:
        """Ask for what we want to hear, and start to say everything."""
        now_s = time.monotonic()
        self._around.twin.link_opened(now_s)
        self._read_back_until_s = now_s + READ_BACK_S
        topics = [self._birth_topic, self._topics.status, *self._around.desk.filters]
        self._link.subscribe(topics, list(self._set_topics))
        self._desk.open(mqtt5=self._link.mqtt5, now_s=now_s)
        self._send_what_fits()

    def turn(self) -> None:
        """Wait a moment for something to do, and do it.

        Raises:
            LinkLost: The connection has ended.
        """
        self._turn_link()
        now_s = time.monotonic()
        while self._link.received:
            self._hear(self._link.received.popleft(), now_s)
        self._repeat(now_s)
        self._send_what_fits()

    def end(self, deadline_s: float) -> bool:
        """Say farewell until a monotonic time; return whether the broker has all of it.

        Raises:
            LinkLost: The connection has ended.
        """
        self._desk.queue_farewell()
        self._send_what_fits()
        while self._link.unacked() and time.monotonic() < deadline_s:
            self._turn_link()
            self._send_what_fits()
        return not self._link.unacked()

    def _turn_link(self) -> None:
        try:
            self._link.turn()
        finally:  # what the broker took before the connection broke, it has
            while self._link.settled:
                self._settle(self._link.settled.popleft(), time.monotonic())

    def _repeat(self, now_s: float) -> None:
        self._desk.queue_due(now_s)
        if now_s >= self._heartbeat_due_s:
            self._heartbeat_due_s = now_s + HEARTBEAT_S
            self._desk.queue_online()
        if now_s >= self._announce_due_s:
            self._announce_due_s = math.inf
            self._desk.announce(now_s, is_alone=self._around.twin.is_alone(now_s))
        for camera in [each for each, due_s in self._cut.items() if now_s >= due_s]:
            del self._cut[camera]
            self._desk.queue_settings(camera)
        if now_s >= self._read_back_until_s:
            self._read_back_until_s = math.inf
            self._link.unsubscribe(list(self._desk.filters))
        self._look_for_twin(now_s)

    def _look_for_twin(self, now_s: float) -> None:
        twin = self._around.twin
        if twin.is_gone(now_s):
            log.info("no other machine says any more that it is this node")
            self._announce_due_s = now_s  # its last words were that our cameras are offline
        if not self._has_cleared_out and twin.is_alone(now_s):
            self._has_cleared_out = True
            self._desk.clear_out()

    def _send_what_fits(self) -> None:
        while self._link.has_room():
            message = self._desk.next(time.monotonic())
            if message is None:
                return
            self._send(message)

    def _send(self, message: Outgoing) -> None:
        now_s = time.monotonic()
        if message.kind is Kind.PICTURE and not self._around.pace.is_open(now_s):
            self._desk.count("picture_link_too_slow")
            return
        if message.event is not None:
            message = replace(message, payload=self._event_payload(message))
        if not self._link.accepts(message):
            self._refuse(message)
            return
        self._link.send(message)
        if message.shows is not None and message.topic not in self._refused:
            self._shown[message.topic] = message.shows
        if message.topic == self._topics.status and message.payload == ONLINE:
            self._around.twin.sent()
            self._heartbeat_due_s = now_s + HEARTBEAT_S

    def _event_payload(self, message: Outgoing) -> bytes:
        event = message.event
        assert event is not None
        picture_topic = self._topics.last_motion(event.camera)
        is_shown = self._shown.get(picture_topic) == event.id and not message.late
        return encode(
            event_payload(
                event,
                node=self._topics.node,
                snapshot=picture_topic if is_shown else None,
                published_utc_s=utc_now_s(),
                late=message.late,
            )
        )

    def _refuse(self, message: Outgoing) -> None:
        self._desk.count(f"{message.kind}_over_broker_limit")
        size = len(message.payload)
        self._around.repeated.warning(
            f"size {message.topic}",
            f"not sent, larger than the broker takes topic={message.topic} bytes={size}",
        )
        self._desk.give_up(message)

    def _settle(self, settled: Settled, now_s: float) -> None:
        message = settled.message
        self._refused.pop(message.topic, None)
        if settled.refusal is not None:
            self._refused[message.topic] = settled.refusal
            self._shown.pop(message.topic, None)
            self._desk.count("refused_by_broker")
            self._around.repeated.warning(
                f"refused {message.topic}",
                f"the broker refuses a message topic={message.topic} reason={settled.refusal}",
            )
            self._desk.give_up(message)
        elif message.event is not None:
            self._desk.arrived(message.event)
        if message.kind is Kind.PICTURE:
            size = len(message.payload)
            self._around.pace.arrived(settled.took_s, now_s, size_bytes=size)

    def _hear(self, message: Received, now_s: float) -> None:
        if message.topic == self._topics.status:
            self._hear_status(message, now_s)
        elif message.topic in self._set_topics:
            self._hear_command(message, now_s)
        elif message.topic == self._birth_topic:
            self._hear_birth(message, now_s)
        elif message.retained:
            self._desk.found(message.topic, message.payload)

    def _hear_birth(self, message: Received, now_s: float) -> None:
        """Answer a birth once, however often it is said until then."""
        if message.payload == ONLINE and not message.retained:
            self.birth_s = now_s
            soon_s = now_s + AFTER_BIRTH_S * self._around.random()
            self._announce_due_s = min(self._announce_due_s, soon_s)

    def _hear_status(self, message: Received, now_s: float) -> None:
        if message.retained or message.payload != ONLINE:
            return
        if self._around.twin.heard(now_s):
            log.warning(
                "another machine says it is this node; give one of them another name node=%s",
                self._topics.node,
            )

    def _hear_command(self, message: Received, now_s: float) -> None:
        camera, setting = self._set_topics[message.topic]
        warn = self._around.repeated.warning
        if message.retained:
            self._desk.count("command_retained")
            warn(f"retained {message.topic}", f"retained command ignored topic={message.topic}")
            return
        if not self._is_allowed(message.topic, now_s):
            self._desk.count("command_flood")
            warn("flood", f"commands dropped, over {COMMANDS_PER_S} a second topic={message.topic}")
            self._cut.setdefault(camera, now_s + 1.0)
            return
        if is_reset(setting, message.payload):
            self._around.commands(Reset(camera, setting))
            return
        try:
            value = read_value(setting, message.payload)
        except BadValue as error:
            self._desk.count("command_bad")
            warn(f"bad {message.topic}", f"command refused topic={message.topic}: {error}")
            self._desk.queue_settings(camera)
            return
        self._around.commands(Command(camera, setting, value))

    def _is_allowed(self, topic: str, now_s: float) -> bool:
        obeyed_s = self._obeyed_s.setdefault(topic, deque(maxlen=COMMANDS_PER_S))
        if len(obeyed_s) == COMMANDS_PER_S and now_s - obeyed_s[0] < 1.0:
            return False
        obeyed_s.append(now_s)
        return True


def _set_topics(settings: Settings, topics: Topics) -> dict[str, tuple[str, str]]:
    """Return where commands arrive, and for which camera and setting."""
    if not settings.mqtt.commands:
        return {}
    own = {topics.node_set(setting): (NODE, setting) for setting in NODE_COMMANDS}
    return own | {
        topics.setting_set(camera, setting): (camera, setting)
        for camera in settings.cameras
        for setting in COMMANDS
    }
