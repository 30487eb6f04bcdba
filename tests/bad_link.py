"""A TCP connection's way through loopback that can stall, crawl, or take its time."""

from __future__ import annotations

import select
import socket
import threading
import time
from collections import deque
from contextlib import suppress
from types import TracebackType
from typing import Self

_PIECE_BYTES = 1024
_MOST_PIECES = 4
_TURN_S = 0.02
_BUFFER_BYTES = 4096
"""Small, so that who sends notices a slow way as it would with a slow network."""


class BadLink:
    """Passes connections on to a port of loopback. Change its attributes at any time.

    Attributes:
        is_stalled: Nothing passes, and nobody is told: a firewall that drops, a cable cut.
        bytes_per_s: So much passes in each direction; 0: as much as comes.
        latency_s: What arrives, arrives so much later.
    """

    def __init__(self, port: int, target: int) -> None:
        self.port = port
        self.is_stalled = False
        self.bytes_per_s = 0
        self.latency_s = 0.0
        self._target = target
        self._over = threading.Event()
        self._open: list[socket.socket] = []
        self._listening = socket.socket()
        self._listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
        self._listening.bind(("127.0.0.1", port))
        self._listening.listen()
        self._listening.settimeout(0.1)
        self._threads = [threading.Thread(target=self._accept)]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._over.set()
        for each in self._open:
            _end(each)
        for thread in self._threads:
            thread.join(5)
        for each in [self._listening, *self._open]:
            each.close()

    def cut(self) -> None:
        """End every connection; new ones pass."""
        for each in self._open:
            _end(each)

    def _accept(self) -> None:
        while not self._over.is_set():
            try:
                ours, _ = self._listening.accept()
            except TimeoutError:
                continue
            self._open.append(ours)
            try:
                theirs = socket.create_connection(("127.0.0.1", self._target), 5)
            except OSError:
                ours.close()
                continue
            theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER_BYTES)
            self._open.append(theirs)
            for source, goal in ((ours, theirs), (theirs, ours)):
                passing = threading.Thread(target=self._pass_on, args=(source, goal))
                passing.start()
                self._threads.append(passing)

    def _pass_on(self, source: socket.socket, goal: socket.socket) -> None:
        way: deque[tuple[float, bytes]] = deque()  # when it arrives, and what
        last_s = 0.0
        try:
            while not self._over.is_set():
                data = self._take(source, way)
                if data == b"":
                    break
                if data:
                    slow_s = len(data) / self.bytes_per_s if self.bytes_per_s else 0.0
                    last_s = max(last_s, time.monotonic() + self.latency_s) + slow_s
                    way.append((last_s, data))
                while way and way[0][0] <= time.monotonic() and not self.is_stalled:
                    goal.sendall(way.popleft()[1])
        except OSError:  # one side has gone
            pass
        for each in (source, goal):
            _end(each)

    def _take(self, source: socket.socket, way: deque[tuple[float, bytes]]) -> bytes | None:
        """Return what came; None: nothing, or the way is full."""
        if self.is_stalled or (self.bytes_per_s and len(way) >= _MOST_PIECES):
            self._over.wait(_TURN_S)
            return None
        if not select.select([source], [], [], _TURN_S)[0]:
            return None
        return source.recv(_PIECE_BYTES)


def _end(connection: socket.socket) -> None:
    """End a connection, and wake who waits on it."""
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
