"""Keeps the newest news of each camera, for the page, `/healthz` and `/metrics`."""

from __future__ import annotations

import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pimotion.clock import iso
from pimotion.stream.live import LiveCamera, since_utc_s
from pimotion.stream.query import OVERLAYS, usual_overlays
from pimotion.stream.tuning import Tuning, Value
from pimotion.types import (
    CameraStats,
    EventType,
    Frame,
    LinkStatus,
    Message,
    MotionEvent,
    MotionState,
    SettingState,
)


class Board:
    """What is true now, as JSON. Thread-safe; a `Sink`.

    Attributes:
        cameras: In the order of the configuration.
        link: Gives the connection to the broker; None where there is none.
        about: Name of this machine, version of pimotion.
    """

    def __init__(
        self,
        cameras: Sequence[LiveCamera],
        *,
        link: Callable[[], LinkStatus | None],
        node: str,
        version: str,
        public_url: str | None,
    ) -> None:
        self.cameras = cameras
        self.link = link
        self.about = {"node": node, "version": version}
        self._public_url = public_url
        self._run = secrets.token_hex(4)
        self._lock = threading.Lock()
        self._motion: dict[str, MotionState] = {}
        self._events: dict[str, MotionEvent] = {}
        self._started: Counter[str] = Counter()
        self._stats: dict[str, CameraStats] = {}
        self._settings: dict[str, dict[str, Value]] = {}

    def put(self, message: Message) -> None:
        """Keep a message if it is to be shown."""
        with self._lock:
            match message:
                case MotionState():
                    self._motion[message.camera] = message
                case MotionEvent():
                    self._events[message.camera] = message
                    self._started[message.camera] += message.type is EventType.START
                case CameraStats():
                    self._stats[message.camera] = message
                case SettingState():
                    self._settings.setdefault(message.camera, {})[message.setting] = message.value
                case _:
                    pass

    def is_well(self) -> bool:
        """Tell whether every camera is live, or closed on purpose, and the broker connected."""
        link = self.link()
        cameras_well = not any(camera.health().degraded for camera in self.cameras)
        return cameras_well and link is not None and link.connected

    def health(self, *, details: bool) -> dict[str, Any]:
        """Return the body of `/healthz`."""
        status = {"status": "ok" if self.is_well() else "degraded"}
        if not details:
            return status
        cameras = {camera.id: _vital_signs(camera) for camera in self.cameras}
        return {**status, **self.about, "mqtt": self._mqtt(), "cameras": cameras}

    def state(self, viewers: Mapping[str, int]) -> dict[str, Any]:
        """Return what the page shows, but for the events.

        ``run`` is another text after each start of the daemon.
        """
        return {
            **self.about,
            "run": self._run,
            "public_url": self._public_url,
            "mqtt": self._mqtt(),
            "cameras": [self._camera(each, viewers[each.id]) for each in self.cameras],
        }

    def tuning(self, camera: str) -> Tuning:
        """Return what can be changed of a camera, which must be one of ours."""
        return next(each.tuning for each in self.cameras if each.id == camera)

    def motion(self, camera: str) -> MotionState | None:
        """Return whether there is motion; None while nothing has been said of it."""
        with self._lock:
            return self._motion.get(camera)

    def events_started(self, camera: str) -> int:
        """Return how many events of a camera have started."""
        with self._lock:
            return self._started[camera]

    def stats(self, camera: str) -> CameraStats | None:
        """Return the figures that a camera told last; it does so once a minute."""
        with self._lock:
            return self._stats.get(camera)

    def _mqtt(self) -> dict[str, Any] | None:
        link = self.link()
        if link is None:
            return None
        return {
            "host": link.host,
            "port": link.port,
            "connected": link.connected,
            "reason": link.reason,
            "birth_age_s": _age_s(link.birth_s),
        }

    def _camera(self, camera: LiveCamera, viewers: int) -> dict[str, Any]:
        with self._lock:
            motion = self._motion.get(camera.id)
            event = self._events.get(camera.id)
            values = dict(self._settings.get(camera.id, {}))
        detection = values.get("detection")
        suppressed = camera.suppressed()
        zones = {zone: bool(motion and motion.zones.get(zone)) for zone in camera.zones}
        return {
            "id": camera.id,
            "name": camera.name,
            **_vital_signs(camera),
            "since": iso(since_utc_s(camera.health())),
            "motion": bool(motion and motion.motion),
            "zones": zones,
            "event": None if event is None else {"id": event.id, "event_type": event.type.value},
            "detection": detection,
            "learning": None if detection is False else _is_learning(camera),
            "settings": camera.tuning.states(values),
            "yaml": camera.tuning.as_yaml(camera.id, values),
            "suppressed": suppressed.since_start,
            "suppressed_last_minute": suppressed.last_minute,
            "overlay": [name for name in OVERLAYS if name in usual_overlays(camera.settings)],
            "viewers": viewers,
        }


def _is_learning(camera: LiveCamera) -> bool | None:
    """Tell whether the scene is still being learnt; None while nothing is looked at."""
    found = camera.detections.peek()
    return found.is_learning if found and camera.health().online else None


def _vital_signs(camera: LiveCamera) -> dict[str, Any]:
    health = camera.health()
    newest = camera.frames.peek()
    fps = camera.fps()
    age_s = _age_s(newest.monotonic_s if isinstance(newest, Frame) else None)
    return {
        "status": "online" if health.online else "offline",
        "state": health.state.value,
        "reason": health.reason,
        "fps": None if fps is None else round(fps, 1),
        "age_s": age_s,
    }


def _age_s(since_s: float | None) -> float | None:
    """Return how long ago a monotonic time was, seconds; None for never."""
    return None if since_s is None else round(max(0.0, time.monotonic() - since_s), 2)
