"""Listens on a port and gives each connection a thread, up to a limit. Runs any WSGI application.

The standard library's server with limits, because of what was measured: waitress buffers 16 MB for
each stream, and it and cheroot have fixed pools which a dozen viewers exhaust.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import socket
import threading
import time
from typing import Any
from wsgiref.simple_server import WSGIServer

from pimotion.errors import StartError
from pimotion.log import Repeated
from pimotion.stream.connection import Request, tune

log = logging.getLogger(__name__)

_BACKLOG = 64
_PAUSE_S = 0.2
"""After an accept that failed, for example because no descriptor is free."""

_BUSY = (
    b"HTTP/1.0 503 Service Unavailable\r\nContent-Type: text/plain\r\nRetry-After: 5\r\n"
    b"Connection: close\r\n\r\ntoo many connections; try again later\n"
)


class Listener(WSGIServer):
    """An HTTP/1.0 server, a request a connection. `run` belongs to the thread ``http``."""

    address_family = socket.AF_INET
    request_queue_size = _BACKLOG

    def __init__(self, host: str, port: int, application: Any, *, max_connections: int) -> None:
        """Bind.

        Raises:
            StartError: The address cannot be used; the text says why and what to do.
        """
        self._max_connections = max_connections
        self._connections: dict[socket.socket, threading.Thread] = {}
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._repeated = Repeated(log)
        try:
            self.address_family, address = _resolve(host, port)
            super().__init__(address, Request)
        except OSError as error:
            raise StartError(_why(error, host, port)) from None
        self.set_app(application)

    @property
    def port(self) -> int:
        """The port, also when a free one was asked for."""
        return self.server_port

    def server_bind(self) -> None:
        """Bind without asking the name service what this machine is called."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name = str(self.server_address[0])
        self.server_port = int(self.server_address[1])
        self.setup_environ()

    def run(self) -> None:
        """Accept connections until `stop`."""
        while not self._stopping.is_set():
            try:
                connection, address = self.socket.accept()
            except OSError as error:
                if not self._stopping.is_set():
                    self._repeated.warning("accept", f"cannot accept a connection error={error}")
                    self._stopping.wait(_PAUSE_S)
                continue
            self._begin(connection, address)

    def stop(self, timeout_s: float) -> None:
        """Close the port and every connection, and wait for their threads."""
        deadline_s = time.monotonic() + timeout_s
        self._stopping.set()
        _cut(self.socket)  # wakes accept
        self.server_close()
        with self._lock:
            open_now = dict(self._connections)
        for connection in open_now:
            _cut(connection)
        for thread in open_now.values():
            thread.join(max(0.0, deadline_s - time.monotonic()))

    def _begin(self, connection: socket.socket, address: Any) -> None:
        with self._lock:
            if len(self._connections) < self._max_connections and not self._stopping.is_set():
                thread = threading.Thread(
                    target=self._serve, args=(connection, address), name="http-worker", daemon=True
                )
                self._connections[connection] = thread
                thread.start()
                return
        self._repeated.warning("full", "a connection was refused: too many are open")
        _turn_away(connection)

    def _serve(self, connection: socket.socket, address: Any) -> None:
        try:
            tune(connection)
            self.finish_request(connection, address)
        except OSError as error:
            log.debug("client has gone client=%s error=%s", address[0], error)
        finally:
            self.shutdown_request(connection)
            with self._lock:
                self._connections.pop(connection, None)


def _resolve(host: str, port: int) -> tuple[socket.AddressFamily, Any]:
    found = socket.getaddrinfo(
        host.strip("[]"), port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )
    family, _, _, _, address = found[0]
    return family, address


def _why(error: OSError, host: str, port: int) -> str:
    where = f"port {port} on {host}"
    if error.errno == errno.EADDRINUSE:
        return (
            f"port {port} is in use on {host}; stop the program that uses it, "
            "or choose another with http.port or --port"
        )
    if error.errno == errno.EACCES:
        return f"{where} may not be opened by this user; choose http.port 1024 or higher"
    if error.errno == errno.EADDRNOTAVAIL or isinstance(error, socket.gaierror):
        return f"this machine has no address '{host}'; set http.host to one that it has"
    return f"cannot listen on {where}: {error.strerror or error}"


def _turn_away(connection: socket.socket) -> None:
    with contextlib.suppress(OSError), connection:
        connection.settimeout(0)
        connection.send(_BUSY)


def _cut(connection: socket.socket) -> None:
    """End a connection at once, also for the thread that reads or writes it."""
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
