"""An HTTP camera on loopback. What it does, and what it does wrong, is chosen by the path."""

from __future__ import annotations

import hashlib
import random
import threading
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self

from cameras.pictures import FPS, jpeg

USERNAME, PASSWORD = "viewer", "p@ss:wort/ä"
_MIXED = "multipart/x-mixed-replace; boundary="
VIDEO_BYTES_PER_PICTURE = 10_000  # 2 Mbit/s at 25 pictures a second
_NONCE = "dcd98b7102dd2f0e8b11d0f600bfb0c0"

Chunks = Iterator[bytes | None]
"""Bytes to send at once; None: wait for one picture's time."""


def part(
    body: bytes, *, end: bytes = b"\r\n", length: int | None = -1, boundary: bytes = b"--frame"
) -> bytes:
    """One part of a multipart stream; ``length`` -1: the right one, None: not said."""
    head = boundary + end + b"Content-Type: image/jpeg" + end
    if length is not None:
        head += b"Content-Length: %d" % (len(body) if length == -1 else length) + end
    return head + end + body + end


def _every(make: Callable[[bytes], bytes]) -> Chunks:
    for number in range(10_000):
        yield make(jpeg(number % 500))
        yield None


def _count(last: int) -> Chunks:
    for number in range(last):
        yield part(jpeg(number))
        yield None


def _stall() -> Chunks:
    yield from _count(5)
    while True:
        yield None


def _half() -> Chunks:
    yield from _count(5)
    yield part(jpeg(5))[:3000]
    while True:
        yield None


