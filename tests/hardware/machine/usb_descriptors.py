"""What a webcam says of itself on USB: a UVC 1.0 camera with one bulk endpoint, MJPG and YUYV."""

from __future__ import annotations

import struct

SIZES = ((640, 480), (320, 240), (1280, 720))
STRINGS = {1: "pimotion", 2: "Webcam for tests", 3: "PM0001"}
MOST_PAYLOAD_BYTES = 32 * 512  # one request of uvcvideo's, and one payload
_VENDOR, _PRODUCT = 0x1D6B, 0x0102
_CLASS_INTERFACE = 0x24
_YUY2 = b"YUY2" + bytes.fromhex("00001000800000aa00389b71")


def interval(fps: int) -> int:
    """Time of a frame as UVC counts it, 100 ns."""
    return 10_000_000 // fps


def device() -> bytes:
    """The device descriptor."""
    ids = (_VENDOR, _PRODUCT, 0x0100)
    return struct.pack("<BBHBBBBHHHBBBB", 18, 1, 0x0200, 0xEF, 2, 1, 64, *ids, 1, 2, 3, 1)


def configuration(fps: int) -> bytes:
    """The configuration with all that belongs to it."""
    rest = _association() + _control() + _streaming(fps)
    return struct.pack("<BBHBBBBB", 9, 2, 9 + len(rest), 2, 1, 0, 0x80, 250) + rest


def _association() -> bytes:
    return struct.pack("<BBBBBBBB", 8, 0x0B, 0, 2, 0x0E, 0x03, 0, 2)


def _control() -> bytes:
    head = struct.pack("<BBBBBBBBB", 9, 4, 0, 0, 0, 0x0E, 0x01, 0, 2)
    sensor = struct.pack("<BBBBHBBHHHB", 18, _CLASS_INTERFACE, 2, 1, 0x0201, 0, 0, 0, 0, 0, 3)
    output = struct.pack("<BBBBHBBB", 9, _CLASS_INTERFACE, 3, 2, 0x0101, 0, 1, 0)
    body = sensor + bytes(3) + output
    header = struct.pack(
        "<BBBHHIBB", 13, _CLASS_INTERFACE, 1, 0x0100, 13 + len(body), 48_000_000, 1, 1
    )
    return head + header + body


def _streaming(fps: int) -> bytes:
    head = struct.pack("<BBBBBBBBB", 9, 4, 1, 0, 1, 0x0E, 0x02, 0, 0)
    body = _mjpg(fps) + _yuyv(fps)
    formats = 2
    length = 13 + formats
    header = struct.pack(
        "<BBBBHBBBBBBB",
        length,
        _CLASS_INTERFACE,
        1,
        formats,
        length + len(body),
        *(0x81, 0, 2, 0, 0, 0, 1),
    )
    endpoint = struct.pack("<BBBBHB", 7, 5, 0x81, 2, 512, 0)
    return head + header + bytes(formats) + body + endpoint


def _mjpg(fps: int) -> bytes:
    numbers = (11, _CLASS_INTERFACE, 6, 1, len(SIZES), 1, 1, 0, 0, 0, 0)
    return struct.pack("<BBBBBBBBBBB", *numbers) + _frames(7, fps) + _colours()


def _yuyv(fps: int) -> bytes:
    head = struct.pack("<BBBBB", 27, _CLASS_INTERFACE, 4, 2, len(SIZES))
    return head + _YUY2 + struct.pack("<BBBBBB", 16, 1, 0, 0, 0, 0) + _frames(5, fps) + _colours()


def _frames(kind: int, fps: int) -> bytes:
    return b"".join(_frame(kind, index, fps) for index in range(1, len(SIZES) + 1))


def _frame(kind: int, index: int, fps: int) -> bytes:
    width, height = SIZES[index - 1]
    slowest, fastest = width * height * 8 * fps // 8, width * height * 16 * fps
    most_bytes, time = width * height * 2, interval(fps)
    head = (30, _CLASS_INTERFACE, kind, index, 0, width, height)
    rates = (slowest, fastest, most_bytes, time, 1, time)
    return struct.pack("<BBBBBHHIIIIBI", *head, *rates)


def _colours() -> bytes:
    return struct.pack("<BBBBBB", 6, _CLASS_INTERFACE, 0x0D, 1, 1, 4)


def probe(format_index: int, frame_index: int, fps: int) -> bytes:
    """What driver and camera agree on before the stream starts."""
    width, height = SIZES[frame_index - 1]
    head = (1, format_index, frame_index, interval(fps))
    return struct.pack("<HBBIHHHHHII", *head, 0, 0, 0, 0, 0, width * height * 2, MOST_PAYLOAD_BYTES)
