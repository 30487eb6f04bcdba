"""An HTTP MJPEG camera for benchmarks: the demo recording at 1280x720, looped, at a steady rate.

    python -m benchmarks.mjpeg_camera PORT FPS

A process of its own, so that its CPU time is not counted. Serves any path to any number of clients.
"""

from __future__ import annotations

import http.server
import socketserver
import sys
import time

import cv2
import numpy as np

from benchmarks.measure import ROOT
from pimotion.pixels import encode_bgr

SIZE = (1280, 720)
BOUNDARY = b"frame"


def pictures() -> list[bytes]:
    """Return the recording's frames as JPEGs of about 110 kB, with a sensor's noise."""
    noise = np.random.default_rng(1).normal(0, 3, (*SIZE[::-1], 3))
    video = cv2.VideoCapture(str(ROOT / "pimotion/demo/lawn.mp4"))
    made: list[bytes] = []
    while True:
        more, image = video.read()
        if not more:
            return made
        large = cv2.resize(image, SIZE, interpolation=cv2.INTER_CUBIC)
        rolled = np.roll(noise, 37 * len(made), axis=1)
        made.append(encode_bgr(np.clip(large + rolled, 0, 255).astype(np.uint8), 85))


class Camera(http.server.BaseHTTPRequestHandler):
    """Streams to one client."""

    jpegs: list[bytes]
    fps: float

    def log_message(self, *_args: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """Stream for ever; all clients see the same picture at the same time."""
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        try:
            while True:
                number = int(time.monotonic() * self.fps)
                jpeg = self.jpegs[number % len(self.jpegs)]
                head = b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n"
                self.wfile.write(head % len(jpeg) + jpeg + b"\r\n")
                time.sleep(max(0.0, (number + 1) / self.fps - time.monotonic()))
        except OSError:
            pass


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    """A thread a client."""

    daemon_threads = True


def main() -> None:
    """Serve until killed; ``ready`` on stdout says when."""
    Camera.jpegs = pictures()
    Camera.fps = float(sys.argv[2])
    server = Server(("127.0.0.1", int(sys.argv[1])), Camera)
    print("ready", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
