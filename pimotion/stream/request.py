"""One whole HTTP request, and the answer that a WSGI application gives to it."""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, cast
from wsgiref.handlers import SimpleHandler
from wsgiref.headers import Headers
from wsgiref.simple_server import WSGIRequestHandler

from pimotion.stream.answers import SECURITY
from pimotion.stream.connection import MAX_BODY_BYTES, MAX_HEAD_BYTES, begin_of, has_whole_head
from pimotion.stream.viewer import CONNECTION, HandOver, Viewing

log = logging.getLogger(__name__)

_PLAIN = {
    **SECURITY,
    "Content-Type": "text/plain; charset=UTF-8",
    "Cache-Control": "no-store",
    "Connection": "close",
}

_WHOLE_URL = re.compile(r"https?://([^/?#]*)(.*)", re.IGNORECASE)

_REASONS = {
    400: "this is no request by HTTP 1.0 or 1.1",
    414: "the address is too long",
    431: "the headers are too long or too many",
    505: "there is HTTP 1.0 and 1.1 here",
}
"""What is said of a request that cannot be read; http.server's own words echo it."""


def line_answer(status: HTTPStatus, text: str, headers: Mapping[str, str] | None = None) -> bytes:
    """Return a whole answer that is a line of text, for what no application is asked about."""
    told = "".join(f"{name}: {value}\r\n" for name, value in {**_PLAIN, **(headers or {})}.items())
    return f"HTTP/1.0 {status:d} {status.phrase}\r\n{told}\r\n{text}\n".encode()


_FAILED = line_answer(
    HTTPStatus.INTERNAL_SERVER_ERROR, "something went wrong in pimotion; its log says what"
)


@dataclass(frozen=True)
class Answer:
    """What goes back to the client.

    Attributes:
        data: All of it, or what goes before the stream.
        viewing: The stream that follows; None: nothing does.
    """

    data: bytes
    viewing: Viewing | None


class Answering:
    """Runs a WSGI application. Thread-safe if the application is.

    Args:
        application: Its answers are made whole before they are sent, so none may be endless.
        host: Where it is reached, for the environ.
        port: The same.
        is_encrypted: Whether by https.
    """

    def __init__(
        self, application: Any, host: str, port: int, *, is_encrypted: bool = False
    ) -> None:
        self.application = application
        self.base_environ = {
            "SERVER_NAME": host,
            "SERVER_PORT": str(port),
            "GATEWAY_INTERFACE": "CGI/1.1",
            "REMOTE_HOST": "",
            "CONTENT_LENGTH": "",
            "SCRIPT_NAME": "",
            "HTTPS": "on" if is_encrypted else "off",  # wsgiref makes wsgi.url_scheme of it
        }

    def answer(self, received: bytes, address: Any) -> Answer:
        """Return the answer to a request. Never raises."""
        request = _Request(received[begin_of(received) :], address, self)
        try:
            request.handle()
        except Exception:  # the border: one request's fault must not end the others' streams
            log.exception("request failed")
            request.failed = True
        viewing = request.over.viewing
        if request.failed and viewing is not None:
            viewing.close()
            viewing = None
        return Answer(request.wfile.getvalue() or (_FAILED if request.failed else b""), viewing)


class _LogStream(io.TextIOBase):
    """What a WSGI application complains into."""

    def write(self, text: str) -> int:
        if text.strip():
            log.error("%s", text.strip())
        return len(text)


class _Response(SimpleHandler):
    """Runs the application for one request and gathers what it answers."""

    server_software = "pimotion"
    os_environ: dict[str, str] = {}  # noqa: RUF012  wsgiref's way: ours may hold secrets
    status: str
    headers: Headers
    headers_sent: bool
    environ: dict[str, Any]
    has_failed: Callable[[], None]

    def cleanup_headers(self) -> None:
        super().cleanup_headers()
        # One request a connection leaves nothing to smuggle; a stream ends with its connection.
        self.headers["Connection"] = "close"

    def finish_content(self) -> None:
        has_no_body = self.status[:3] in ("204", "304")
        if (has_no_body or self.environ["REQUEST_METHOD"] == "HEAD") and not self.headers_sent:
            self.send_headers()  # a stream has no length, so 0 would be a lie; what is not sent too
            return
        super().finish_content()

    def log_exception(self, exc_info: Any) -> None:
        log.error("request failed", exc_info=exc_info)
        self.has_failed()


