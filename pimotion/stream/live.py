"""What the stream knows of a camera."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pimotion.clock import as_set_now, utc_now_s
from pimotion.config.camera import Stream
from pimotion.latest import Latest
from pimotion.pixels import Polygon
from pimotion.render import drawn_name
from pimotion.stream.tuning import Tuning
from pimotion.types import CameraHealth, Detection, Frame, NoFrames, Suppressed


@dataclass(frozen=True)
class LiveCamera:
    """One camera as its viewers see it. Everything in it may be read from any thread.

    Attributes:
        frames: The newest frame, or why there is none.
        detections: The newest analysed frame and what was found in it.
        health: Whether it delivers, and if not why.
        fps: Frames a second that arrive now; None while unknown.
        last_frame_s: When the last frame came, monotonic; None: there has been none.
        suppressed: In how many frames each rule kept something from counting.
        zones: Polygons by id.
        settings: How the stream looks unless a viewer asks for something else.
        tuning: What can be changed of it.
    """

    id: str
    name: str
    frames: Latest[Frame | NoFrames]
    detections: Latest[Detection]
    health: Callable[[], CameraHealth]
    fps: Callable[[], float | None]
    last_frame_s: Callable[[], float | None]
    suppressed: Callable[[], Suppressed]
    zones: Mapping[str, Polygon]
    settings: Stream
    tuning: Tuning

    @property
    def drawn_name(self) -> str:
        """What it is called in its pictures."""
        return drawn_name(self.name, self.id)


def since_utc_s(health: CameraHealth) -> float | None:
    """Return since when a camera is as it is, Unix time by the clock as it is set now."""
    age_s = time.monotonic() - health.since_monotonic_s
    return as_set_now(health.since_utc_s, age_s=age_s, now_utc_s=utc_now_s())
