"""Messages as a camera's threads hand them in, for tests of what leaves by MQTT."""

from __future__ import annotations

from typing import Any

from pimotion.config.settings import Settings
from pimotion.types import (
    Box,
    CameraHealth,
    CameraState,
    EventType,
    MotionEvent,
    MotionState,
    Still,
    StopReason,
)

STARTED_UTC_S = 1795342530.123
"""2026-11-22T10:15:30.123 UTC."""


MANY: dict[str, Any] = {
    f"cam{camera}": {
        "source": "synthetic",
        "zones": {f"z{zone}": {"polygon": [[0, 0], [1, 0], [1, 1]]} for zone in range(12)},
    }
    for camera in range(6)
}
"""Six cameras of twelve zones: 78 topics that may all change at one time."""


def settings(**changes: Any) -> Settings:
    """Two cameras; `front_door` has a zone."""
    whole: dict[str, Any] = {
        "node": "garden-pi",
        "cameras": {
            "front_door": {
                "source": "synthetic",
                "zones": {"drive-way": {"polygon": [[0, 0], [1, 0], [1, 1]]}},
            },
            "yard": {"source": "synthetic"},
        },
    }
    return Settings.model_validate(whole | changes)


def event(
    kind: str = "start", *, event_id: str = "e1", seq: int = 0, camera: str = "front_door"
) -> MotionEvent:
    """One message of an event."""
    return MotionEvent(
        type=EventType(kind),
        camera=camera,
        id=event_id,
        seq=seq,
        started_utc_s=STARTED_UTC_S,
        captured_utc_s=STARTED_UTC_S + 0.3,
        time_s=12.4,
        duration_s=0.0,
        frame_width=1280,
        frame_height=720,
        boxes=(Box(1, 2, 30, 40, track=3),),
        zones=("drive-way",) if camera == "front_door" else (),
        changed_ratio=0.031,
        score=0.87,
        reason=StopReason.QUIET if kind == "stop" else None,
    )


def motion(on: bool, *, zone: bool = False, camera: str = "front_door") -> MotionState:
    """Motion of a camera, and in its zone."""
    return MotionState(camera, on, {"drive-way": zone} if camera == "front_door" else {})


def everywhere(camera: str, on: bool) -> MotionState:
    """Motion of one of `MANY`, and in all its zones."""
    return MotionState(camera, on, dict.fromkeys(MANY[camera]["zones"], on))


def still(
    event_id: str | None = None, *, jpeg: bytes = b"\xff\xd8a\xff\xd9", camera: str = "front_door"
) -> Still:
    """A picture; its bytes need not decode to travel."""
    return Still(camera, jpeg, 64, 36, STARTED_UTC_S, event_id)


def health(state: CameraState, reason: str | None = None) -> CameraHealth:
    """How the front door's camera is."""
    return CameraHealth("front_door", state, reason, STARTED_UTC_S, 100.0)
