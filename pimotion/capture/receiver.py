"""Receives from the network in a thread of its own and hands over the newest picture.

A connection may block anywhere: in a name look-up, in a handshake, inside FFmpeg. So it gets a
thread that is allowed to, while `open` and `read` wait no longer than they promise. And whoever
reads slowly finds the newest picture, not the oldest one that still lies in a buffer.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Protocol

from pimotion.capture.source import INTERRUPTED, OPEN_TIMEOUT_S, READ_TIMEOUT_S, Captured
from pimotion.errors import SourceLost
from pimotion.picture import Picture

_CLOSE_WAIT_S = 1.0


class Feed(Protocol):
    """One connection, used by one thread from `connect` to `close`; only `interrupt` is for others.

    Raises `SourceLost` from `connect` and `pictures`. May block, though not for ever.
    """

    def connect(self) -> None:
        """Connect, log in, and see that pictures are to be had."""

    def pictures(self) -> Iterator[Picture]:
        """Give pictures as they come, until the camera ends the stream."""

    @property
    def complaint(self) -> str:
        """What came instead of pictures, in words; empty when nothing did."""

    def interrupt(self) -> None:
        """Make the blocked thread go on soon, where that can be done. Thread-safe."""

    def close(self) -> None:
        """Release everything."""


class NetworkSource:
    """A `Source` over any `Feed`."""

    is_live = True

    def __init__(
        self,
        new_feed: Callable[[], Feed],
        *,
        open_timeout_s: float = OPEN_TIMEOUT_S,
        read_timeout_s: float = READ_TIMEOUT_S,
    ) -> None:
        self._new_feed = new_feed
        self._open_timeout_s = open_timeout_s
        self._read_timeout_s = read_timeout_s
        self._receiver: _Receiver | None = None
        self._leaving: threading.Thread | None = None

    def open(self) -> None:
        """Connect. Raises `SourceLost`."""
        self.close()
        self._wait_for_leaving()
        self._receiver = _Receiver(self._new_feed())
        self._receiver.wait_connected(self._open_timeout_s)

    def read(self) -> Captured:
        """Return the newest picture that was not yet given; waits for one. Raises `SourceLost`."""
        if self._receiver is None:
            raise SourceLost("the camera is not open")
        return self._receiver.take(self._read_timeout_s)

    def interrupt(self) -> None:
        """Let an `open` or a `read` that waits for the camera end now."""
        receiver = self._receiver
        if receiver is not None:
            receiver.interrupt()

    def close(self) -> None:
        """Disconnect. A thread that is stuck in the network is left to its own time-out."""
        if self._receiver is not None:
            self._leaving = self._receiver.stop(_CLOSE_WAIT_S)
            self._receiver = None

    def _wait_for_leaving(self) -> None:
        # One stuck thread is enough: they must not pile up while a camera is away.
        if self._leaving is not None:
            self._leaving.join(self._open_timeout_s)
            if self._leaving.is_alive():
                raise SourceLost("the last connection to the camera has not ended yet")


class _Receiver:
    """Runs a feed in a thread. The thread's failure, whatever it is, is raised where it is read."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._changed = threading.Condition()
        self._connected_s: float | None = None
        self._newest: Captured | None = None
        self._failure: BaseException | None = None
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="receive", daemon=True)
        self._thread.start()

    def wait_connected(self, timeout_s: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._connected_s or self._failure, timeout_s)
            if self._connected_s is None:
                raise self._failure or SourceLost(f"the camera does not answer for {timeout_s:g} s")

    def take(self, timeout_s: float) -> Captured:
        with self._changed:
            self._changed.wait_for(lambda: self._newest or self._failure, timeout_s)
            newest, self._newest = self._newest, None
            if newest is None:
                raise self._failure or SourceLost(self._silence(timeout_s))
            return newest

    def interrupt(self) -> None:
        self._set(failure=SourceLost(INTERRUPTED))

    def stop(self, timeout_s: float) -> threading.Thread:
        self._stopping = True
        self._feed.interrupt()
        self._thread.join(timeout_s)
        return self._thread

    def _silence(self, timeout_s: float) -> str:
        complaint = self._feed.complaint
        return f"no picture for {timeout_s:g} s" + (f": {complaint}" if complaint else "")

    def _run(self) -> None:
        try:
            self._feed.connect()
            self._set(connected_s=time.monotonic())
            for picture in self._feed.pictures():
                if self._stopping:
                    return
                self._put(picture)
            self._set(failure=SourceLost("the camera ended the stream"))
        except BaseException as failure:  # the reading thread raises it
            self._set(failure=failure)
        finally:
            self._feed.close()

    def _put(self, picture: Picture) -> None:
        with self._changed:
            now_s = time.monotonic()
            self._newest = Captured(picture, now_s, now_s - (self._connected_s or now_s))
            self._changed.notify_all()

    def _set(
        self, *, connected_s: float | None = None, failure: BaseException | None = None
    ) -> None:
        with self._changed:
            self._connected_s = self._connected_s or connected_s
            self._failure = self._failure or failure  # what is told to stop stays told
            self._changed.notify_all()
