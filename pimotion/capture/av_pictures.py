"""Pictures out of video containers by FFmpeg (PyAV), kept in the form that they have there.

FFmpeg's own log stays off, as PyAV has it by default: its lines hold URLs with logins.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

import av
import numpy as np
from av.container import InputContainer
from av.video.reformatter import ColorRange

from pimotion.errors import PictureError, SourceLost
from pimotion.picture import Picture
from pimotion.pixels import Pixels, Planes

OPENING: Mapping[str, Any] = (
    {"metadata_errors": "replace"} if int(av.__version__.partition(".")[0]) < 19 else {}  # noqa: PLR2004
)
"""How everything is opened: a title that is no UTF-8 is no error. PyAV 19 does so by itself, and no
longer has the setting."""

_PLANAR = {"yuv420p", "yuvj420p"}

_REORDERED = 16
"""Pictures that H.264 and H.265 may hold back, at most."""

_T = TypeVar("_T")


class AvPictures:
    """The pictures of a container's first video. Not thread-safe: owned by one thread.

    Attributes:
        broken: How many packets or pictures could not be decoded.
        interval_s: Nominal time between two pictures, s.
        length_s: How long it plays, s; None when it does not say.
    """

    def __init__(self, container: InputContainer) -> None:
        if not container.streams.video:
            raise SourceLost("there is no video in it, only sound or text")
        self._container = container
        self._stream = container.streams.video[0]
        if self._stream.codec_context is None:
            raise SourceLost("there is no decoder here for its kind of video")
        # One thread: frame threads hold pictures back and take memory for each.
        self._stream.codec_context.thread_count = 1
        self.interval_s = float(1 / (self._stream.average_rate or 25))
        self.length_s = container.duration / av.time_base if container.duration else None
        self.broken = 0
        self._awaited: dict[float, int] = {}
        """Stamps in s of what was decoded and has not come out; 1: it would be one more broken."""
        self._given_up_s: deque[float] = deque(maxlen=_REORDERED)

    def __iter__(self) -> Iterator[tuple[Picture | None, float | None]]:
        """Give each picture with its time stamp in s, None where it has none.

        A picture that could not be decoded is None.

        Raises:
            av.FFmpegError: The container cannot be read on.
        """
        is_mjpeg = self._stream.codec_context.name == "mjpeg"
        for packet in self._container.demux(self._stream):
            broken_before = self.broken
            yield from self._passed_on(packet) if is_mjpeg else self._decoded(packet)
            if packet.is_corrupt and self.broken == broken_before:
                self.broken += 1
        yield from self._missing(math.inf)

    def _passed_on(self, packet: av.Packet[Any]) -> Iterator[tuple[Picture | None, float | None]]:
        if not packet.size:  # the end
            return
        yield self._made(Picture.from_jpeg, bytes(packet)), _seconds(packet)

    def _decoded(self, packet: av.Packet[Any]) -> Iterator[tuple[Picture | None, float | None]]:
        stamp_s = _seconds(packet)
        try:
            frames = packet.decode()
        except av.error.InvalidDataError:
            self.broken += 1
            if stamp_s is None:
                yield None, None
            else:
                self._awaited[stamp_s] = 0
            return
        if stamp_s is not None:
            self._awaited[stamp_s] = 1
        for frame in frames:
            stamp_s = _seconds(frame)
            if stamp_s in self._given_up_s:  # too late: another stands in its place
                continue
            yield from self._missing(stamp_s)
            yield self._made(picture_of, frame), stamp_s

    def _missing(self, stamp_s: float | None) -> Iterator[tuple[None, float]]:
        """Give what will not come out any more, as a picture that is shown later has.

        Only of a damaged video: after a broken picture decoders leave out others without a word,
        while in a whole one there are packets that are no picture of their own.
        """
        until_s = math.inf if stamp_s is None else stamp_s
        passed_s = sorted(each for each in self._awaited if each <= until_s)
        for each in passed_s:
            is_one_more = self._awaited.pop(each)
            if self.broken and each != stamp_s:
                self.broken += is_one_more
                self._given_up_s.append(each)
                yield None, each

    def _made(self, make: Callable[[_T], Picture], data: _T) -> Picture | None:
        try:
            return make(data)
        except PictureError:
            self.broken += 1
            return None


def picture_of(frame: av.VideoFrame) -> Picture:
    """Copy a decoded frame's planes out of FFmpeg; other layouts than YUV420 are converted.

    Raises:
        PictureError: Parts of it are made up from its neighbours, or it is larger than we accept.
    """
    if frame.is_corrupt:
        raise PictureError("a damaged picture")
    if frame.format.name not in _PLANAR:
        frame = frame.reformat(format="yuv420p")
    full_range = frame.format.name == "yuvj420p" or frame.color_range == ColorRange.JPEG
    y, u, v = (_pixels(plane) for plane in frame.planes)
    return Picture.from_yuv420(Planes(y, u, v), full_range=full_range)


def _pixels(plane: Any) -> Pixels:
    rows = np.frombuffer(plane, np.uint8)[: plane.line_size * plane.height]
    return rows.reshape(plane.height, plane.line_size)[:, : plane.width].copy()


def _seconds(timed: Any) -> float | None:
    return None if timed.pts is None else float(timed.pts * timed.time_base)
