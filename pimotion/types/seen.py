"""What a camera saw and what was found in it: the way from capture to events.

Times ending in ``_monotonic_s`` or called ``monotonic_s`` are seconds on the monotonic clock and
only their differences mean anything; ``utc_s`` is Unix time, for people to read, and None while
this machine does not know the time.
"""

from __future__ import annotations

from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class Exposure:
    """How a camera took a picture, in its own words.

    Attributes:
        time_s: How long the shutter was open.
        gain: Analogue times digital gain; 1.0 is none.
        colour_gains: White balance, gains of red and blue over green; None where not given.
    """

    time_s: float
    gain: float
    colour_gains: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture from a source.

    Attributes:
        picture: The pixels, already rotated, flipped and masked for privacy.
        index: 0 for the first frame after the source opened, +1 for each captured one; a gap
            means that frames were left out between the camera and here.
        monotonic_s: When it was captured, never going back within a session.
        time_s: Seconds since the source opened (in a recording: since its start).
        utc_s: When it was captured; None while the clock is not set.
        session: Changes each time the source is opened; what was learnt before is void then.
        exposure: How it was taken; None from cameras that do not say.
    """

    picture: Picture
    index: int
    monotonic_s: float
    time_s: float
    utc_s: float | None
    session: int
    exposure: Exposure | None = None


MOST_REJECTED = 16
"""Regions that a `Detection` names though they did not count, at most."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A region that changed and did not count, and the rule that kept it from counting."""

    box: Box
    rule: str


@dataclass(frozen=True, slots=True, eq=False)
class SceneModel:
    """What the detector takes the still scene for, at the size that its method works at.

    Attributes:
        background: Its luma, under the light of now. Shape (height, width), uint8.
        threshold: Least change of each pixel that counts, grey levels. Same shape, uint8.
    """

    background: Pixels
    threshold: Pixels


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
        luma: What was looked at, shape (height, width) at detection width, uint8.
        foreground: The changed pixels, uint8, 0 or 255, at the size that the method works at.
        rejected: Regions that changed and did not count, largest first, at most `MOST_REJECTED`.
        model: What the frame was compared with; None unless somebody asked to see it.
        is_learning: The scene is still being learnt (warm-up, a new light): nothing can count yet.
    """

    frame: Frame
    boxes: tuple[Box, ...]
    motion: bool
    changed_ratio: float
    score: float
    suppressed: str | None
    zones: tuple[str, ...]
    since_s: float | None
    luma: Pixels
    foreground: Pixels
    rejected: tuple[Rejected, ...] = ()
    model: SceneModel | None = None
    is_learning: bool = False

    @property
    def held_back(self) -> tuple[str, ...]:
        """Each rule that kept something of this frame from counting, once, the main one first."""
        rules = [self.suppressed] if self.suppressed else []
        return tuple(dict.fromkeys([*rules, *(each.rule for each in self.rejected)]))
