"""When motion becomes an event, and when the event is over."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from pimotion.config.camera import Events, Zone
from pimotion.events.running import RunningEvent
from pimotion.events.zones import ROUNDING_S, ZoneMotion
from pimotion.types import Detection, MotionEvent, MotionState, StopReason

_UPDATE_EVERY_S = 1.0

Messages = tuple[MotionState | MotionEvent, ...]


class EventMachine:
    """Decides when an event starts and stops. Not thread-safe: one thread owns it.

        IDLE --moving--> PENDING --min_motion_s--> ACTIVE --event_gap_s of quiet--> IDLE
          ^---one still frame---+                  |  ^ +------source lost, switched off--^
                                                   +--+ max_event_s: stop, and at once a start

    *Moving* is a frame with boxes. *Quiet* is a frame without motion: neither boxes nor
    ``detect.hold_s`` after them. ``min_motion_s`` counts from the first moving frame; of a detector
    that confirms objects for itself (``since_s``) from the object's first frame, so that the time
    it took to confirm counts, and a frame without a box while it is hidden begins nothing anew.

    It reads no clock: now is the time of the frame. Messages come in the order in which they must
    leave: ON before its start event; a stop event before its OFF.

    Args:
        new_id: Gives the id of the next event, unique for ever.
    """

    def __init__(
        self,
        camera: str,
        rules: Events,
        *,
        zones: Mapping[str, Zone],
        new_id: Callable[[], str],
    ) -> None:
        self._camera = camera
        self._rules = rules
        self._new_id = new_id
        self._zones = ZoneMotion(zones, event_gap_s=rules.event_gap_s)
        self._event: RunningEvent | None = None
        self._pending_since_s: float | None = None
        self._zones_seen_s: dict[str, float] = {}
        self._motion_at_s = 0.0
        self._moving_zones: tuple[str, ...] = ()
        self._session: int | None = None
        self._state = self._state_now()

    @property
    def state(self) -> MotionState:
        """Whether there is motion now; what was last said, or what holds before anything was."""
        return self._state

    @property
    def event_id(self) -> str | None:
        """Id of the running event; None when there is none."""
        return None if self._event is None else self._event.id

    def set_event_gap(self, seconds: float) -> None:
        """Change the quiet time that ends an event, the running one too."""
        self._rules = self._rules.model_copy(update={"event_gap_s": seconds})
        self._zones.set_event_gap(seconds)

    def update(self, detection: Detection) -> Messages:
        """Take in the next frame; return what is to be said."""
        return tuple(self._update(detection))

    def end(self, reason: StopReason) -> Messages:
        """End whatever is going on, because nobody looks any more; return what is to be said."""
        return tuple(self._end(reason))

    def _update(self, detection: Detection) -> Iterator[MotionState | MotionEvent]:
        now_s = detection.frame.monotonic_s
        if detection.frame.session != self._session:
            yield from self._end(StopReason.SOURCE_LOST)
            self._session = detection.frame.session
        if detection.boxes:
            self._moving_zones = detection.zones
        self._zones.expire(now_s)
        if self._event is not None:
            yield from self._stop_if_quiet(self._event, detection)
        if self._event is None:
            yield from self._wait_or_start(detection)
        else:
            yield from self._go_on(self._event, detection)

    def _end(self, reason: StopReason) -> Iterator[MotionState | MotionEvent]:
        self._pending_since_s = None
        self._zones_seen_s.clear()
        self._zones.clear()
        if self._event is not None:
            yield from self._stop(self._event, reason)
        yield from self._say_state()

    def _wait_or_start(self, detection: Detection) -> Iterator[MotionState | MotionEvent]:
        began_s = self._began_s(detection)
        if began_s is None:
            yield from self._say_state()
        else:
            self._pending_since_s = None
            zones = {zone for zone, seen_s in self._zones_seen_s.items() if seen_s >= began_s}
            yield from self._start(detection, began_s, zones)

    def _began_s(self, detection: Detection) -> float | None:
        """Return when the motion that is now an event began; None while there is no event."""
        if not detection.boxes:
            self._pending_since_s = None
            return None
        now_s = detection.frame.monotonic_s
        if self._pending_since_s is None:
            self._pending_since_s = now_s
        self._zones_seen_s.update(dict.fromkeys(detection.zones, now_s))
        began_s = self._pending_since_s if detection.since_s is None else detection.since_s
        is_long_enough = now_s - began_s >= self._rules.min_motion_s - ROUNDING_S
        return began_s if is_long_enough else None

    def _start(
        self, detection: Detection, began_s: float, zones: set[str]
    ) -> Iterator[MotionState | MotionEvent]:
        self._event = RunningEvent(
            detection,
            event_id=self._new_id(),
            camera=self._camera,
            began_s=began_s,
            zones=zones,
            zone_order=self._zones.order,
        )
        self._motion_at_s = detection.frame.monotonic_s
        self._zones.moved(zones, self._motion_at_s)
        yield from self._say_state()
        yield self._event.start()

    def _go_on(
        self, event: RunningEvent, detection: Detection
    ) -> Iterator[MotionState | MotionEvent]:
        now_s = detection.frame.monotonic_s
        if detection.motion:
            # While the detector holds motion, it also holds in the zones that moved last.
            self._motion_at_s = now_s
            self._zones.moved(self._moving_zones, now_s)
        yield from self._say_state()
        if not detection.boxes:
            return
        is_too_long = now_s - event.began_s >= self._rules.max_event_s - ROUNDING_S
        is_due = event.describe(detection, update_every_s=_UPDATE_EVERY_S - ROUNDING_S)
        if is_too_long:
            yield event.stop(StopReason.MAX_EVENT)
            yield from self._start(detection, now_s, set(detection.zones))
        elif is_due:
            yield event.update()

    def _stop_if_quiet(
        self, event: RunningEvent, detection: Detection
    ) -> Iterator[MotionState | MotionEvent]:
        quiet_s = detection.frame.monotonic_s - self._motion_at_s
        # Motion that comes back just when the time is over still joins.
        tolerance_s = ROUNDING_S if detection.motion else -ROUNDING_S
        if quiet_s >= self._rules.event_gap_s + tolerance_s:
            yield from self._stop(event, StopReason.QUIET)

    def _stop(self, event: RunningEvent, reason: StopReason) -> Iterator[MotionState | MotionEvent]:
        self._event = None
        yield event.stop(reason)
        yield from self._say_state()

    def _say_state(self) -> Iterator[MotionState]:
        """Give the state if it is another than the last one given."""
        state = self._state_now()
        if state != self._state:
            self._state = state
            yield state

    def _state_now(self) -> MotionState:
        return MotionState(self._camera, self._event is not None, self._zones.states)