class _Request(WSGIRequestHandler):
    """The one request of a connection, all of it here already."""

    server_version = "pimotion"
    sys_version = ""
    default_request_version = "HTTP/1.0"  # so that an answer to nonsense has a status line
    wfile: io.BytesIO

    def __init__(self, received: bytes, address: Any, answering: Answering) -> None:
        # Not the base's, which would read a socket.
        self.client_address = address
        self.server = cast("Any", answering)
        self.over = HandOver()
        self.failed = False
        self.rfile = io.BytesIO(received)
        self.wfile = io.BytesIO()
        self._answering = answering
        self._has_whole_head = has_whole_head(received)

    def handle(self) -> None:
        """Read the request, let the application answer it."""
        self.raw_requestline = self.rfile.readline(MAX_HEAD_BYTES + 1)
        if not self.raw_requestline.endswith(b"\n"):
            self._refuse_line(414)
        elif len(self.raw_requestline.split()) in (0, 2):  # HTTP/0.9 has no version
            self._refuse_line(400)
        elif not self._has_whole_head:
            self._refuse_line(431)
        elif self.parse_request():
            problem = self._problem()
            if problem is not None:
                self._refuse(*problem)
            else:
                self._run()

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Refuse a request that http.server cannot read; the page that it would send is HTML."""
        log.debug("%s refused status=%d %s %s", self.client_address[0], code, message, explain)
        self._refuse(code, _REASONS.get(code, HTTPStatus(code).phrase.lower()))

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  http.server's name
        """Keep what a client does out of the log; paths may hold tokens, which the log hides."""
        log.debug("%s %s", self.client_address[0], format % args)

    def _run(self) -> None:
        environ = self.get_environ()
        environ[CONNECTION] = self.over
        response = _Response(
            cast("Any", self.rfile),
            cast("Any", self.wfile),
            cast("Any", _LogStream()),
            environ,
            multithread=True,
        )
        response.http_version = "1.0"
        response.has_failed = self._fail
        response.run(self._answering.application)

    def _fail(self) -> None:
        self.failed = True

    def _refuse(self, status: int, text: str) -> None:
        """Answer with a line of text, as the application does."""
        body = f"{text}\n".encode()
        self.send_response(status)
        for name, value in {**_PLAIN, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _refuse_line(self, status: int) -> None:
        self.requestline = ""
        self.command = "HEAD" if self.raw_requestline.startswith(b"HEAD ") else ""
        self.request_version = self.default_request_version
        self.send_error(status)

    def _take_authority(self) -> bool:
        """Make a path of a whole URL, as who takes us for a proxy sends it (RFC 9112, 3.2.2).

        Its host then counts in place of the header, so that it is looked at as that would be.

        Returns:
            False when it names none.
        """
        found = _WHOLE_URL.fullmatch(self.path)
        if found is None:
            return True
        authority, path = found.groups()
        self.path = f"/{path.lstrip('/')}"  # two slashes would begin the address of another host
        del self.headers["Host"]
        self.headers["Host"] = authority
        return bool(authority) and "@" not in authority

    def _problem(self) -> tuple[int, str] | None:
        """Return status and reason when the request is not one that we answer."""
        if not self._take_authority():
            return 400, "the address must name a host, and no login"
        if "Transfer-Encoding" in self.headers:
            return 411, "send the body with a Content-Length, not in chunks"
        lengths = self.headers.get_all("Content-Length", ["0"])
        if len(set(lengths)) > 1 or not (lengths[0].isascii() and lengths[0].isdigit()):
            return 400, "Content-Length must be one number"
        if int(lengths[0][:10]) > MAX_BODY_BYTES:
            return 413, f"the body may have {MAX_BODY_BYTES} bytes at the most"
        return None
