"""One frame in, one `Detection` out: which scene a frame belongs to, and what its method says."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from pimotion.config.camera import Detect, Zone
from pimotion.detect.method import Region, Sight
from pimotion.detect.methods import make_method
from pimotion.errors import PictureError
from pimotion.pixels import Pixels
from pimotion.types import MOST_REJECTED, Box, Detection, Frame, Rejected

_GAP_S = 5.0
_GAP_FACTOR = 4
"""A pause of over 5 s, and over 4 times the step before it, is a gap: the light may have changed
meanwhile. The factor keeps a camera of one frame in 10 s from being blind for ever."""

_LEAST_PX, _LEAST_SIDE_PX = 400, 4
"""Of a picture at detection width: 20x20 px are looked at, and a strip of 320x4."""


@dataclass(slots=True)
class _Scene:
    """What holds from one start of the method to the next."""

    session: int
    frame_size: tuple[int, int]
    last_s: float
    step_s: float = math.inf
    frames: int = 0
    moved_at_s: float = -math.inf

    def goes_on_in(self, frame: Frame) -> bool:
        """Tell whether what was learnt still holds for a frame."""
        step_s = frame.monotonic_s - self.last_s
        is_gap = step_s > _GAP_S and step_s > _GAP_FACTOR * self.step_s
        return not is_gap and frame.session == self.session and _size_of(frame) == self.frame_size

    def step_to(self, now_s: float) -> None:
        """Count a frame and note its time."""
        if self.frames:
            self.step_s = now_s - self.last_s
        self.frames += 1
        self.last_s = now_s


class Detector:
    """Finds what moves. Not thread-safe: one thread owns it. Reads no clock but the frames'.

    After a start, and after each new session, change of resolution, gap and `recalibrate`, the
    method learns the scene before anything counts.
    """

    def __init__(self, detect: Detect, *, zones: Mapping[str, Zone]) -> None:
        self._settings = detect
        self._method = make_method(detect, zones)
        self._scene: _Scene | None = None
        self._model_wanted = False

    def recalibrate(self) -> None:
        """Forget the scene and warm up again from the next frame on."""
        self._scene = None

    def set_sensitivity(self, sensitivity: int) -> None:
        """Change the sensitivity from the next frame on, 1..100."""
        self._method.set_sensitivity(sensitivity)

    def set_min_area(self, ratio: float) -> None:
        """Change the smallest region that counts from the next frame on, 0..1 of the frame."""
        self._method.set_min_area(ratio)

    def show_model(self, wanted: bool) -> None:
        """Say whether somebody looks at `Detection.model`; it is made only then."""
        self._model_wanted = wanted
        self._method.show_model(wanted)

    def detect(self, frame: Frame) -> Detection:
        """Return what moves in a frame.

        Raises:
            PictureError: The picture is broken, or has too few pixels to look at; give the next one
                as if it had never been.
        """
        luma = frame.picture.luma(self._settings.width)
        if luma.size < _LEAST_PX or min(luma.shape) < _LEAST_SIDE_PX:
            size = f"{frame.picture.width}x{frame.picture.height}"
            raise PictureError(f"a picture of {size} px is too small, or too flat, to look at")
        scene = self._scene
        if scene is None or not scene.goes_on_in(frame):
            self._method.restart(luma)
            scene = self._scene = _Scene(frame.session, _size_of(frame), frame.monotonic_s)
        scene.step_to(frame.monotonic_s)
        sight = self._method.look(luma, frame.monotonic_s, frame.exposure)
        return self._detection(scene, frame, luma, sight)

    def _detection(self, scene: _Scene, frame: Frame, luma: Pixels, sight: Sight) -> Detection:
        if sight.is_in_view:
            scene.moved_at_s = scene.last_s
        held = scene.last_s - scene.moved_at_s < self._settings.hold_s
        height, width = sight.foreground.shape
        frame_size = _size_of(frame)
        scale = frame_size[0] / width, frame_size[1] / height
        return Detection(
            frame=frame,
            boxes=tuple(_box_of(region, scale, frame_size) for region in sight.regions),
            motion=sight.is_in_view or held,
            changed_ratio=sight.changed_ratio,
            score=sight.score,
            suppressed=sight.held_back[0] if sight.held_back else None,
            zones=sight.zones,
            since_s=sight.since_s,
            luma=luma,
            # Viewers keep a detection while the method goes on: it gets pixels of its own.
            foreground=sight.foreground.copy(),
            rejected=tuple(
                Rejected(_box_of(region, scale, frame_size), rule)
                for region, rule in sight.rejected[:MOST_REJECTED]
            ),
            model=self._method.model() if self._model_wanted else None,
            is_learning=sight.is_learning,
        )


def _size_of(frame: Frame) -> tuple[int, int]:
    return frame.picture.width, frame.picture.height


def _box_of(region: Region, scale: tuple[float, float], frame_size: tuple[int, int]) -> Box:
    """Return a box in px of the frame that holds every pixel that the region stands for."""
    x, y = math.floor(region.x * scale[0]), math.floor(region.y * scale[1])
    right = min(math.ceil(region.right * scale[0]), frame_size[0])
    bottom = min(math.ceil(region.bottom * scale[1]), frame_size[1])
    return Box(x, y, right - x, bottom - y, region.track)
