"""Listens at one address for ImageZMQ senders, for all cameras of this process that share it.

pyzmq is used directly. imagezmq's own hub is wedged for ever by one malformed message and has no
time-out. Here every message gets its reply at once, because a sender without one is stuck; that
includes those that arrive while the hub closes.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from pimotion.capture.imagezmq_message import MAX_MESSAGE_BYTES, read_message
from pimotion.errors import PictureError, SourceLost
from pimotion.latest import Latest
from pimotion.picture import Picture

_POLL_MS = 200  # how soon the thread notices that it should end
_LINGER_MS = 500  # for the last replies to leave
_CLOSE_WAIT_S = 2.0
_MAX_NAMES = 16


@dataclass(frozen=True, slots=True, eq=False)
class Arrived:
    """A picture and when it came, on the monotonic clock."""

    picture: Picture
    monotonic_s: float


class Hub:
    """One address and its thread. Thread-safe. Got by `join` and given back by `leave`."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.refused = ""
        """Why the last refused message was refused; empty when none was."""
        self.failure: BaseException | None = None
        """What ended the thread, for the readers to raise."""
        self._zmq = _zmq()
        self._listeners: dict[Latest[Arrived], str | None] = {}
        self._names: dict[str, None] = {}
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._context = self._zmq.Context()
        self._socket = self._bound()
        self._thread = threading.Thread(target=self._run, name="receive-imagezmq", daemon=True)
        self._thread.start()

    @property
    def names(self) -> tuple[str, ...]:
        """Who has sent so far, at most 16."""
        with self._lock:
            return tuple(self._names)

    def add(self, arrivals: Latest[Arrived], sender: str | None) -> None:
        """Put the pictures of a sender, None: of all, into a slot from now on."""
        with self._lock:
            self._listeners[arrivals] = sender

    def remove(self, arrivals: Latest[Arrived]) -> bool:
        """Forget a slot; True when none is left."""
        with self._lock:
            self._listeners.pop(arrivals, None)
            return not self._listeners

    def close(self) -> None:
        """Stop listening; waits until the address is free again."""
        self._stopping.set()
        self._thread.join(_CLOSE_WAIT_S)

    def _bound(self) -> Any:
        zmq = self._zmq
        socket = self._context.socket(zmq.REP)
        socket.setsockopt(zmq.MAXMSGSIZE, MAX_MESSAGE_BYTES)
        socket.setsockopt(zmq.LINGER, _LINGER_MS)
        try:
            socket.bind(self.address)
        except zmq.ZMQError as error:
            self._context.destroy(linger=0)
            raise SourceLost(f"cannot listen on {self.address}: {error.strerror}") from None
        return socket

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                self._serve(_POLL_MS)
            # What senders have on the way is answered too: they would wait for ever otherwise.
            self._socket.unbind(self.address)
            self._serve(0)
        except BaseException as failure:  # the reading thread raises it
            self.failure = failure
        finally:
            self._context.destroy(linger=_LINGER_MS)

    def _serve(self, wait_ms: int) -> None:
        while self._socket.poll(wait_ms):
            reply = self._take(self._socket.recv_multipart())
            self._socket.send(reply)
            if self._stopping.is_set():
                wait_ms = 0

    def _take(self, parts: list[bytes]) -> bytes:
        """Hand a message on; return the reply."""
        try:
            name, picture = read_message(parts)
        except PictureError as error:
            self.refused = str(error)
            return f"refused: {error}".encode()
        arrived = Arrived(picture, time.monotonic())
        with self._lock:
            if len(self._names) < _MAX_NAMES:
                self._names[name] = None
            slots = [slot for slot, sender in self._listeners.items() if sender in (None, name)]
        for slot in slots:
            slot.put(arrived)
        return b"OK"


_hubs: dict[str, Hub] = {}
_hubs_lock = threading.Lock()


def join(address: str, sender: str | None, arrivals: Latest[Arrived]) -> Hub:
    """Begin to receive at an address; the first one there opens it.

    Raises:
        SourceLost: The address is in use or not this machine's, or pyzmq is missing.
    """
    with _hubs_lock:
        hub = _hubs.get(address)
        if hub is None or hub.failure is not None:
            hub = _hubs[address] = Hub(address)
        hub.add(arrivals, sender)
        return hub


def leave(hub: Hub, arrivals: Latest[Arrived]) -> None:
    """Stop receiving; the last one to leave closes the address."""
    with _hubs_lock:
        if hub.remove(arrivals):
            if _hubs.get(hub.address) is hub:
                del _hubs[hub.address]
            hub.close()


def _zmq() -> ModuleType:
    try:
        import zmq  # noqa: PLC0415  optional
    except ImportError:
        raise SourceLost("ImageZMQ needs the package pyzmq: `pip install pyzmq`") from None
    return zmq
