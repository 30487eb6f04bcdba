"""OpenCV alone: decode to BGR, resize to 320 px, grey, MOG2. A baseline for the daemon.

python -m benchmarks.mog2 URL SECONDS
"""

from __future__ import annotations

import sys
import time

import cv2


def main() -> None:
    """Read and subtract for some seconds."""
    capture = cv2.VideoCapture(sys.argv[1])
    subtractor = cv2.createBackgroundSubtractorMOG2()
    end_s = time.monotonic() + float(sys.argv[2])
    frames = 0
    while time.monotonic() < end_s:
        more, frame = capture.read()
        if not more:
            break
        small = cv2.resize(frame, (320, 180), interpolation=cv2.INTER_AREA)
        subtractor.apply(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY))
        frames += 1
    print(f"{frames} frames")


if __name__ == "__main__":
    main()
