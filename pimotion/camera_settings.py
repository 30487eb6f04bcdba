"""What can be changed of a running camera: its true values, and how they are put to work."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from pimotion.config.camera import Camera
from pimotion.detect.detector import Detector
from pimotion.events.machine import EventMachine
from pimotion.inhibit import Inhibit
from pimotion.settable import PERCENT, percent_of, ratio_of
from pimotion.types import Command, SettingState, Switches

log = logging.getLogger(__name__)

Value = bool | int | float


class CameraSettings:
    """Obeys commands, between two frames. Not thread-safe: the detect thread owns it.

    Attributes:
        inhibit: What a command asked to ignore.
        unasked: Privacy is on because nobody knows what was set.
    """

    def __init__(
        self,
        camera_id: str,
        camera: Camera,
        switches: Switches,
        *,
        detector: Detector,
        machine: EventMachine,
    ) -> None:
        self.inhibit = Inhibit()
        self.unasked = switches.unasked
        self._id = camera_id
        self._detector = detector
        self._max_area_percent = camera.detect.max_area_ratio * PERCENT
        self._values: dict[str, Value] = {
            "detection": switches.detection,
            "privacy": switches.privacy,
            "sensitivity": camera.detect.sensitivity,
            "min_area_percent": percent_of(camera.detect.min_area_ratio),
            "event_gap_s": camera.events.event_gap_s,
        }
        self._actions: Mapping[str, Callable[[Value], None]] = {
            "detection": self._detect,
            "privacy": self._keep_closed,
            "sensitivity": lambda value: detector.set_sensitivity(int(value)),
            "min_area_percent": lambda value: detector.set_min_area(ratio_of(value)),
            "event_gap_s": machine.set_event_gap,
            "recalibrate": lambda _: detector.recalibrate(),
            "inhibit": self.inhibit.begin,
        }

    @property
    def detecting(self) -> bool:
        """Whether motion is looked for."""
        return bool(self._values["detection"])

    @property
    def privacy(self) -> bool:
        """Whether the camera is closed."""
        return bool(self._values["privacy"])

    def states(self) -> list[SettingState]:
        """Return the true values of all settings."""
        return [SettingState(self._id, name, value) for name, value in self._values.items()]

    def obey(self, command: Command) -> SettingState | None:
        """Do what a command asks for; return the true value of its setting, if it has one."""
        name, value = command.setting, command.value
        if name == "min_area_percent" and value >= self._max_area_percent:
            text = "smallest motion must be less than max_area_ratio camera=%s percent=%g max=%g"
            log.warning(text, self._id, value, self._max_area_percent)
            return SettingState(self._id, name, self._values[name])
        if name == "snapshot" and self.privacy:
            log.info("no still is taken while privacy is on camera=%s", self._id)
            return None
        if name in self._actions:
            self._actions[name](value)
        log.info("command obeyed camera=%s %s=%s", self._id, name, value)
        if name not in self._values:
            return None
        self._values[name] = value
        return SettingState(self._id, name, value)

    def _detect(self, on: Value) -> None:
        if on and not self.detecting:
            self._detector.recalibrate()

    def _keep_closed(self, closed: Value) -> None:
        self.unasked = self.unasked and bool(closed)
