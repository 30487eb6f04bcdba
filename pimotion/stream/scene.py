"""Decides what there is to show of a camera now, and makes a JPEG of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from pimotion.clock import utc_now_s
from pimotion.config.camera import Stream
from pimotion.render import Overlay, caption_of, draw
from pimotion.stream.cards import card, last_text, since_text
from pimotion.stream.live import LiveCamera, since_utc_s
from pimotion.stream.multipart import Part
from pimotion.stream.query import Variant
from pimotion.types import CameraHealth, CameraState, Detection, Frame

_USUAL_SIZE = (1280, 720)
"""Of a card when the camera has not given any picture yet."""

_CARD_EVERY_S = 5.0
"""A card says how long the camera has been away; so often it is drawn anew."""

_LOOK_EVERY_S = 0.5
"""How soon a source that just stops is seen as dead."""

_BOXES_LAST_S = 1.0
"""Boxes are drawn on later frames until a newer detection comes, but no longer than this."""


class CameraShow:
    """One camera as an encoder shows it. Thread-safe."""

    def __init__(self, camera: LiveCamera) -> None:
        self.camera = camera
        self._size = _USUAL_SIZE

    @property
    def id(self) -> str:
        """The camera's."""
        return self.camera.id

    @property
    def settings(self) -> Stream:
        """The camera's."""
        return self.camera.settings

    def fits_in(self, width: int) -> bool:
        """Tell whether the newest frame, or the card in its place, is no wider than that, px."""
        frame = self.camera.frames.peek()
        return (frame.picture.width if isinstance(frame, Frame) else self._size[0]) <= width

    def listen(self, hear: Callable[[], None]) -> None:
        """Call ``hear`` at each frame, and when there are no more of them."""
        self.camera.frames.listen(hear)

    def unlisten(self, hear: Callable[[], None]) -> None:
        """Call it no more."""
        self.camera.frames.unlisten(hear)

    def pause_s(self) -> float:
        """Return how long a camera may be dead that does not say so."""
        return _LOOK_EVERY_S

    def scene(self) -> CameraScene:
        """Return the newest frame, or why there is none."""
        frame = self.camera.frames.peek()
        health = self.camera.health()
        if frame is None:
            return self._dead(health, health.reason or "waiting for the first picture")
        if not isinstance(frame, Frame):
            return self._dead(health, frame.reason)
        self._size = (frame.picture.width, frame.picture.height)
        # A frame newer than the bad news is live: its camera has just come back.
        if not health.online and frame.monotonic_s <= health.since_monotonic_s:
            return self._dead(health, health.reason or "waiting for the next picture")
        return CameraScene(self.camera, (frame.session, frame.index), frame, self._size)

    def apology(self, reason: str) -> CameraScene:
        """Return a card with a reason."""
        return CameraScene(self.camera, ("apology", reason), None, self._size, reason)

    def _dead(self, health: CameraHealth, reason: str) -> CameraScene:
        age_s = max(0.0, time.monotonic() - health.since_monotonic_s)
        below = [] if health.state is CameraState.OK else [since_text(since_utc_s(health), age_s)]
        last_s = self.camera.last_frame_s()
        if last_s is not None and health.state is not CameraState.FROZEN:
            below.append(_last_text(last_s))
        key = ("card", reason, health.since_monotonic_s, last_s, age_s // _CARD_EVERY_S)
        return CameraScene(self.camera, key, None, self._size, reason, "\n".join(below))


@dataclass(frozen=True)
class CameraScene:
    """What is to be shown of a camera: a frame, or why there is none.

    Attributes:
        key: Equal keys show the same picture.
        frame: The newest live frame; None when the source is dead.
        size: Width and height of the camera's pictures, px.
        reason: Why there is no frame, in words.
        below: Since when, and when the last picture came, in words, a line each.
    """

    camera: LiveCamera
    key: Hashable
    frame: Frame | None
    size: tuple[int, int]
    reason: str = ""
    below: str = ""

    @property
    def captured_s(self) -> float | None:
        """When the frame was captured, monotonic; None: the source is dead."""
        return self.frame.monotonic_s if self.frame else None

    @property
    def cards(self) -> Hashable:
        """What stands in the place of a frame."""
        return None if self.frame else self.key

    def ready(self, variant: Variant) -> Part | None:
        """Return the camera's own JPEG if it is what the variant asks for; else None."""
        frame = self.frame
        if frame is None or variant.quality is not None or not frame.picture.is_camera_jpeg:
            return None
        if variant.width is not None and variant.width < frame.picture.width:
            return None
        if variant.overlays and not overlay_of(self.camera, frame, variant).is_empty:
            return None
        own = frame.picture.camera_jpeg
        return None if own is None else Part(own, frame.monotonic_s, frame.utc_s)

    def paint(self, variant: Variant) -> Part:
        """Return the scene as a JPEG that looks as the variant says.

        Raises:
            PictureError: The frame cannot be decoded.
        """
        part = self.ready(variant)
        if part is not None:
            return part
        quality = variant.quality or self.camera.settings.quality
        frame = self.frame
        if frame is None:
            picture = card(self.camera.drawn_name, self.reason, self.below, self.size)
            return Part(picture.jpeg(quality, variant.width), time.monotonic(), utc_now_s())
        overlay = overlay_of(self.camera, frame, variant)
        if overlay.is_empty:
            jpeg = frame.picture.jpeg(quality, variant.width)
        else:
            jpeg = draw(frame.picture, overlay, variant.width).jpeg(quality)
        return Part(jpeg, frame.monotonic_s, frame.utc_s)


def _last_text(last_s: float) -> str:
    age_s = max(0.0, time.monotonic() - last_s)
    now_utc_s = utc_now_s()
    return last_text(None if now_utc_s is None else now_utc_s - age_s, age_s)


def overlay_of(camera: LiveCamera, frame: Frame, variant: Variant) -> Overlay:
    """Return what is to be drawn on a frame."""
    wanted = variant.overlays
    found = _detection_for(camera, frame)
    judged = found if "mask" in wanted else None
    return Overlay(
        boxes=found.boxes if found and "boxes" in wanted else (),
        zones=camera.zones if "zones" in wanted else {},
        active_zones=found.zones if found else (),
        caption=_caption(camera, frame) if "time" in wanted else None,
        rejected=judged.rejected if judged else (),
        judged=judged,
    )


def _detection_for(camera: LiveCamera, frame: Frame) -> Detection | None:
    """Return the newest detection if it still says something about this frame."""
    found = camera.detections.peek()
    if found is None or found.frame.session != frame.session:
        return None
    return found if frame.monotonic_s - found.frame.monotonic_s <= _BOXES_LAST_S else None


def _caption(camera: LiveCamera, frame: Frame) -> str:
    return caption_of(camera.drawn_name, frame.utc_s, frame.time_s)
