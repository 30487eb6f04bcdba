"""The HTTP server: one thread for all sockets that are no streams, and a few that answer.

A connection costs a descriptor until its request is whole, so those who say nothing, drip bytes or
sip their answer hold up nobody. Other servers for Python were measured (facts of 2026-11): waitress
buffers 16 MB for each stream, and its and cheroot's fixed pools are exhausted by a dozen viewers.
"""

from __future__ import annotations

import contextlib
import logging
import selectors
import socket
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from pimotion.health import IDLE_S, Beat, Threads
from pimotion.log import Repeated
from pimotion.stream.connection import Connection, Step
from pimotion.stream.kernel import Waker
from pimotion.stream.port import bound
from pimotion.stream.request import Answering, line_answer
from pimotion.stream.viewer import Viewing
from pimotion.stream.workers import Workers

log = logging.getLogger(__name__)

_WORKERS = 8
_PAUSE_S = 0.2
"""After an accept that failed, for example because no descriptor is free."""

_TICK_S = 0.1
"""How punctual the deadlines of connections are."""

_HANGS_S = 10.0
"""No step of the thread ``http`` waits for anybody."""

_BUSY = line_answer(
    HTTPStatus.SERVICE_UNAVAILABLE,
    "too many connections; try again later",
    {"Retry-After": "5"},
)

_SPEAK_TLS = line_answer(
    HTTPStatus.BAD_REQUEST, "this port speaks TLS; begin the address with https://"
)

TakeStream = Callable[[socket.socket, Viewing, bytes], None]
"""Takes a socket, what to send there, and what goes before it: as `pimotion.stream.fanout` does."""


