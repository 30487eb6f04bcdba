"""What ``replay`` can write for each frame: a JSON line, its mask, its annotated picture."""

from __future__ import annotations

import json
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import IO, Any, Self

import av
import cv2
import numpy as np

from pimotion.config.camera import Zone
from pimotion.errors import PictureError, PimotionError, SourceLost
from pimotion.pixels import Pixels, as_pixels
from pimotion.render import Overlay, caption_of, draw
from pimotion.types import Detection, Frame, Rejected

_TIME_BASE = Fraction(1, 90_000)
"""Of the annotated video, so that it keeps the times of the recording to the millisecond."""
_DEVICES = Path("/dev")


class Draft:
    """A file that takes the place of its target once it is whole.

    A device or a pipe has no such place: it is written to as it is.

    Attributes:
        path: Where to write; it has the target's ending.

    Raises:
        PimotionError: There is no such folder, or no file can be made there.
    """

    def __init__(self, target: Path) -> None:
        # /dev/stdout may be a file that the shell has opened: that is written to as it is, too.
        is_device = _DEVICES in target.absolute().parents
        self._is_beside = not is_device and (target.is_file() or not target.exists())
        self._target = target.resolve()
        beside = self._target.with_name(f".{os.getpid()}.{target.name}")
        self.path = beside if self._is_beside else target
        if not self.path.parent.is_dir():
            raise PimotionError(f"{target} cannot be written: its folder does not exist; make it")
        try:
            self.path.open("wb").close()
        except OSError as error:
            raise PimotionError(f"{target} cannot be written: {error.strerror}") from None

    def keep(self) -> None:
        """Put it in its place."""
        if self._is_beside:
            self.path.replace(self._target)

    def drop(self) -> None:
        """Leave nothing of it, and the target as it was."""
        if self._is_beside:
            self.path.unlink(missing_ok=True)


class Output(ABC):
    """Something written for each frame, whole or not at all.

    A context manager: leaving it finishes what was written, also where the recording broke off;
    leaving it by any other failure drops it.
    """

    def __init__(self, target: Path) -> None:
        self._target = target

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None and not issubclass(kind, SourceLost):
            self._drop()
            return
        try:
            self._named(self._finish)
        except BaseException:
            self._drop()
            raise

    def frame(self, frame: Frame, newest: Detection | None) -> None:
        """Write one frame; ``newest`` is the last analysed one's result, maybe an earlier one's.

        Raises:
            PimotionError: It cannot be written.
        """
        self._named(lambda: self._write(frame, newest))

    def _named(self, write: Callable[[], None]) -> None:
        try:
            write()
        except (OSError, av.FFmpegError) as error:
            self._drop()
            raise PimotionError(f"{self._target} cannot be written: {error.strerror}") from None

    @abstractmethod
    def _write(self, frame: Frame, newest: Detection | None) -> None: ...

    def _finish(self) -> None:  # noqa: B027  most have nothing to finish
        """Put it in its place."""

    def _drop(self) -> None:  # noqa: B027  nor to drop
        """Leave nothing that is not whole. May be called again."""


class FrameLines(Output):
    """One JSON object a line; frames are counted from 1."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._draft = Draft(path)
        self._file: IO[str] = self._draft.path.open("w")

    def _write(self, frame: Frame, newest: Detection | None) -> None:
        line: dict[str, Any] = {
            "frame": frame.index + 1,
            "time_s": round(frame.time_s, 3),
            "motion": newest is not None and newest.motion,
            "boxes": [] if newest is None else [asdict(box) for box in newest.boxes],
            "changed_ratio": 0.0 if newest is None else round(newest.changed_ratio, 5),
            "score": 0.0 if newest is None else round(newest.score, 3),
            "suppressed": None if newest is None else newest.suppressed,
            "rejected": [] if newest is None else [_region(each) for each in newest.rejected],
        }
        self._file.write(json.dumps(line) + "\n")

    def _finish(self) -> None:
        self._file.close()
        self._draft.keep()

    def _drop(self) -> None:
        with suppress(OSError):
            self._file.close()
        self._draft.drop()


def _region(rejected: Rejected) -> dict[str, Any]:
    box = asdict(rejected.box)
    del box["track"]
    return {**box, "rule": rejected.rule}


class Masks(Output):
    """Each foreground mask as ``NNNNNN.png``: 8 bit, 0 or 255, in the size of the frame."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        if folder.is_file():
            raise PimotionError(
                f"{folder} cannot be written: it is a file; name a folder for masks"
            )
        self._named(lambda: folder.mkdir(parents=True, exist_ok=True))

    def _write(self, frame: Frame, newest: Detection | None) -> None:
        size = (frame.picture.width, frame.picture.height)
        if newest is None:
            mask = np.zeros(size[::-1], np.uint8)
        else:
            mask = cv2.resize(newest.foreground, size, interpolation=cv2.INTER_NEAREST)
        _, png = cv2.imencode(".png", mask)
        path = self._target / f"{frame.index + 1:06d}.png"
        try:
            path.write_bytes(png.tobytes())
        except OSError:
            path.unlink(missing_ok=True)
            raise


