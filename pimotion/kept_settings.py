"""Settings that were changed at run time, kept until the configuration's own value changes."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Mapping
from typing import Any

from pimotion.config.camera import Camera, Detect, Events
from pimotion.config.values import Section
from pimotion.settable import PERCENT, percent_of, ratio_of
from pimotion.state import State
from pimotion.types import NODE, Command, Message, Reset, SettingState, Switches

log = logging.getLogger(__name__)

_UNASKED = "unasked"


class KeptSettings:
    """Settings changed at run time; each holds until the configuration's own value changes.

    A camera's thread only notes them, but for privacy, which is written at once; `save` writes, on
    the main thread, which may wait for a disk.

    Whoever wanted privacy must not lose it with a broken file: if what was kept cannot be read,
    every camera starts closed, and stays so over restarts until somebody opens it.

    Args:
        state: Where they are kept, beside the value that the configuration had then.
        cameras: The configuration.
        log_level: As the command line has it, a level of `logging`.
    """

    def __init__(
        self, state: State, cameras: Mapping[str, Camera], *, log_level: int = logging.INFO
    ) -> None:
        self._state = state
        self._cameras = cameras
        self._log_level = log_level
        self._noted: queue.SimpleQueue[SettingState] = queue.SimpleQueue()
        self._saving = threading.Lock()
        if state.was_unreadable:
            self._close_all()

    def camera(self, camera_id: str) -> Camera:
        """Return a camera's configuration with the kept values in their places."""
        camera = self._cameras[camera_id]
        detect: Detect = self._changed(
            camera_id, camera.detect, "sensitivity", self._value(camera_id, "sensitivity")
        )
        detect = self._changed(
            camera_id, detect, "min_area_ratio", self._min_area_ratio(camera_id, camera)
        )
        events: Events = self._changed(
            camera_id, camera.events, "event_gap_s", self._value(camera_id, "event_gap_s")
        )
        return camera.model_copy(update={"detect": detect, "events": events})

    def switches(self, camera_id: str) -> Switches:
        """Return how a camera starts."""
        detection = self._value(camera_id, "detection") is not False
        kept = self._state.get(_key(camera_id, "privacy"))
        if kept is None:
            return Switches(detection=detection)
        is_plain = isinstance(kept, dict) and isinstance(kept.get("value"), bool)
        return Switches(
            detection=detection,
            privacy=not is_plain or kept["value"],
            unasked=not is_plain or kept.get(_UNASKED) is True,
        )

    def command_for(self, reset: Reset) -> Command:
        """Return what gives a setting the configuration's value again."""
        value = self._configured(reset.camera, reset.setting)
        return Command(reset.camera, reset.setting, value)

    def configured(self, camera_id: str) -> Mapping[str, bool | int | float]:
        """Return what the configuration says of each of a camera's settings."""
        camera = self._cameras[camera_id]
        return {
            "detection": True,
            "privacy": False,
            "sensitivity": camera.detect.sensitivity,
            "min_area_percent": percent_of(camera.detect.min_area_ratio),
            "event_gap_s": camera.events.event_gap_s,
        }

    def log_level(self) -> int:
        """Return the level to log at."""
        value = self._value(NODE, "log_level")
        is_level = isinstance(value, int) and logging.getLevelName(value) in _LEVEL_NAMES
        return value if is_level else self._log_level

    def put(self, message: Message) -> None:
        """Note a setting; other messages are none of its business."""
        if isinstance(message, SettingState):
            self.note(message)
            if message.setting == "privacy":
                self.save()  # before anyone hears of it: a power cut must not open the camera

    def note(self, state: SettingState) -> None:
        """Take a setting down without a wait for a disk; `save` follows soon."""
        self._noted.put(state)

    def save(self) -> None:
        """Write what was noted, and forget what is as configured."""
        with self._saving:
            while not self._noted.empty():
                self._keep(self._noted.get())

    def _keep(self, noted: SettingState) -> None:
        key = _key(noted.camera, noted.setting)
        configured = self._configured(noted.camera, noted.setting)
        if noted.value == configured:
            self._state.set(key, None)
        elif noted.value != self._value(noted.camera, noted.setting):
            self._state.set(key, {"value": noted.value, "configured": configured})

    def _close_all(self) -> None:
        log.error("what was set at run time cannot be read, so every camera starts in privacy")
        for camera_id in self._cameras:
            closed = {"value": True, "configured": False, _UNASKED: True}
            self._state.set(_key(camera_id, "privacy"), closed)
        self._state.was_unreadable = False  # who opens a camera now need not do so again

    def _value(self, camera_id: str, setting: str) -> Any:
        kept = self._state.get(_key(camera_id, setting))
        configured = self._configured(camera_id, setting)
        if not isinstance(kept, dict):
            return configured
        if kept.get("configured") == configured:
            return kept.get("value")
        if kept.get("value") == configured:
            return configured  # as if it had never been set
        log.info(
            "the configuration was changed and wins over what was set at run time "
            "camera=%s setting=%s configured=%s set=%s",
            *(camera_id, setting, configured, kept.get("value")),
        )
        return configured

    def _min_area_ratio(self, camera_id: str, camera: Camera) -> Any:
        """Return the ratio itself where nothing was set, for percent may round it."""
        percent = self._value(camera_id, "min_area_percent")
        if percent == percent_of(camera.detect.min_area_ratio):
            return camera.detect.min_area_ratio
        is_number = isinstance(percent, int | float) and not isinstance(percent, bool)
        if is_number and percent < camera.detect.max_area_ratio * PERCENT:
            return ratio_of(percent)
        return f"{percent} %"  # no number: refused, and the log says what it was

    def _changed(self, camera_id: str, section: Any, name: str, value: Any) -> Any:
        """Return a section with one other value, if that is valid."""
        checked: Section = section
        try:
            return type(checked).model_validate({**dict(checked), name: value})
        except ValueError:  # somebody has edited the file, or other settings have changed
            text = "what was set at run time is not valid camera=%s setting=%s value=%s"
            log.warning(text, camera_id, name, value)
            return section

    def _configured(self, camera_id: str, setting: str) -> Any:
        return self._log_level if camera_id == NODE else self.configured(camera_id)[setting]


_LEVEL_NAMES = frozenset({"DEBUG", "INFO", "WARNING", "ERROR"})


def _key(camera_id: str, setting: str) -> str:
    return f"cameras.{camera_id}.{setting}" if camera_id else f"node.{setting}"
