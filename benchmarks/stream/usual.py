"""The usual way to stream MJPEG from Python: a thread and a generator for each viewer.

    python -m benchmarks.stream.usual PICTURES PORT FPS

Bottle on wsgiref's server with ThreadingMixIn; the generator waits for the next picture. Also the
network camera from which programs are fed that cannot be given pictures.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from bottle import Bottle, response

from benchmarks.stream import pictures


class Newest:
    """The newest picture, and who waits for it."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.jpeg = b""

    def fill(self, path: Path, fps: float) -> None:
        """Put in one picture after another, for ever."""
        for _, jpeg in pictures.ticking(pictures.read(path), fps):
            with self.changed:
                self.jpeg = jpeg
                self.changed.notify_all()

    def stream(self) -> Iterator[bytes]:
        """Yield what one viewer is sent."""
        while True:
            with self.changed:
                self.changed.wait()
                jpeg = self.jpeg
            head = b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n"
            yield head % len(jpeg) + jpeg + b"\r\n"


class Server(ThreadingMixIn, WSGIServer):
    """A thread a viewer."""

    daemon_threads = True
    request_queue_size = 256


class Quiet(WSGIRequestHandler):
    """Logs nothing."""

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


def main() -> None:
    """Serve until killed."""
    path, port, fps = Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    newest, app = Newest(), Bottle()

    def stream() -> Iterator[bytes]:
        response.content_type = "multipart/x-mixed-replace; boundary=frame"
        return newest.stream()

    app.get("/stream.mjpg", callback=stream)

    threading.Thread(target=newest.fill, args=(path, fps), daemon=True).start()
    make_server("127.0.0.1", port, app, Server, Quiet).serve_forever()


if __name__ == "__main__":
    main()
