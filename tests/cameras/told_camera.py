"""A camera that is a process and shows what it is told to: told_camera.py http PORT, or
told_camera.py imagezmq ADDRESS.

Each line on its stdin is a mood: ``still``, ``walk``, ``garbage`` or ``half``. As an HTTP camera it
sends MJPEG to all who ask; as a sender it is an unmodified imagezmq. Kill it, or stop it with
SIGSTOP.
"""

from __future__ import annotations

import random
import sys
import threading
import time
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import imagezmq

from cameras.http_camera import part
from pimotion.capture.synthetic import MOTION_S, QUIET_S, Scene
from pimotion.pixels import encode_bgr

FPS = 10
_SCENE = Scene(320, 240, FPS)
_WALK_FROM, _WALK = int(QUIET_S * FPS), int(MOTION_S * FPS)

mood = ["still"]
"""One value, which a thread sets and all read."""


@cache
def _jpeg(number: int) -> bytes:
    return encode_bgr(_SCENE.image(number), 85)


def _bytes(step: int) -> bytes:
    """What the camera sends as its next picture."""
    if mood[0] == "garbage":
        return random.Random(step).randbytes(20_000)
    whole = _jpeg(_WALK_FROM + step % _WALK if mood[0] == "walk" else step % _WALK_FROM)
    return whole[: len(whole) // 2] if mood[0] == "half" else whole


class _Http(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        step = 0
        try:
            while True:
                self.wfile.write(part(_bytes(step)))
                step += 1
                time.sleep(1 / FPS)
        except OSError:
            return

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  its name
        pass


def _serve(port: int) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", port), _Http)
    server.daemon_threads = True
    server.serve_forever()


def _send(address: str) -> None:
    sender = imagezmq.ImageSender(connect_to=address)
    step = 0
    while True:
        if mood[0] == "garbage":
            sender.zmq_socket.send_multipart([b"no JSON", _bytes(step)])
            sender.zmq_socket.recv()
        else:
            sender.send_jpg("porch", _bytes(step))
        step += 1
        time.sleep(1 / FPS)


def _listen() -> None:
    for line in sys.stdin:
        mood[0] = line.strip()


def main() -> None:
    """Run until killed."""
    kind, where = sys.argv[1:]
    threading.Thread(target=_listen, daemon=True).start()
    if kind == "http":
        _serve(int(where))
    else:
        _send(where)


main()
