"""A camera whose visitors come when a test wants them to, and the daemon that watches it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from broker import HOST
from cameras.recording_camera import EMPTY, PEOPLE, STRIP_RATIO, RecordingCamera
from daemon_process import DaemonProcess
from free_ports import find_free_port

STRIP = [[0, 0], [1, 0], [1, STRIP_RATIO], [0, STRIP_RATIO]]
"""The number that is drawn into each picture changes, which is no motion."""
LAWN = [[0, STRIP_RATIO], [1, STRIP_RATIO], [1, 1], [0, 1]]
NODE = "pi"
DOOR = f"pimotion_{NODE}_door"
"""What the door's `unique_id`s begin with."""
BASE = f"pimotion/{NODE}/door"


class CameraOnCue(RecordingCamera):
    """Shows an empty lawn, and people who walk over it after each `visit`."""

    def __init__(self) -> None:
        super().__init__()
        self._cue = threading.Event()

    def __enter__(self) -> CameraOnCue:
        super().__enter__()
        return self

    def visit(self) -> None:
        """Let people come, for 4.7 s."""
        self._cue.set()

    def _numbers(self) -> Iterator[int]:
        while True:
            # Back and forth, so that the light does not jump.
            yield from (*EMPTY[:10], *reversed(EMPTY[:10]))
            if self._cue.is_set():
                self._cue.clear()
                yield from PEOPLE


def camera_settings(url: str, **more: Any) -> dict[str, Any]:
    """Settings of the camera, whose events end after 2 s of quiet."""
    return {
        "source": url,
        "fps": 20,
        "detect": {"fps": 10, "masks": [STRIP], "hold_s": 0.5},
        "events": {"event_gap_s": 2},
        "zones": {"lawn": {"polygon": LAWN}},
        **more,
    }


def settings(broker_port: int, url: str, **more: Any) -> dict[str, Any]:
    """A node with one camera at its door."""
    return {
        "node": NODE,
        "mqtt": {"host": HOST, "port": broker_port},
        "cameras": {"door": camera_settings(url)},
        **more,
    }


def daemon(folder: Path, values: dict[str, Any]) -> DaemonProcess:
    """Start the daemon; it keeps its state in the folder."""
    folder.mkdir(exist_ok=True)
    return DaemonProcess(folder, values, port=find_free_port())
