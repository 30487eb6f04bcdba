"""RTSP cameras, and cameras that send a video container over HTTP, by FFmpeg (PyAV)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import av
from av.container import InputContainer

from pimotion.capture.address import Address
from pimotion.capture.av_pictures import OPENING, AvPictures
from pimotion.capture.reasons import fell_silent, lost_connection, refused_status
from pimotion.errors import SourceLost
from pimotion.picture import Picture

_OPTIONS = {
    # Over UDP a lost packet is a torn picture: only from cameras that have nothing else.
    "rtsp_flags": "prefer_tcp",
    # Whatever a camera answers, FFmpeg opens no file and no other protocol for it.
    "protocol_whitelist": "rtsp,rtsps,rtp,srtp,tcp,udp,tls,http,https,crypto",
    # FFmpeg would look on for 5 s to know the rate, which nobody asks for: to open a camera of 5
    # pictures a second took 5.2 s, one of 1 took 6.0. With 1 s (in us) it is 1.2 and 3.0 (8.1).
    "analyzeduration": "1000000",
    "fpsprobesize": "0",
}


_STATUSES = {
    av.error.HTTPUnauthorizedError: 401,
    av.error.HTTPForbiddenError: 403,
    av.error.HTTPNotFoundError: 404,
}


class AvFeed:
    """Pictures of one network camera by FFmpeg. A `pimotion.capture.receiver.Feed`."""

    def __init__(self, address: Address, *, timeout_s: float) -> None:
        self._address = address
        self._timeout_s = timeout_s
        self._container: InputContainer | None = None
        self._video: AvPictures | None = None
        self._broken_before = 0

    @property
    def complaint(self) -> str:
        """What is wrong with what came since the last picture, if it could not be decoded."""
        is_broken = self._video is not None and self._video.broken > self._broken_before
        return "its pictures cannot be decoded" if is_broken else ""

    def connect(self) -> None:
        """Connect, and read enough to know the codec: takes about 1 s with RTSP."""
        try:
            self._container = av.open(
                self._address.url_with_login,
                options=_OPTIONS,
                timeout=(self._timeout_s, self._timeout_s),
                **OPENING,
            )
        except av.FFmpegError as error:
            raise self._in_words(error) from None
        self._video = AvPictures(self._container)

    def pictures(self) -> Iterator[Picture]:
        """Give the pictures as they come. A killed server looks like an orderly end here."""
        assert self._video is not None
        try:
            for picture, _ in self._video:
                if picture is not None:
                    self._broken_before = self._video.broken
                    yield picture
        except av.error.ExitError:  # what its time-outs end in
            raise fell_silent(self._timeout_s) from None
        except av.FFmpegError as error:
            raise self._in_words(error) from None

    def interrupt(self) -> None:
        """Do nothing: FFmpeg cannot be woken, its own time-out ends it."""

    def close(self) -> None:
        """Close the container."""
        if self._container is not None:
            self._container.close()
            self._container = None

    def _in_words(self, error: Any) -> SourceLost:
        where = self._address.shown
        if isinstance(error, av.error.ExitError):  # a time-out, as in `pictures`
            return SourceLost(f"{where} does not answer (time-out)")
        status = _STATUSES.get(type(error))
        if status is not None:
            return refused_status(status, "", where)
        if isinstance(error, av.error.InvalidDataError):
            return SourceLost(f"what {where} sends is no video that can be read")
        if isinstance(error, av.error.HTTPClientError | av.error.HTTPServerError):
            return SourceLost(f"{where} refuses to send its video")
        return lost_connection(error, where)
