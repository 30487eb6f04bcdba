"""A recording that plays at its own speed, as if it were a camera."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from pimotion.capture.playback import Playback
from pimotion.capture.recording import RecordedPicture, Recording, open_recording
from pimotion.capture.source import Captured
from pimotion.config.secrets import Unreadable, home_path
from pimotion.errors import SourceLost

log = logging.getLogger(__name__)


class FileSource:
    """Plays a video file or a folder of images, once or in a loop; the name may begin with ``~/``.

    In a loop time goes on rising over the seam; the session stays the same. What is damaged in it
    is said once, and the rest goes on.
    """

    is_live = False

    def __init__(self, name: str, *, fps: float, loop: bool) -> None:
        self._name = name
        self._fps = fps
        self._loop = loop
        self._playback = Playback()
        self._recording: Recording | None = None
        self._pictures: Iterator[RecordedPicture] = iter(())

    def open(self) -> None:
        """Open the recording at its start."""
        self.close()
        self._recording = self._opened()
        self._playback = Playback()
        self._pictures = self._rounds()

    def read(self) -> Captured:
        """Return the next picture when it is due."""
        if self._recording is None:
            raise SourceLost("the recording is not open")
        recorded = next(self._pictures, None)
        if recorded is None:
            raise SourceLost("the recording has ended", ended=True)
        due_s = self._playback.wait_until_due(recorded.time_s)
        return Captured(recorded.picture, due_s, recorded.time_s)

    def interrupt(self) -> None:
        """Let a `read` that waits for its picture's time give it now."""
        self._playback.stop()

    def close(self) -> None:
        """Close the recording."""
        self._playback.stop()
        if self._recording is not None:
            self._recording.close()
            self._recording = None

    def _rounds(self) -> Iterator[RecordedPicture]:
        round_began_s = time_s = 0.0
        while self._recording is not None:
            for recorded in self._whole_or_not(self._recording, is_first=not round_began_s):
                time_s = round_began_s + recorded.time_s
                yield RecordedPicture(recorded.picture, time_s)
            if not self._loop:
                return
            round_began_s = time_s + self._recording.interval_s
            self._recording.close()
            self._recording = self._opened()

    def _whole_or_not(self, recording: Recording, *, is_first: bool) -> Iterator[RecordedPicture]:
        given = 0
        try:
            for recorded in recording:
                yield recorded
                given += 1
        except SourceLost as lost:
            if not (self._loop and lost.ended and given):
                raise
            if is_first:
                log.warning("a recording is played without what is damaged reason=%s", lost.reason)

    def _opened(self) -> Recording:
        try:
            path = home_path(self._name)
        except Unreadable as error:
            raise SourceLost(f"{self._name} {error}") from None
        return open_recording(path, self._fps)
