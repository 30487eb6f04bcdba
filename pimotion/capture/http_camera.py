"""Any camera behind an http:// or https:// URL: JPEGs if it has them, else a video by FFmpeg."""

from __future__ import annotations

from collections.abc import Iterator

from pimotion.capture.address import Address
from pimotion.capture.av_feed import AvFeed
from pimotion.capture.http_mjpeg import HttpMjpegFeed
from pimotion.capture.receiver import Feed
from pimotion.picture import Picture


class HttpFeed:
    """Chooses by the content type of the answer. A `pimotion.capture.receiver.Feed`."""

    def __init__(self, address: Address, *, poll_fps: float, timeout_s: float) -> None:
        self._address = address
        self._timeout_s = timeout_s
        self._mjpeg = HttpMjpegFeed(address, poll_fps=poll_fps, timeout_s=timeout_s)
        self._chosen: Feed = self._mjpeg

    @property
    def complaint(self) -> str:
        """What came instead of pictures."""
        return self._chosen.complaint

    def connect(self) -> None:
        """Connect; a video is asked for a second time, by FFmpeg."""
        self._mjpeg.connect()
        if self._mjpeg.is_video:
            self._mjpeg.close()
            self._chosen = AvFeed(self._address, timeout_s=self._timeout_s)
            self._chosen.connect()

    def pictures(self) -> Iterator[Picture]:
        """Give the pictures as they come."""
        return self._chosen.pictures()

    def interrupt(self) -> None:
        """End a blocked read where that can be done."""
        self._chosen.interrupt()

    def close(self) -> None:
        """Release everything."""
        self._chosen.close()