def _cut_short() -> Chunks:
    """Every other picture is cut in half though it says its full length."""
    for number in range(10_000):
        whole = jpeg(number)
        yield part(whole if number % 2 else whole[: len(whole) // 2], length=len(whole))
        yield None


def _garbage() -> Chunks:
    noise = random.Random(5)
    while True:
        yield part(noise.randbytes(20_000))
        yield None


def _trickle() -> Chunks:
    for byte in part(jpeg(0)) * 100:
        yield bytes([byte])
        yield None


def _paced(video: bytes) -> Chunks:
    """A video about as fast as it plays."""
    for start in range(0, len(video), VIDEO_BYTES_PER_PICTURE):
        yield video[start : start + VIDEO_BYTES_PER_PICTURE]
        yield None


FRAMINGS: Mapping[str, tuple[str, Callable[[bytes], bytes]]] = {
    "plain": (_MIXED + "frame", part),
    "quoted": (_MIXED + '"frame"', part),
    "dashes": (_MIXED + "--frame", part),
    "no-boundary": ("multipart/x-mixed-replace", part),
    "wrong-boundary": (_MIXED + "other", part),
    "lf": (_MIXED + "frame", lambda body: part(body, end=b"\n")),
    "no-length": (_MIXED + "frame", lambda body: part(body, length=None)),
    "wrong-length": (_MIXED + "frame", lambda body: part(body, length=7)),
    "huge-length": (_MIXED + "frame", lambda body: part(body, length=2_000_000_000)),
    "junk": (_MIXED + "frame", lambda body: b"\0\xff\xd8\xff junk \xff\xd9" + part(body) + b"--x"),
    "padded": (_MIXED + "frame", lambda body: part(body + bytes(300))),
    "text-part": (_MIXED + "frame", lambda body: part(b"event: none") + part(body)),
    "bare": ("", lambda body: body),
    "chunked": (_MIXED + "frame", part),
}
_REDIRECTS = {
    "moved": "/plain",
    "circle": "/circle",
    "away": "http://localhost:1/elsewhere",
}
FAULTS: Mapping[str, Callable[[], Chunks]] = {
    "end": lambda: _count(5),
    "stall": _stall,
    "half": _half,
    "cut-short": _cut_short,
    "garbage": _garbage,
    "trickle": _trickle,
}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def setup(self) -> None:
        self.server.connections += 1
        super().setup()

    def do_GET(self) -> None:
        name = self.path.lstrip("/").partition("?")[0]
        self.server.asked.append(self.path)
        try:
            self._answer(name)
        except OSError:
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  its name
        pass

    def _answer(self, name: str) -> None:
        if name in FRAMINGS:
            kind, make = FRAMINGS[name]
            self._stream(kind, _every(make), chunked=name == "chunked")
        elif name in FAULTS:
            self._stream(_MIXED + "frame", FAULTS[name]())
        elif name.isdigit():
            self.send_error(int(name))
        elif name in _REDIRECTS:
            self._redirect(_REDIRECTS[name])
        elif name in ("basic", "digest", "jpeg-digest"):
            self._locked(name)
        else:
            self._other(name)

    def _other(self, name: str) -> None:
        if name == "mute":
            self.server.stopping.wait()
        elif name == "html":
            self._whole("text/html; charset=utf-8", b"<html>Please log in</html>")
        elif name == "jpeg":
            self._still()
        elif name == "video":
            self._stream("video/mp2t", _paced(self.server.video.read_bytes()))
        else:
            assert name == "not-http"
            self.wfile.write(b"220 welcome to the file server\r\n" * 3)
            self.close_connection = True

    def _still(self) -> None:
        self.server.stills += 1
        self._whole("image/jpeg", jpeg(self.server.stills))

    def _locked(self, name: str) -> None:
        given = self.headers.get("Authorization", "")
        if name == "basic":
            asked = 'Basic realm="door"'
            right = given == "Basic dmlld2VyOnBAc3M6d29ydC/DpA=="
        else:
            asked = f'Digest realm="door", nonce="{_NONCE}", qop="auth,auth-int", opaque="x"'
            right = _digest_is_right(given, self.path)
        if not right:
            self.send_response(401)
            self.send_header("WWW-Authenticate", asked)
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif name == "jpeg-digest":
            self._still()
        else:
            self._stream(_MIXED + "frame", _every(part))

    def _redirect(self, to: str) -> None:
        self.send_response(302)
        self.send_header("Location", to)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _whole(self, kind: str, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _stream(self, kind: str, chunks: Chunks, *, chunked: bool = False) -> None:
        self.send_response(200)
        if kind:
            self.send_header("Content-Type", kind)
        self.send_header(
            *(("Transfer-Encoding", "chunked") if chunked else ("Connection", "close"))
        )
        self.end_headers()
        self.close_connection = True
        for chunk in chunks:
            if chunk is None:
                self.server.sent += 1
                if self.server.stopping.wait(1 / FPS):
                    return
            else:
                self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk) if chunked else chunk)


def _digest_is_right(given: str, target: str) -> bool:
    """Check a Digest answer by RFC 7616, section 3.4.1."""
    fields = {
        name.strip(): value.strip('" ')
        for name, _, value in (pair.partition("=") for pair in given[7:].split(","))
    }

    def md5(text: str) -> str:
        return hashlib.md5(text.encode()).hexdigest()

    user = md5(f"{USERNAME}:door:{PASSWORD}")
    middle = f"{_NONCE}:{fields.get('nc')}:{fields.get('cnonce')}:auth"
    return fields.get("response") == md5(f"{user}:{middle}:{md5(f'GET:{target}')}")


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a client that goes away is what some tests are about."""

    def __init__(self, port: int, video: Path) -> None:
        self.stopping = threading.Event()
        self.asked: list[str] = []
        self.stills = 0
        self.connections = 0
        self.sent = 0
        self.video = video
        super().__init__(("127.0.0.1", port), _Handler)


class HttpCamera:
    """The camera, serving while it is entered as a context."""

    def __init__(self, *, port: int = 0, video: Path = Path("none.ts")) -> None:
        self._server = _Server(port, video)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    @property
    def asked(self) -> list[str]:
        """The paths that were asked for, oldest first."""
        return self._server.asked

    @property
    def connections(self) -> int:
        """How many connections have been made, by anyone."""
        return self._server.connections

    @property
    def sent(self) -> int:
        """How many pictures have been sent, to anyone."""
        return self._server.sent

    def url(self, path: str, login: str = "") -> str:
        """A URL of this camera, ``login`` as ``user:password@``."""
        return f"http://{login}127.0.0.1:{self.port}/{path}"

    def close(self) -> None:
        """Break every connection and stop listening."""
        self._server.stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
