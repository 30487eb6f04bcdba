"""What is told of it: health, events, stills, settings, and who listens.

Times ending in ``_monotonic_s`` or called ``monotonic_s`` are seconds on the monotonic clock and
only their differences mean anything; ``utc_s`` is Unix time, for people to read, and None while
this machine does not know the time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from pimotion.types.seen import Box

NODE = ""
"""In the place of a camera's id: the machine itself. No camera can be called that."""


class CameraState(StrEnum):
    """What a camera is doing, as the `health` topic and `/healthz` say it."""

    STARTING = "starting"
    OK = "ok"
    SLOW = "slow"
    DARK = "dark"
    FROZEN = "frozen"
    STALE = "stale"
    LOST = "lost"
    ENDED = "ended"
    PRIVACY = "privacy"


@dataclass(frozen=True, slots=True)
class CameraHealth:
    """Whether a camera delivers live pictures, and if not, why.

    Attributes:
        reason: In words for a person; None while all is well.
        since_utc_s: When this state began.
        since_monotonic_s: The same on the monotonic clock.
        attention: A person should look, though this state is a wanted one.
    """

    camera: str
    state: CameraState
    reason: str | None
    since_utc_s: float | None
    since_monotonic_s: float
    attention: bool = False

    @property
    def online(self) -> bool:
        """True while live, changing frames arrive: also too few, or black ones."""
        return self.state in (CameraState.OK, CameraState.SLOW, CameraState.DARK)

    @property
    def problem(self) -> bool:
        """True when a person should look."""
        wanted = (CameraState.OK, CameraState.STARTING, CameraState.PRIVACY)
        return self.attention or self.state not in wanted

    @property
    def degraded(self) -> bool:
        """True when it does not do what it should; switched off on purpose, it does."""
        return not self.online and (self.attention or self.state is not CameraState.PRIVACY)


@dataclass(frozen=True, slots=True)
class NoFrames:
    """Takes a frame's place between capture and detect when the source has none."""

    reason: str
    state: CameraState
    monotonic_s: float


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
    """What one camera did; every value None when unknown.

    Attributes:
        fps, detect_fps: Frames a second that came and were analysed, over the last 10 s.
        dropped: Frames that a newer one replaced unseen, and broken ones, since the start.
        detect_ms: CPU time of an analysis, the mean of the last 100.
        latency_ms: From capture to an event's messages, the mean of the last 20 frames with any.
        suppressed: In how many analysed frames each rule kept something from counting, since the
            start.
        is_learning: The scene is still being learnt; None while nothing is analysed.
    """

    camera: str
    fps: float | None
    detect_fps: float | None
    dropped: int | None
    detect_ms: float | None
    latency_ms: float | None
    viewers: int | None
    last_event_utc_s: float | None
    suppressed: Mapping[str, int]
    is_learning: bool | None = None


@dataclass(frozen=True, slots=True)
class Suppressed:
    """In how many analysed frames each rule kept something from counting."""

    since_start: Mapping[str, int] = field(default_factory=dict)
    last_minute: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SettingState:
    """The true value of a setting that can be changed at run time; ``camera`` may be `NODE`."""

    camera: str
    setting: str
    value: bool | int | float


@dataclass(frozen=True, slots=True)
class Command:
    """A wish to change a setting, handed to the camera that owns it, or to `NODE`."""

    camera: str
    setting: str
    value: bool | int | float


@dataclass(frozen=True, slots=True)
class Reset:
    """A wish to give a setting the value of the configuration again; ``camera`` may be `NODE`."""

    camera: str
    setting: str


@dataclass(frozen=True, slots=True)
class Switches:
    """How a camera starts.

    Attributes:
        detection: Motion is looked for.
        privacy: The camera is closed.
        unasked: Privacy is on because what was set before could not be read.
    """

    detection: bool = True
    privacy: bool = False
    unasked: bool = False


@dataclass(frozen=True, slots=True)
class LinkStatus:
    """The connection to the broker, as `/healthz` shows it.

    Attributes:
        reason: Why it is not connected, or what is wrong though it is, in words; None while all
            is well.
        waiting: Messages in the outbox.
        incidents: How often what was lost, sent again or refused since the start.
        birth_s: When Home Assistant last said that it has started, monotonic, seconds; None while
            it has not since our start.
    """

    host: str
    port: int
    connected: bool
    reason: str | None
    waiting: int = 0
    incidents: Mapping[str, int] = field(default_factory=dict)
    birth_s: float | None = None


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
        """Return events as JSON objects, newest first; ``before`` is an event id to page on.

        Raises:
            EventsUnreadable: They cannot be read now.
        """

    def still(self, event_id: str) -> bytes | None:
        """Return the JPEG that shows an event best; None if there is none."""
