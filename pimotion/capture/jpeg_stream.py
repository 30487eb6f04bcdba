"""Cuts a stream of bytes into JPEGs, whatever lies between them.

Cameras disagree on multipart: boundaries with and without quotes, with dashes counted twice, or
absent; lines that end in LF; parts without or with a wrong Content-Length. A JPEG says by itself
where it begins and ends, so the framing is not even looked at: it is junk between pictures.
"""

from __future__ import annotations

import re

from pimotion.errors import PictureError

MAX_JPEG_BYTES = 8 * 1024 * 1024
"""A 12 megapixel JPEG at quality 95 has 6 MB; whoever sends more is broken or hostile."""

_START = b"\xff\xd8\xff"
_END = b"\xff\xd9"
# One walk for both, and by `re`, which takes 0.36 of the time of `bytes.find` for it (Python 3.11).
_END_OR_START = re.compile(b"\xff(?:\xd9|\xd8\xff)")
_MARKER = 0xFF
_SCAN = 0xDA
# ITU-T T.81, table B.1: TEM and RST0..RST7 stand alone; start and end are not inside a picture.
_WITHOUT_LENGTH = {0x01, *range(0xD0, 0xD8)}
_NO_SEGMENT = {0xD8, 0xD9}

Buffer = bytes | bytearray | memoryview


def scan_start(data: Buffer) -> int | None:
    """Return where the pixels of the JPEG that ``data`` begins with begin; None: not here yet.

    Walks the segments by their lengths, so a thumbnail inside of one is not taken for the picture.

    Raises:
        PictureError: There is no JPEG.
    """
    at = 2
    while at + 4 <= len(data):
        if data[at] != _MARKER:
            raise PictureError("not a JPEG: a segment does not begin with a marker")
        marker = data[at + 1]
        if marker == _MARKER:  # a fill byte
            at += 1
        elif marker in _WITHOUT_LENGTH:
            at += 2
        else:
            length = int.from_bytes(data[at + 2 : at + 4])  # counts itself
            if marker < 0xC0 or marker in _NO_SEGMENT or length < 2:  # noqa: PLR2004
                raise PictureError("not a JPEG: a segment is malformed")
            at += 2 + length
            if marker == _SCAN:
                return at
    return None


def jpeg_of(data: Buffer) -> bytes:
    """Return a copy of the JPEG at the start of ``data``, without what follows it.

    Raises:
        PictureError: There is none, or it has no end.
    """
    pixels = scan_start(data) if data[: len(_START)] == _START else None
    found = _END_OR_START.search(data, pixels) if pixels is not None else None
    if found is None or found[0] != _END:
        raise PictureError("not a whole JPEG")
    return bytes(memoryview(data)[: found.end()])


class JpegStream:
    """Takes bytes as they come and gives whole JPEGs. Not thread-safe: owned by one thread.

    Attributes:
        skipped: How many beginnings of a picture had no proper continuation.
        junk_bytes: Bytes that belonged to no picture; the framing counts as such.
    """

    def __init__(self) -> None:
        self._data = bytearray()
        self._pixels: int | None = None  # where the first picture's pixels begin
        self._scanned = 0  # no end of it before here
        self.skipped = 0
        self.junk_bytes = 0

    def feed(self, data: bytes) -> list[bytes]:
        """Take bytes; return the JPEGs that are complete now, oldest first."""
        self._data += data
        found = []
        while (jpeg := self._cut_first()) is not None:
            found.append(jpeg)
        return found

    def _cut_first(self) -> bytes | None:
        while self._find_start():
            try:
                end = self._find_end()
            except PictureError:
                self._skip_start()
                continue
            if end is not None:
                jpeg = bytes(memoryview(self._data)[:end])
                self._forget(end)
                return jpeg
            if len(self._data) <= MAX_JPEG_BYTES:
                return None
            self._skip_start()
        return None

    def _find_start(self) -> bool:
        """Drop what precedes the first JPEG; False when none has begun."""
        start = self._data.find(_START)
        # What could be the first two bytes of a start stays.
        junk = start if start >= 0 else max(0, len(self._data) - len(_START) + 1)
        if junk:
            self.junk_bytes += junk
            self._forget(junk)
        return start >= 0

    def _find_end(self) -> int | None:
        """Return where the first JPEG ends, exclusive; None when its end is not here yet.

        Raises:
            PictureError: Another one begins before its end, or it is no JPEG at all.
        """
        if self._pixels is None:
            self._pixels = scan_start(self._data)
            if self._pixels is None:
                return None
        found = _END_OR_START.search(self._data, max(self._pixels, self._scanned))
        if found is None:
            self._scanned = len(self._data) - len(_START) + 1
            return None
        # Coded pixels never hold a start: a JPEG that was cut off is followed by the next one.
        if found[0] != _END:
            raise PictureError("a JPEG ends too early")
        return found.end()

    def _skip_start(self) -> None:
        self.skipped += 1
        junk = len(_START) - 1  # its last byte may be the first one of a real start
        self.junk_bytes += junk
        self._forget(junk)

    def _forget(self, count: int) -> None:
        del self._data[:count]
        self._pixels = None
        self._scanned = 0
