"""The tutorial's program as people run it: its detector's loop, and an encode for each viewer.

    python -m benchmarks.stream.tutorial_server CAMERA_URL PORT

The loop of `benchmarks.tutorial` runs as fast as it can; each viewer's generator encodes whatever
the loop left last, under the one lock, and sends it, be it new or not.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from wsgiref.simple_server import make_server

import cv2
from bottle import Bottle, response

from benchmarks.stream.usual import Quiet, Server
from benchmarks.tutorial import CameraThread, Tutorial
from pimotion.pixels import Pixels


class Output:
    """What the loop hands to the viewers."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.frame: Pixels | None = None

    def follow(self, camera: CameraThread) -> None:
        """Detect and draw, for ever."""
        tutorial = Tutorial()
        while True:
            newest = camera.frame
            if newest is None:
                continue
            frame, box = tutorial.look(newest)
            stamp = time.strftime("%A %d %B %Y %I:%M:%S%p")
            where = (10, frame.shape[0] - 10)
            cv2.putText(frame, stamp, where, cv2.FONT_HERSHEY_SIMPLEX, 0.35, (0, 0, 255), 1)
            if box is not None:
                cv2.rectangle(frame, box[:2], box[2:], (0, 0, 255), 2)
            with self.lock:
                self.frame = frame

    def stream(self) -> Iterator[bytes]:
        """Yield what one viewer is sent. The tutorial says no length; the load client wants one."""
        while True:
            with self.lock:
                if self.frame is None:
                    continue
                _, encoded = cv2.imencode(".jpg", self.frame)
            jpeg = encoded.tobytes()
            head = b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n"
            yield head % len(jpeg) + jpeg + b"\r\n"


def main() -> None:
    """Serve until killed."""
    output, app = Output(), Bottle()
    camera = CameraThread(sys.argv[1])

    def stream() -> Iterator[bytes]:
        response.content_type = "multipart/x-mixed-replace; boundary=frame"
        return output.stream()

    app.get("/video_feed", callback=stream)

    threading.Thread(target=output.follow, args=(camera,), daemon=True).start()
    make_server("127.0.0.1", int(sys.argv[2]), app, Server, Quiet).serve_forever()


if __name__ == "__main__":
    main()
