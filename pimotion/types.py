"""Every type that crosses the border of a stage; nothing else lives here.

All of them are frozen. Times ending in ``_monotonic_s`` or called ``monotonic_s`` are seconds on
the monotonic clock and only their differences mean anything; ``utc_s`` is Unix time, for people to
read, and None while this machine does not know the time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from pimotion.picture import Picture
from pimotion.pixels import Pixels


@dataclass(frozen=True, slots=True)
class Box:
    """Where something moved: px of the full frame, origin top-left, right and bottom exclusive.

    Attributes:
        track: The same number for the same object from frame to frame; None if not tracked.
    """

    x: int
    y: int
    width: int
    height: int
    track: int | None = None

    @property
    def area(self) -> int:
        """Area in px."""
        return self.width * self.height


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture from a source.

    Attributes:
        picture: The pixels, already rotated, flipped and masked for privacy.
        index: 0 for the first frame after the source opened, +1 for each captured one; a gap
            means that frames were dropped between capture and here.
        monotonic_s: When it was captured, never going back within a session.
        time_s: Seconds since the source opened (in a recording: since its start).
        utc_s: When it was captured; None while the clock is not set.
        session: Changes each time the source is opened; what was learnt before is void then.
    """

    picture: Picture
    index: int
    monotonic_s: float
    time_s: float
    utc_s: float | None
    session: int


class CameraState(StrEnum):
    """What a camera is doing, as the `health` topic and `/healthz` say it."""

    STARTING = "starting"
    OK = "ok"
    STALE = "stale"
    LOST = "lost"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class CameraHealth:
    """Whether a camera delivers live pictures, and if not, why.

    Attributes:
        reason: In words for a person; None while all is well.
        since_utc_s: When this state began.
        since_monotonic_s: The same on the monotonic clock.
    """

    camera: str
    state: CameraState
    reason: str | None
    since_utc_s: float | None
    since_monotonic_s: float

    @property
    def online(self) -> bool:
        """True while live, changing frames arrive."""
        return self.state is CameraState.OK

    @property
    def problem(self) -> bool:
        """True when a person should look."""
        return self.state not in (CameraState.OK, CameraState.STARTING)


@dataclass(frozen=True, slots=True)
class NoFrames:
    """Takes a frame's place between capture and detect when the source has none."""

    reason: str
    state: CameraState
    monotonic_s: float


@dataclass(frozen=True, slots=True, eq=False)
class Detection:
    """What the detector found in one analysed frame.

    Attributes:
        boxes: Confirmed moving regions, largest first.
        motion: A confirmed object is in view or was less than ``detect.hold_s`` ago.
        changed_ratio: Share of the frame that changed, 0..1, before any rule.
        score: How sure, 0..1.
        suppressed: The rule that kept a change from counting; None when nothing was kept.
        zones: Ids of the zones with motion in this frame, in the order of the configuration.
        since_s: ``monotonic_s`` of the first frame of the oldest object in view, when the method
            confirms objects for itself; None when it reports whatever it sees at once.
        foreground: The changed pixels, shape (height, width) at detection width, uint8, 0 or 255.
    """

    frame: Frame
    boxes: tuple[Box, ...]
    motion: bool
    changed_ratio: float
    score: float
    suppressed: str | None
    zones: tuple[str, ...]
    since_s: float | None
    foreground: Pixels


class EventType(StrEnum):
    """The three messages of an event."""

    START = "start"
    UPDATE = "update"
    STOP = "stop"


class StopReason(StrEnum):
    """Why an event ended."""

    QUIET = "quiet"
    MAX_EVENT = "max_event"
    SOURCE_LOST = "source_lost"
    DETECTION_OFF = "detection_off"
    PRIVACY = "privacy"
    SHUTDOWN = "shutdown"
    CRASH = "crash"


@dataclass(frozen=True, slots=True)
class MotionEvent:
    """One message of an event: its start, an update, or its stop.

    Attributes:
        id: Unique for ever, the same in all messages of the event.
        seq: Counts the event's messages from 0.
        started_utc_s: Time of the first moving frame.
        captured_utc_s: Time of the frame that this message describes.
        time_s: That frame's seconds since the source opened.
        duration_s: First to last moving frame, the quiet gap excluded.
        frame_width, frame_height: px.
        boxes: Largest first.
        zones: Ids of the zones that have had motion in this event.
        changed_ratio: 0..1 of the described frame.
        score: 0..1, the best of the event so far.
        reason: Only in a stop.
    """

    type: EventType
    camera: str
    id: str
    seq: int
    started_utc_s: float | None
    captured_utc_s: float | None
    time_s: float
    duration_s: float
    frame_width: int
    frame_height: int
    boxes: tuple[Box, ...]
    zones: tuple[str, ...]
    changed_ratio: float
    score: float
    reason: StopReason | None = None


@dataclass(frozen=True, slots=True)
class MotionState:
    """Whether there is motion now, for the camera and each of its zones."""

    camera: str
    motion: bool
    zones: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Still:
    """A JPEG of one camera.

    Attributes:
        event_id: The event it shows; None for a plain still.
        utc_s: When its frame was captured.
    """

    camera: str
    jpeg: bytes
    width: int
    height: int
    utc_s: float | None
    event_id: str | None = None


@dataclass(frozen=True, slots=True)
class CameraStats:
    """What one camera did; every value None when unknown. Rates are over the last minute."""

    camera: str
    fps: float | None
    detect_fps: float | None
    dropped: int | None
    detect_ms: float | None
    latency_ms: float | None
    viewers: int | None
    last_event_utc_s: float | None
    suppressed: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class SettingState:
    """The true value of a setting that can be changed at run time."""

    camera: str
    setting: str
    value: bool | int | float


@dataclass(frozen=True, slots=True)
class Command:
    """A wish to change a setting, handed to the camera that owns it."""

    camera: str
    setting: str
    value: bool | int | float


@dataclass(frozen=True, slots=True)
class LinkStatus:
    """The connection to the broker, as `/healthz` shows it.

    Attributes:
        reason: Why it is not connected, or what is wrong though it is, in words; None while all
            is well.
    """

    host: str
    port: int
    connected: bool
    reason: str | None


Message = MotionEvent | MotionState | Still | CameraHealth | CameraStats | SettingState
"""What a camera hands on to those who publish, record and show."""


class Sink(Protocol):
    """Takes messages from any thread. Never blocks, never raises."""

    def put(self, message: Message) -> None:
        """Take one message."""


class EventLog(Protocol):
    """What the page reads of remembered events. Thread-safe."""

    def recent(
        self, *, camera: str | None = None, before: str | None = None, limit: int = 50
    ) -> Sequence[Mapping[str, Any]]:
        """Return events as JSON objects, newest first; ``before`` is an event id to page on."""

    def still(self, event_id: str) -> bytes | None:
        """Return the JPEG that shows an event best; None if there is none."""