class Annotated(Output):
    """The recording as a video with boxes and their tracks, what did not count, zones and time."""

    def __init__(self, path: Path, name: str, zones: Mapping[str, Zone]) -> None:
        super().__init__(path)
        self._name = name
        self._zones = {zone_id: zone.polygon for zone_id, zone in zones.items()}
        self._draft = Draft(path)
        self._video = _Video(self._draft.path)
        self._newest: Pixels | None = None

    def _write(self, frame: Frame, newest: Detection | None) -> None:
        overlay = Overlay(
            boxes=() if newest is None else newest.boxes,
            numbered=True,
            rejected=() if newest is None else newest.rejected,
            zones=self._zones,
            active_zones=() if newest is None else newest.zones,
            caption=caption_of(self._name, frame.utc_s, frame.time_s),
        )
        try:
            self._newest = draw(frame.picture, overlay).bgr()
        except PictureError:  # in the place of a broken one that before it, else black
            if self._newest is None:
                size = (frame.picture.height, frame.picture.width, 3)
                self._newest = np.zeros(size, np.uint8)
        self._video.add(self._newest, frame.time_s)

    def _finish(self) -> None:
        self._video.finish()
        self._draft.keep()

    def _drop(self) -> None:
        try:
            self._video.drop()
        finally:
            self._draft.drop()


class _Video:
    """An H.264 video that is written picture by picture, of the size of its first.

    Raises:
        ValueError: There is no such kind of file, or it does not take H.264.
        av.FFmpegError: From every method: it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._container = av.open(str(path), "w")
        self._stream: Any = self._container.add_stream("libx264", rate=30)
        self._stream.pix_fmt = "yuv420p"
        self._stream.time_base = self._stream.codec_context.time_base = _TIME_BASE
        self._stream.options = {"crf": "20", "preset": "veryfast"}
        self._is_begun = False

    def add(self, pixels: Pixels, time_s: float) -> None:
        """Write a picture of shape (height, width, 3), blue-green-red."""
        height, width = pixels.shape[:2]
        # H.264 in 4:2:0 needs even sides.
        even = cv2.copyMakeBorder(pixels, 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE)
        frame = av.VideoFrame.from_ndarray(as_pixels(even), format="bgr24")
        frame.pts, frame.time_base = round(time_s / _TIME_BASE), _TIME_BASE
        if not self._is_begun:
            self._stream.width, self._stream.height = frame.width, frame.height
            self._is_begun = True
        self._container.mux(self._stream.encode(frame))

    def finish(self) -> None:
        """Write what the encoder still holds, and the index."""
        if self._is_begun:
            self._container.mux(self._stream.encode())
        self._container.close()

    def drop(self) -> None:
        """Close the file, whatever is in it. May be called again."""
        with suppress(OSError, av.FFmpegError):
            self._container.close()


def takes_video(path: Path) -> bool:
    """Tell whether one file with this ending can hold an annotated video; tries it elsewhere.

    FFmpeg only knows by trying, and some of its kinds are lists of many files.
    """
    with TemporaryDirectory() as folder:
        tried = Path(folder, f"tried{path.suffix}")
        try:
            video = _Video(tried)
            video.add(np.zeros((64, 64, 3), np.uint8), 0.0)
            video.finish()
        except (ValueError, av.FFmpegError):
            return False
        return list(Path(folder).iterdir()) == [tried]
