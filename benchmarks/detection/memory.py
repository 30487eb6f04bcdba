"""The child that measures one contestant's memory: frames come in on stdin, megabytes go out.

    python -m benchmarks.detection.memory NAME < FRAMES

One frame's buffer, the imports and OpenCV's own start belong to every program and are not counted:
what is measured is the peak of resident memory from the moment the contestant is made. Linux only.
"""

from __future__ import annotations

import importlib
import io
import re
import sys
from pathlib import Path
from typing import cast

import cv2
import numpy as np

from benchmarks.detection.contestants import entries
from benchmarks.detection.cost import MEMORY_FPS, SIZE
from pimotion.pixels import Pixels


def resident_mb(which: str) -> float:
    """Return ``VmRSS``, what is resident now, or ``VmHWM``, the most since `reset_peak`."""
    status = Path("/proc/self/status").read_text()
    found = re.search(rf"{which}:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) * 1024 / 1e6


def reset_peak() -> None:
    """Let the kernel count the peak anew; see proc(5), clear_refs."""
    Path("/proc/self/clear_refs").write_text("5")


def next_frame(buffer: Pixels) -> bool:
    """Read a frame into the buffer; False at the end."""
    stream = cast(io.BufferedReader, sys.stdin.buffer)
    return stream.readinto(buffer.data) == buffer.nbytes


def main() -> None:
    """Measure and print."""
    cv2.setNumThreads(1)
    entry = entries()[sys.argv[1]]
    for module in entry.modules:
        importlib.import_module(module)
    buffer: Pixels = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
    next_frame(buffer)
    cv2.cvtColor(buffer, cv2.COLOR_BGR2GRAY)
    before_mb = resident_mb("VmRSS")
    reset_peak()
    contestant, index = entry.make(SIZE), 0
    while next_frame(buffer):
        contestant.look(buffer, index, MEMORY_FPS)
        index += 1
    print(resident_mb("VmHWM") - before_mb)


if __name__ == "__main__":
    main()
