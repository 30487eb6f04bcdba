"""Tells the USB camera of `hardware.machine.usb_camera` what to do, by its FIFO."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from pimotion.cameras import found_cameras

_COMES_S = 20.0


def tell(line: str) -> None:
    """Tell the camera what to do: unplug, plug, stall, resume, motion on, garbage N ..."""
    Path(os.environ["PIMOTION_USB_CONTROL"]).write_text(f"{line}\n")


def plugged_in() -> str:
    """Plug the camera in and return what to write behind `source:`; skips where there is none."""
    if "PIMOTION_USB_CONTROL" not in os.environ:
        pytest.skip("no USB camera that does what it is told")
    tell("plug")
    tell("resume")
    deadline_s = time.monotonic() + _COMES_S
    while True:
        for camera in found_cameras():
            if "usb" in camera.source:
                return camera.source
        assert time.monotonic() < deadline_s, "the USB camera does not come"
        time.sleep(0.2)
