"""What is said about events, cameras and the machine: messages in, JSON out. Pure."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from pimotion.clock import as_set_now, iso
from pimotion.publish.machine import Readings
from pimotion.types import CameraHealth, CameraStats, EventType, MotionEvent

ON, OFF = b"ON", b"OFF"
ONLINE, OFFLINE = b"online", b"offline"

MAX_ATTRIBUTE_BOXES = 16
MAX_ATTRIBUTE_ZONES = 32
"""With ids of 32 characters both lists at their longest stay under 3 kB: Home Assistant keeps
attributes in its database at every change, and drops them over 16 KiB."""


def encode(value: Any) -> bytes:
    """Return JSON as UTF-8, without spare spaces."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.encode(errors="replace")  # half a surrogate pair cannot be written


def switch(on: bool) -> bytes:
    """Return ``ON`` or ``OFF``."""
    return ON if on else OFF


def presence(online: bool) -> bytes:
    """Return ``online`` or ``offline``."""
    return ONLINE if online else OFFLINE


def event_payload(
    event: MotionEvent,
    *,
    node: str,
    snapshot: str | None,
    published_utc_s: float | None,
    late: bool = False,
) -> dict[str, Any]:
    """Return a message of an event as the contract has it.

    Args:
        event: The message.
        node: Id of this machine.
        snapshot: Topic on which a picture of this very event has been sent; None without one.
        published_utc_s: Unix time at which it is said; None while the clock is not set, and in
            replays.
        late: It tells of the past, and nothing should happen because of it.
    """
    return {
        "event_type": event.type.value,
        "id": event.id,
        "seq": event.seq,
        "camera": event.camera,
        "node": node,
        "started_at": iso(event.started_utc_s),
        "captured_at": iso(event.captured_utc_s),
        "published_at": iso(published_utc_s),
        "time_s": round(event.time_s, 3),
        "duration_s": round(event.duration_s, 3),
        "frame": {"width": event.frame_width, "height": event.frame_height},
        "boxes": [asdict(box) for box in event.boxes],
        "zones": list(event.zones),
        "changed_ratio": round(event.changed_ratio, 4),
        "score": round(event.score, 3),
        "snapshot": snapshot,
        "clip": None,
        "reason": None if event.reason is None else event.reason.value,
        "late": late,
    }


def attributes_payload(event: MotionEvent) -> dict[str, Any]:
    """Return what the motion sensor's attributes say about an event, under 4 kB."""
    whole = event_payload(event, node="", snapshot=None, published_utc_s=None)
    for key in ("event_type", "seq", "camera", "node", "published_at", "snapshot", "clip", "late"):
        del whole[key]
    whole["boxes"] = whole["boxes"][:MAX_ATTRIBUTE_BOXES]
    whole["zones"] = whole["zones"][:MAX_ATTRIBUTE_ZONES]
    return {"running": event.type is not EventType.STOP, **whole}


def health_payload(
    health: CameraHealth, *, now_utc_s: float | None, now_monotonic_s: float
) -> dict[str, Any]:
    """Return how a camera is; ``since`` is by the clock as it is set now."""
    age_s = now_monotonic_s - health.since_monotonic_s
    since_s = as_set_now(health.since_utc_s, age_s=age_s, now_utc_s=now_utc_s)
    return {
        "problem": health.problem,
        "state": health.state.value,
        "reason": health.reason,
        "since": iso(since_s),
    }


def stats_payload(stats: CameraStats) -> dict[str, Any]:
    """Return what a camera did; every key is always there, null if unknown."""
    return {
        "fps": _rounded(stats.fps, 1),
        "detect_fps": _rounded(stats.detect_fps, 1),
        "dropped": stats.dropped,
        "detect_ms": _rounded(stats.detect_ms, 1),
        "latency_ms": _rounded(stats.latency_ms, 0),
        "viewers": stats.viewers,
        "last_event_at": iso(stats.last_event_utc_s),
        "suppressed": dict(stats.suppressed),
        "learning": stats.is_learning,
    }


def machine_payload(
    readings: Readings, *, started_utc_s: float | None, version: str
) -> dict[str, Any]:
    """Return what is known of this machine; every key is always there, null if unknown."""
    return {
        "cpu_percent": readings.cpu_percent,
        "rss_bytes": readings.rss_bytes,
        "temperature_c": _rounded(readings.temperature_c, 1),
        "throttled": readings.throttled,
        "started_at": iso(started_utc_s),
        "version": version,
    }


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
