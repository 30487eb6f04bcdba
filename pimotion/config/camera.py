"""The settings of one camera: where its pictures come from and what is done with them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, field_validator, model_validator

from pimotion.config.controls import NO_CONTROLS, Controls
from pimotion.config.presets import PRESETS
from pimotion.config.values import (
    TEXT_PATTERN,
    Corners,
    Id,
    Number,
    Polygons,
    Ratio,
    Seconds,
    Secret,
    Section,
    Size,
    Text,
)
from pimotion.pixels import Flip, Polygon, View

SOURCE_FORMS = (
    "auto, picamera, picamera:N, v4l2:/dev/..., rtsp://..., http(s)://..., file:PATH, "
    "file:PATH?loop, imagezmq:tcp://ADDRESS:PORT[?subscribe][#SENDER] or synthetic"
)
SOURCE = re.compile(
    r"auto|synthetic|picamera(:[0-9]{1,2})?|v4l2:/.+|rtsps?://.+|https?://.+|file:(?!\?loop$).+"
    r"|imagezmq:tcp://[^#?]+:[0-9]{1,5}(\?subscribe)?(#.+)?"
)

_SUBSTREAM = re.compile(r"(rtsp|http)s?://.+")


class Detect(Section):
    """What counts as motion."""

    source: Text | None = None
    """A smaller stream of the same camera, rtsp(s):// or http(s)://, to look for motion in; null:
    the camera's own `source`."""
    preset: Literal["indoor", "garden", "street"] | None = None
    """Other defaults, for a kind of place; what is set here besides wins over them."""
    method: Literal["adaptive", "running_average", "mog2"] = "adaptive"
    """adaptive tells things from light, weather and noise; the others are the classic ones. mog2
    takes what is 50 to 100 % as bright as its background for a shadow, and drops it."""
    width: Annotated[int, Field(ge=64, le=1920, strict=True)] = 320
    """Width at which motion is looked for, px; smaller is faster and sees less."""
    fps: Annotated[Number, Field(ge=0.5, le=60)] = 10
    """Most frames a second to analyse."""
    sensitivity: Annotated[int, Field(ge=1, le=100, strict=True)] = 50
    """1 to 100: higher fires on fainter changes; 50 uses the thresholds as they are."""
    min_area_ratio: Ratio = 0.001
    """Smallest moving region, as a share of the frame."""
    max_area_ratio: Ratio = 0.8
    """Largest moving region (adaptive), or largest share of the frame that may change (others)."""
    warmup_frames: Annotated[int, Field(ge=1, le=1000, strict=True)] = 32
    """So many frames after a start teach the scene, without motion; adaptive: 5 and 2 s suffice."""
    hold_s: Annotated[Seconds, Field(ge=0, le=60)] = 1.5
    """Motion lasts this long after the last moving frame, so that it does not flicker."""
    absorb_s: Annotated[Seconds, Field(ge=5, le=86400)] = 60
    """adaptive: what came and stands still counts this long, and is part of the scene then."""
    masks: Polygons = ()
    """Polygons in which nothing is looked for, corners 0 to 1 of the frame."""
    threshold: Annotated[int, Field(ge=1, le=255, strict=True)] = 25
    """running_average: least change of a pixel, in grey levels."""
    accum_weight: Annotated[Number, Field(gt=0, le=1)] = 0.1
    """running_average: how fast the background forgets; a frame's share in it, up to 1."""

    @field_validator("source")
    @classmethod
    def _is_network_camera(cls, value: str | None) -> str | None:
        if value is not None and _SUBSTREAM.fullmatch(value) is None:
            raise ValueError("must be rtsp(s)://... or http(s)://...")
        return value

    @model_validator(mode="before")
    @classmethod
    def _fill_in_preset(cls, values: Any) -> Any:
        """Put a preset's values where there are none; whatever is wrong is told as usual."""
        if not isinstance(values, dict):
            return values
        preset = values.get("preset")
        return {**PRESETS.get(preset, {}), **values} if isinstance(preset, str) else values


class Zone(Section):
    """A part of the frame with a motion sensor of its own."""

    polygon: Corners
    """Corners, each [x, y] 0 to 1 of the frame."""
    min_area_ratio: Ratio = 0.001
    """Least change inside the zone, as a share of the whole frame."""
    event_gap_s: Annotated[Seconds, Field(ge=0.5, le=600)] | None = None
    """Quiet time that ends motion in the zone; null: as the camera's."""


