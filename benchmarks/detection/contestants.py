"""Who competes: pimotion's methods, and peers that pip can install, each with its own defaults.

A contestant sees one frame after another and says what it found. Peers that only give a mask
go through `boxes_of_mask`, the same for all; whoever has no event state of its own goes through
`score.debounced`. What `look` does is what a frame costs; `found` is not counted, except with us.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, Protocol, get_args

import cv2
import numpy as np

from benchmarks.tutorial import Tutorial
from pimotion.config.camera import Detect
from pimotion.detect.detector import Detector
from pimotion.picture import Picture
from pimotion.pixels import Pixels, Planes, as_pixels
from pimotion.types import Box, Detection, Frame

WIDTH = 320
"""Of our detector by default, and of the peers on a small picture."""
_LEAST_AREA_RATIO = 0.0008
"""Of a blob that counts: what the harness takes that the project's goals are stated for."""


@dataclass(frozen=True)
class Found:
    """What was found in a frame; ``motion`` is the contestant's own event state, if it has one."""

    boxes: tuple[Box, ...]
    motion: bool | None = None


class Contestant(Protocol):
    """One detector at work. Not thread-safe."""

    def look(self, image: Pixels, index: int, fps: float) -> None:
        """Analyse a frame of shape (height, width, 3), or (height, width) for grey ones."""

    def found(self) -> Found:
        """Return what the last `look` found."""


@dataclass(frozen=True)
class Entry:
    """How one is entered: its name in the table, and how it is made.

    Attributes:
        make: Takes (width, height) of the frames.
        modules: What it imports only when it is made.
    """

    title: str
    make: Callable[[tuple[int, int]], Contestant]
    modules: tuple[str, ...] = ()


class Ours:
    """pimotion's detector, given each frame as a source would give it.

    Its event state is `Detection.motion`, which lasts ``hold_s``, 1.5 s, as in `replay --frames`.
    """

    def __init__(self, method: str) -> None:
        self._detector = Detector(Detect.model_validate({"method": method}), zones={})
        self._detection: Detection | None = None

    def look(self, image: Pixels, index: int, fps: float) -> None:
        """Wrap the pixels as a picture, and all that a frame has, and detect."""
        picture = Picture.from_bgr(image) if image.ndim == 3 else _grey_picture(image)
        time_s = index / fps
        frame = Frame(picture, index, 1000 + time_s, time_s, None, session=1)
        self._detection = self._detector.detect(frame)

    def found(self) -> Found:
        """Return boxes and motion as the detector tells them."""
        assert self._detection is not None
        return Found(self._detection.boxes, self._detection.motion)


