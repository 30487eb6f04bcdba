"""One camera: its capture thread, its detect thread, and what others may see of them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

from pimotion.capture.source import Source
from pimotion.capture_loop import CaptureLoop
from pimotion.config.camera import Camera
from pimotion.detect_loop import DetectLoop
from pimotion.health import Threads
from pimotion.latest import Latest
from pimotion.privacy import Shutter
from pimotion.stats import StatsKeeper
from pimotion.types import (
    CameraHealth,
    Command,
    Detection,
    Frame,
    NoFrames,
    SettingState,
    Sink,
    Suppressed,
    Switches,
)


class CameraPipeline:
    """Runs one camera from `start` to `stop`. `frames` and `detections` may be read by anyone."""

    def __init__(
        self,
        camera_id: str,
        camera: Camera,
        source: Source,
        *,
        sinks: Sequence[Sink],
        viewers: Callable[[], int | None],
        switches: Switches,
        last_event_utc_s: float | None,
        model_wanted: Callable[[], bool],
    ) -> None:
        self.id = camera_id
        self.settings = camera
        self.frames: Latest[Frame | NoFrames] = Latest()
        self._stats = StatsKeeper(camera_id, viewers=viewers, last_event_utc_s=last_event_utc_s)
        self._shutter = Shutter(self.frames, switches)
        self._capture = CaptureLoop(camera_id, camera, source, self._shutter)
        self._detect = DetectLoop(
            camera_id,
            camera,
            self.frames,
            sinks=sinks,
            stats=self._stats,
            is_live=source.is_live,
            switches=switches,
            model_wanted=model_wanted,
        )
        self._threads: list[threading.Thread] = []
        self._commanding = threading.Lock()

    @property
    def detections(self) -> Latest[Detection]:
        """The newest analysed frame and what was found in it."""
        return self._detect.detections

    @property
    def health(self) -> CameraHealth:
        """Whether the camera delivers, and if not why."""
        return self._detect.health

    @property
    def settings_at_start(self) -> list[SettingState]:
        """What can be changed at run time, as it is before the threads start."""
        return self._detect.settings_at_start

    @property
    def capture_thread(self) -> str:
        """Name of the thread that may hang in a driver."""
        return f"capture-{self.id}"

    def fps(self) -> float | None:
        """Frames a second that arrive now; None until a second has been seen."""
        return self._stats.fps()

    def last_frame_s(self) -> float | None:
        """When the last frame came, monotonic; None: there has been none."""
        return self._stats.last_frame_s

    def suppressed(self) -> Suppressed:
        """In how many analysed frames each rule kept something from counting."""
        return self._stats.suppressed()

    def command(self, command: Command) -> bool:
        """Queue a command; False when the camera has ended and nobody obeys any more.

        Privacy does not wait for anybody: from here on no picture is handed on.
        """
        with self._commanding:  # what was asked last is last for the shutter, too
            is_taken = self._detect.command(command)
            if is_taken and command.setting == "privacy":
                (self._shutter.close if command.value else self._shutter.open)()
        return is_taken

    def reopen(self) -> None:
        """Close and open the camera, in the hope that its picture moves again."""
        self._capture.reopen()

    def start(self, threads: Threads) -> None:
        """Start both threads."""
        self._threads = [
            threads.start(f"detect-{self.id}", self._detect.run, beat=self._detect.beat),
            threads.start(self.capture_thread, self._capture.run, beat=self._capture.beat),
        ]

    def ask_to_stop(self) -> None:
        """Let both threads end; the detect thread first ends the running event."""
        self._capture.stop()
        self._detect.stop()

    def join(self, deadline_s: float) -> bool:
        """Wait for both threads until a monotonic time; False when one is still stuck."""
        for thread in self._threads:
            thread.join(max(0.0, deadline_s - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)
