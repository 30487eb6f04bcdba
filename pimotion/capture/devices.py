"""Finds the V4L2 cameras of this machine under names that stay the same when replugged."""

from __future__ import annotations

import fcntl
import os
import struct
from collections.abc import Sequence
from pathlib import Path

STABLE_NAMES = (Path("/dev/v4l/by-id"), Path("/dev/v4l/by-path"))

# linux/videodev2.h: VIDIOC_QUERYCAP fills struct v4l2_capability.
_QUERYCAP = 0x80685600
_CAPABILITY = struct.Struct("16s32s32sIII3I")  # driver, card, bus, version, capabilities, device's
_VIDEO_CAPTURE = 0x00000001
_STREAMING = 0x04000000


def video_cameras(folders: Sequence[Path] = STABLE_NAMES) -> list[Path]:
    """Return the stable paths of the devices that capture video, by-id before by-path."""
    found: dict[Path, Path] = {}
    for folder in folders:
        for path in sorted(folder.glob("*-video-index*")):
            device = path.resolve()
            if device not in found and captures_video(path):
                found[device] = path
    return list(found.values())


def captures_video(path: Path) -> bool:
    """Tell whether a path is a V4L2 device that gives video; UVC's second node gives metadata."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        answer = fcntl.ioctl(handle, _QUERYCAP, bytes(_CAPABILITY.size))
    except OSError:
        return False
    finally:
        os.close(handle)
    of_device = _CAPABILITY.unpack(answer)[5]
    wanted = _VIDEO_CAPTURE | _STREAMING
    return bool(of_device & wanted == wanted)
