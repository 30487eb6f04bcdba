"""Marks a JPEG with its number and birth, so that a client can tell how old it is.

The mark is a comment segment right behind the first marker. It costs nothing to read, and survives
every server that passes pictures on as they are.
"""

from __future__ import annotations

import struct

_MAGIC = b"pimotion-mark "
_BODY = struct.Struct(">14sQQ")
MARK_BYTES = 4 + _BODY.size
"""So much longer a marked picture is."""
REACH_BYTES = 2 + MARK_BYTES
"""So much of a picture has to be read to know its mark."""


def marked(jpeg: bytes, number: int, born_ns: int) -> bytes:
    """Return a JPEG with a mark; ``born_ns`` is of the monotonic clock, the machine's for all."""
    segment = struct.pack(">HH", 0xFFFE, 2 + _BODY.size) + _BODY.pack(_MAGIC, number, born_ns)
    return jpeg[:2] + segment + jpeg[2:]


def read_mark(start: bytes) -> tuple[int, int] | None:
    """Return number and birth from the first bytes of a JPEG; None where there is no mark."""
    if start[6 : 6 + len(_MAGIC)] != _MAGIC or len(start) < REACH_BYTES:
        return None
    _, number, born_ns = _BODY.unpack_from(start, 6)
    return number, born_ns
