"""What may be drawn on a picture, and in which order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from pimotion.picture import Picture
from pimotion.pixels import Planes, Polygon
from pimotion.render.canvas import BLUE, GREEN, RED, Canvas
from pimotion.render.judged import Panels, tint_judged
from pimotion.render.labels import Labels
from pimotion.types import Box, Detection, Rejected
from pimotion.why_not import label_of


@dataclass(frozen=True, slots=True)
class Overlay:
    """What to draw. Everything is optional; nothing given, nothing drawn.

    Attributes:
        boxes: In px of the full frame, whatever size is drawn at.
        zones: Polygons by id; those in ``active_zones`` are drawn in red.
        caption: One line at the lower left, on a dark strip.
        numbered: Each box bears the number of its track.
        rejected: Regions to outline thinly, with the rule that held them back in words.
        judged: What was found in the frame: each change is tinted by whether it counts, with a
            legend, and with background and threshold where the detection has them.
    """

    boxes: Sequence[Box] = ()
    zones: Mapping[str, Polygon] = field(default_factory=dict)
    active_zones: Sequence[str] = ()
    caption: str | None = None
    numbered: bool = False
    rejected: Sequence[Rejected] = ()
    judged: Detection | None = None

    @property
    def is_empty(self) -> bool:
        """True when drawing would change nothing."""
        anything = self.boxes or self.zones or self.caption or self.rejected
        return not anything and self.judged is None


def draw(picture: Picture, overlay: Overlay, width: int | None = None) -> Canvas:
    """Return a copy of the picture, ``width`` px wide, with the overlay drawn on it."""
    canvas = Canvas(picture, width)
    panels = Panels(canvas, overlay.judged) if overlay.judged else None
    labels = Labels(canvas, panels.areas if panels else ())
    if overlay.judged:
        tint_judged(canvas, overlay.judged)
    for zone, polygon in overlay.zones.items():
        canvas.polygon(polygon, RED if zone in overlay.active_zones else GREEN)
    _draw_boxes(canvas, overlay, labels)
    labels.draw()
    if panels:
        panels.draw()
    if overlay.caption:
        canvas.caption(overlay.caption)
    return canvas


def _draw_boxes(canvas: Canvas, overlay: Overlay, labels: Labels) -> None:
    for region in overlay.rejected:
        canvas.box(region.box, BLUE, thin=True)
        labels.add(region.box, label_of(region.rule))
    for box in overlay.boxes:
        canvas.box(box)
        if overlay.numbered and box.track is not None:
            labels.add(box, str(box.track))


def cropped(picture: Picture, part: Box) -> Picture:
    """Return a part of a picture as a picture of its own, at full resolution.

    A picture of planes is cut at even pixels, so that its chroma fits: up to 1 px more is shown.
    """
    right, bottom = part.x + part.width, part.y + part.height
    if not picture.is_planar:
        return Picture.from_bgr(picture.bgr()[part.y : bottom, part.x : right])
    planes = picture.yuv()
    x, y = part.x // 2, part.y // 2
    halves = (slice(y, (bottom + 1) // 2), slice(x, (right + 1) // 2))
    luma = planes.y[2 * y : bottom, 2 * x : right]
    return Picture.from_yuv420(Planes(luma, planes.u[halves], planes.v[halves]))


def caption_of(name: str, utc_s: float | None, time_s: float, *, date: bool = True) -> str:
    """Return the line under a picture: the camera's name and the local time.

    Without the ``date`` it is short enough for a small picture among others. Without a wall clock
    (``utc_s`` None) the seconds since the source opened are shown.
    """
    if utc_s is None:
        minutes, seconds = divmod(round(time_s, 1), 60)
        return f"{name}  +{minutes:02.0f}:{seconds:04.1f}"
    local = datetime.fromtimestamp(utc_s, UTC).astimezone()
    return f"{name}  {local:%Y-%m-%d %H:%M:%S}" if date else f"{name}  {local:%H:%M:%S}"
