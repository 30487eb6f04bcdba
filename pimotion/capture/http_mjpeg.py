"""HTTP cameras: an MJPEG stream, or a URL that gives one JPEG at a time.

The JPEGs are passed on as they came; nothing is decoded here.
"""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Iterator

from pimotion.capture.address import Address
from pimotion.capture.http_client import HttpClient
from pimotion.capture.jpeg_stream import MAX_JPEG_BYTES, JpegStream
from pimotion.errors import PictureError, SourceLost
from pimotion.picture import Picture

_STILL = {"image/jpeg", "image/jpg", "image/pjpeg"}  # the one name there is, and two common ones
_UNDECLARED = {"", "application/octet-stream"}
_MUCH_JUNK_BYTES = 1024  # more than the framing before a first picture ever is


class HttpMjpegFeed:
    """Pictures over HTTP from one camera. A `pimotion.capture.receiver.Feed`."""

    def __init__(self, address: Address, *, poll_fps: float, timeout_s: float) -> None:
        self._address = address
        self._client = HttpClient(address, timeout_s)
        self._poll_s = 1.0 / poll_fps
        self._interrupted = threading.Event()
        self._stream = JpegStream()
        self._rejected = self._skipped_before = 0
        self._was_jpeg = False
        self._kind = ""
        self._is_still = False

    @property
    def is_video(self) -> bool:
        """True when, once connected, the camera turns out to send a video; see `av_feed`."""
        return self._kind.startswith("video/") and self._kind != "video/x-motion-jpeg"

    @property
    def complaint(self) -> str:
        """What is wrong with what came since the last picture, if it was none."""
        if self._rejected or self._stream.skipped > self._skipped_before:
            return "the pictures that the camera sends are broken"
        if self._stream.junk_bytes > _MUCH_JUNK_BYTES and not self._was_jpeg:
            return "what the camera sends holds no JPEG"
        return ""

    def connect(self) -> None:
        """Ask for the stream and look at what kind of answer comes."""
        response = self._client.get()
        self._kind = _kind_of(response)
        self._is_still = self._kind in _STILL or (
            self._kind in _UNDECLARED and _is_one_picture_long(response)
        )
        is_jpegs = self._is_still or self._kind in {"video/x-motion-jpeg"} | _UNDECLARED
        if not (is_jpegs or self.is_video or self._kind.startswith("multipart/")):
            what = "a web page" if self._kind == "text/html" else self._kind[:40]
            raise SourceLost(
                f"{self._address.shown} answers with {what}, not with pictures; check the path in "
                "the camera's URL"
            )

    def pictures(self) -> Iterator[Picture]:
        """Give the JPEGs as they come."""
        for jpeg in self._polled() if self._is_still else self._streamed():
            try:
                picture = Picture.from_jpeg(jpeg)
            except PictureError:
                self._rejected += 1
                continue
            self._was_jpeg = True
            self._rejected, self._skipped_before = 0, self._stream.skipped
            yield picture

    def interrupt(self) -> None:
        """End a blocked read or a pause."""
        self._interrupted.set()
        self._client.interrupt()

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def _streamed(self) -> Iterator[bytes]:
        while data := self._client.read_some():
            yield from self._stream.feed(data)

    def _polled(self) -> Iterator[bytes]:
        while not self._interrupted.is_set():
            began_s = time.monotonic()
            yield self._whole_body()
            self._interrupted.wait(max(0.0, began_s + self._poll_s - time.monotonic()))
            self._client.get()

    def _whole_body(self) -> bytes:
        body = bytearray()
        while data := self._client.read_some():
            body += data
            if len(body) > MAX_JPEG_BYTES:
                raise SourceLost(f"{self._address.shown} sends a picture of over 8 MiB")
        return bytes(body)


def _kind_of(response: http.client.HTTPResponse) -> str:
    """Return the content type in lower case, without parameters."""
    kind = response.getheader("Content-Type", "").partition(";")[0].strip().lower()
    return "".join(letter for letter in kind if letter.isprintable())


def _is_one_picture_long(response: http.client.HTTPResponse) -> bool:
    """Tell whether an answer says that it ends, and soon: a stream does not."""
    return response.length is not None and 0 < response.length <= MAX_JPEG_BYTES
