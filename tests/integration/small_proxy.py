"""A reverse proxy on loopback as people set one up, in the little that it takes: one location."""

from __future__ import annotations

import threading
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit


class SmallProxy:
    """Passes everything below a path on to a server.

    Args:
        target: Address of the server.
        path: What the proxy answers for, such as ``/pimotion``.
        strips: Whether it takes that path off, as nginx does when ``proxy_pass`` ends in a slash.
        host: What it says as ``Host``: its own, as browsers ask for it, or None for the target's.
    """

    def __init__(self, target: str, *, path: str, strips: bool, host: str | None = None) -> None:
        self.target = urlsplit(target)
        self.path = path
        self.strips = strips
        self.host = host
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}{path}"
        self._thread = threading.Thread(target=self._server.serve_forever)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join(10)
        self._server.server_close()


def _handler(proxy: SmallProxy) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if not self.path.startswith(proxy.path):
                self.send_error(404)
                return
            self._pass_on(self.path.removeprefix(proxy.path) if proxy.strips else self.path)

        do_POST = do_HEAD = do_GET  # noqa: N815  names of http.server

        def _pass_on(self, path: str) -> None:
            headers = dict(self.headers.items())
            headers["Host"] = proxy.host or proxy.target.netloc
            headers["X-Forwarded-For"] = "192.0.2.7"
            body = self.rfile.read(int(headers.get("Content-Length", 0)))
            upstream = HTTPConnection(proxy.target.netloc, timeout=10)
            try:
                upstream.request(self.command, path or "/", body, headers)
                answer = upstream.getresponse()
                self.send_response_only(answer.status)
                for name, value in answer.getheaders():
                    self.send_header(name, value)
                self.end_headers()
                while piece := answer.read1():
                    self.wfile.write(piece)
            except OSError:
                self.close_connection = True  # the browser has gone
            finally:
                upstream.close()

        def log_message(self, *_: object) -> None:
            pass

    return Handler
