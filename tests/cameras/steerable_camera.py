"""An HTTP camera that is steered while it runs: it walks, stalls, freezes, lies, and goes away."""

from __future__ import annotations

import random
import socket
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np

from cameras.http_camera import part
from cameras.pictures import FPS, SCENE
from pimotion.capture.synthetic import QUIET_S, Scene
from pimotion.pixels import Pixels, encode_bgr

_WALK_FROM = int(QUIET_S * FPS)
_BOMB_SIDE_PX = 30_000
_HUGE_BYTES = 2_000_000_000


def bomb() -> bytes:
    """A small JPEG whose header says that it is 30000 x 30000."""
    small = bytearray(encode_bgr(SCENE.image(0), 60))
    size_at = small.index(b"\xff\xc0") + 5
    small[size_at : size_at + 4] = _BOMB_SIDE_PX.to_bytes(2, "big") * 2
    return bytes(small)


@dataclass
class Mood:
    """What the camera does now. Change it at any time."""

    status: int = 200
    is_html: bool = False
    is_stalled: bool = False
    is_frozen: bool = False
    is_walking: bool = False
    fps: float = FPS
    view: str = "scene"
    """Or "box": somebody has put one there; "black"; "noise": nothing but that."""
    broken_share: float = 0.0
    size_px: tuple[int, int] = (SCENE.width, SCENE.height)
    sent: int = 0
    """Pictures so far."""
    special: list[bytes] = field(default_factory=list)
    """Bodies to send once, before the next picture."""


class SteerableCamera:
    """Serves one MJPEG stream while it is entered as a context."""

    def __init__(self, port: int) -> None:
        self.mood = Mood()
        self.port = port
        self.url = f"http://127.0.0.1:{port}/stream"
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> SteerableCamera:
        """Begin to listen."""
        self._server = _Server(self.port, self.mood)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()
        return self

    def stop(self) -> None:
        """Cut every connection and stop listening: somebody pulled the plug."""
        server, self._server = self._server, None
        if server is None or self._thread is None:
            return
        server.cut()
        server.shutdown()
        server.server_close()
        self._thread.join()

    @property
    def connections(self) -> int:
        """How many connections this start has seen."""
        return 0 if self._server is None else self._server.connections

    def __enter__(self) -> SteerableCamera:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()


class Walker:
    """Somebody who walks past a camera again and again."""

    def __init__(self, camera: SteerableCamera, walk_s: float, rest_s: float) -> None:
        self._camera = camera
        self._walk_s, self._rest_s = walk_s, rest_s
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def close(self) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.is_set():
            self._camera.mood.is_walking = True
            self._over.wait(self._walk_s)
            self._camera.mood.is_walking = False
            self._over.wait(self._rest_s)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, port: int, mood: Mood) -> None:
        self.mood = mood
        self.over = threading.Event()
        self.connections = 0
        self.open: list[socket.socket] = []
        super().__init__(("127.0.0.1", port), _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a client that went away."""

    def cut(self) -> None:
        self.over.set()
        for connection in self.open:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        self.server.connections += 1
        self.server.open.append(self.connection)
        mood = self.server.mood
        if mood.status != 200:
            self.send_error(mood.status)
        elif mood.is_html:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<html>firmware update in progress</html>")
        else:
            self.send_response(200)
            self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
            self.end_headers()
            self._stream(mood)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  its name
        pass

    def _stream(self, mood: Mood) -> None:
        luck = random.Random(7)
        scenes: dict[tuple[int, int], Scene] = {}
        number = step = 0
        while not self.server.over.wait(1 / mood.fps):
            if mood.is_stalled:
                continue
            step += 1
            if not mood.is_frozen:
                number = _WALK_FROM + step % 120 if mood.is_walking else step % _WALK_FROM
            scene = scenes.setdefault(mood.size_px, Scene(*mood.size_px, FPS))
            body = encode_bgr(_seen(scene.image(number), mood.view, step), 80)
            if luck.random() < mood.broken_share:
                body = body[: len(body) // 3]
            while mood.special:
                self._send(mood.special.pop())
            self._send(part(body))
            mood.sent += 1

    def _send(self, data: bytes) -> None:
        try:
            self.wfile.write(data)
        except OSError:
            self.server.over.wait(0.05)
            raise


def _seen(image: Pixels, view: str, step: int) -> Pixels:
    if view == "black":
        return np.zeros_like(image)
    if view == "noise":
        return np.random.default_rng(step).integers(0, 256, image.shape, np.uint8)
    if view == "box":
        height, width = image.shape[:2]
        image[height // 2 :, width // 2 : width * 3 // 4] = (220, 230, 240)
    return image


def huge_part() -> bytes:
    """The head of a part that says it has 2 GB, and the first 32 MB of them."""
    head = b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % _HUGE_BYTES
    return head + b"\xff\xd8" + bytes(32 << 20)