class Listener:
    """An HTTP/1.0 server, a request a connection, for a WSGI application.

    Args:
        host: Address to listen on.
        port: 0 takes a free one.
        application: Runs in worker threads.
        take_stream: Gets the connections that handlers hand over.
        max_connections: At a time, streams not counted.
        max_waiting: Requests that may wait to be answered.
        workers: Requests that are answered at a time.
        tls: What connections are encrypted with; None: they are plain.

    Raises:
        StartError: The address cannot be used; the text says why and what to do.
    """

    def __init__(
        self,
        host: str,
        port: int,
        application: Any,
        take_stream: TakeStream,
        *,
        max_connections: int,
        max_waiting: int,
        workers: int = _WORKERS,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._socket = bound(host, port)
        self.port = int(self._socket.getsockname()[1])
        self._tls = tls
        self._answering = Answering(application, host, self.port, is_encrypted=tls is not None)
        self._take_stream = take_stream
        self._max_connections = max_connections
        self._workers = Workers(self._work, threads=workers, backlog=max_waiting)
        self._waker = Waker()
        self._selector = selectors.DefaultSelector()
        self._connections: dict[Connection, None] = {}  # in the order in which they came
        self._worked: deque[Connection] = deque()
        self._stopping = threading.Event()
        self._repeated = Repeated(log)
        self._beat = Beat(_HANGS_S)
        self._thread: threading.Thread | None = None
        self._tend_at_s = 0.0

    def start(self, threads: Threads) -> None:
        """Start the thread ``http`` and its workers."""
        self._workers.start(threads, "http-worker")
        self._thread = threads.start("http", self._run, may_end=True, beat=self._beat)

    def stop(self, timeout_s: float) -> None:
        """Close the port and every connection, and wait for the threads."""
        deadline_s = time.monotonic() + timeout_s
        self._stopping.set()
        self._waker.wake()
        if self._thread is not None:
            self._thread.join(timeout_s)
        self._workers.stop(max(0.0, deadline_s - time.monotonic()))
        for connection in self._connections:
            if connection.step is not Step.STREAM:
                connection.close()
        self._connections.clear()
        self._socket.close()
        self._selector.close()
        self._waker.close()

    def _run(self) -> None:
        """Look after all connections until `stop`."""
        self._selector.register(self._socket, selectors.EVENT_READ, self._accept)
        self._selector.register(self._waker, selectors.EVENT_READ, self._waker.clear)
        while not self._stopping.is_set():
            if not self._connections:
                self._beat.rest(IDLE_S)
            ready = self._selector.select(_TICK_S if self._connections else IDLE_S)
            self._beat.renew()
            for key, _ in ready:
                if isinstance(key.data, Connection):
                    self._attend(key.data)
                else:
                    key.data()
            while self._worked:
                self._go_on(self._worked.popleft())
            now_s = time.monotonic()
            if now_s >= self._tend_at_s:
                self._tend_at_s = now_s + _TICK_S
                self._cut_late(now_s)

    def _accept(self) -> None:
        try:
            accepted, address = self._socket.accept()
        except BlockingIOError:
            return
        except OSError as error:
            self._repeated.warning("accept", f"cannot accept a connection error={error}")
            self._stopping.wait(_PAUSE_S)
            return
        if len(self._connections) >= self._max_connections and not self._make_room():
            self._repeated.warning("full", "a connection was refused: too many are open")
            self._turn_away(accepted)
            return
        try:
            connection = Connection(accepted, address, self._tls)
        except OSError:  # he has gone already
            accepted.close()
            return
        self._connections[connection] = None
        self._selector.register(accepted, selectors.EVENT_READ, connection)

    def _make_room(self) -> bool:
        """Turn away who has waited longest without saying what he wants; False if all have."""
        asking = (each for each in self._connections if each.step in (Step.HANDSHAKE, Step.REQUEST))
        oldest = next(asking, None)
        if oldest is None:
            return False
        self._repeated.warning("full", "a connection without a request was cut: too many are open")
        if oldest.step is Step.REQUEST:
            with contextlib.suppress(OSError):
                oldest.socket.send(_BUSY)
        self._drop(oldest)
        return True

    def _turn_away(self, accepted: socket.socket) -> None:
        with contextlib.suppress(OSError), accepted:
            accepted.settimeout(0)
            if self._tls is None:  # a handshake for a refusal is not worth it
                accepted.send(_BUSY)

    def _attend(self, connection: Connection) -> None:
        """Go on with a connection whose socket is ready."""
        try:
            if connection.step is Step.HANDSHAKE:
                wanted = connection.shake_hands()
                self._selector.modify(connection.socket, wanted, connection)
            elif connection.step is Step.REQUEST and connection.read():
                self._selector.unregister(connection.socket)
                self._give(connection)
            elif connection.step is Step.TAKER:
                self._send(connection)
            elif connection.step is Step.END and connection.has_ended():
                self._drop(connection)
        except BlockingIOError:
            return
        except (OSError, EOFError) as error:
            log.debug("client has gone client=%s error=%s", connection.address[0], error)
            self._drop(connection)

    def _give(self, connection: Connection) -> None:
        """Let a worker answer a request, unless that can be said without one."""
        if connection.is_plain:
            connection.answer(_SPEAK_TLS)
        elif self._workers.give(connection):
            return
        else:
            self._repeated.warning("busy", "a request was refused: too many wait")
            connection.answer(_BUSY)
        self._go_on(connection)

    def _work(self, connection: Connection) -> None:
        """Answer a request, in a worker's thread; what is to be sent is left to ``http``."""
        answer = self._answering.answer(bytes(connection.received), connection.address)
        if answer.viewing is None:
            connection.answer(answer.data)
        else:
            connection.step = Step.STREAM
            self._take_stream(connection.socket, answer.viewing, answer.data)
        self._worked.append(connection)
        self._waker.wake()

    def _go_on(self, connection: Connection) -> None:
        """Send the answer of a worker, or forget a connection that became a stream."""
        if connection.step is Step.STREAM:
            self._connections.pop(connection, None)
            return
        try:
            self._selector.register(connection.socket, selectors.EVENT_WRITE, connection)
            self._send(connection)
        except OSError as error:
            log.debug("client has gone client=%s error=%s", connection.address[0], error)
            self._drop(connection)

    def _send(self, connection: Connection) -> None:
        connection.write()
        if connection.step is Step.END:
            self._selector.modify(connection.socket, selectors.EVENT_READ, connection)

    def _cut_late(self, now_s: float) -> None:
        for connection in list(self._connections):
            if connection.deadline_s <= now_s:
                self._drop(connection)

    def _drop(self, connection: Connection) -> None:
        with contextlib.suppress(KeyError):  # not waited for
            self._selector.unregister(connection.socket)
        self._connections.pop(connection, None)
        connection.close()
