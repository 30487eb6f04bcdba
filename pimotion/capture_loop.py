"""The capture thread of one camera: opens its source, hands frames on, opens it again when lost."""

from __future__ import annotations

import logging
import math
import threading
import time

from pimotion.capture.source import Captured, Source, patience_s
from pimotion.clock import utc_now_s
from pimotion.config.camera import Camera
from pimotion.errors import SourceLost
from pimotion.health import Beat
from pimotion.pace import Pacer
from pimotion.privacy import Shutter
from pimotion.types import CameraState, Frame, NoFrames

log = logging.getLogger(__name__)

_FIRST_RETRY_S = 1.0
_LONGEST_RETRY_S = 30.0
_FORBIDDEN_RETRY_S = 8.0
"""A wrong password does not become right by itself soon."""
_NEAR = ("v4l2:", "auto", "imagezmq:")
_LONGEST_NEAR_RETRY_S = 3.0
"""Of what is plugged in, or comes to us: looking for it bothers nobody, and 5 s after its return it
is live."""
_GOOD_SESSION_S = 10.0
"""A source that gave frames until so long after its opening has earned a quick retry."""
_SHUTTER_S = 0.25
"""How soon a closed camera notices that it may open again."""
_HANGS = 3.0
"""Every call of a source waits for a picture once, or for two streams' twice; one that takes three
times as long will not return."""


class CaptureLoop:
    """Owns one source. `run` is the body of the thread ``capture-<camera>``.

    Attributes:
        beat: Renewed by each call of the source that returns, with a frame or without.
    """

    def __init__(self, camera_id: str, camera: Camera, source: Source, shutter: Shutter) -> None:
        self._id = camera_id
        self._source = source
        self._view = camera.view
        is_near = camera.source.startswith(_NEAR)
        self._longest_retry_s = _LONGEST_NEAR_RETRY_S if is_near else _LONGEST_RETRY_S
        self._pacer = Pacer(camera.fps)
        self._shutter = shutter
        self._stopping, self._reopening = threading.Event(), threading.Event()
        self._session = 0
        self._is_opened_said = False
        self._fed_s = -math.inf  # when the last picture came
        self.beat = Beat(_HANGS * patience_s(camera.fps))

    def stop(self) -> None:
        """Ask the thread to end; it does when its source's current call returns."""
        self._stopping.set()
        self._source.interrupt()

    def reopen(self) -> None:
        """Ask the thread to close its source and to open it again."""
        self._reopening.set()

    def run(self) -> None:
        """Give frames until `stop`."""
        retry_s = _FIRST_RETRY_S
        while not self._stopping.is_set():
            if self._shutter.is_closed:
                self._wait_while_closed()
                continue
            began_s = time.monotonic()
            lost = self._run_session()
            if lost is None:
                continue
            self._say_lost(lost)
            if lost.ended:
                self.beat.rest(math.inf)
                self._stopping.wait()
                return
            if self._fed_s - began_s > _GOOD_SESSION_S:
                retry_s = _FIRST_RETRY_S
            if lost.forbidden:
                retry_s = max(retry_s, _FORBIDDEN_RETRY_S)
            self.beat.rest(retry_s)
            self._stopping.wait(retry_s)
            retry_s = min(retry_s * 2, self._longest_retry_s)

    def _run_session(self) -> SourceLost | None:
        """Give frames from one opening of the source; None when asked to close it."""
        self._session += 1
        self._reopening.clear()
        self._pacer.restart()
        try:
            self._source.open()
            self.beat.renew()
            self._say_opened()
            index = 0
            while not self._is_to_close():
                captured = self._source.read()
                self.beat.renew()
                self._fed_s = time.monotonic()
                self._is_opened_said = False
                if self._pacer.is_due(captured.monotonic_s):
                    self._shutter.put(self._frame(captured, index))
                index += 1
        except SourceLost as lost:
            return None if self._stopping.is_set() else lost
        finally:
            self.beat.renew()
            self._source.close()
            self.beat.renew()
        return None

    def _is_to_close(self) -> bool:
        events = (self._stopping, self._reopening)
        return self._shutter.is_closed or any(event.is_set() for event in events)

    def _wait_while_closed(self) -> None:
        self.beat.rest(math.inf)
        while self._shutter.is_closed and not self._stopping.wait(_SHUTTER_S):
            pass
        self.beat.renew()

    def _frame(self, captured: Captured, index: int) -> Frame:
        now_utc_s = utc_now_s()
        age_s = time.monotonic() - captured.monotonic_s
        return Frame(
            picture=captured.picture.viewed(self._view),
            index=index,
            monotonic_s=captured.monotonic_s,
            time_s=captured.time_s,
            utc_s=None if now_utc_s is None else now_utc_s - age_s,
            session=self._session,
            exposure=captured.exposure,
        )

    def _say_opened(self) -> None:
        # Once until a picture comes: an address for senders can be opened without any.
        if not self._is_opened_said:
            log.info("camera opened camera=%s", self._id)
        self._is_opened_said = True

    def _say_lost(self, lost: SourceLost) -> None:
        # The detect loop logs it once, as a change of the camera's state; here it is each try.
        log.debug("source lost camera=%s reason=%s", self._id, lost.reason)
        state = CameraState.ENDED if lost.ended else CameraState.LOST
        self._shutter.put(NoFrames(lost.reason, state, time.monotonic()))
