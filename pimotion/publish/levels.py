"""Motion now: one level for the camera and one for each zone, said when it changes and again. Pure.

A level is not an event: what counts is what it is now, so it is never queued for later.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from pimotion.publish.outbox import Outgoing
from pimotion.publish.payloads import switch
from pimotion.types import MotionState

ON_EXPIRY_S = 60
ON_AGAIN_S = 20.0
"""A retained ON outlives a power cut of broker and camera together, in which no will is said. So
the broker forgets it after 60 s (MQTT 5), unless it is said again in time."""
OFF_AGAIN_S = 60.0
"""Home Assistant calls a motion sensor unavailable that has said nothing for 180 s."""
AFTER_DISCOVERY_S = 1.0
"""Home Assistant subscribes 0.1 to 0.2 s after discovery and would miss an ON that is not
retained."""


@dataclass(slots=True)
class _Level:
    topic: str
    on: bool = False
    said: bool | None = None
    said_s: float = -math.inf

    def is_due(self, now_s: float) -> bool:
        return now_s - self.said_s >= (ON_AGAIN_S if self.on else OFF_AGAIN_S)


class Levels:
    """All motion sensors of one camera. Not thread-safe.

    Attributes:
        retains_on: ON may be retained, because the broker forgets it in time (MQTT 5).
    """

    def __init__(self, motion_topic: str, zone_topics: Mapping[str, str]) -> None:
        self.retains_on = True
        self._motion = _Level(motion_topic)
        self._zones = {zone: _Level(topic) for zone, topic in zone_topics.items()}

    @property
    def motion(self) -> bool:
        """True while there is motion."""
        return self._motion.on

    def set(self, state: MotionState) -> None:
        """Take in what is true now, without saying it."""
        self._motion.on = state.motion
        for zone, level in self._zones.items():
            level.on = state.zones.get(zone, False)

    def changed(self, now_s: float) -> list[Outgoing]:
        """Say what was said differently before."""
        return [self._say(level, now_s) for level in self._all if level.said is not level.on]

    def due(self, now_s: float) -> list[Outgoing]:
        """Say again what was said too long ago."""
        return [self._say(level, now_s) for level in self._all if level.is_due(now_s)]

    def all(self, now_s: float) -> list[Outgoing]:
        """Say everything, changed or not; an ON that is not retained is due again 1 s later."""
        said = [self._say(level, now_s) for level in self._all]
        for level in self._all:
            if level.on and not self.retains_on:
                level.said_s = now_s - ON_AGAIN_S + AFTER_DISCOVERY_S
        return said

    @property
    def _all(self) -> list[_Level]:
        return [self._motion, *self._zones.values()]

    def _say(self, level: _Level, now_s: float) -> Outgoing:
        level.said, level.said_s = level.on, now_s
        if not level.on:
            return Outgoing(level.topic, switch(False))
        return Outgoing(level.topic, switch(True), retain=self.retains_on, expiry_s=ON_EXPIRY_S)
