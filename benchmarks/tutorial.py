"""The well-known tutorial's algorithm, written anew from its description, as a baseline.

Newest camera frame -> 400 px wide -> grey -> Gaussian blur 7x7 -> time stamp -> from the 33rd frame
on absdiff against a weighted average (0.1), threshold 25, erode 2, dilate 2, one box around all
contours -> average updated -> copied to the output frame under a lock. As there, the loop does not
wait for a *new* camera frame.

    python -m benchmarks.tutorial URL SECONDS
"""

from __future__ import annotations

import sys
import threading
import time

import cv2
import numpy as np

from pimotion.pixels import Pixels, as_pixels

KERNEL = np.ones((3, 3), np.uint8)


class CameraThread:
    """Keeps the newest frame of a stream."""

    def __init__(self, url: str) -> None:
        self._capture = cv2.VideoCapture(url)
        self.frame: Pixels | None = None
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            more, frame = self._capture.read()
            if not more:
                return
            self.frame = frame.astype(np.uint8, copy=False)


def find_box(grey: Pixels, average: np.ndarray) -> tuple[int, int, int, int] | None:
    """One box around everything that changed."""
    difference = cv2.absdiff(average.astype(np.uint8), grey)
    _, mask = cv2.threshold(difference, 25, 255, cv2.THRESH_BINARY)
    mask = cv2.dilate(cv2.erode(mask, KERNEL, iterations=2), KERNEL, iterations=2)
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    if not contours:
        return None
    boxes = [cv2.boundingRect(contour) for contour in contours]
    left, top = min(b[0] for b in boxes), min(b[1] for b in boxes)
    right, bottom = max(b[0] + b[2] for b in boxes), max(b[1] + b[3] for b in boxes)
    return left, top, right, bottom


class Tutorial:
    """What the tutorial does with one frame after another, but for drawing and passing it on."""

    WIDTH = 400
    FIRST_FRAMES = 32

    def __init__(self) -> None:
        self._average: np.ndarray | None = None
        self._total = 0

    def look(self, newest: Pixels) -> tuple[Pixels, tuple[int, int, int, int] | None]:
        """Return the frame at 400 px, and the box round what changed: left, top, right, bottom."""
        size = (self.WIDTH, round(newest.shape[0] * self.WIDTH / newest.shape[1]))
        frame = cv2.resize(newest, size, interpolation=cv2.INTER_AREA)
        grey = cv2.GaussianBlur(cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY), (7, 7), 0)
        box = None
        if self._average is None:
            self._average = grey.astype(np.float64)
        elif self._total > self.FIRST_FRAMES:
            box = find_box(as_pixels(grey), self._average)
        cv2.accumulateWeighted(grey, self._average, 0.1)
        self._total += 1
        return as_pixels(frame), box


def main() -> None:
    """Run the tutorial's endless loop for some seconds."""
    camera = CameraThread(sys.argv[1])
    end_s = time.monotonic() + float(sys.argv[2])
    lock = threading.Lock()
    tutorial = Tutorial()
    total, output = 0, None
    while time.monotonic() < end_s:
        newest = camera.frame
        if newest is None:
            continue
        frame, box = tutorial.look(newest)
        stamp = time.strftime("%A %d %B %Y %I:%M:%S%p")
        where = (10, frame.shape[0] - 10)
        cv2.putText(frame, stamp, where, cv2.FONT_HERSHEY_SIMPLEX, 0.35, (0, 0, 255), 1)
        if box is not None:
            cv2.rectangle(frame, box[:2], box[2:], (0, 0, 255), 2)
        total += 1
        with lock:
            output = frame.copy()
    assert output is not None
    print(f"{total} loops")


if __name__ == "__main__":
    main()