class Events(Section):
    """When motion becomes an event, and when the event ends."""

    min_motion_s: Annotated[Seconds, Field(ge=0, le=60)] = 0.3
    """Motion shorter than this starts no event. It counts from its first frame."""
    event_gap_s: Annotated[Seconds, Field(ge=0.5, le=600)] = 10
    """Quiet time that ends an event."""
    max_event_s: Annotated[Seconds, Field(ge=5, le=86400)] = 300
    """An event longer than this ends, and the next begins at once. That is at a frame in which
    something moves: in quiet time the event goes on until it is over."""


class Snapshot(Section):
    """The stills sent by MQTT and kept with each event."""

    height: Annotated[int, Field(ge=32, le=4096, strict=True)] | None = None
    """Height of the still, px; null: the frame's."""
    quality: Annotated[int, Field(ge=1, le=100, strict=True)] = 80
    """JPEG quality."""
    crop: bool = Field(False, strict=True)
    """Show only what moved, with some margin."""
    boxes: bool = Field(True, strict=True)
    """Draw boxes around what moved."""
    timestamp: bool = Field(True, strict=True)
    """Write the camera's name and the time."""
    interval_s: Annotated[Seconds, Field(ge=1, le=604800)] | None = None
    """Send a still this often even without motion; null: never."""
    max_bytes: Annotated[Size, Field(ge=5_000, le=20_000_000)] = 200_000
    """Most bytes of a still; to fit, its quality is lowered first, then its width and height."""


class Stream(Section):
    """How the live picture looks unless the viewer asks for something else."""

    quality: Annotated[int, Field(ge=1, le=100, strict=True)] = 80
    """JPEG quality."""
    fps: Annotated[Number, Field(ge=0.2, le=60)] | None = None
    """Most frames a second; null: the camera's."""
    boxes: bool = Field(True, strict=True)
    """Draw boxes around what moves."""
    zones: bool = Field(False, strict=True)
    """Draw the zones."""
    timestamp: bool = Field(True, strict=True)
    """Write the camera's name and the time."""


class Health(Section):
    """When a camera counts as unwell."""

    stale_s: Annotated[Seconds, Field(ge=1, le=600)] = 5
    """No frame for this long: the camera is offline."""
    frozen_s: Annotated[Seconds, Field(ge=2, le=3600)] = 30
    """No pixel has changed for this long: the camera is offline. Not for recordings."""
    dark_s: Annotated[Seconds, Field(ge=2, le=3600)] = 60
    """The picture has been black for this long: a problem is shown, and the camera stays online."""


class Camera(Section):
    """One camera."""

    name: (
        Annotated[
            str, StringConstraints(strict=True, min_length=1, max_length=64, pattern=TEXT_PATTERN)
        ]
        | None
    ) = None
    """What people call it; null: made from its id."""
    source: Text
    """auto, picamera[:N], v4l2:/dev/..., rtsp://..., http(s)://..., file:PATH[?loop],
    imagezmq:tcp://127.0.0.1:5555[#SENDER], imagezmq:tcp://HOST:PORT?subscribe[#SENDER] (a sender
    that publishes) or synthetic."""
    username: Text | None = None
    """Login at a network camera."""
    password: Secret | None = None
    """Password at a network camera."""
    open: bool = Field(False, strict=True)
    """imagezmq: let anyone who reaches the address send pictures. Write it down if meant."""
    width: Annotated[int, Field(ge=64, le=4096, strict=True)] = 1280
    """Width to ask of a local camera, px; network cameras and files have their own."""
    height: Annotated[int, Field(ge=48, le=4096, strict=True)] = 720
    """Height to ask of a local camera, px."""
    fps: Annotated[Number, Field(ge=0.2, le=60)] = 15
    """Frames a second to ask of a local camera; more from others are skipped."""
    rotate: Literal[0, 90, 180, 270] = 0
    """Turns the picture clockwise, degrees."""
    flip: Flip = "none"
    """Mirrors the picture after turning it."""
    controls: Controls = NO_CONTROLS
    detect: Detect = Detect()
    privacy_masks: Polygons = ()
    """Polygons blacked out before anything else sees the frame."""
    zones: Mapping[Id, Zone] = Field(default_factory=dict)
    """Parts of the frame with a motion sensor of their own, by id."""
    events: Events = Events()
    snapshot: Snapshot = Snapshot()
    stream: Stream = Stream()
    health: Health = Health()

    @field_validator("source")
    @classmethod
    def _known_form(cls, value: str) -> str:
        if SOURCE.fullmatch(value) is None:
            raise ValueError(f"must be {SOURCE_FORMS}")
        return value

    @property
    def view(self) -> View:
        """How its pixels become the frame that everyone sees."""
        masks: tuple[Polygon, ...] = self.privacy_masks
        return View(self.rotate, self.flip, masks)


def camera_name(camera_id: str, camera: Camera) -> str:
    """Return what people call a camera."""
    return camera.name or camera_id.replace("_", " ").replace("-", " ").capitalize()
