"""Turns any camera into a motion sensor that Home Assistant can trust."""

import os

__version__ = "0.1.0"

# OpenCV reads this once: how long it waits for a USB camera that hangs, s. Its own 10 s are longer
# than a camera may be silent. It stands here because nothing of pimotion loads OpenCV earlier.
os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", "2")