def _grey_picture(luma: Pixels) -> Picture:
    """Return planes as a camera's low-resolution stream has them; nobody looks at the colours."""
    height, width = luma.shape
    chroma = _grey_chroma((height + 1) // 2, (width + 1) // 2)
    return Picture.from_yuv420(Planes(luma, chroma, chroma))


@cache
def _grey_chroma(height: int, width: int) -> Pixels:
    return np.full((height, width), 128, np.uint8)


class Subtractor:
    """An OpenCV background subtractor, on the frame as it comes or on 320 px of grey."""

    def __init__(self, subtractor: cv2.BackgroundSubtractor, *, width: int | None = None) -> None:
        self._subtractor = subtractor
        self._width = width
        self._mask: Pixels = np.zeros((1, 1), np.uint8)
        self._scale = 1.0

    def look(self, image: Pixels, index: int, fps: float) -> None:  # noqa: ARG002
        """Shrink if asked to, and subtract."""
        seen: Any = image
        if self._width is not None and image.ndim == 3:
            self._scale = image.shape[1] / self._width
            size = (self._width, round(image.shape[0] / self._scale))
            seen = cv2.cvtColor(
                cv2.resize(image, size, interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2GRAY
            )
        self._mask = as_pixels(self._subtractor.apply(seen))

    def found(self) -> Found:
        """Return the blobs of the mask, without what it calls shadow."""
        return Found(boxes_of_mask(self._mask, self._scale))


class SubtractorWithBlobs(Subtractor):
    """The same, with the blob step counted as a part of its cost: what a user of it would pay."""

    def look(self, image: Pixels, index: int, fps: float) -> None:
        """Subtract, and find the blobs."""
        super().look(image, index, fps)
        self._blobs = super().found()

    def found(self) -> Found:
        """Return the blobs."""
        return self._blobs


class TheTutorial:
    """The tutorial's algorithm; its one box is drawn round everything at 400 px."""

    def __init__(self) -> None:
        self._tutorial = Tutorial()
        self._box: tuple[int, int, int, int] | None = None
        self._scale = 1.0

    def look(self, image: Pixels, index: int, fps: float) -> None:  # noqa: ARG002
        """Do what the tutorial does with a frame, but for drawing on it."""
        small, self._box = self._tutorial.look(image)
        self._scale = image.shape[1] / small.shape[1]

    def found(self) -> Found:
        """Return its box."""
        if self._box is None:
            return Found(())
        left, top, right, bottom = (round(side * self._scale) for side in self._box)
        return Found((Box(left, top, right - left, bottom - top),))


class DvrScan:
    """DVR-Scan's MOG2 subtractor and detector with its defaults: size of kernel, threshold."""

    MODULES = ("dvr_scan.subtractor", "dvr_scan.detector")
    THRESHOLD = 0.15
    """Mean of the mask, 0..255, from which it takes a frame for motion; its default."""

    def __init__(self, size: tuple[int, int]) -> None:
        # As in its scanner: a kernel of 7 from 1920 px, of 5 from 1280, else of 3.
        kernel = 7 if size[0] >= 1920 else 5 if size[0] >= 1280 else 3
        subtractors, detectors = (importlib.import_module(name) for name in self.MODULES)
        subtractor = subtractors.SubtractorMOG2(kernel)
        self._detector = detectors.MotionDetector(subtractor, size, 1, None)
        self._processed: Any = None
        self._is_first = True

    def look(self, image: Pixels, index: int, fps: float) -> None:  # noqa: ARG002
        """Let it process a frame."""
        self._processed = self._detector.update(image)
        self._is_first = index == 0

    def found(self) -> Found:
        """Return the box round its whole mask, which is the one it draws."""
        if self._is_first or self._processed.score < self.THRESHOLD:
            return Found(())
        return Found((Box(*cv2.boundingRect(self._processed.subtracted)),))


def boxes_of_mask(mask: Pixels, scale: float = 1.0) -> tuple[Box, ...]:
    """Return the blobs of a mask: opened by 3x3, grown by 5x5, 0.08 % of the frame or more.

    Args:
        mask: Shape (height, width), uint8; 255 is foreground, 127 what MOG2 and KNN call shadow.
        scale: From the mask's px to the frame's.
    """
    solid = (mask >= 200).astype(np.uint8)
    solid = as_pixels(cv2.morphologyEx(solid, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)))
    solid = as_pixels(cv2.dilate(solid, np.ones((5, 5), np.uint8)))
    _, _, stats, _ = cv2.connectedComponentsWithStats(solid, connectivity=8)
    least_px = _LEAST_AREA_RATIO * mask.size
    sides = [row[:4] * scale for row in stats[1:] if row[4] >= least_px]
    return tuple(Box(*(round(float(side)) for side in row)) for row in sides)


def our_methods() -> tuple[str, ...]:
    """Return the methods that this version has."""
    return get_args(Detect.model_fields["method"].annotation)


def entries() -> dict[str, Entry]:
    """Return all who compete on what the camera gives, by id, ours first."""
    mog2, knn = cv2.createBackgroundSubtractorMOG2, cv2.createBackgroundSubtractorKNN
    peers = {
        "opencv-mog2": Entry("OpenCV MOG2", lambda _size: Subtractor(mog2())),
        "opencv-knn": Entry("OpenCV KNN", lambda _size: Subtractor(knn())),
        "opencv-mog2-320": Entry(
            "OpenCV MOG2, 320 px grey", lambda _size: Subtractor(mog2(), width=WIDTH)
        ),
        "tutorial": Entry("the tutorial's", lambda _size: TheTutorial()),
        "dvr-scan": Entry("DVR-Scan MOG2", DvrScan, DvrScan.MODULES),
    }
    if importlib.util.find_spec("dvr_scan") is None:
        del peers["dvr-scan"]
    return {**_ours(), **peers}


def luma_entries() -> dict[str, Entry]:
    """Return those who compete on luma of 320 px, as a Pi's low-resolution stream gives it."""
    mog2 = cv2.createBackgroundSubtractorMOG2
    return {
        **_ours(),
        "opencv-mog2": Entry("OpenCV MOG2", lambda _size: Subtractor(mog2())),
        "opencv-mog2-blobs": Entry(
            "OpenCV MOG2 and the blob step", lambda _size: SubtractorWithBlobs(mog2())
        ),
    }


def _enter(method: str, _size: tuple[int, int]) -> Contestant:
    return Ours(method)


def _ours() -> dict[str, Entry]:
    return {
        method: Entry(f"**pimotion `{method}`**", partial(_enter, method))
        for method in our_methods()
    }
