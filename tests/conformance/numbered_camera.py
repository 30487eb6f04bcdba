"""An HTTP camera on loopback that numbers its pictures, knows when it gave each, and can die."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

import barcode
import numpy as np

from pimotion.latest import Latest
from pimotion.pixels import Pixels, as_pixels, encode_bgr

FPS = 12
SIZE = (640, 360)
STRIP = [[0, 0], [1, 0], [1, 0.15], [0, 0.15]]
"""The polygon of the number, for `detect.masks`: that it changes is no motion."""


class NumberedCamera:
    """Gives `FPS` pictures a second to any number of clients while it is entered as a context."""

    def __init__(self) -> None:
        self._pictures: Latest[bytes | None] = Latest()
        self._given_s: dict[int, float] = {}
        self._dead = threading.Event()
        self._stopping = threading.Event()
        self._server = ThreadingHTTPServer(
            ("127.0.0.1", 0), type("Bound", (_Handler,), {"camera": self})
        )
        self._server.daemon_threads = True
        self._threads = [
            threading.Thread(target=self._server.serve_forever, args=(0.05,)),
            threading.Thread(target=self._give),
        ]

    @property
    def url(self) -> str:
        """Where the camera is."""
        return f"http://127.0.0.1:{self._server.server_port}/video"

    def age_s(self, number: int, now_s: float | None = None) -> float:
        """How long ago a picture was given, or how old it was then; KeyError if it never was."""
        return (time.monotonic() if now_s is None else now_s) - self._given_s[number]

    def die(self) -> None:
        """Hang up on everyone, and give nothing until `revive`."""
        self._dead.set()
        self._pictures.put(None)

    def revive(self) -> None:
        """Give pictures again."""
        self._dead.clear()

    def stream(self, handler: BaseHTTPRequestHandler) -> None:
        """Serve one client until it or the camera has gone."""
        if self._dead.is_set():
            handler.send_error(503)
            return
        handler.send_response(200)
        handler.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        handler.end_headers()
        seen = 0
        while not self._stopping.is_set():
            taken = self._pictures.wait(seen, 0.5)
            if taken is None:
                continue
            if taken.value is None:
                return
            seen = taken.number
            head = b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n"
            handler.wfile.write(head % len(taken.value) + taken.value + b"\r\n")

    def _give(self) -> None:
        number = 0
        while not self._stopping.wait(1 / FPS):
            if self._dead.is_set():
                continue
            number += 1
            jpeg = _jpeg(number)
            self._given_s[number] = time.monotonic()
            self._pictures.put(jpeg)

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopping.set()
        self._server.shutdown()
        for thread in self._threads:
            thread.join()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    camera: NumberedCamera

    def do_GET(self) -> None:
        with suppress(OSError):
            self.camera.stream(self)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@cache
def _backdrop() -> Pixels:
    """A rough wall, so that a picture has the 40 kB of a real one. Shape (360, 640, 3)."""
    rough = np.random.default_rng(4).normal(110, 9, (SIZE[1], SIZE[0], 3))
    return as_pixels(np.clip(rough, 0, 255).astype(np.uint8))


def _jpeg(number: int) -> bytes:
    image = _backdrop().copy()
    barcode.paint(image, number)
    return encode_bgr(image, 80)
