"""What stands in a JPEG beside its pixels, read from its markers (ITU-T T.81, annex B)."""

from __future__ import annotations

_SOI, _EOI = b"\xff\xd8", b"\xff\xd9"
_SOS, _DHT = 0xDA, 0xC4
_APP1, _APP2 = 0xE1, 0xE2  # EXIF with its thumbnail; colour profiles, and pictures behind this one
_EXTRAS = {*range(0xE1, 0xEE), 0xEF, 0xFE}  # but JFIF (0xE0) and Adobe (0xEE), which tell colours
_SIZES = {*range(0xC0, 0xD0)} - {_DHT, 0xC8, 0xCC}  # all kinds of SOF


_MOST_SEGMENTS = 1000
"""A JPEG has a dozen or two; with a large colour profile some 250 more. A hostile one could have
millions."""

_Segment = tuple[int, int, int]
"""Marker, start and end. Not a class with names: this runs once a frame, and would take twice."""


def bare(data: bytes) -> bytes | None:
    """Return a JPEG as every client can take it, pixels unchanged; the same bytes if it is so.

    Home Assistant and others cut a still out of a stream from FFD8 to the first FFD9, which an EXIF
    thumbnail has inside; what a camera says about itself and its place is nobody's business either.

    Returns:
        None when it has to be encoded anew: it is cut off, or leaves its Huffman tables to the
        reader, as some USB cameras do.
    """
    segments = _segments(data)
    markers = {marker for marker, _, _ in segments}
    if _SOS not in markers or _DHT not in markers:
        return None
    _, scan, _ = segments[-1]
    has_more = _APP1 in markers or _APP2 in markers
    is_bare = not has_more and data.find(_EOI, 0, scan) < 0
    if is_bare and data.endswith(_EOI):
        return data
    end = data.find(_EOI, scan)
    kept = [data[start:end] for marker, start, end in segments[:-1] if marker not in _EXTRAS]
    made = b"".join((_SOI, *kept, data[scan : end + 2]))
    return made if made.find(_EOI) == len(made) - 2 else None


def size_of(data: bytes) -> tuple[int, int] | None:
    """Return (width, height) in px; None if that does not stand there."""
    for marker, start, end in _segments(data):
        if marker in _SIZES and end >= start + 9:
            at = start + 5
            height, width = data[at : at + 2], data[at + 2 : at + 4]
            return int.from_bytes(width), int.from_bytes(height)
    return None


def ends_early(data: bytes) -> bool:
    """Tell whether the end is missing. The end of a thumbnail does not count."""
    scan = next((start for marker, start, _ in _segments(data) if marker == _SOS), len(data))
    return data.rfind(_EOI) < scan


def safe_quality(quality: int) -> int:
    """Return a quality whose tables do not hold the bytes that end a JPEG; 6's do."""
    return 7 if quality == 6 else quality  # noqa: PLR2004


def _segments(data: bytes) -> list[_Segment]:
    """Return what stands before the pixels, the header of the first scan last if it was reached."""
    found: list[_Segment] = []
    at, length = 2 if data.startswith(_SOI) else len(data), len(data)
    while at + 4 <= length and data[at] == 0xFF and len(found) < _MOST_SEGMENTS:  # noqa: PLR2004
        marker = data[at + 1]
        if marker == 0xFF:  # noqa: PLR2004  a marker may be filled up with these
            at += 1
            continue
        end = at + 2 + (data[at + 2] << 8) + data[at + 3]
        found.append((marker, at, end))
        if marker == _SOS:
            break
        at = end
    return found
