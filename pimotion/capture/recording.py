"""Recordings, as fast as they can be read: a video file or a folder of numbered images."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

import av
from av.format import Flags

from pimotion.capture.av_pictures import OPENING, AvPictures
from pimotion.capture.image_folder import ImageFolder
from pimotion.errors import SourceLost
from pimotion.picture import Picture

_OPTIONS = {"protocol_whitelist": "file"}  # a playlist that poses as a video reaches nothing else
_TIMELESS = {"jpeg_pipe", "mjpeg"}
"""JPEGs one after another, which FFmpeg does not count among what has no times."""
_LEAST_STEP_S = 0.001
"""Stamps closer than this are one time, rounded differently: no camera takes 1000 in a second."""


@dataclass(frozen=True, slots=True, eq=False)
class RecordedPicture:
    """One picture of a recording.

    Attributes:
        time_s: Seconds since its first picture; always greater than the one before.
    """

    picture: Picture
    time_s: float


class Reel(Protocol):
    """What a recording is read from.

    Attributes:
        interval_s: Nominal time between two pictures, s.
        created_utc_s: Unix time of its first picture; None when it does not say.
        length_s: How long it plays, s; None when it does not say.
        has_times: False where all its times follow from a rate that somebody else has to know.
    """

    has_times: bool
    interval_s: float
    created_utc_s: float | None
    length_s: float | None

    def pictures(self) -> Iterator[tuple[Picture | None, float | None]]:
        """Give each picture with its time stamp in s, None where it has none.

        A broken picture is None.
        """

    def close(self) -> None:
        """Release everything."""


class Recording:
    """Iterates over a recording once. Not thread-safe. A context manager that closes it.

    What can be read is given; if that is not all, the iteration ends with `SourceLost`. In the
    place of a broken picture stands the one before it, or at the beginning the first good one, so
    that each picture keeps its number.
    """

    def __init__(self, reel: Reel) -> None:
        self._reel = reel
        self._pictures = _without_gaps(reel.pictures())
        self._first_stamp_s = 0.0
        self._time_s: float | None = None

    @property
    def created_utc_s(self) -> float | None:
        """Unix time of the first picture; None when the recording does not say."""
        return self._reel.created_utc_s

    @property
    def has_times(self) -> bool:
        """False where all its times follow from a rate that somebody else has to know."""
        return self._reel.has_times

    @property
    def length_s(self) -> float | None:
        """How long it plays, s, for a progress bar; None when the recording does not say."""
        return self._reel.length_s

    @property
    def interval_s(self) -> float:
        """Nominal time between two pictures, s."""
        return self._reel.interval_s

    def close(self) -> None:
        """Close the file."""
        self._reel.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> RecordedPicture:
        picture, stamp_s = next(self._pictures)
        self._time_s = self._repaired(stamp_s)
        return RecordedPicture(picture, self._time_s)

    def _repaired(self, stamp_s: float | None) -> float:
        """Return the time since the first picture; a missing or backward stamp is made up."""
        if self._time_s is None:
            self._first_stamp_s = stamp_s or 0.0
            return 0.0
        if stamp_s is None or stamp_s - self._first_stamp_s < self._time_s + _LEAST_STEP_S:
            return self._time_s + self.interval_s
        return stamp_s - self._first_stamp_s


def _without_gaps(
    pictures: Iterator[tuple[Picture | None, float | None]],
) -> Iterator[tuple[Picture, float | None]]:
    newest: Picture | None = None
    waiting: list[float | None] = []
    for picture, stamp_s in pictures:
        newest = newest if picture is None else picture
        waiting.append(stamp_s)
        if newest is not None:
            for each in waiting:
                yield newest, each
            waiting.clear()


class VideoFile:
    """A video file read by FFmpeg; an MJPEG's pictures are passed on undecoded. A `Reel`."""

    def __init__(self, path: Path, fps: float | None) -> None:
        self._path = path
        options = _OPTIONS if fps is None else {**_OPTIONS, "framerate": str(fps)}
        # The whole path: a name like 10:15.mp4 would be taken for an address of the protocol "10".
        name = str(path.absolute())
        try:
            self._container = av.open(name, options=options, **OPENING)
        except av.FFmpegError:
            raise SourceLost(f"{path} is no video that can be read, or it is broken") from None
        try:
            self._video = AvPictures(self._container)
        except SourceLost as lost:
            self.close()
            raise SourceLost(f"{path}: {lost.reason}", ended=True) from None
        kind = self._container.format
        self.has_times = not (kind.flags & Flags.no_timestamps.value or kind.name in _TIMELESS)
        self.interval_s = self._video.interval_s
        self.length_s = self._video.length_s
        self.created_utc_s = _created_utc_s(self._container.metadata.get("creation_time"))

    def pictures(self) -> Iterator[tuple[Picture | None, float | None]]:
        """Give each picture with its time stamp; None for a broken one.

        Raises:
            SourceLost: After the last picture, when some could not be decoded.
        """
        given = 0
        cut_off = False
        try:
            for picture, stamp_s in self._video:
                yield picture, stamp_s
                given += picture is not None
        except av.FFmpegError:
            cut_off = True
        broken = self._video.broken
        if cut_off or broken or not given:
            what = (
                "cannot be read to its end"
                if cut_off
                else f"is damaged: {broken} of its pictures are broken"
            )
            raise SourceLost(f"{self._path} {what}; {given} could be read", ended=True)

    def close(self) -> None:
        """Close the file."""
        self._container.close()


def open_recording(path: Path, fps: float | None) -> Recording:
    """Open a video file or a folder of numbered images.

    Args:
        path: The file or folder.
        fps: Pictures a second of a folder of images, or of a raw stream (.h264, .mjpeg); other
            videos have times of their own.

    Raises:
        SourceLost: It is not there, may not be read, or is no recording.
    """
    try:
        if path.is_dir():
            if fps is None:
                raise SourceLost(f"{path} is a folder of images: their rate is needed (--fps)")
            return Recording(ImageFolder(path, fps))
        if not stat.S_ISREG(path.stat().st_mode):  # a pipe would be waited for
            raise SourceLost(f"{path} is neither a video file nor a folder of images")
        path.open("rb").close()
    except OSError as error:
        raise SourceLost(f"{path} cannot be read: {error.strerror}") from None
    return Recording(VideoFile(path, fps))


def _created_utc_s(text: str | None) -> float | None:
    try:
        created = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    # 1904 and 1970 are what cameras write that do not know the time.
    if created is None or created.tzinfo is None or created.year <= 1970:  # noqa: PLR2004
        return None
    return created.timestamp()
