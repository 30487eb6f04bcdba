"""Receives at one address from ImageZMQ senders, for all cameras of this process that share it.

Senders that wait for a reply (REQ/REP) connect to us; one that publishes (PUB/SUB) is connected to.

pyzmq is used directly. imagezmq's own hub is wedged for ever by one malformed message and has no
time-out. Here every message gets its reply at once, because an imagezmq sender without a reply is
stuck for ever. For the same reason the hub outlives its last camera while senders are at work: a
message that is on its way when a socket closes never gets its reply.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from types import ModuleType
from typing import Any, TypeAlias

from pimotion.capture.imagezmq_message import MAX_MESSAGE_BYTES, read_message
from pimotion.errors import PictureError, SourceLost
from pimotion.latest import Latest
from pimotion.picture import Picture

_POLL_MS = 100  # how soon the thread notices that nobody listens any more
_QUIET_S = 1.0  # no sender is at work; cameras that send less often than this are rare
_LINGER_MS = 500  # for the last replies to leave
_CLOSE_WAIT_S = 2.0
_MAX_NAMES = 16
_WAITING = 4  # messages that zmq keeps for us; older ones are not worth their memory
_HEARTBEAT_MS, _HEARTBEAT_TIMEOUT_MS = 2000, 5000
"""A publisher whose machine lost its power does not say so: it is asked."""


@dataclass(frozen=True, slots=True)
class Meeting:
    """Where senders and we meet.

    Attributes:
        address: ``tcp://HOST:PORT``.
        subscribes: The sender publishes there, and we connect to it; else we listen there.
    """

    address: str
    subscribes: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Arrived:
    """A picture and when it came, on the monotonic clock."""

    picture: Picture
    monotonic_s: float


Arrivals: TypeAlias = "Latest[Arrived | None]"
"""Where pictures go; None: there is nothing to wait for any more."""


class Hub:
    """One address and its thread. Thread-safe. Got by `join` and given back by `leave`."""

    def __init__(self, meeting: Meeting) -> None:
        self.meeting = meeting
        self.listeners: dict[Arrivals, str | None] = {}
        """Where pictures go, and from whom, None: from all. Guarded by the lock of `_hubs`."""
        self.refused = ""
        """Why the last refused message was refused; empty when none was."""
        self.refused_s = 0.0
        """When that was, on the monotonic clock."""
        self.failure: BaseException | None = None
        """What ended the thread, for the readers to raise."""
        self._zmq = zmq_library()
        self._names: dict[str, None] = {}
        self._last_message_s = 0.0
        self._context = self._zmq.Context()
        self._socket = self._subscribed() if meeting.subscribes else self._bound()
        self._thread = threading.Thread(target=self._run, name="receive-imagezmq", daemon=True)
        self._thread.start()

    @property
    def names(self) -> tuple[str, ...]:
        """Who has sent so far, at most 16."""
        return tuple(self._names)

    @property
    def is_busy(self) -> bool:
        """True while a sender is at work that would miss our reply."""
        if self.meeting.subscribes:
            return False
        return time.monotonic() - self._last_message_s < _QUIET_S

    def wait_until_free(self) -> None:
        """Wait until the address is free again, unless senders keep it busy."""
        if not self.is_busy:
            self._thread.join(_CLOSE_WAIT_S)

    def _new_socket(self, kind: int) -> Any:
        socket = self._context.socket(kind)
        socket.setsockopt(self._zmq.MAXMSGSIZE, MAX_MESSAGE_BYTES)
        socket.setsockopt(self._zmq.IPV6, is_ipv6(self.meeting.address))
        return socket

    def _bound(self) -> Any:
        zmq = self._zmq
        socket = self._new_socket(zmq.REP)
        socket.setsockopt(zmq.LINGER, _LINGER_MS)
        try:
            socket.bind(self.meeting.address)
        except zmq.ZMQError as error:
            self._context.destroy(linger=0)
            where = self.meeting.address
            raise SourceLost(f"cannot listen on {where}: {error.strerror}") from None
        return socket

    def _subscribed(self) -> Any:
        zmq = self._zmq
        socket = self._new_socket(zmq.SUB)
        socket.setsockopt(zmq.RCVHWM, _WAITING)
        socket.setsockopt(zmq.HEARTBEAT_IVL, _HEARTBEAT_MS)
        socket.setsockopt(zmq.HEARTBEAT_TIMEOUT, _HEARTBEAT_TIMEOUT_MS)
        socket.setsockopt(zmq.SUBSCRIBE, b"")
        try:
            socket.connect(self.meeting.address)
        except zmq.ZMQError as error:
            self._context.destroy(linger=0)
            where = self.meeting.address
            raise SourceLost(f"cannot connect to {where}: {error.strerror}") from None
        return socket

    def _run(self) -> None:
        try:
            while not self._is_over():
                self._serve()
        except BaseException as failure:  # the reading thread raises it
            self.failure = failure
        finally:
            self._context.destroy(linger=0 if self.meeting.subscribes else _LINGER_MS)

    def _is_over(self) -> bool:
        with _hubs_lock:
            if self.listeners or self.is_busy:
                return False
            if _hubs.get(self.meeting) is self:
                del _hubs[self.meeting]
            return True

    def _serve(self) -> None:
        """Take one message, if one comes, and answer it where an answer is waited for."""
        if self._socket.poll(_POLL_MS):
            self._last_message_s = time.monotonic()
            reply = self._take(self._socket.recv_multipart())
            if not self.meeting.subscribes:
                self._socket.send(reply)

    def _take(self, parts: list[bytes]) -> bytes:
        """Hand a message on; return the reply."""
        try:
            name, picture = read_message(parts)
        except PictureError as error:
            self.refused, self.refused_s = str(error), time.monotonic()
            return f"refused: {error}".encode()
        if len(self._names) < _MAX_NAMES:
            self._names[name] = None
        arrived = Arrived(picture, time.monotonic())
        with _hubs_lock:
            slots = [slot for slot, sender in self.listeners.items() if sender in (None, name)]
        for slot in slots:
            slot.put(arrived)
        return b"OK"


_hubs: dict[Meeting, Hub] = {}
_hubs_lock = threading.Lock()


def join(meeting: Meeting, sender: str | None, arrivals: Arrivals) -> Hub:
    """Begin to receive from ``sender``, None: from all; the first at an address opens it.

    Raises:
        SourceLost: The address is in use or not this machine's, or pyzmq is missing.
    """
    with _hubs_lock:
        hub = _hubs.get(meeting)
        if hub is None or hub.failure is not None:
            hub = _hubs[meeting] = Hub(meeting)
        hub.listeners[arrivals] = sender
        return hub


def leave(hub: Hub, arrivals: Arrivals) -> None:
    """Stop receiving; the last one to leave frees the address."""
    with _hubs_lock:
        hub.listeners.pop(arrivals, None)
        if hub.listeners:
            return
    hub.wait_until_free()


def is_ipv6(address: str) -> bool:
    """Tell whether ``tcp://HOST:PORT`` is an IPv6 address, which ZeroMQ wants to be told."""
    return address.startswith("tcp://[")


def zmq_library() -> ModuleType:
    """Import pyzmq late: only who uses ImageZMQ needs it. Raises `SourceLost`."""
    try:
        import zmq  # noqa: PLC0415  optional
    except ImportError:
        raise SourceLost("ImageZMQ needs the package pyzmq: `pip install pyzmq`") from None
    return zmq
