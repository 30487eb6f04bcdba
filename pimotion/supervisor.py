"""Looks after the whole: ends the process when a thread hangs, and keeps systemd informed.

The watchdog of systemd is fed only while every thread does useful work. If the main thread hangs
itself, nobody feeds it, and systemd ends the process with the stacks of all threads in its log.
"""

from __future__ import annotations

import logging
import math
import os
import time
from collections.abc import Callable, Mapping

from pimotion.clock import StepWatch
from pimotion.health import Threads, notify_systemd
from pimotion.log import Repeated
from pimotion.pipeline import CameraPipeline
from pimotion.types import CameraState, LinkStatus

log = logging.getLogger(__name__)

_OTHERS_WORK_S = 60.0
"""So long one camera's hanging driver is put up with while another camera works."""
_REOPEN_S, _LONGEST_REOPEN_S = 30.0, 600.0
"""A frozen camera is opened anew after this; each time that does not help, twice as late. It is
not ended with exit 70: whoever froze may be a camera far away, and others may work."""


_STANDS_STILL_S = 5.0
"""A main thread that comes so late was stopped with all the others (SIGSTOP, a paused machine).
They get as long to go on, before one of them counts as hanging."""


class Supervisor:
    """Call `look` about once a second. Owned by the main thread."""

    def __init__(
        self,
        threads: Threads,
        cameras: Mapping[str, CameraPipeline],
        link: Callable[[], LinkStatus],
    ) -> None:
        self._threads = threads
        self._cameras = cameras
        self._link = link
        self._repeated = Repeated(log)
        self._has_watchdog = "WATCHDOG_USEC" in os.environ
        self._said = ""
        self._clock = StepWatch()
        self._reopens: dict[str, int] = {}
        self._looked_s = math.inf  # how long a start takes says nothing
        self._calm_until_s = 0.0

    def look(self) -> None:
        """Give up a thread that hangs; tell systemd that all is well if it is."""
        for name, overdue_s in self._hanging().items():
            if self._is_bearable(name, overdue_s):
                self._repeated.warning(name, f"thread hangs, other cameras go on name={name}")
            else:
                self._threads.give_up(name)
                return
        self._reopen_frozen()
        self._note_clock()
        self._tell_systemd()

    def _hanging(self) -> Mapping[str, float]:
        """Return the threads that hang; for a moment none, when the whole process stood still."""
        now_s = time.monotonic()
        stood_s, self._looked_s = now_s - self._looked_s, now_s
        if stood_s > _STANDS_STILL_S:
            log.warning("the whole process stood still seconds=%.0f", stood_s)
            self._calm_until_s = now_s + _STANDS_STILL_S
        return {} if now_s < self._calm_until_s else self._threads.stuck()

    def _reopen_frozen(self) -> None:
        for camera_id, camera in self._cameras.items():
            if camera.health.state is not CameraState.FROZEN:
                self._reopens.pop(camera_id, None)
                continue
            frozen_s = time.monotonic() - camera.health.since_monotonic_s
            done = self._reopens.get(camera_id, 0)
            # After 30, 90, 210 ... s: each pause is twice the one before, up to ten minutes.
            due_s = sum(min(_REOPEN_S * 2**n, _LONGEST_REOPEN_S) for n in range(done + 1))
            if frozen_s > due_s:
                self._reopens[camera_id] = done + 1
                log.info("a frozen camera is opened anew camera=%s", camera_id)
                camera.reopen()

    def _note_clock(self) -> None:
        step_s = self._clock.step_s()
        if step_s is not None:
            log.warning("the clock was set; only times that are shown change step_s=%+.1f", step_s)

    def _is_bearable(self, name: str, overdue_s: float) -> bool:
        """Tell whether it is a camera that hangs, not for long, while another works."""
        captures = {camera.capture_thread for camera in self._cameras.values()}
        works = any(camera.health.online for camera in self._cameras.values())
        return name in captures and works and overdue_s < _OTHERS_WORK_S

    def _tell_systemd(self) -> None:
        if self._has_watchdog:
            notify_systemd("WATCHDOG=1")
        live = sum(camera.health.online for camera in self._cameras.values())
        link = self._link()
        broker = "broker connected" if link.connected else f"no broker: {link.reason}"
        status = f"STATUS={live} of {len(self._cameras)} cameras live, {broker}"
        if status != self._said:
            self._said = status
            notify_systemd(status)
