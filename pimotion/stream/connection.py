"""One HTTP connection: reading with a deadline, writing with patience, and one request on it."""

from __future__ import annotations

import io
import logging
import socket
import time
from typing import TYPE_CHECKING, Any, cast
from wsgiref.handlers import SimpleHandler
from wsgiref.headers import Headers
from wsgiref.simple_server import WSGIRequestHandler

if TYPE_CHECKING:
    from pimotion.stream.listener import Listener

log = logging.getLogger(__name__)

HEADER_S = 5.0
"""A request line and headers that take longer are cut: someone drips them on purpose."""

BODY_S = 5.0
"""So long the body may take on top."""

STALL_S = 10.0
"""A client who takes no byte for this long has gone."""

MAX_BODY_BYTES = 64 * 1024

_UNSENT_BYTES = 16 * 1024
"""What may wait in the kernel before a write counts as slow. Without this limit a slow viewer's
kernel buffer holds 4 MB, which on a weak Wi-Fi is 20 s of old pictures."""


def tune(connection: socket.socket) -> None:
    """Set the options of a new connection."""
    connection.settimeout(HEADER_S)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    # Linux only, both; elsewhere a slow viewer sees older pictures and lingers for longer.
    if hasattr(socket, "TCP_NOTSENT_LOWAT"):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _UNSENT_BYTES)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(STALL_S * 1000))


class _Reader(io.RawIOBase):
    """Reads a socket until a deadline, however slowly the bytes drip. Raises `TimeoutError`."""

    def __init__(self, connection: socket.socket, deadline_s: float) -> None:
        self._connection = connection
        self.deadline_s = deadline_s

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left_s = self.deadline_s - time.monotonic()
        if left_s <= 0:
            raise TimeoutError("the request took too long")
        self._connection.settimeout(left_s)
        return self._connection.recv_into(buffer)


class _Writer(io.BufferedIOBase):
    """Gathers small writes until `flush`, and sends them with patience for each bit of progress."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._waiting: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._waiting.append(data)
        return len(data)

    def flush(self) -> None:
        # A picture alone is not copied; headers are joined with what follows them.
        waiting, self._waiting = self._waiting, []
        data = waiting[0] if len(waiting) == 1 else b"".join(waiting)
        self._connection.settimeout(STALL_S)
        left = memoryview(data)
        while left:
            left = left[self._connection.send(left) :]


class _LogStream(io.TextIOBase):
    """What a WSGI application complains into."""

    def write(self, text: str) -> int:
        if text.strip():
            log.error("%s", text.strip())
        return len(text)


class _Response(SimpleHandler):
    """Runs the application for one request and sends what it answers."""

    server_software = "pimotion"
    os_environ: dict[str, str] = {}  # noqa: RUF012  wsgiref's way: ours may hold secrets
    headers: Headers
    headers_sent: bool
    environ: dict[str, Any]

    def cleanup_headers(self) -> None:
        super().cleanup_headers()
        # One request a connection leaves nothing to smuggle; a stream ends with its connection.
        self.headers["Connection"] = "close"

    def finish_content(self) -> None:
        if self.environ["REQUEST_METHOD"] == "HEAD" and not self.headers_sent:
            self.send_headers()  # a stream has no length, so 0 would be a lie
            self._flush()
            return
        super().finish_content()
        self._flush()

    def log_exception(self, exc_info: Any) -> None:
        if isinstance(exc_info[1], OSError):
            log.debug("client has gone error=%s", exc_info[1])
        else:
            log.error("request failed", exc_info=exc_info)


class Request(WSGIRequestHandler):
    """Handles the one request of a connection."""

    server_version = "pimotion"
    sys_version = ""
    default_request_version = "HTTP/1.0"  # so that an answer to nonsense has a status line

    def setup(self) -> None:
        """Take the connection over."""
        self.connection = self.request
        self._reader = _Reader(self.connection, time.monotonic() + HEADER_S)
        self.rfile = io.BufferedReader(self._reader)
        self.wfile = _Writer(self.connection)

    def handle(self) -> None:
        """Read the request, let the application answer it."""
        self.raw_requestline = self.rfile.readline(65537)
        if len(self.raw_requestline) > 65536:  # noqa: PLR2004  http.server's own limit
            self._refuse_line(414)
            return
        if len(self.raw_requestline.split()) == 2:  # noqa: PLR2004  HTTP/0.9 has no version
            self._refuse_line(400)
            return
        if not self.raw_requestline or not self.parse_request():
            return
        problem = self._problem()
        if problem is not None:
            self.send_error(*problem)
            return
        self._reader.deadline_s = time.monotonic() + BODY_S
        response = _Response(
            cast("Any", self.rfile),
            cast("Any", self.wfile),
            cast("Any", _LogStream()),
            self.get_environ(),
            multithread=True,
        )
        response.http_version = "1.0"
        application = cast("Listener", self.server).application
        assert application is not None
        response.run(application)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  http.server's name
        """Keep what a client does out of the log; paths may hold tokens, which the log hides."""
        log.debug("%s %s", self.client_address[0], format % args)

    def _refuse_line(self, status: int) -> None:
        self.requestline = self.command = ""
        self.request_version = self.default_request_version
        self.send_error(status)

    def _problem(self) -> tuple[int, str] | None:
        """Return status and reason when the request is not one that we answer."""
        if "Transfer-Encoding" in self.headers:
            return 411, "Send the body with a Content-Length"
        lengths = self.headers.get_all("Content-Length", ["0"])
        if len(set(lengths)) > 1 or not (lengths[0].isascii() and lengths[0].isdigit()):
            return 400, "Content-Length is not a number"
        if int(lengths[0][:10]) > MAX_BODY_BYTES:
            return 413, f"The body may have {MAX_BODY_BYTES} bytes"
        return None
