"""The way of picamera2's example ``mjpeg_server.py``: http.server, a thread a viewer, a condition.

    python -m benchmarks.stream.picamera2_example PICTURES PORT FPS

Written after https://github.com/raspberrypi/picamera2/blob/main/examples/mjpeg_server.py (read in
November 2026), with pictures from a file in place of the camera's encoder.
"""

from __future__ import annotations

import io
import sys
import threading
from http import server
from pathlib import Path
from socketserver import ThreadingMixIn

from benchmarks.stream import pictures


class Output(io.BufferedIOBase):
    """Where the encoder writes each picture."""

    def __init__(self) -> None:
        self.frame = b""
        self.condition = threading.Condition()

    def write(self, frame: bytes) -> int:  # type: ignore[override]
        """Keep a picture and wake all viewers."""
        with self.condition:
            self.frame = frame
            self.condition.notify_all()
        return len(frame)


class Handler(server.BaseHTTPRequestHandler):
    """One viewer."""

    output: Output

    def log_message(self, *_args: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """Write each new picture: headers by the library's calls, then the picture, then CRLF."""
        self.send_response(200)
        self.send_header("Age", "0")
        self.send_header("Cache-Control", "no-cache, private")
        self.send_header("Pragma", "no-cache")
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=FRAME")
        self.end_headers()
        try:
            while True:
                with self.output.condition:
                    self.output.condition.wait()
                    frame = self.output.frame
                self.wfile.write(b"--FRAME\r\n")
                self.send_header("Content-Type", "image/jpeg")
                self.send_header("Content-Length", str(len(frame)))
                self.end_headers()
                self.wfile.write(frame)
                self.wfile.write(b"\r\n")
        except OSError:
            pass


class Server(ThreadingMixIn, server.HTTPServer):
    """As in the example, with a backlog for a crowd."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 256


def main() -> None:
    """Serve until killed."""
    path, port, fps = Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    Handler.output = Output()

    def fill() -> None:
        for _, jpeg in pictures.ticking(pictures.read(path), fps):
            Handler.output.write(jpeg)

    threading.Thread(target=fill, daemon=True).start()
    Server(("127.0.0.1", port), Handler).serve_forever()


if __name__ == "__main__":
    main()
