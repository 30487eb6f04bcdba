"""The event that is going on: what it has gathered, and the messages it sends."""

from __future__ import annotations

from collections.abc import Iterable

from pimotion.types import Detection, EventType, MotionEvent, StopReason


class RunningEvent:
    """One event from its start to its stop. Not thread-safe.

    Its messages describe the newest frame in which something moved; so a stop says where it was
    last seen, and not the empty frames of the quiet time after that.

    Args:
        began_s: ``monotonic_s`` of its first moving frame, at or before ``detection``.
        zones: Ids of the zones that moved since then.
        zone_order: All ids in the order of the configuration.
    """

    def __init__(
        self,
        detection: Detection,
        *,
        event_id: str,
        camera: str,
        began_s: float,
        zones: Iterable[str],
        zone_order: Iterable[str],
    ) -> None:
        self.id = event_id
        self.began_s = began_s
        self._camera = camera
        self._started_utc_s = _utc_at(began_s, detection)
        self._zone_order = tuple(zone_order)
        self._zones = set(zones)
        self._described = detection
        self._score = detection.score
        self._seq = 0
        self._sent_s = detection.frame.monotonic_s

    def start(self) -> MotionEvent:
        """Return its first message."""
        return self._message(EventType.START)

    def describe(self, detection: Detection, *, update_every_s: float) -> bool:
        """Take in a frame in which something moves; tell whether an update is due.

        One is due ``update_every_s`` after the last message, and at once for a new zone.
        """
        has_new_zone = not self._zones.issuperset(detection.zones)
        self._zones.update(detection.zones)
        self._described = detection
        self._score = max(self._score, detection.score)
        return has_new_zone or detection.frame.monotonic_s - self._sent_s >= update_every_s

    def update(self) -> MotionEvent:
        """Return a message of what is known now."""
        self._sent_s = self._described.frame.monotonic_s
        return self._message(EventType.UPDATE)

    def stop(self, reason: StopReason) -> MotionEvent:
        """Return its last message."""
        return self._message(EventType.STOP, reason)

    def _message(self, kind: EventType, reason: StopReason | None = None) -> MotionEvent:
        detection, frame = self._described, self._described.frame
        seq, self._seq = self._seq, self._seq + 1
        return MotionEvent(
            type=kind,
            camera=self._camera,
            id=self.id,
            seq=seq,
            started_utc_s=self._started_utc_s,
            captured_utc_s=frame.utc_s,
            time_s=frame.time_s,
            duration_s=frame.monotonic_s - self.began_s,
            frame_width=frame.picture.width,
            frame_height=frame.picture.height,
            boxes=detection.boxes,
            zones=tuple(zone for zone in self._zone_order if zone in self._zones),
            changed_ratio=detection.changed_ratio,
            score=self._score,
            reason=reason,
        )


def _utc_at(monotonic_s: float, detection: Detection) -> float | None:
    """Return the wall time at a moment before a frame; None while the clock is not set."""
    frame = detection.frame
    return None if frame.utc_s is None else frame.utc_s - (frame.monotonic_s - monotonic_s)
