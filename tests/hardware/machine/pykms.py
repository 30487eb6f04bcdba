"""The names that picamera2 wants of Raspberry Pi's pykms, which is nowhere else to be had.

picamera2 imports it for previews on a display and reads names only; nothing here can draw.
"""

from __future__ import annotations


class _Names(type):
    def __getattr__(cls, name: str) -> str:
        if name.startswith("__"):
            raise AttributeError(name)
        return name


class PixelFormat(metaclass=_Names):
    """Every format is its own name."""


class PlaneType(metaclass=_Names):
    """The same."""
