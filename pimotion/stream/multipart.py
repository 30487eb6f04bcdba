"""The bytes of an MJPEG stream, spelled as all known clients want them.

The stream opens with a boundary line (go2rtc, ESP clients), and each JPEG is followed by the next
boundary line at once, so that Firefox paints it without waiting for the next one. Lines end with
CRLF, the boundary is declared without quotes (Safari) and without its dashes, and each part has a
``Content-Length`` in that spelling (motionEye searches for it, go2rtc refuses parts without).

Chrome and its kin paint a picture only when they know the header of the next part (Chromium bug
527446). For them there is a second spelling, *ahead*: that header stands right behind the picture,
and so cannot say how long the next one will be.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

BOUNDARY = "pimotion"
CONTENT_TYPE = f"multipart/x-mixed-replace; boundary={BOUNDARY}"

OPENING = f"--{BOUNDARY}\r\n".encode()
"""Goes before the first `Part.framed`."""

OPENING_AHEAD = OPENING + b"Content-Type: image/jpeg\r\n\r\n"
"""Goes before the first `Part.framed_ahead`."""

_CLOSING = b"\r\n" + OPENING
_CLOSING_AHEAD = b"\r\n" + OPENING_AHEAD


@dataclass(frozen=True)
class Part:
    """One encoded picture. Shared by all viewers.

    Attributes:
        jpeg: The picture.
        monotonic_s: When it was captured.
        utc_s: The same as Unix time; None while the clock is not set.
        at_fps: Parts come at this rate at most: who asks for it, or more, gets each of them. 0:
            everyone gets it, for example a card in place of pictures.
    """

    jpeg: bytes
    monotonic_s: float
    utc_s: float | None
    at_fps: float = math.inf

    @cached_property
    def framed(self) -> bytes:
        """The picture as it stands in a stream, the next boundary line included."""
        return b"".join(self.pieces(advance=False))

    @cached_property
    def framed_ahead(self) -> bytes:
        """The picture as it stands in a stream for Chrome, the next part's header included."""
        return b"".join(self.pieces(advance=True))

    def pieces(self, *, advance: bool) -> tuple[bytes, bytes, bytes]:
        """Return what `framed` or `framed_ahead` is joined of, for who can send it unjoined."""
        if advance:
            return b"", self.jpeg, _CLOSING_AHEAD
        head = b"Content-Type: image/jpeg\r\nContent-Length: %d\r\n" % len(self.jpeg)
        if self.utc_s is not None:
            head += b"X-Timestamp: %.6f\r\n" % self.utc_s
        return head + b"\r\n", self.jpeg, _CLOSING
