"""The command ``cameras``: what cameras this machine has, ready to paste into a configuration."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pimotion.capture.devices import video_cameras
from pimotion.capture.picamera import picamera_models
from pimotion.capture.v4l2_controls import ranges
from pimotion.capture.v4l2_device import Format, V4l2Device
from pimotion.errors import SourceLost

_DEV = Path("/dev")
_MODEL = Path("/proc/device-tree/model")

NO_CAMERA = (
    "is it plugged in? `lsusb` lists USB devices, `rpicam-hello --list-cameras` the Pi's own; a "
    "network camera is written as its address: rtsp://... or http://..."
)
"""What to do on a machine on which no camera is found."""


@dataclass(frozen=True, slots=True)
class FoundCamera:
    """One camera.

    Attributes:
        source: What to write behind ``source:``.
        name: Its sensor's or its maker's name.
        formats: How it gives pictures, as far as it says.
        controls: Names for ``controls:``, each with what it may be.
    """

    source: str
    name: str
    formats: Sequence[Format] = ()
    controls: Mapping[str, str] = field(default_factory=dict)


def found_cameras() -> list[FoundCamera]:
    """Return this machine's cameras, the Pi's own first."""
    return [*_of_the_pi(), *_usb_and_others()]


def show(*, as_json: bool) -> None:
    """Print them on stdout; what keeps others from being found, on stderr."""
    quiet_libcamera()
    cameras = found_cameras()
    if as_json:
        told = [dataclasses.asdict(camera) for camera in cameras]
        sys.stdout.write(json.dumps(told, indent=2) + "\n")
        return
    for camera in cameras:
        sys.stdout.write("\n".join(_lines(camera)) + "\n")
    missing = [] if cameras else [f"no camera was found; {NO_CAMERA}"]
    for text in (*missing, *hints()):
        sys.stderr.write(f"{text}\n")


def quiet_libcamera() -> None:
    """Keep libcamera's own log off a list that a person reads, unless it was asked for.

    To be called before picamera2 is loaded; what goes wrong is told by us.
    """
    os.environ.setdefault("LIBCAMERA_LOG_LEVELS", "*:FATAL")


def hints() -> list[str]:
    """Return why there may be cameras that cannot be seen, each with what to do."""
    found = []
    if closed := closed_devices():
        names = ", ".join(map(str, closed))
        found.append(
            f"{names} may not be used by this user: `sudo usermod -aG video $USER`, and log in anew"
        )
    if is_pi():
        try:
            picamera_models()
        except SourceLost as lost:
            found.append(f"the Pi's own camera: {lost.reason}")
    return found


def closed_devices() -> list[Path]:
    """Return the V4L2 devices that this user may not open."""
    return [path for path in sorted(_DEV.glob("video*")) if not os.access(path, os.R_OK | os.W_OK)]


def is_pi() -> bool:
    """Tell whether this is a Raspberry Pi."""
    try:
        return "Raspberry Pi" in _MODEL.read_text()
    except OSError:
        return False


def _of_the_pi() -> Iterator[FoundCamera]:
    try:
        models = picamera_models()
    except SourceLost:
        return
    for number, model in enumerate(models):
        yield FoundCamera(f"picamera:{number}" if number else "picamera", f"{model}, a Pi camera")


def _usb_and_others() -> Iterator[FoundCamera]:
    for path in video_cameras():
        try:
            with V4l2Device(path) as device:
                formats = tuple(device.formats())
                yield FoundCamera(f"v4l2:{path}", device.name, formats, ranges(device))
        except OSError:  # unplugged meanwhile
            continue


def _lines(camera: FoundCamera) -> Iterator[str]:
    yield f"# {camera.name}"
    largest: dict[str, Format] = {}
    for each in sorted(camera.formats, key=lambda each: each.width * each.height):
        largest[each.fourcc] = each
    for each in largest.values():
        rate = f" at {each.fps:g} fps" if each.fps else ""
        yield f"#   {each.fourcc} up to {each.width}x{each.height}{rate}"
    if camera.controls:
        spans = ", ".join(f"{name} {span}" for name, span in camera.controls.items())
        yield f"#   controls: {spans}"
    yield f"source: {camera.source}"
