"""Reads an MJPEG stream as strictly as the strictest client, and notes every deviation as an error.

The rules are those of known clients: a boundary line first, CRLF, ``Content-Length`` in that
spelling and right, a JPEG from its first to its last marker, the next boundary right behind it.
"""

from __future__ import annotations

import base64
import socket
import ssl
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True)
class StreamPart:
    """One part as it came."""

    headers: dict[str, str]
    jpeg: bytes


class MjpegReader:
    """One viewer. Raises AssertionError on bad framing, TimeoutError on silence."""

    def __init__(
        self,
        url: str,
        *,
        method: str = "GET",
        login: str | None = None,
        timeout_s: float = 6.0,
        receive_bytes: int | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        parts = urlsplit(url)
        self.socket = socket.socket()
        if tls is not None:
            self.socket = tls.wrap_socket(self.socket, server_hostname=parts.hostname)
        if receive_bytes is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        self.socket.settimeout(timeout_s)
        self._file = self.socket.makefile("rb")
        self._opened = False
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        lines = [f"{method} {target} HTTP/1.1", f"Host: {parts.netloc}"]
        if login is not None:
            lines.append(f"Authorization: Basic {base64.b64encode(login.encode()).decode()}")
        try:
            self.socket.connect((parts.hostname, parts.port))
            self.socket.sendall("\r\n".join([*lines, "", ""]).encode())
            self.status = int(self._line().split(" ")[1])
            self.headers = self._headers()
        except (OSError, EOFError):
            self.close()
            raise

    def __enter__(self) -> MjpegReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Leave."""
        self._file.close()
        self.socket.close()

    def part(self) -> StreamPart:
        """Return the next part; EOFError when the stream ends."""
        boundary = self.headers["Content-Type"].split("boundary=")[1]
        assert '"' not in boundary
        if not self._opened:
            assert self._line() == f"--{boundary}"
            self._opened = True
        headers = self._headers()
        jpeg = self._file.read(int(headers["Content-Length"]))
        assert jpeg[:2] == b"\xff\xd8"
        assert jpeg[-2:] == b"\xff\xd9"
        assert self._line() == ""
        assert self._line() == f"--{boundary}"
        return StreamPart(headers, jpeg)

    def rest(self) -> bytes:
        """Return everything until the server closes."""
        return self._file.read()

    def _headers(self) -> dict[str, str]:
        headers: dict[str, str] = {}
        while line := self._line():
            name, value = line.split(": ", 1)
            assert name not in headers
            headers[name] = value
        return headers

    def _line(self) -> str:
        line = self._file.readline()
        if not line:
            raise EOFError("the server closed the stream")
        assert line.endswith(b"\r\n")
        return line[:-2].decode("latin-1")
