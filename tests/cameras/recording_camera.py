"""An HTTP camera that shows a real recording, each picture with its number drawn in.

The scene is the demo recording's: an empty lawn, then people who walk on to it, then the empty lawn
again. A test knows by the number which picture it was shown, and where in it people were.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import barcode
import cv2
import numpy as np

from pimotion.capture.factory import DEMO
from pimotion.pixels import Pixels, as_pixels, encode_bgr

FPS = 20
"""Twice the recording's own rate, so that a test takes half the time."""
EMPTY, PEOPLE = range(100, 150), range(170, 264)
"""Frames of the recording: nobody is there; people are there, walking."""
STRIP_RATIO = 0.14
"""Share of the height that the number takes, at the top."""


@cache
def recording() -> tuple[Pixels, ...]:
    """The recording's frames, shape (240, 448, 3), blue-green-red, without numbers."""
    video = cv2.VideoCapture(DEMO.removeprefix("file:").removesuffix("?loop"))
    frames: list[Pixels] = []
    while True:
        more, image = video.read()
        if not more:
            return tuple(frames)
        frames.append(as_pixels(image))


@cache
def jpeg(number: int) -> bytes:
    """Picture ``number`` of the recording as the camera sends it."""
    image = recording()[number].copy()
    barcode.paint(image, number)
    return encode_bgr(image, 90)


def people_in(number: int) -> Pixels:
    """Where the picture differs from the empty lawn, shape (240, 448), 0 or 255."""
    empty = np.median(np.array(recording()[100:150:5]), axis=0).astype(np.uint8)
    difference = cv2.absdiff(recording()[number], empty).max(axis=2)
    mask = cv2.morphologyEx(
        np.where(difference > 40, 255, 0).astype(np.uint8), cv2.MORPH_OPEN, np.ones((5, 5))
    )
    mask[: round(STRIP_RATIO * mask.shape[0])] = 0
    return mask.view(np.uint8)


def visit() -> Iterator[int]:
    """Numbers of the pictures of one visit: 5 s of nobody, 5 s of people, then nobody for ever."""
    yield from (*EMPTY, *EMPTY)
    yield from PEOPLE
    while True:
        yield from (*EMPTY, *reversed(EMPTY))


class RecordingCamera:
    """The camera, serving while it is entered as a context. Each client sees a visit of its own.

    Attributes:
        stalled: Set it, and every stream stays open without another picture.
    """

    def __init__(self, *, repeat: bool = False) -> None:
        camera = self
        self.stalled = threading.Event()
        self._stopping = threading.Event()
        self._repeat = repeat

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                camera._stream(self)

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

        for number in (*EMPTY, *PEOPLE):
            jpeg(number)  # encoding must not slow the camera down later
        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/video"

    def __enter__(self) -> RecordingCamera:
        threading.Thread(target=self._server.serve_forever, args=(0.05,)).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._server.shutdown()
        self._server.server_close()

    def _numbers(self) -> Iterator[int]:
        if not self._repeat:
            return visit()
        return (number for _ in range(1000) for number in (*EMPTY, *EMPTY, *PEOPLE))

    def _stream(self, handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        handler.end_headers()
        try:
            for number in self._numbers():
                while self.stalled.is_set() and not self._stopping.wait(0.05):
                    pass
                body = jpeg(number)
                head = b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n"
                handler.wfile.write(head % len(body) + body + b"\r\n")
                if self._stopping.wait(1 / FPS):
                    return
        except OSError:
            pass
