"""Finds the V4L2 cameras of this machine under names that stay the same when replugged."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pimotion.capture.v4l2_device import V4l2Device

_STABLE_NAMES = (Path("/dev/v4l/by-id"), Path("/dev/v4l/by-path"))
_DEV = Path("/dev")


def video_cameras(folders: Sequence[Path] = _STABLE_NAMES, unnamed: Path = _DEV) -> list[Path]:
    """Return the paths of the devices that capture video: by-id, then by-path, both stable.

    In a container, where nobody makes those names, its plain device comes last.
    """
    found: dict[Path, Path] = {}
    for folder in folders:
        for path in sorted(folder.glob("*-video-index*")):
            found.setdefault(path.resolve(), path)
    for path in sorted(unnamed.glob("video[0-9]*")):
        found.setdefault(path.resolve(), path)
    return [path for path in found.values() if captures_video(path)]


def captures_video(path: Path) -> bool:
    """Tell whether a path is a V4L2 device that gives video; UVC's second node gives metadata."""
    try:
        with V4l2Device(path) as device:
            return device.captures_video
    except OSError:
        return False
