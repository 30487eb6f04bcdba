"""What this node has to say: all its cameras and itself, in the order that never lies.

Attributes come before the motion they describe, a picture before the event that names it, and
`online` only after everything that it vouches for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pimotion.clock import as_set_now, utc_now_s
from pimotion.config.settings import Settings
from pimotion.publish.camera_voice import CameraVoice
from pimotion.publish.discovery import discovery
from pimotion.publish.leftovers import Leftovers
from pimotion.publish.machine import Machine
from pimotion.publish.outbox import Kind, Outgoing
from pimotion.publish.payloads import OFFLINE, ONLINE, encode, machine_payload
from pimotion.publish.settings_table import write_value
from pimotion.publish.topics import Topics
from pimotion.types import NODE, CameraHealth, CameraState, Message, MotionEvent, SettingState

STATS_EVERY_S = 60.0


class Announcer:
    """Knows what is true now and puts it into messages. Not thread-safe: `Desk` locks it.

    Args:
        settings: The configuration.
        version: Of pimotion.
        now_s: Monotonic time.
        departed, marks: See `Leftovers`.

    Attributes:
        leftovers: What earlier configurations left on the broker.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        version: str,
        now_s: float,
        departed: Mapping[str, Any] | None = None,
        marks: Mapping[str, str] | None = None,
    ) -> None:
        self._topics = Topics(settings.mqtt.prefix, settings.node)
        self._version = version
        self._machine = Machine()
        self._began_s = now_s
        self._began_utc_s: float | None = None
        self._stats_due_s = now_s
        announced = discovery(settings, version=version) if settings.mqtt.discovery else {}
        self._discovery = [Outgoing(topic, encode(said)) for topic, said in announced.items()]
        self.leftovers = Leftovers(settings, announced, departed or {}, marks or {})
        self._settings: dict[str, SettingState] = {}
        self._voices = {
            camera_id: CameraVoice(
                camera_id,
                camera,
                self._topics,
                CameraHealth(camera_id, CameraState.STARTING, None, utc_now_s(), now_s),
            )
            for camera_id, camera in settings.cameras.items()
        }

    @property
    def too_large(self) -> int:
        """How many stills were over ``snapshot.max_bytes``."""
        return sum(voice.too_large for voice in self._voices.values())

    def retain_on(self, allowed: bool) -> None:
        """Say whether the broker can forget a retained ON by itself (MQTT 5)."""
        for voice in self._voices.values():
            voice.levels.retains_on = allowed

    def take(self, message: Message, now_s: float) -> list[Outgoing]:
        """Take in a message; return what leaves because of it."""
        if isinstance(message, SettingState) and message.camera == NODE:
            self._settings[message.setting] = message
            return self.settings(NODE)
        voice = self._voices.get(message.camera)
        return [] if voice is None else voice.take(message, now_s)

    def take_late(self, event: MotionEvent) -> list[Outgoing]:
        """Take in the stop of an event that ended before this program began."""
        voice = self._voices.get(event.camera)
        return [] if voice is None else voice.take_late(event)

    def due(self, now_s: float) -> list[Outgoing]:
        """Return what has to be said again, or has waited long enough."""
        out = [message for voice in self._voices.values() for message in voice.due(now_s)]
        if now_s >= self._stats_due_s:
            out += self._after_a_step(now_s)
            out.append(self._stats(now_s))
        return out

    def everything(self, now_s: float) -> list[Outgoing]:
        """Return all that is true, in the order in which a listener can believe each of it."""
        voices = self._voices.values()
        parts = [
            self._discovery,
            *(voice.health(now_s) for voice in voices),
            *(voice.attributes() for voice in voices),
            *(voice.motion(now_s) for voice in voices),
            *(self.settings(camera) for camera in (*self._voices, NODE)),
            [self.online(), self._stats(now_s)],
            *(voice.newest_still(now_s) for voice in voices),
        ]
        return [message for part in parts for message in part]

    def catch_up(self, lost: Sequence[Outgoing], now_s: float) -> list[Outgoing]:
        """Return what listeners for events need to know after a reconnection.

        Args:
            lost: Events that were on their way when the link broke, oldest first.
            now_s: Monotonic time.
        """
        out: list[Outgoing] = []
        for camera, voice in self._voices.items():
            own = [each for each in lost if each.event is not None and each.event.camera == camera]
            out += voice.catch_up(own, now_s)
        return out

    def history(self, events: Sequence[MotionEvent]) -> list[Outgoing]:
        """Tell of events that are over; those of cameras that are no more are nobody's."""
        return [
            Outgoing(
                self._topics.history(event.camera),
                b"",
                Kind.EVENT,
                retain=False,
                event=event,
                late=True,
            )
            for event in events
            if event.camera in self._voices
        ]

    def arrived(self, event: MotionEvent) -> None:
        """Note that the broker has a message of an event."""
        voice = self._voices.get(event.camera)
        if voice is not None:
            voice.arrived(event)

    def settings(self, camera: str) -> list[Outgoing]:
        """Say the true values of the settings of a camera, or of the node."""
        if camera == NODE:
            return [
                Outgoing(self._topics.node_state(setting), payload)
                for setting, state in self._settings.items()
                if (payload := write_value(setting, state.value)) is not None
            ]
        voice = self._voices.get(camera)
        return [] if voice is None else voice.settings()

    def online(self) -> Outgoing:
        """Say that this node is there."""
        return Outgoing(self._topics.status, ONLINE)

    def farewell(self, now_s: float, *, is_cut_short: bool) -> list[Outgoing]:
        """Say that nobody watches the cameras any more, the node last.

        Args:
            now_s: Monotonic time.
            is_cut_short: An announcement was not over, and what the broker keeps must not lie.
        """
        out: list[Outgoing] = []
        for voice in self._voices.values():
            out += [*voice.attributes(), *voice.motion(now_s)] if is_cut_short else []
            out += voice.farewell()
        return [*out, Outgoing(self._topics.status, OFFLINE)]

    def _stats(self, now_s: float) -> Outgoing:
        self._stats_due_s = now_s + STATS_EVERY_S
        self._began_utc_s = self._began_as_set_now(now_s)
        payload = machine_payload(
            self._machine.look(), started_utc_s=self._began_utc_s, version=self._version
        )
        return Outgoing(self._topics.stats, encode(payload), Kind.SAMPLE, qos=0)

    def _began_as_set_now(self, now_s: float) -> float | None:
        age_s = now_s - self._began_s
        return as_set_now(self._began_utc_s, age_s=age_s, now_utc_s=utc_now_s())

    def _after_a_step(self, now_s: float) -> list[Outgoing]:
        """Say since when each camera is as it is once more, if the clock was set meanwhile."""
        if self._began_as_set_now(now_s) == self._began_utc_s:
            return []
        return [message for voice in self._voices.values() for message in voice.health(now_s)]
