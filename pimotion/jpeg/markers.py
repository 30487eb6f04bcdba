"""What stands in a JPEG beside its pixels, read from its markers (ITU-T T.81, annex B)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

_SOI, _EOI = b"\xff\xd8", b"\xff\xd9"
_SOS, _DHT = 0xDA, 0xC4
_APP1, _APP2 = 0xE1, 0xE2  # EXIF with its thumbnail; colour profiles, and pictures behind this one
_EXTRAS = {*range(0xE1, 0xEE), 0xEF, 0xFE}  # but JFIF (0xE0) and Adobe (0xEE), which tell colours
_SIZES = {*range(0xC0, 0xD0)} - {_DHT, 0xC8, 0xCC}  # all kinds of SOF


class _Segment(NamedTuple):
    marker: int
    start: int
    end: int


def bare(data: bytes) -> bytes | None:
    """Return a JPEG as every client can take it, pixels unchanged; the same bytes if it is so.

    Home Assistant and others cut a still out of a stream from FFD8 to the first FFD9, which an EXIF
    thumbnail has inside; what a camera says about itself and its place is nobody's business either.

    Returns:
        None when it has to be encoded anew: it is cut off, or leaves its Huffman tables to the
        reader, as some USB cameras do.
    """
    segments = tuple(_segments(data))
    markers = {segment.marker for segment in segments}
    if not {_SOS, _DHT} <= markers:
        return None
    scan = segments[-1].start
    is_bare = not markers & {_APP1, _APP2} and data.find(_EOI, 0, scan) < 0
    if is_bare and data.endswith(_EOI):
        return data
    end = data.find(_EOI, scan)
    kept = [data[each.start : each.end] for each in segments[:-1] if each.marker not in _EXTRAS]
    made = b"".join((_SOI, *kept, data[scan : end + 2]))
    return made if made.find(_EOI) == len(made) - 2 else None


def size_of(data: bytes) -> tuple[int, int] | None:
    """Return (width, height) in px; None if that does not stand there."""
    for segment in _segments(data):
        if segment.marker in _SIZES and segment.end >= segment.start + 9:
            at = segment.start + 5
            height, width = data[at : at + 2], data[at + 2 : at + 4]
            return int.from_bytes(width), int.from_bytes(height)
    return None


def ends_early(data: bytes) -> bool:
    """Tell whether the end is missing. The end of a thumbnail does not count."""
    scan = next((each.start for each in _segments(data) if each.marker == _SOS), len(data))
    return data.rfind(_EOI) < scan


def safe_quality(quality: int) -> int:
    """Return a quality whose tables do not hold the bytes that end a JPEG; 6's do."""
    return 7 if quality == 6 else quality  # noqa: PLR2004


def _segments(data: bytes) -> Iterator[_Segment]:
    """Yield what stands before the pixels, the header of the first scan last."""
    at = 2 if data.startswith(_SOI) else len(data)
    while at + 4 <= len(data) and data[at] == 0xFF:  # noqa: PLR2004
        marker = data[at + 1]
        if marker == 0xFF:  # noqa: PLR2004  a marker may be filled up with these
            at += 1
            continue
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4])
        yield _Segment(marker, at, end)
        if marker == _SOS:
            return
        at = end
