"""Names that a configuration brings into the world: ids, `unique_id`s and topics; none may meet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pimotion.config.camera import Camera

CAMERA_KEYS = (
    "motion",
    "camera",
    "last_motion",
    "motion_event",
    "detection",
    "privacy",
    "sensitivity",
    "min_area",
    "event_gap",
    "take_snapshot",
    "recalibrate",
    "problem",
    "fps",
    "detect_ms",
    "latency_ms",
    "last_event",
)
"""Last parts of a camera's `unique_id`s in Home Assistant; ``zone_<zone>`` comes on top."""

NODE_KEYS = ("temperature", "cpu", "memory", "started", "version", "restart", "log_level")
"""Last parts of the `unique_id`s of the machine itself."""


def clashes(cameras: Mapping[str, Camera]) -> Iterator[tuple[str, str]]:
    """Yield each camera that would share a `unique_id`, and in words with what.

    The node stands in front of all of them and has no underscore, so it need not be looked at. The
    topics of cameras and zones are levels of their own: they differ when the ids do.
    """
    owners = dict.fromkeys(NODE_KEYS, "the machine's own")
    for camera_id, camera in cameras.items():
        met: set[str] = set()
        for key in (*CAMERA_KEYS, *(f"zone_{zone}" for zone in camera.zones)):
            name = f"{camera_id}_{key}"
            if name in owners and owners[name] not in met:
                met.add(owners[name])
                yield camera_id, f"'{name}' in Home Assistant would also be {owners[name]}"
            owners.setdefault(name, f"'{key}' of camera {camera_id}")
