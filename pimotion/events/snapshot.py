"""The stills of a camera: which frame shows an event best, and how its picture is made."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence

from pimotion.config.camera import Snapshot
from pimotion.errors import PictureError
from pimotion.events.merit import merit_of
from pimotion.log import Repeated
from pimotion.picture import Picture
from pimotion.render import Overlay, caption_of, cropped, draw, drawn_name
from pimotion.types import Box, Detection, Frame, Still

log = logging.getLogger(__name__)

_CLEARLY_BETTER = 1.25
"""A frame must be this much better than the best one before, or every step of someone who comes
closer would be sent."""
_BETTER_EVERY_S = 1.0
_CROP_MARGIN = 0.25
"""Of the larger side of what moved, on each side: enough to see where it is."""

_QUALITY_STEP = 15
_LEAST_QUALITY = 35
_SMALLER = 0.75
_LEAST_WIDTH_PX = 64


class SnapshotMaker:
    """Makes the stills of one camera. Not thread-safe: one thread owns it.

    Args:
        settings: The camera's ``snapshot:``.
        camera: Its id.
        name: What people call it, for the line under the picture.
    """

    def __init__(self, settings: Snapshot, *, camera: str, name: str) -> None:
        self._settings = settings
        self._camera = camera
        self._name = drawn_name(name, camera)
        self._best: float | None = None
        self._best_s = 0.0
        self._repeated = Repeated(log)

    def start(self, detection: Detection, event_id: str) -> Still | None:
        """Return the first still of an event; None if no picture can be made of this frame."""
        self._best = None
        return self._event_still(detection, event_id)

    def better(self, detection: Detection, event_id: str) -> Still | None:
        """Return a still if this frame shows the event clearly better than any before.

        At most one a second by the frames' time; see `pimotion.events.merit` for what is better.
        """
        waited_s = detection.frame.monotonic_s - self._best_s
        if not detection.boxes or waited_s < _BETTER_EVERY_S:
            return None
        return self._event_still(detection, event_id)

    def plain(self, frame: Frame) -> Still | None:
        """Return a still of a frame, without an event; None if it cannot fit ``max_bytes``.

        Raises:
            PictureError: The picture is broken.
        """
        return self._still(frame, frame.picture, (), event_id=None)

    def _event_still(self, detection: Detection, event_id: str) -> Still | None:
        """Return the still if it is clearly better; a broken picture is none."""
        try:
            merit = merit_of(detection)
            if self._best is not None and merit <= self._best * _CLEARLY_BETTER:
                return None
            still = self._moving_still(detection, event_id)
        except PictureError as error:
            text = f"no still of a broken picture camera={self._camera} error={error}"
            self._repeated.warning("broken", text)
            return None
        self._best, self._best_s = merit, detection.frame.monotonic_s
        return still

    def _moving_still(self, detection: Detection, event_id: str) -> Still | None:
        frame = detection.frame
        picture, boxes = frame.picture, detection.boxes
        if self._settings.crop and boxes:
            part = _with_margin(boxes, picture)
            picture = cropped(picture, part)
            boxes = tuple(_within(box, part) for box in boxes)
        return self._still(frame, picture, boxes, event_id=event_id)

    def _still(
        self, frame: Frame, picture: Picture, boxes: Sequence[Box], *, event_id: str | None
    ) -> Still | None:
        caption = caption_of(self._name, frame.utc_s, frame.time_s)
        overlay = Overlay(
            boxes=boxes if self._settings.boxes else (),
            caption=caption if self._settings.timestamp else None,
        )
        for width, quality in self._attempts(picture):
            jpeg = _encode(picture, overlay, width, quality)
            if len(jpeg) <= self._settings.max_bytes:
                size = picture.size_at(width)
                return Still(self._camera, jpeg, *size, frame.utc_s, event_id)
        self._repeated.warning("size", f"no still fits max_bytes camera={self._camera}")
        return None

    def _attempts(self, picture: Picture) -> Iterator[tuple[int, int]]:
        """Give widths in px and qualities, the configured ones first, then ever smaller ones."""
        width, quality = self._wanted_width(picture), self._settings.quality
        yield width, quality
        while quality > _LEAST_QUALITY:
            quality = max(_LEAST_QUALITY, quality - _QUALITY_STEP)
            yield width, quality
        while width * _SMALLER >= _LEAST_WIDTH_PX:
            width = round(width * _SMALLER)
            yield width, quality

    def _wanted_width(self, picture: Picture) -> int:
        height = self._settings.height
        if height is None:
            return picture.width
        return min(picture.width, max(1, round(picture.width * height / picture.height)))


def _encode(picture: Picture, overlay: Overlay, width: int, quality: int) -> bytes:
    if overlay.is_empty:
        return picture.jpeg(quality, width)
    return draw(picture, overlay, width).jpeg(quality)


def _with_margin(boxes: Sequence[Box], picture: Picture) -> Box:
    """Return the part of the frame that holds all boxes and some margin."""
    left, top = min(box.x for box in boxes), min(box.y for box in boxes)
    right = max(box.x + box.width for box in boxes)
    bottom = max(box.y + box.height for box in boxes)
    margin = round(_CROP_MARGIN * max(right - left, bottom - top))
    # Even corners, so that a picture of planes is cut exactly here.
    left, top = max(0, left - margin) // 2 * 2, max(0, top - margin) // 2 * 2
    right, bottom = min(picture.width, right + margin), min(picture.height, bottom + margin)
    return Box(left, top, right - left, bottom - top)


def _within(box: Box, part: Box) -> Box:
    return Box(box.x - part.x, box.y - part.y, box.width, box.height, box.track)
