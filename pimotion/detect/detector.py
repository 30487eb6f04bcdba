"""One frame in, one `Detection` out: the background finds pixels, the rules find regions."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

from pimotion.config.camera import Detect, Zone
from pimotion.detect.background import make_background
from pimotion.detect.blobs import Blob
from pimotion.detect.rules import Findings, Rules
from pimotion.pixels import Pixels
from pimotion.types import Box, Detection, Frame

_LIGHT_RULES = frozenset({"global_change", "too_large"})
_SETTLE_S = 0.6
"""After a change of light lamps flare up and cameras correct their exposure; the value is that of a
study on drawn scenes and was not measured on cameras."""
_GAP_S = 5.0
_GAP_FACTOR = 4
"""A pause of over 5 s, and over 4 times the step before it, is a gap: the light may have changed
meanwhile. The factor keeps a camera of one frame in 10 s from being blind for ever."""


@dataclass(slots=True)
class _Scene:
    """What holds from one start of the background to the next."""

    session: int
    frame_size: tuple[int, int]
    rules: Rules
    last_s: float
    step_s: float = math.inf
    frames: int = 0
    settled_at_s: float = -math.inf
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

    The first ``warmup_frames`` frames, and as many after each new session, change of resolution,
    gap and `recalibrate`, only teach the background. When nearly everything changes at once, the
    background starts again from the picture as it is 0.6 s later.
    """

    def __init__(self, detect: Detect, *, zones: Mapping[str, Zone]) -> None:
        self._settings = detect
        self._zones = zones
        self._background = make_background(detect)
        self._scene: _Scene | None = None
        self._suppressed: Counter[str] = Counter()
        self._model_wanted = False

    @property
    def suppressed_counts(self) -> Mapping[str, int]:
        """In how many frames each rule kept something from counting, since construction."""
        return dict(self._suppressed)

    def recalibrate(self) -> None:
        """Forget the background and warm up again from the next frame on."""
        self._scene = None

    def set_sensitivity(self, sensitivity: int) -> None:
        """Change the sensitivity from the next frame on, 1..100."""
        self._background.set_sensitivity(sensitivity)

    def show_model(self, wanted: bool) -> None:
        """Say whether somebody looks at `Detection.model`; it is made only then."""
        self._model_wanted = wanted

    def detect(self, frame: Frame) -> Detection:
        """Return what moves in a frame.

        Raises:
            PictureError: The picture is broken; give the next one as if it had never been.
        """
        luma = frame.picture.luma(self._settings.width)
        scene = self._scene
        if scene is None or not scene.goes_on_in(frame):
            scene = self._scene = self._begin(frame, luma)
        scene.step_to(frame.monotonic_s)
        foreground = self._background.foreground(luma)
        findings = self._judge(scene, foreground)
        model = self._background.model() if self._model_wanted else None
        self._teach(scene, luma)
        self._suppressed.update(findings.held_back)
        detection = self._detection(scene, frame, findings, foreground)
        return replace(detection, model=model) if model else detection

    def _begin(self, frame: Frame, luma: Pixels) -> _Scene:
        self._background.restart(luma)
        height, width = luma.shape
        rules = Rules(self._settings, self._zones, width=width, height=height)
        return _Scene(frame.session, _size_of(frame), rules, frame.monotonic_s)

    def _judge(self, scene: _Scene, foreground: Pixels) -> Findings:
        """Apply the rules that need the time to what the others found."""
        findings = scene.rules.judge(foreground)
        if scene.frames <= self._settings.warmup_frames:
            return _held_back(findings, "warmup")
        if _LIGHT_RULES.intersection(findings.held_back):
            scene.settled_at_s = scene.last_s + _SETTLE_S
        elif scene.last_s < scene.settled_at_s:
            return _held_back(findings, "global_change")
        return findings

    def _teach(self, scene: _Scene, luma: Pixels) -> None:
        if scene.last_s < scene.settled_at_s:
            self._background.restart(luma)
        else:
            self._background.learn(luma)

    def _detection(
        self, scene: _Scene, frame: Frame, findings: Findings, foreground: Pixels
    ) -> Detection:
        if findings.blobs:
            scene.moved_at_s = scene.last_s
        held = scene.last_s - scene.moved_at_s < self._settings.hold_s
        return Detection(
            frame=frame,
            boxes=_boxes_of(findings.blobs, foreground, _size_of(frame)),
            motion=bool(findings.blobs) or held,
            changed_ratio=findings.changed_ratio,
            score=findings.score,
            suppressed=findings.held_back[0] if findings.held_back else None,
            zones=findings.zones,
            since_s=None,
            # Viewers keep a detection while the background goes on: it gets pixels of its own.
            foreground=foreground.copy(),
        )


def _size_of(frame: Frame) -> tuple[int, int]:
    return frame.picture.width, frame.picture.height


def _held_back(findings: Findings, rule: str) -> Findings:
    """Return findings of which nothing counts, because of a rule; nothing found, nothing held."""
    held_back = (rule,) if findings.changed_ratio else ()
    return replace(findings, blobs=(), zones=(), score=0.0, held_back=held_back)


def _boxes_of(
    blobs: tuple[Blob, ...], foreground: Pixels, frame_size: tuple[int, int]
) -> tuple[Box, ...]:
    """Return boxes in px of the frame that hold every pixel that the regions stand for."""
    x_scale = frame_size[0] / foreground.shape[1]
    y_scale = frame_size[1] / foreground.shape[0]
    boxes = []
    for blob in blobs:
        x, y = math.floor(blob.x * x_scale), math.floor(blob.y * y_scale)
        right = min(math.ceil(blob.right * x_scale), frame_size[0])
        bottom = min(math.ceil(blob.bottom * y_scale), frame_size[1])
        boxes.append(Box(x, y, right - x, bottom - y))
    return tuple(boxes)
