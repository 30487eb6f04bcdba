"""What was probably meant by a value that cannot be: for the sentence that tells the mistake."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pimotion.config.camera import SOURCE

_WORDS = dict.fromkeys(("camera", "cam", "usb", "usbcam", "webcam", "uvc"), "auto") | dict.fromkeys(
    ("csi", "libcamera", "pi", "picam", "picamera2", "picamera3", "raspicam", "rpicam"), "picamera"
)
"""What people call a camera -> the source that finds it."""

_DEVICE = re.compile(r"(v4l2:|/dev/|usb:)?(video)?([0-9]{1,3})")
_FILE = re.compile(r"\.?\.?/.+|~.*/.+|[^:]+\.(avi|jpe?g|m4v|mkv|mov|mp4|mpe?g|ts|webm)(\?loop)?")
_SCHEME = re.compile(r"([A-Za-z]{2,8})://")
_ENCRYPTED = ("mqtts", "ssl", "tls")


def source(written: str) -> str | None:
    """Return the camera source that somebody meant; None when nobody can tell."""
    return next((each for each in _sources(written) if SOURCE.fullmatch(each)), None)


def _sources(written: str) -> Iterator[str]:
    word = written.strip().lower()
    if device := _DEVICE.fullmatch(word):
        yield f"v4l2:/dev/video{device[3]}"
    if word in _WORDS:
        yield _WORDS[word]
    kind, colon, rest = written.strip().partition(":")
    yield f"{kind.lower()}{colon}{rest}"
    if written.startswith("tcp://"):
        yield f"imagezmq:{written}"
    if written.startswith("/dev/"):
        yield f"v4l2:{written}"
    if _FILE.fullmatch(written):
        yield f"file:{written}"


def host(written: str, section: str) -> str | None:
    """Return what to leave out of a host that is written as a URL; None if it is none.

    Args:
        written: What stands there.
        section: Which section's host it is: ``mqtt`` or ``http``.
    """
    scheme = _SCHEME.match(written)
    if scheme is None:
        return None
    tls = f", encryption {section}.tls" if scheme[1].lower() in _ENCRYPTED else ""
    return f"leave out {scheme[0]}; the port is {section}.port{tls}"
