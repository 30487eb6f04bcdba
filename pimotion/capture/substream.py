"""A camera that sends two streams: a small one to look for motion in, a large one to look at."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from pimotion.capture.source import INTERRUPTED, OPEN_TIMEOUT_S, READ_TIMEOUT_S, Captured, Source
from pimotion.errors import SourceLost
from pimotion.latest import Latest

_CLOSE_WAIT_S = 1.0


class SubstreamSource:
    """Gives each picture of the small stream together with the newest of the large one.

    The small stream sets the pace. The large one has a thread, `view`, that only keeps its newest
    picture; what it loses, the whole camera has lost.

    Args:
        large: Makes the stream to look at, anew for each opening: its thread owns it.
        small: The stream to look for motion in.
        read_timeout_s: So old may the newest picture of the large stream be.
    """

    def __init__(
        self,
        large: Callable[[], Source],
        small: Source,
        *,
        read_timeout_s: float = READ_TIMEOUT_S,
    ) -> None:
        self._new_large = large
        self._small = small
        self._read_timeout_s = read_timeout_s
        self._large: _Newest | None = None
        self._leaving: threading.Thread | None = None

    @property
    def is_live(self) -> bool:
        """True when the pictures come from a sensor."""
        return self._small.is_live

    def open(self) -> None:
        """Open both streams, at the same time."""
        self.close()
        self._wait_for_leaving()
        self._large = _Newest(self._new_large())
        try:
            self._small.open()
        except SourceLost as lost:
            raise _of_small(lost) from None

    def read(self) -> Captured:
        """Return the next picture of the small stream, behind the newest of the large one."""
        if self._large is None:
            raise SourceLost("the camera is not open")
        large = self._large.take(self._read_timeout_s)
        try:
            small = self._small.read()
        except SourceLost as lost:
            raise _of_small(lost) from None
        picture = large.picture.with_small(small.picture)
        return Captured(picture, small.monotonic_s, small.time_s, small.exposure)

    def interrupt(self) -> None:
        """Let a `read` that waits for either stream end soon."""
        large = self._large
        if large is not None:
            large.stop()
        self._small.interrupt()

    def close(self) -> None:
        """Close both streams."""
        large, self._large = self._large, None
        if large is not None:
            self._leaving = large.stop()
        self._small.close()
        if self._leaving is not None:
            self._leaving.join(_CLOSE_WAIT_S)

    def _wait_for_leaving(self) -> None:
        # One stuck thread is enough: they must not pile up while a camera is away.
        if self._leaving is not None:
            self._leaving.join(OPEN_TIMEOUT_S)
            if self._leaving.is_alive():
                raise SourceLost("the last connection to the camera has not ended yet")


def _of_small(lost: SourceLost) -> SourceLost:
    reason = f"detect.source: {lost.reason}"
    return SourceLost(reason, ended=lost.ended, forbidden=lost.forbidden)


class _Newest:
    """Owns a source in a thread of its own and keeps its newest picture."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._newest: Latest[Captured | BaseException] = Latest()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="view", daemon=True)
        self._thread.start()

    def take(self, limit_s: float) -> Captured:
        """Return the newest picture; wait for the first. Raises what ended the stream."""
        newest = self._newest.peek()
        if newest is None:
            taken = self._newest.wait(0, limit_s)
            newest = SourceLost(f"no picture for {limit_s:g} s") if taken is None else taken.value
        if isinstance(newest, BaseException):
            raise newest
        if time.monotonic() - newest.monotonic_s > limit_s:
            raise SourceLost(f"no picture of the stream to look at for {limit_s:g} s")
        return newest

    def stop(self) -> threading.Thread:
        """Ask the thread to end; it does when its source's current call returns."""
        self._stopping.set()
        self._source.interrupt()
        self._newest.put(SourceLost(INTERRUPTED))
        return self._thread

    def _run(self) -> None:
        try:
            self._source.open()
            while not self._stopping.is_set():
                self._newest.put(self._source.read())
        except BaseException as failure:  # the reading thread raises it
            self._newest.put(failure)
        finally:
            self._source.close()
