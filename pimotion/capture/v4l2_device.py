"""What a V4L2 device says of itself: its name, its formats and its controls, by ioctl.

Numbers and structures: linux/videodev2.h and linux/v4l2-controls.h of Linux 6.12. Any number of
programs may ask at the same time, also while one of them takes pictures.
"""

from __future__ import annotations

import fcntl
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

_CAPABILITY = struct.Struct("16s32s32sIII3I")  # driver, card, bus, version, capabilities, device's
_CONTROL_ASKED = struct.Struct("II32siiiiI2I")  # id, type, name, least, most, step, default, flags
_CONTROL_VALUE = struct.Struct("Ii")
_FORMAT = struct.Struct("III32sI4I")  # index, type, flags, name, fourcc
_SIZE = struct.Struct("III6I2I")  # index, fourcc, type, width, height (discrete)
_INTERVAL = struct.Struct("IIIII6I2I")  # index, fourcc, width, height, type, seconds as a fraction

_VIDEO_CAPTURE, _STREAMING = 0x00000001, 0x04000000
_CAPTURE_BUFFERS = 1  # V4L2_BUF_TYPE_VIDEO_CAPTURE
_DISCRETE = 1  # V4L2_FRMSIZE_TYPE_DISCRETE and V4L2_FRMIVAL_TYPE_DISCRETE
_DISABLED = 0x0001
_PI_PARTS = frozenset(
    {"unicam", "rp1-cfe", "pispbe", "bcm2835-isp", "bcm2835-codec", "rpivid", "rpi-hevc-dec"}
)
"""Parts of a Pi's camera and video units that look like cameras; libcamera uses them. Names as
``v4l2-ctl --list-devices`` shows them on Raspberry Pi OS; not tried on a real Pi."""
_MOST = 256
"""No device has more formats, sizes or rates; a driver that never says no is not asked for ever."""


def _request(direction: int, number: int, layout: struct.Struct) -> int:
    """Return the number of an ioctl as linux/ioctl.h makes it; 2 reads, 3 writes and reads."""
    return direction << 30 | layout.size << 16 | ord("V") << 8 | number


_QUERYCAP = _request(2, 0, _CAPABILITY)
_ENUM_FMT = _request(3, 2, _FORMAT)
_G_CTRL = _request(3, 27, _CONTROL_VALUE)
_S_CTRL = _request(3, 28, _CONTROL_VALUE)
_QUERYCTRL = _request(3, 36, _CONTROL_ASKED)
_ENUM_FRAMESIZES = _request(3, 74, _SIZE)
_ENUM_FRAMEINTERVALS = _request(3, 75, _INTERVAL)


@dataclass(frozen=True, slots=True)
class Knob:
    """What a control of a device may be, in the device's own units."""

    least: int
    most: int


@dataclass(frozen=True, slots=True)
class Format:
    """One way in which a device gives pictures.

    Attributes:
        fourcc: ``MJPG``, ``YUYV`` ...
        fps: The highest rate; None where the device does not say.
    """

    fourcc: str
    width: int
    height: int
    fps: float | None


class V4l2Device:
    """An open device, to be asked. A context manager; raises `OSError` where it cannot be."""

    def __init__(self, path: Path) -> None:
        self._handle = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        os.close(self._handle)

    @property
    def captures_video(self) -> bool:
        """True for a camera; UVC cameras have a second node that gives metadata only."""
        answer = self._ask(_QUERYCAP, _CAPABILITY, bytes(_CAPABILITY.size))
        wanted = _VIDEO_CAPTURE | _STREAMING
        return bool(answer[5] & wanted == wanted) and _text(answer[0]) not in _PI_PARTS

    @property
    def name(self) -> str:
        """What its maker calls it."""
        return _text(self._ask(_QUERYCAP, _CAPABILITY, bytes(_CAPABILITY.size))[1])

    def knob(self, control: int) -> Knob | None:
        """Return a control's range; None if the device has no such control."""
        asked = struct.pack("I", control).ljust(_CONTROL_ASKED.size, b"\0")
        try:
            answer = self._ask(_QUERYCTRL, _CONTROL_ASKED, asked)
        except OSError:
            return None
        least, most, flags = answer[3], answer[4], answer[7]
        return None if flags & _DISABLED else Knob(least, most)

    def value(self, control: int) -> int:
        """Return what a control is set to."""
        value: int = self._ask(_G_CTRL, _CONTROL_VALUE, _CONTROL_VALUE.pack(control, 0))[1]
        return value

    def set(self, control: int, value: int) -> int:
        """Set a control; return what it is set to then, which the driver may have rounded."""
        self._ask(_S_CTRL, _CONTROL_VALUE, _CONTROL_VALUE.pack(control, value))
        return self.value(control)

    def formats(self) -> Iterator[Format]:
        """Give every format, size and highest rate that it names one by one."""
        for answer in self._each(_ENUM_FMT, _FORMAT, (_CAPTURE_BUFFERS,)):
            fourcc = answer[4]
            for size in self._each(_ENUM_FRAMESIZES, _SIZE, (fourcc,)):
                if size[2] != _DISCRETE:
                    break
                yield Format(_fourcc(fourcc), size[3], size[4], self._fps(fourcc, *size[3:5]))

    def _fps(self, fourcc: int, width: int, height: int) -> float | None:
        answers = self._each(_ENUM_FRAMEINTERVALS, _INTERVAL, (fourcc, width, height))
        rates = [each[6] / each[5] for each in answers if each[4] == _DISCRETE and each[5]]
        return max(rates, default=None)

    def _each(
        self, request: int, layout: struct.Struct, asked: tuple[int, ...]
    ) -> Iterator[tuple[Any, ...]]:
        for index in range(_MOST):
            start = struct.pack(f"{1 + len(asked)}I", index, *asked)
            try:
                yield self._ask(request, layout, start.ljust(layout.size, b"\0"))
            except OSError:  # EINVAL behind the last one, ENOTTY where it cannot say
                return

    def _ask(self, request: int, layout: struct.Struct, asked: bytes) -> tuple[Any, ...]:
        return layout.unpack(fcntl.ioctl(self._handle, request, asked))


def _fourcc(code: int) -> str:
    return _text(struct.pack("I", code)).strip()


def _text(data: bytes) -> str:
    text = data.split(b"\0", 1)[0].decode("ascii", "replace")
    return "".join(letter if letter.isprintable() else "?" for letter in text)
