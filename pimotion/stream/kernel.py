"""What Linux offers to a thread with many sockets, and what takes its place elsewhere.

Everything is looked for when it is used, so that pimotion runs where it is missing.
"""

from __future__ import annotations

import contextlib
import os
import select
import selectors
import socket
import threading
from array import array
from collections import deque
from collections.abc import Callable, Sequence
from itertools import repeat
from typing import Protocol, cast

try:
    from fcntl import ioctl
except ImportError:  # Windows
    ioctl = None  # type: ignore[assignment]

SIOCOUTQNSD = 0x894B
"""Asks how many bytes of a TCP socket have not been sent yet (linux/sockios.h). Not SIOCOUTQ, which
counts what is on its way as well: on a long fast link that would hold a viewer back."""


class Waker:
    """Wakes a thread that waits for sockets, this one among them. Any thread may call `wake`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # a number that was closed may be another's by now
        self._sockets: tuple[socket.socket, ...] = ()
        if hasattr(os, "eventfd"):
            self._ear = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        else:
            self._sockets = socket.socketpair()
            for each in self._sockets:
                each.setblocking(False)
            self._ear = self._sockets[0].fileno()

    def fileno(self) -> int:
        """Return what to wait for; it can be read after `wake`."""
        return self._ear

    def wake(self) -> None:
        """Let the current or the next wait end. Never blocks, never raises."""
        with self._lock:
            try:
                if self._sockets:
                    self._sockets[1].send(b"!")
                elif self._ear >= 0:
                    os.eventfd_write(self._ear, 1)
            except OSError:  # full: it is awake
                pass

    def clear(self) -> None:
        """Forget the calls until now, so that the next wait waits."""
        with contextlib.suppress(OSError):
            if self._sockets:
                self._sockets[0].recv(4096)
            else:
                os.eventfd_read(self._ear)

    def close(self) -> None:
        """Give its descriptors back."""
        with self._lock:
            for each in self._sockets:
                each.close()
            if not self._sockets and self._ear >= 0:
                os.close(self._ear)
            self._ear = -1


class Poller(Protocol):
    """Waits for sockets that have gone, or can be written. Owned by one thread.

    `wait` gives the descriptors of which one of that is true, and whether it has gone.
    """

    def add(self, viewer: socket.socket) -> None:
        """Watch whether the other side goes away."""

    def remove(self, viewer: socket.socket) -> None:
        """Watch it no more."""

    def arm(self, viewer: socket.socket, *, to_write: bool) -> None:
        """Also watch, or no longer, whether it can be written."""

    def wait(self, timeout_s: float | None) -> list[tuple[int, bool]]:
        """Return what is ready within a time: descriptors, and True for those who have gone."""

    def close(self) -> None:
        """Give its descriptor back."""


def poller(waker: Waker) -> Poller:
    """Return the best poller that there is; ``waker`` ends its wait, and is not in its answers."""
    return EpollPoller(waker) if hasattr(select, "epoll") else PlainPoller(waker)


_GONE = 0x2000 | 0x10 | 0x8
"""EPOLLRDHUP, EPOLLHUP, EPOLLERR (linux/eventpoll.h)."""


class EpollPoller:
    """Sees that a viewer has gone without reading what it still says."""

    def __init__(self, waker: Waker) -> None:
        self._ear = waker.fileno()
        self._epoll = select.epoll()
        # By its edge: each call wakes once, and nothing has to be read to sleep again.
        self._epoll.register(self._ear, select.EPOLLIN | select.EPOLLET)

    def add(self, viewer: socket.socket) -> None:
        """Watch whether the other side goes away."""
        self._epoll.register(viewer, select.EPOLLRDHUP)

    def remove(self, viewer: socket.socket) -> None:
        """Watch it no more."""
        self._epoll.unregister(viewer)

    def arm(self, viewer: socket.socket, *, to_write: bool) -> None:
        """Also watch, or no longer, whether it can be written."""
        self._epoll.modify(viewer, select.EPOLLRDHUP | (select.EPOLLOUT if to_write else 0))

    def wait(self, timeout_s: float | None) -> list[tuple[int, bool]]:
        """Return what is ready within a time: descriptors, and True for those who have gone."""
        ready = self._epoll.poll(timeout_s)
        return [(fd, bool(events & _GONE)) for fd, events in ready if fd != self._ear]

    def close(self) -> None:
        """Give its descriptor back."""
        self._epoll.close()


class PlainPoller:
    """The same by `selectors`: a viewer who has gone is one with nothing to read where it can."""

    def __init__(self, waker: Waker) -> None:
        self._waker = waker
        self._selector = selectors.DefaultSelector()
        self._selector.register(waker.fileno(), selectors.EVENT_READ)

    def add(self, viewer: socket.socket) -> None:
        """Watch whether the other side goes away."""
        self._selector.register(viewer, selectors.EVENT_READ)

    def remove(self, viewer: socket.socket) -> None:
        """Watch it no more."""
        self._selector.unregister(viewer)

    def arm(self, viewer: socket.socket, *, to_write: bool) -> None:
        """Also watch, or no longer, whether it can be written."""
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if to_write else 0)
        self._selector.modify(viewer, wanted)

    def wait(self, timeout_s: float | None) -> list[tuple[int, bool]]:
        """Return what is ready within a time: descriptors, and True for those who have gone."""
        answer = []
        for key, events in self._selector.select(timeout_s):
            if not isinstance(key.fileobj, socket.socket):
                self._waker.clear()
            elif events & selectors.EVENT_READ and _has_gone(key.fileobj):
                answer.append((key.fd, True))
            elif events & selectors.EVENT_WRITE:
                answer.append((key.fd, False))
        return answer

    def close(self) -> None:
        """Give its descriptor back."""
        self._selector.close()


class Unsent:
    """Tells how many bytes of sockets have not been sent yet. Owned by one thread.

    Always 0 where the kernel does not tell, or cannot wait for it, and for what is no socket.

    Attributes:
        can_tell: False where it is always 0.
    """

    def __init__(self) -> None:
        self._grow(1)
        self.can_tell = _can_ask()

    def of(self, fd: int) -> int:
        """Return it for one descriptor."""
        return self.of_all((fd,))[0]

    def of_all(self, fds: Sequence[int]) -> Sequence[int]:
        """Return it for each of these descriptors."""
        if not self.can_tell:
            return [0] * len(fds)
        if len(fds) > len(self._places):
            self._grow(2 * len(fds))
        ask = cast("Callable[[int, int, memoryview], int]", ioctl)
        self._answers[:] = self._none
        calls = map(ask, fds, repeat(SIOCOUTQNSD), self._places)
        while True:
            try:
                deque(calls, maxlen=0)
            except OSError:  # that one's answer stays 0; the next one is asked
                continue
            return self._answers[: len(fds)]

    def _grow(self, count: int) -> None:
        self._none = array("i", [0]) * count
        self._answers = self._none[:]
        places = memoryview(self._answers)
        self._places = [places[at : at + 1] for at in range(count)]


def _can_ask() -> bool:
    if ioctl is None or not hasattr(socket, "TCP_NOTSENT_LOWAT"):
        return False
    try:
        with socket.socket() as probe:
            ioctl(probe.fileno(), SIOCOUTQNSD, array("i", [0]))
    except OSError:
        return False
    return True


def file_in_memory(pieces: Sequence[bytes]) -> int | None:
    """Return the descriptor of a new file of these pieces, for `os.sendfile`; None without one."""
    if not hasattr(os, "memfd_create") or not hasattr(os, "sendfile"):
        return None
    try:
        fd = os.memfd_create("pimotion-part", os.MFD_CLOEXEC)
    except OSError:  # no descriptor is free
        return None
    try:
        written = os.writev(fd, pieces)
    except OSError:
        written = 0
    if written == sum(map(len, pieces)):
        return fd
    os.close(fd)
    return None


def _has_gone(viewer: socket.socket) -> bool:
    """Read and drop what a viewer says; True at its end."""
    try:
        return viewer.recv(4096) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True
