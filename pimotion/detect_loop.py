"""The detect thread of one camera: newest frame -> detection -> events -> every sink.

It owns the background, the event machine and the camera's vitals: it is the one that notices that
frames stopped coming, because it waits for them with a deadline.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence

from pimotion.camera_settings import CameraSettings
from pimotion.command_queue import CommandQueue
from pimotion.config.camera import Camera, camera_name
from pimotion.detect.detector import Detector
from pimotion.errors import PictureError
from pimotion.events.ids import new_event_id
from pimotion.events.machine import EventMachine
from pimotion.events.snapshot import SnapshotMaker
from pimotion.health import Beat
from pimotion.latest import Latest
from pimotion.log import Repeated
from pimotion.pace import Pacer
from pimotion.privacy import privacy_still, reason_of
from pimotion.stats import StatsKeeper
from pimotion.types import (
    CameraHealth,
    CameraState,
    Command,
    Detection,
    EventType,
    Frame,
    Message,
    MotionEvent,
    MotionState,
    NoFrames,
    SettingState,
    Sink,
    StopReason,
    Switches,
)
from pimotion.vitals import Vitals

log = logging.getLogger(__name__)

_TURN_S = 0.25
"""Longest wait for a frame before commands and deadlines are looked at."""
_HANGS_S = 10.0


class DetectLoop:
    """Decides what moves. `run` is the body of the thread ``detect-<camera>``."""

    def __init__(
        self,
        camera_id: str,
        camera: Camera,
        frames: Latest[Frame | NoFrames],
        *,
        sinks: Sequence[Sink],
        stats: StatsKeeper,
        is_live: bool,
        switches: Switches,
        model_wanted: Callable[[], bool],
    ) -> None:
        self.detections: Latest[Detection] = Latest()
        self.beat = Beat(_HANGS_S)
        self._id = camera_id
        self._frames = frames
        self._sinks = sinks
        self._stats = stats
        self._camera = camera
        self._model_wanted = model_wanted
        self._pacer = Pacer(camera.detect.fps)
        self._detector = Detector(camera.detect, zones=camera.zones)
        self._machine = EventMachine(
            camera_id, camera.events, zones=camera.zones, new_id=new_event_id
        )
        self._snapshots = SnapshotMaker(
            camera.snapshot, camera=camera_id, name=camera_name(camera_id, camera)
        )
        self._snapshot_pacer = _pacer_of(camera.snapshot.interval_s)
        self._settings = CameraSettings(
            camera_id, camera, switches, detector=self._detector, machine=self._machine
        )
        self._vitals = Vitals(camera_id, camera, is_live=is_live, put=self._put)
        self._commands = CommandQueue()
        self._stopping = threading.Event()
        self._repeated = Repeated(log)
        self._session = 0
        self._is_readable = True
        self._still_asked = False

    @property
    def health(self) -> CameraHealth:
        """The camera's newest health; may be read from any thread."""
        return self._vitals.now

    @property
    def settings_at_start(self) -> list[SettingState]:
        """The true values of all settings; only before `run`, whose thread owns them then."""
        return self._settings.states()

    def command(self, command: Command) -> bool:
        """Queue a command from any thread; False when the thread has ended and nobody obeys."""
        return self._commands.put(command)

    def stop(self) -> None:
        """Ask the thread to end the running event and to end."""
        self._stopping.set()
        self._frames.wake()

    def run(self) -> None:
        """Detect until `stop`; then end the running event."""
        self._vitals.begin()
        self._put(self._vitals.now)
        self._put(self._machine.state)
        for state in self._settings.states():
            self._put(state)
        self._follow_privacy()
        seen = 0
        while not self._stopping.is_set():
            taken = self._frames.wait(seen, _TURN_S)
            self._obey()  # what was asked before a frame came holds for it
            if taken is not None:
                seen = taken.number
                self._stats.missed(taken.missed)
                self._take(taken.value)
            self._check_stale()
            self.beat.renew()
            self._stats.report_if_due(self._put)
        self._commands.close()
        self._obey()  # whoever asked was told that it will be done
        self._end_event(StopReason.SHUTDOWN)
        counts = (self._id, self._stats.arrived, self._stats.analysed)
        log.info("camera closed camera=%s frames=%d analysed=%d", *counts)

    def _take(self, value: Frame | NoFrames) -> None:
        if self._settings.privacy:
            return
        if isinstance(value, NoFrames):
            self._lose(value.state, value.reason)
        else:
            self._frame(value)

    def _frame(self, frame: Frame) -> None:
        self._stats.frame(time.monotonic())
        if frame.session != self._session:
            self._session = frame.session
            self._pacer.restart()
        try:
            self._is_readable = self._look_at(frame) or self._is_readable
        except PictureError as error:
            self._is_readable = False
            self._stats.broken()
            self._repeated.warning("broken", f"picture skipped camera={self._id} error={error}")
        self._vitals.frame_came(is_readable=self._is_readable)

    def _look_at(self, frame: Frame) -> bool:
        """Do what this frame is due for; return whether it was decoded for anything."""
        self._settings.inhibit.step_to(frame.monotonic_s)
        is_checked = self._vitals.look_due(frame)
        if is_checked:
            self._check(frame)
        if self._vitals.now.state is CameraState.FROZEN:
            return is_checked
        is_new = not self._vitals.now.online
        is_still = self._is_still_due(frame)
        is_analysed = self._settings.detecting and self._pacer.is_due(frame.monotonic_s)
        if is_new:
            self._greet(frame)
        elif is_still:
            self._put_if(self._snapshots.plain(frame))
        if is_analysed:
            self._detect(frame)
        return is_checked or is_new or is_still or is_analysed

    def _is_still_due(self, frame: Frame) -> bool:
        is_asked, self._still_asked = self._still_asked, False
        pacer = self._snapshot_pacer
        return bool(pacer and pacer.is_due(frame.monotonic_s)) or is_asked

    def _check(self, frame: Frame) -> None:
        """See how the camera is by its picture."""
        was = self._vitals.now.state
        state, reason = self._vitals.look(frame)
        if state is CameraState.FROZEN:
            self._lose(state, reason)
        elif was is CameraState.FROZEN:
            self._greet(frame)
        elif self._vitals.now.online:
            self._vitals.set(state, reason)

    def _greet(self, frame: Frame) -> None:
        """Say that the camera is live, once a picture of it could really be decoded.

        What has changed while nobody could see it is no motion: the scene is learnt anew.
        """
        still = self._snapshots.plain(frame)
        self._detector.recalibrate()
        self._vitals.forget_pictures()
        self._vitals.set(CameraState.OK, None)
        self._put_if(still)

    def _detect(self, frame: Frame) -> None:
        began_s = time.thread_time()
        self._detector.show_model(self._model_wanted())
        detection = self._settings.inhibit.apply(self._detector.detect(frame))
        self._stats.detected(time.thread_time() - began_s, detection)
        self.detections.put(detection)
        messages = self._machine.update(detection)
        self._put_if(self._still_for(detection, messages))
        for message in messages:
            self._say(message)
        if messages:
            self._stats.latency(time.monotonic() - frame.monotonic_s)

    def _still_for(self, detection: Detection, messages: Sequence[Message]) -> Message | None:
        """Return the picture that must be on its way before the messages that name it."""
        event_id = self._machine.event_id
        if event_id is None:
            return None
        for message in messages:
            if isinstance(message, MotionEvent) and message.type is EventType.START:
                self._stats.event(message.started_utc_s)
                return self._snapshots.start(detection, event_id)
        return self._snapshots.better(detection, event_id)

    def _check_stale(self) -> None:
        reason = self._vitals.why_stale()
        if reason is not None:
            self._lose(CameraState.STALE, reason)

    def _lose(self, state: CameraState, reason: str | None) -> None:
        self._end_event(StopReason.SOURCE_LOST)
        self._vitals.set(state, reason)

    def _end_event(self, reason: StopReason) -> None:
        for message in self._machine.end(reason):
            self._say(message)

    def _say(self, message: MotionEvent | MotionState) -> None:
        if isinstance(message, MotionEvent) and message.type is not EventType.UPDATE:
            _log_event(message)
        self._put(message)

    def _obey(self) -> None:
        for command in self._commands.take():
            was_closed = self._settings.privacy
            match (command.setting, bool(command.value)):
                case ("detection", False):
                    self._end_event(StopReason.DETECTION_OFF)
                case ("privacy", True):
                    self._end_event(StopReason.PRIVACY)
                case ("snapshot", _):
                    self._still_asked = not self._settings.privacy
            self._put_if(self._settings.obey(command))
            if self._settings.privacy != was_closed:
                self._follow_privacy()

    def _follow_privacy(self) -> None:
        """Say that the camera is closed, with a card for its newest still; or wait for frames."""
        if not self._settings.privacy:
            self._vitals.begin()
            return
        unasked = self._settings.unasked
        reason = reason_of(Switches(privacy=True, unasked=unasked))
        self._vitals.set(CameraState.PRIVACY, reason, attention=unasked)
        self._put(privacy_still(self._id, self._camera, reason))

    def _put_if(self, message: Message | None) -> None:
        if message is not None:
            self._put(message)

    def _put(self, message: Message) -> None:
        for sink in self._sinks:
            sink.put(message)


def _log_event(event: MotionEvent) -> None:
    where = f"camera={event.camera} event={event.id}"
    if event.type is EventType.START:
        zones = ",".join(event.zones) or "-"
        log.info("motion started %s boxes=%d zones=%s", where, len(event.boxes), zones)
    else:
        log.info("motion ended %s duration_s=%.1f reason=%s", where, event.duration_s, event.reason)


def _pacer_of(interval_s: float | None) -> Pacer | None:
    return None if interval_s is None else Pacer(1.0 / interval_s)
