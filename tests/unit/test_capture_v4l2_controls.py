"""A USB camera's controls and formats, over a device that answers ioctl as uvcvideo does."""

from __future__ import annotations

import errno
import struct
from pathlib import Path

import pytest

from pimotion.capture.v4l2_controls import ranges, set_controls
from pimotion.capture.v4l2_device import Format, V4l2Device
from pimotion.config.controls import Controls
from pimotion.errors import SourceLost

BRIGHTNESS, POWER_LINE, AUTO_EXPOSURE, EXPOSURE = 0x980900, 0x980918, 0x9A0901, 0x9A0902
AUTO_WHITE, WHITE_K = 0x98090C, 0x98091A
DEVICE = Path("/dev/null")


class Device:
    """uvcvideo with a webcam: least, most and step of each control, and its formats."""

    def __init__(self) -> None:
        self.knobs = {
            BRIGHTNESS: (-64, 64, 1),
            POWER_LINE: (0, 2, 1),
            AUTO_EXPOSURE: (0, 3, 1),
            EXPOSURE: (1, 5000, 8),
            AUTO_WHITE: (0, 1, 1),
            WHITE_K: (2800, 6500, 10),
        }
        self.values = {AUTO_EXPOSURE: 3, AUTO_WHITE: 1}
        self.formats = [(b"MJPG", [(1280, 720, [30, 15]), (640, 480, [30])]), (b"YUYV", [])]

    def ioctl(self, _handle: int, request: int, asked: bytes) -> bytes:
        kind, number = chr(request >> 8 & 0xFF), request & 0xFF
        assert kind == "V"
        assert request >> 16 & 0x3FFF == len(asked), "the size is in the request's number"
        answer = getattr(self, f"_answer_{number}")(asked)
        if answer is None:
            raise OSError(errno.EINVAL, "Invalid argument")
        return bytes(answer.ljust(len(asked), b"\0"))

    def _answer_0(self, asked: bytes) -> bytes:
        head = struct.pack("16s32s32sI", b"uvcvideo", b"HD Webcam", b"usb-1", 0x060C00)
        return head + struct.pack("II", 0x84A00001, 0x04200001)

    def _answer_2(self, asked: bytes) -> bytes | None:
        index = struct.unpack_from("I", asked)[0]
        if index >= len(self.formats):
            return None
        return struct.pack("III32s4s", index, 1, 0, b"Motion-JPEG", self.formats[index][0])

    def _answer_74(self, asked: bytes) -> bytes | None:
        index, fourcc = struct.unpack_from("I4s", asked)
        sizes = dict(self.formats)[fourcc]
        if index >= len(sizes):
            return None
        return struct.pack("I4sIII", index, fourcc, 1, *sizes[index][:2])

    def _answer_75(self, asked: bytes) -> bytes | None:
        index, fourcc, width, height = struct.unpack_from("I4sII", asked)
        rates = next(each[2] for each in dict(self.formats)[fourcc] if each[:2] == (width, height))
        if index >= len(rates):
            return None
        return struct.pack("I4sIIIII", index, fourcc, width, height, 1, 1, rates[index])

    def _answer_36(self, asked: bytes) -> bytes | None:
        control = struct.unpack_from("I", asked)[0]
        if control not in self.knobs:
            return None
        return struct.pack("II32siiiiI", control, 1, b"A control", *self.knobs[control], 0, 0)

    def _answer_27(self, asked: bytes) -> bytes:
        control = struct.unpack_from("I", asked)[0]
        return struct.pack("Ii", control, self.values[control])

    def _answer_28(self, asked: bytes) -> bytes:
        control, value = struct.unpack("Ii", asked)
        if control == EXPOSURE and self.values[AUTO_EXPOSURE] != 1:
            raise OSError(errno.EACCES, "Permission denied")  # while exposure is automatic
        least, _, step = self.knobs[control]
        self.values[control] = least + (value - least) // step * step
        return asked


@pytest.fixture
def device(monkeypatch: pytest.MonkeyPatch) -> Device:
    made = Device()
    monkeypatch.setattr("fcntl.ioctl", made.ioctl)
    return made


def test_controls_are_set_in_the_device_s_units_and_read_back(device: Device) -> None:
    """Exposure counts in 0.1 ms, and this camera takes it in steps of 0.8."""
    agreed = set_controls(DEVICE, Controls(exposure_ms=20, brightness=-5, power_line_hz=50))
    assert device.values[AUTO_EXPOSURE] == 1, "else the camera goes on to choose for itself"
    assert device.values[EXPOSURE] == 193
    assert device.values[BRIGHTNESS] == -5
    assert device.values[POWER_LINE] == 1
    assert agreed == {"exposure_ms": "19.3", "brightness": "-5", "power_line_hz": "50"}


def test_a_fixed_white_balance_ends_the_automatic_one_and_auto_brings_it_back(
    device: Device,
) -> None:
    set_controls(DEVICE, Controls(white_balance_k=4000))
    assert (device.values[AUTO_WHITE], device.values[WHITE_K]) == (0, 4000)
    set_controls(DEVICE, Controls(white_balance="auto"))
    assert device.values[AUTO_WHITE] == 1


def test_nothing_is_touched_that_was_not_asked_for(device: Device) -> None:
    assert set_controls(DEVICE, Controls()) == {}
    assert device.values == {AUTO_EXPOSURE: 3, AUTO_WHITE: 1}


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        (Controls(brightness=65), r"controls\.brightness must be -64 to 64 at /dev/null, got 65"),
        (Controls(exposure_ms=900), r"exposure_ms must be 0\.1 to 500 at /dev/null, got 900"),
        (Controls(focus=3), "no control focus; it has exposure_ms, brightness, white_balance"),
        (Controls(hdr="night"), "no control hdr"),
    ],
    ids=["brightness", "exposure", "focus", "hdr"],
)
def test_what_the_device_cannot_do_is_a_reason_in_words(
    device: Device, asked: Controls, reason: str
) -> None:
    with pytest.raises(SourceLost, match=reason):
        set_controls(DEVICE, asked)


def test_a_device_says_what_it_has(device: Device) -> None:
    with V4l2Device(DEVICE) as asked:
        assert asked.captures_video
        assert asked.name == "HD Webcam"
        assert list(asked.formats()) == [
            Format("MJPG", 1280, 720, 30.0),
            Format("MJPG", 640, 480, 30.0),
        ]
        assert ranges(asked)["white_balance_k"] == "2800 to 6500"
