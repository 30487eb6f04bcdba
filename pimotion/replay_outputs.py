"""What ``replay`` can write for each frame: a JSON line, its mask, its annotated picture."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import av
import cv2
import numpy as np

from pimotion.config.camera import Zone
from pimotion.errors import StartError
from pimotion.render import Overlay, caption_of, draw
from pimotion.types import Detection, Frame, Rejected

_TIME_BASE = Fraction(1, 90_000)
"""Of the annotated video, so that it keeps the times of the recording to the millisecond."""


class Output(ABC):
    """Something written for each frame. A context manager: leaving it finishes the file."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @abstractmethod
    def frame(self, frame: Frame, newest: Detection | None) -> None:
        """Write one frame; ``newest`` is the last analysed one's result, maybe an earlier one's."""

    def close(self) -> None:  # noqa: B027  most have nothing to finish
        """Finish."""


class FrameLines(Output):
    """One JSON object a line; frames are counted from 1."""

    def __init__(self, path: Path) -> None:
        self._file: IO[str] = path.open("w")

    def frame(self, frame: Frame, newest: Detection | None) -> None:
        """Write the frame's line."""
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

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _region(rejected: Rejected) -> dict[str, Any]:
    box = asdict(rejected.box)
    del box["track"]
    return {**box, "rule": rejected.rule}


class Masks(Output):
    """Each foreground mask as ``NNNNNN.png``: 8 bit, 0 or 255, in the size of the frame."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder

    def frame(self, frame: Frame, newest: Detection | None) -> None:
        """Write the frame's mask."""
        size = (frame.picture.width, frame.picture.height)
        if newest is None:
            mask = np.zeros(size[::-1], np.uint8)
        else:
            mask = cv2.resize(newest.foreground, size, interpolation=cv2.INTER_NEAREST)
        _, png = cv2.imencode(".png", mask)
        (self._folder / f"{frame.index + 1:06d}.png").write_bytes(png.tobytes())


class Annotated(Output):
    """The recording as a video with boxes and their tracks, what did not count, zones and time."""

    def __init__(self, path: Path, name: str, zones: Mapping[str, Zone]) -> None:
        self._name = name
        self._zones = {zone_id: zone.polygon for zone_id, zone in zones.items()}
        path.open("wb").close()  # FFmpeg would notice late, and not say which file
        try:
            self._container = av.open(str(path), "w")
        except ValueError:
            raise StartError(f"{path}: no kind of video has this ending; take .mp4") from None
        self._stream: Any = None

    def frame(self, frame: Frame, newest: Detection | None) -> None:
        """Draw and encode the frame."""
        overlay = Overlay(
            boxes=() if newest is None else newest.boxes,
            numbered=True,
            rejected=() if newest is None else newest.rejected,
            zones=self._zones,
            active_zones=() if newest is None else newest.zones,
            caption=caption_of(self._name, frame.utc_s, frame.time_s),
        )
        # H.264 in 4:2:0 needs even sides.
        pixels = draw(frame.picture, overlay).bgr()
        pixels = pixels[: pixels.shape[0] // 2 * 2, : pixels.shape[1] // 2 * 2]
        drawn = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="bgr24")
        drawn.pts, drawn.time_base = round(frame.time_s / _TIME_BASE), _TIME_BASE
        for packet in self._stream_for(drawn).encode(drawn):
            self._container.mux(packet)

    def close(self) -> None:
        """Write what the encoder still holds, and the index."""
        if self._stream is not None:
            for packet in self._stream.encode():
                self._container.mux(packet)
        self._container.close()

    def _stream_for(self, frame: av.VideoFrame) -> Any:
        if self._stream is None:
            self._stream = self._container.add_stream("libx264", rate=30)
            self._stream.width, self._stream.height = frame.width, frame.height
            self._stream.pix_fmt = "yuv420p"
            self._stream.time_base = self._stream.codec_context.time_base = _TIME_BASE
            self._stream.options = {"crf": "20", "preset": "veryfast"}
        return self._stream
