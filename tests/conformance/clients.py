"""How known programs read an MJPEG stream, in as few lines as show their rules.

Each was read in its source in November 2026: go2rtc ``pkg/mpjpeg/multipart.go``, motionEye
``mjpgclient.py``, Home Assistant ``components/mjpeg/camera.py``.
"""

from __future__ import annotations

import base64
import http.client
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

Read = Callable[[http.client.HTTPResponse], bytes]
"""Returns the next picture of a stream."""


@contextmanager
def opened(
    url: str, *, login: str | None = None, method: str = "GET", timeout_s: float = 6.0
) -> Iterator[http.client.HTTPResponse]:
    """Send a request; the answer's body can be read as it comes."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=timeout_s)
    headers = {}
    if login is not None:
        headers["Authorization"] = f"Basic {base64.b64encode(login.encode()).decode()}"
    try:
        connection.request(method, f"{parts.path}?{parts.query}", headers=headers)
        with connection.getresponse() as answer:
            yield answer
    finally:
        connection.close()


def go2rtc(answer: http.client.HTTPResponse) -> bytes:
    """Return the next picture: a line that begins a part, headers with a length, the bytes."""
    while (line := answer.readline()) == b"\r\n":
        pass
    assert line.startswith(b"--"), f"multipart: wrong boundary: {line!r}"
    headers = http.client.parse_headers(answer)
    length = headers.get("Content-Length")
    assert length is not None, "multipart: no content length"
    return answer.read(int(length))


def motioneye(answer: http.client.HTTPResponse) -> bytes:
    """Return the next picture: what follows the literal ``Content-Length:`` and an empty line."""
    _read_until(answer, b"Content-Length:")
    digits = re.findall(rb"\d+", _read_until(answer, b"\r\n\r\n"))
    return answer.read(int(digits[0]))


def home_assistant_still(answer: http.client.HTTPResponse) -> bytes:
    """Return the first picture: all from the first FFD8 to the first FFD9 that there is."""
    data = b""
    while b"\xff\xd9" not in data or b"\xff\xd8" not in data:
        data += answer.read1(4096)
    return data[data.find(b"\xff\xd8") : data.find(b"\xff\xd9") + 2]


def _read_until(answer: http.client.HTTPResponse, end: bytes) -> bytes:
    data = b""
    while not data.endswith(end):
        byte = answer.read(1)
        assert byte, f"the stream ended before {end!r}"
        data += byte
    return data
